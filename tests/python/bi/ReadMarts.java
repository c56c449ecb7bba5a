import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;

/** What a BI tool does over JDBC: list a mart's columns with their types and comments, read it, and be refused. */
public class ReadMarts {
    public static void main(String[] arguments) throws SQLException {
        try (Connection connection = DriverManager.getConnection(arguments[0], arguments[1], arguments[2])) {
            try (ResultSet columns = connection.getMetaData().getColumns(null, "marts", "rpt_monthly_kpis", null)) {
                while (columns.next()) {
                    System.out.println("comment\t" + columns.getString("COLUMN_NAME") + "\t" + columns.getString("REMARKS"));
                }
            }
            try (Statement statement = connection.createStatement()) {
                ResultSet rows = statement.executeQuery("select * from rpt_monthly_kpis order by period, revenue");
                ResultSetMetaData types = rows.getMetaData();
                for (int column = 1; column <= types.getColumnCount(); column++) {
                    System.out.println("type\t" + types.getColumnName(column) + "\t" + types.getColumnClassName(column));
                }
                while (rows.next()) {
                    System.out.println("row\t" + rows.getDate("period") + "\t" + rows.getBigDecimal("revenue"));
                }
            }
            for (int statement = 3; statement < arguments.length; statement++) {
                try (Statement refused = connection.createStatement()) {
                    refused.execute(arguments[statement]);
                    System.out.println("done\t" + arguments[statement] + "\t");
                } catch (SQLException error) {
                    System.out.println("refused\t" + arguments[statement] + "\t" + error.getSQLState());
                }
            }
        }
    }
}
