"""PostgreSQL: all tables in one transaction, rows through COPY."""
