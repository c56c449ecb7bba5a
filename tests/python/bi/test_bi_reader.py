"""The role of BI tools, over psql, ODBC and JDBC: it reads the marts, always and whole, and nothing else."""

import io
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg2
import pytest
import yaml
from dbt.cli.main import dbtRunner

from kpis_in_python import KEYS
from postgres_server import Database, administer, own_server, psql
from seed_generator.schemas import TABLES
from warehouses import PROJECT, WITHOUT_TESTS, Warehouse

ROLE = PROJECT / "bi" / "postgres" / "bi_reader.sql"
SUPERSET = PROJECT / "bi" / "postgres" / "superset.sql"
BI_PAGE = (PROJECT / "docs" / "use" / "bi.md").read_text()
PASSWORD = "a reader's: password"
ODBC_DRIVER = "PostgreSQL Unicode"
NO_ODBC = "there is no ODBC driver for PostgreSQL here; Debian has it in odbc-postgresql, with unixodbc"
JDBC_DRIVER = Path("/usr/share/java/postgresql.jar")
NO_JDBC = (
    "there is no Java compiler or no JDBC driver for PostgreSQL here; Debian has them in default-jdk-headless and"
    " libpostgresql-jdbc-java"
)

MARTS = sorted(KEYS)
HIDDEN = [
    *(table.full_name for table in TABLES),
    "staging.stg_companies",
    "intermediate.int_company_months",
]
CHANGES = [
    "insert into marts.fct_revenue select * from marts.fct_revenue",
    "update marts.fct_revenue set revenue = 0",
    "delete from marts.fct_revenue",
    "truncate marts.fct_revenue",
    "drop table marts.fct_revenue",
    "alter table marts.fct_revenue rename to theirs",
    "create table marts.theirs (id integer)",
    "create table public.theirs (id integer)",
    "create schema theirs",
    "create role theirs",
    "alter role bi_reader createdb",
    "copy marts.fct_revenue to program 'true'",
    "create temporary table theirs (id integer)",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'theirs')",
    "select lo_creat(-1)",
]


@dataclass(frozen=True)
class Built:
    """A server of its own, because roles belong to a whole server, with marts that bi_reader may read."""

    warehouse: Warehouse
    reader: Database
    first_words: str

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        connection = self.reader.connect()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall()
        finally:
            connection.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    with own_server() as server:
        folder = tmp_path_factory.mktemp("bi_reader")
        warehouse = Warehouse("postgres", server.environment, folder / "artifacts", database=server)
        assert warehouse.seed("--companies", "40").returncode == 0
        with warehouse.surroundings(), redirect_stdout(io.StringIO()) as said:
            done = dbtRunner().invoke(["run", "--target", "postgres", "--select", "+dim_companies"])
        assert done.success, said.getvalue()
        made = psql(server, "--file", str(ROLE), BI_READER_PASSWORD=PASSWORD)
        assert made.returncode == 0, made.stderr
        assert warehouse.build(*WITHOUT_TESTS)
        reader = Database(server.host, server.port, "bi_reader", PASSWORD.replace("'", r"\'"), server.name)
        yield Built(warehouse, reader, said.getvalue())


def test_a_server_without_the_role_is_built_and_told_how_to_make_it(built: Built) -> None:
    assert "This server has no role bi_reader for BI tools; bi/postgres/bi_reader.sql says how" in built.first_words
    assert "Completed successfully" in built.first_words


def test_the_role_needs_a_password_and_can_be_made_again(built: Built) -> None:
    assert built.warehouse.database is not None
    refused = psql(built.warehouse.database, "--file", str(ROLE), BI_READER_PASSWORD="")
    assert refused.returncode != 0
    assert "set the environment variable BI_READER_PASSWORD" in refused.stderr
    assert psql(built.warehouse.database, "--file", str(ROLE), BI_READER_PASSWORD=PASSWORD).returncode == 0
    assert built.read("select 1") == [(1,)]


def test_the_compose_file_makes_the_role_with_its_server() -> None:
    server = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]["postgres"]
    assert "./bi/postgres/bi_reader.sql:/docker-entrypoint-initdb.d/bi_reader.sql:ro" in server["volumes"]
    assert server["environment"]["BI_READER_PASSWORD"]


def test_it_reads_every_mart_and_finds_them_without_their_schema(built: Built) -> None:
    for mart in MARTS:
        assert built.read(f"select count(*) from {mart}")[0][0] > 0
    visible = "select table_name from information_schema.tables where table_schema = 'marts'"
    assert sorted(name for (name,) in built.read(visible)) == MARTS


@pytest.mark.parametrize("table", HIDDEN)
def test_it_reads_nothing_else(built: Built, table: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        built.read(f"select * from {table}")


@pytest.mark.parametrize("is_stubborn", [False, True], ids=["as it is", "with its settings switched off"])
@pytest.mark.parametrize("change", CHANGES)
def test_it_changes_nothing(built: Built, change: str, is_stubborn: bool) -> None:  # noqa: FBT001 - a case
    allowed = "set default_transaction_read_only = off; set session characteristics as transaction read write; commit;"
    before = built.warehouse.table("marts.fct_revenue")
    connection = built.reader.connect()
    with connection.cursor() as cursor:
        if is_stubborn:
            cursor.execute(allowed)
        refused = psycopg2.errors.InsufficientPrivilege if is_stubborn else psycopg2.errors.ReadOnlySqlTransaction
        with pytest.raises((refused, psycopg2.errors.InsufficientPrivilege)):
            cursor.execute(change)
    connection.close()
    assert built.warehouse.table("marts.fct_revenue") == before


def test_its_queries_and_its_open_transactions_end(built: Built) -> None:
    assert built.read("show statement_timeout") == [("1min",)]
    assert built.read("show idle_in_transaction_session_timeout") == [("1min",)]
    connection = built.reader.connect()
    with connection.cursor() as cursor, pytest.raises(psycopg2.errors.QueryCanceled):
        cursor.execute("set statement_timeout = 100; select pg_sleep(60)")
    connection.close()


def test_what_it_has_set_for_itself_is_gone_when_the_script_runs_again(built: Built) -> None:
    assert built.warehouse.database is not None
    connection = built.reader.connect()
    connection.set_session(readonly=False)
    with connection, connection.cursor() as cursor:
        cursor.execute("alter role bi_reader set statement_timeout = 0")
        cursor.execute(f"alter role bi_reader in database {built.reader.name} set search_path = raw")
        cursor.execute("alter role bi_reader set work_mem = '64kB'")
    connection.close()
    assert built.read("show statement_timeout") == [("0",)]
    assert psql(built.warehouse.database, "--file", str(ROLE), BI_READER_PASSWORD=PASSWORD).returncode == 0
    assert built.read("show statement_timeout") == [("1min",)]
    assert built.read("show search_path") == [("marts",)]
    assert built.read("show work_mem") != [("64kB",)]


def test_other_roles_that_are_there_keep_what_the_script_takes_from_all(built: Built) -> None:
    assert built.warehouse.database is not None
    with built.warehouse.cursor() as cursor:
        cursor.execute("create role builder login password 'builder'")
        cursor.execute(f"grant temporary on database {built.reader.name} to public")
        cursor.execute("grant create on schema public to public")
        cursor.execute("grant execute on function lo_create(oid) to public")
    assert psql(built.warehouse.database, "--file", str(ROLE), BI_READER_PASSWORD=PASSWORD).returncode == 0
    builder = replace(built.reader, user="builder", password="builder").connect()
    with builder, builder.cursor() as cursor:
        cursor.execute("create temporary table theirs (id integer)")
        cursor.execute("create table public.theirs (id integer)")
        cursor.execute("select lo_create(0)")
        builder.rollback()
    builder.close()
    for change in ("create temporary table theirs (id integer)", "select lo_create(0)"):
        with pytest.raises((psycopg2.errors.InsufficientPrivilege, psycopg2.errors.ReadOnlySqlTransaction)):
            built.read(f"set default_transaction_read_only = off; commit; {change}")
    with built.warehouse.cursor() as cursor:
        cursor.execute("drop owned by builder cascade")
        cursor.execute("drop role builder")


def test_a_script_of_a_role_that_owns_nothing_warns_of_what_it_could_not_take_away(built: Built) -> None:
    assert built.warehouse.database is not None
    administer(
        built.warehouse.database,
        "create role manager login createrole password 'manager'",
        "grant bi_reader to manager with admin option",  # without it PostgreSQL 16 and later let nothing be altered
        "create database managed",
        f"grant temporary on database {built.reader.name} to public",
    )
    manager = replace(built.warehouse.database, user="manager", password="manager", name="managed")
    made = psql(manager, "--file", str(ROLE), BI_READER_PASSWORD=PASSWORD)
    assert made.returncode == 0, made.stderr
    assert "bi_reader can make large objects: run this as a superuser" in made.stderr
    assert "bi_reader can make temporary tables: run this as the owner of the database" in made.stderr
    administer(built.warehouse.database, "drop database managed", "drop role manager")
    assert psql(built.warehouse.database, "--file", str(ROLE), BI_READER_PASSWORD=PASSWORD).stderr.count("WARNING") == 0


def test_it_is_kept_out_of_the_database_of_superset(built: Built) -> None:
    assert built.warehouse.database is not None
    for _ in range(2):
        made = psql(built.warehouse.database, "--file", str(SUPERSET), SUPERSET_DATABASE_PASSWORD=PASSWORD)
        assert made.returncode == 0, made.stderr
    with pytest.raises(psycopg2.OperationalError, match='permission denied for database "superset"'):
        replace(built.reader, name="superset").connect()
    own = replace(built.reader, user="superset", name="superset").connect()
    with own, own.cursor() as cursor:
        cursor.execute("create temporary table theirs (id integer); create table dashboards (id integer)")
    own.close()


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        (["--vars", "seconds_for_readers: 1"], 1),
        pytest.param([], 25, marks=pytest.mark.slow("the default, which is longer")),
    ],
)
def test_a_build_waits_for_a_reader_some_seconds_names_it_and_leaves_the_mart_as_it_was(
    built: Built, options: list[str], seconds: int
) -> None:
    before = built.warehouse.table("marts.fct_revenue")
    reader = built.reader.connect(application_name="a_report")
    reader.set_session(readonly=False)
    with reader.cursor() as cursor:
        cursor.execute("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0")
        cursor.execute("select count(*) from fct_revenue")
        began = time.monotonic()
        assert not built.warehouse.build("--select", "fct_revenue", "fct_retention", *WITHOUT_TESTS, *options)
        assert time.monotonic() - began >= seconds
        assert built.warehouse.statuses["fct_retention"] == "success"
        (told,) = re.findall(r"marts\.fct_revenue can't be replaced.*", built.warehouse.messages["fct_revenue"])
        assert f"in use for {seconds} seconds" in told
        assert re.fullmatch(r".* by a_report as bi_reader \(server process \d+\); end that, and build again\.", told)
        cursor.execute("select count(*) from fct_revenue")  # it still has the mart
    reader.close()
    assert built.warehouse.table("marts.fct_revenue") == before
    assert built.warehouse.query("select count(*) from pg_class where relname like '%__dbt_%'") == [(0,)]
    assert built.warehouse.build("--select", "fct_revenue", *WITHOUT_TESTS)


@pytest.mark.parametrize("statement", ["drop schema marts cascade", "drop table marts.rpt_monthly_kpis"])
def test_no_build_locks_it_out_whatever_was_dropped(built: Built, statement: str) -> None:
    with built.warehouse.cursor() as cursor:
        cursor.execute(statement)
    assert built.warehouse.build("--select", "marts", *WITHOUT_TESTS)
    assert len(built.read("select * from rpt_monthly_kpis")) == 36
    assert built.warehouse.build("--select", "marts", *WITHOUT_TESTS)
    assert len(built.read("select * from rpt_monthly_kpis")) == 36


def test_the_documented_address_of_sqlalchemy_leads_to_the_marts(built: Built) -> None:
    (documented,) = re.findall(r"postgresql\+psycopg2://\S+", BI_PAGE)
    address = documented.replace("+psycopg2", "").replace(":5432", f":{built.reader.port}")
    connection = psycopg2.connect(address.replace(":bi_reader@", f":{quote(PASSWORD)}@"))
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from rpt_monthly_kpis")
        assert cursor.fetchone() == (36,)
    connection.close()


def test_psql_shows_the_types_and_the_comments(built: Built) -> None:
    done = psql(replace(built.reader, password=PASSWORD), "--command", r"\d+ rpt_monthly_kpis")
    lines = {line.split("|")[0].strip(): line for line in done.stdout.splitlines() if "|" in line}
    types = {"period": "date", "company_size": "text", "sessions": "bigint", "revenue": "numeric(18,2)"}
    assert [name for name, type_ in types.items() if f"| {type_} " not in lines[name]] == []
    assert "Companies with at least one session in the month." in lines["active_companies"]


def test_odbc_gives_dates_integers_decimals_and_comments_and_refuses_changes(built: Built) -> None:
    # The module is installed, but it can't be imported where the system has no unixODBC.
    pyodbc = pytest.importorskip("pyodbc", reason=NO_ODBC, exc_type=ImportError)
    if ODBC_DRIVER not in pyodbc.drivers():
        pytest.skip(NO_ODBC)
    (documented,) = re.findall(r"Driver={PostgreSQL Unicode};\S+", BI_PAGE)
    settings = documented.replace("Port=5432", f"Port={built.reader.port}")
    connection = pyodbc.connect(settings.replace("Pwd=bi_reader", f"Pwd={{{PASSWORD}}}"))
    try:
        cursor = connection.cursor()
        cursor.execute("select period, company_size, sessions, revenue from rpt_monthly_kpis order by period, revenue")
        assert [column[1] for column in cursor.description] == [date, str, int, Decimal]
        rows = cursor.fetchall()
        assert [type(value) for value in rows[0]] == [date, str, int, Decimal]
        assert sorted(map(tuple, rows)) == sorted(
            built.warehouse.query("select period, company_size, sessions, revenue from marts.rpt_monthly_kpis")
        )
        cursor.execute("select col_description('marts.rpt_monthly_kpis'::regclass, 1)")
        assert cursor.fetchval().startswith("The month, as the date of its first day.")
        for change in CHANGES[:5]:
            with pytest.raises(pyodbc.Error) as error:
                cursor.execute(change)
            assert error.value.args[0] in {"25006", "42501"}
            connection.rollback()
        with pytest.raises(pyodbc.Error, match="permission denied for schema raw"):
            cursor.execute("select * from raw.companies")
    finally:
        connection.close()


def test_jdbc_gives_dates_integers_decimals_and_comments_and_refuses_changes(built: Built) -> None:
    java = shutil.which("java")
    # Java runs a source file only where it has its compiler.
    if java is None or shutil.which("javac") is None or not JDBC_DRIVER.exists():
        pytest.skip(NO_JDBC)
    (documented,) = re.findall(r"jdbc:postgresql://\S+", BI_PAGE)
    address = documented.replace(":5432", f":{built.reader.port}")
    program = Path(__file__).parent / "ReadMarts.java"
    statements = [*CHANGES[:5], "select * from raw.companies"]
    done = subprocess.run(
        [java, "-cp", str(JDBC_DRIVER), str(program), address, "bi_reader", PASSWORD, *statements],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    types = {name: type_ for what, name, type_ in lines if what == "type"}
    assert types["period"] == "java.sql.Date"
    assert types["sessions"] == "java.lang.Long"
    assert types["revenue"] == types["retention_rate"] == "java.math.BigDecimal"
    comments = {name: comment for what, name, comment in lines if what == "comment"}
    assert comments.keys() == types.keys()
    assert comments["active_companies"].startswith("Companies with at least one session in the month.")
    rows = sorted((period, Decimal(revenue)) for what, period, revenue in lines if what == "row")
    marts = built.warehouse.query("select period, revenue from marts.rpt_monthly_kpis")
    assert rows == sorted((str(period), revenue) for period, revenue in marts)
    states = {statement: state for what, statement, state in lines if what in {"refused", "done"}}
    assert states == dict.fromkeys(CHANGES[:5], "25006") | {"select * from raw.companies": "42501"}


def test_a_long_query_beside_a_build_neither_fails_nor_sees_half_of_it(built: Built) -> None:
    figures = "select count(*), sum(revenue), sum(sessions) from rpt_monthly_kpis"
    before = built.read(figures)
    seen: list[list[tuple[Any, ...]]] = []
    is_over = threading.Event()

    def long_query() -> None:
        slowly = "(select revenue, sessions, pg_sleep(0.15) from rpt_monthly_kpis) as slowly"
        seen.append(built.read(f"select count(*), sum(revenue), sum(sessions) from {slowly}"))

    def many_queries() -> None:
        while not is_over.is_set():
            seen.append(built.read(figures))

    assert built.warehouse.seed("--companies", "40", "--seed", "7").returncode == 0
    readers = [threading.Thread(target=work) for work in (long_query, many_queries)]
    for reader in readers:
        reader.start()
    while not seen:  # the marts as they were
        time.sleep(0.01)
    is_green = built.warehouse.build(*WITHOUT_TESTS)
    is_over.set()
    for reader in readers:
        reader.join()
    assert is_green, built.warehouse.messages
    after = built.read(figures)
    assert before != after
    assert len(seen) > 10
    assert before in seen
    assert [rows for rows in seen if rows not in (before, after)] == []
