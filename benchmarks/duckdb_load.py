"""A DuckDB file of 50 million sessions: our load against the fastest way we know to make them in DuckDB's own SQL.

Two figures: the sessions alone, from the connection to the closed file; and whole processes, where ours also starts up,
makes names, companies and books, and the SQL makes nothing but the sessions.

Both sides fill the same three columns by the same rules. The SQL may do what we do not: its ids have gaps, its rows
come in any order, and no two runs are alike.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import measuring

from seed_generator.scenario import CompanySize, Scenario
from seed_generator.schemas import SESSIONS
from seed_generator.sinks.duckdb import DuckDBSink
from seed_generator.tables import simulated_tables
from seed_generator.truth import expected_kpis, silence_probability

RULES_COMPANIES = 20_000  # enough for the rules to show
STANDARD_ERRORS = 5  # how far from its expectation a right sum may be, once in two million runs

# The child that runs the SQL: the least that a Python process can be.
SQL_PROCESS = """
import sys, time, duckdb
statements = open(sys.argv[2]).read()
began = time.perf_counter()
with duckdb.connect(sys.argv[1]) as connection:
    connection.execute(statements)
print(time.perf_counter() - began)
"""

# Outcomes 0 … 131 of one draw, 132 being the least common multiple of the 12 of a small and the 22 of a large company.
COUNT = """case
    when is_large then if(outcome < 66, 10 + outcome // 6, 10 - (outcome - 66) // 6)
    else if(outcome < 66, 5 + outcome // 11, 5 - (outcome - 66) // 11)
end"""

PLAIN_TABLE = "create table sessions (session_id bigint not null, company_id bigint not null, created_at timestamp not null)"

# Two ways to make n rows of one. A join with 1 … n is faster; `unnest` keeps a company's sessions together, which
# storage that lives on runs needs.
BY_JOIN = "select company_id, copy from customers join copies using (sessions)"
BY_UNNEST = "select company_id, unnest(range(sessions)) as copy from customers"


def main() -> int:
    options = _options()
    if options.sessions_alone:
        print(_load_sessions(options.sessions_alone, options.companies))
        return 0
    scenario = Scenario(companies=options.companies)
    expected, standard_error = _expected_sessions(scenario)
    with measuring.scratch_folder() as folder:
        environment = measuring.environment(folder)
        database = folder / "warehouse.duckdb"
        ours_alone = [sys.executable, Path(__file__).resolve(), "--companies", str(options.companies)]
        ours_alone += ["--sessions-alone", database]
        ours_whole = [sys.executable, "-m", "seed_generator", "--quiet", "--companies", str(options.companies)]
        sql = [sys.executable, "-c", SQL_PROCESS, database]
        sizes: dict[str, int] = {}
        sql_alone: dict[str, list[float]] = {"plain": [], "ours": []}

        def measured(name: str, command: list[str | Path], table: str = "sessions") -> measuring.Run:
            database.unlink(missing_ok=True)
            done = measuring.run(command, folder, environment)
            _check_rows(database, table, expected, standard_error)
            sizes[name] = database.stat().st_size
            return done

        def by_sql(storage: str) -> Callable[[], float]:
            def measure() -> float:
                done = measured(f"SQL, {storage}", [*sql, folder / f"{storage}.sql"])
                sql_alone[storage].append(float(done.output))
                return done.seconds

            return measure

        # Untimed: what the storage of our table is, the rules of the SQL, and the compiled modules.
        measured("ours", ours_alone, "raw.sessions")
        statements = {
            "plain": sessions_sql(scenario, PLAIN_TABLE, BY_JOIN),
            "ours": sessions_sql(scenario, _table_like_ours(database), BY_UNNEST),
        }
        for storage, text in statements.items():
            (folder / f"{storage}.sql").write_text(text)
        for table, expand in ((PLAIN_TABLE, BY_JOIN), (_table_like_ours(database), BY_UNNEST)):
            _check_rules(sessions_sql(Scenario(companies=RULES_COMPANIES), table, expand))

        seconds = measuring.interleaved(
            options.pairs,
            {
                "ours, sessions alone": lambda: float(measured("ours", ours_alone, "raw.sessions").output),
                "SQL, whole process": by_sql("plain"),
                "ours, whole process": lambda: measured("ours, whole", ours_whole, "raw.sessions").seconds,
                "SQL, whole process, our storage": by_sql("ours"),
            },
        )
    alone, whole = seconds["ours, sessions alone"], seconds["ours, whole process"]
    lines = {
        "sessions alone: ours": alone,
        "sessions alone: DuckDB's SQL": sql_alone["plain"],
        "sessions alone: DuckDB's SQL into storage like ours": sql_alone["ours"],
        "whole process: python -m seed_generator": whole,
        "whole process: DuckDB's SQL": seconds["SQL, whole process"],
    }
    return measuring.report(
        f"{options.companies:,} companies, 12 months, {expected:,.0f} sessions into a DuckDB file; medians of"
        f" {options.pairs} interleaved runs",
        measuring.TIMING_COLUMNS,
        [measuring.timing_row(name, values, expected) for name, values in lines.items()],
        [
            measuring.Claim("sessions alone, times as fast as SQL", measuring.speed(alone, sql_alone["plain"]), 1.3),
            measuring.Claim(
                "whole process, times as fast as SQL", measuring.speed(whole, seconds["SQL, whole process"]), 1.0
            ),
            measuring.Claim(
                "sessions alone, times as fast as SQL into storage like ours",
                measuring.speed(alone, sql_alone["ours"]),
            ),
        ],
        "file: " + ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in sizes.items()),
        f"rows: each file within {STANDARD_ERRORS} standard errors ({STANDARD_ERRORS * standard_error / expected:.2%})"
        f" of the expected; the rules of the SQL checked on {RULES_COMPANIES:,} companies",
    )


def sessions_sql(scenario: Scenario, table: str, expand: str) -> str:
    """Statements that make the sessions of the default scenario, in one transaction and without their order.

    A temporary table holds the customers and is made anew every month, with the month's count of sessions, of those
    who had any in the month before. The fastest of what we tried at 50 million sessions: one statement with a window
    function over all company-months takes 1.7 times as long, one with all months' draws side by side 1.1 times, a list
    of counts for each company 1.9 times; hashes of the ids make times faster than `random()` does.
    """
    share_of_large = scenario.sizes[1].share
    statements = [
        "set preserve_insertion_order = false",
        "begin",
        table,
        "create temp table copies as"
        " select sessions, copy from range(1, 21) as s(sessions), range(20) as c(copy) where copy < sessions",
        f"create temp table customers as select company_id, random() < {share_of_large} as is_large, 1 as sessions"
        f" from range(1, {scenario.companies} + 1) as companies(company_id)",
    ]
    for month, period in enumerate(scenario.periods):
        start = f"epoch_us(timestamp '{period}')"
        length = f"(epoch_us(timestamp '{period}' + interval 1 month) - {start})"
        statements += [
            f"create or replace temp table customers as select company_id, is_large, {COUNT} as sessions"
            " from (select *, floor(random() * 132)::integer as outcome from customers where sessions > 0)",
            f"insert into sessions select session_id, company_id, make_timestamp({start} + hash(session_id) % {length})"
            f" from (select company_id, (company_id * {scenario.months} + {month}) * 32 + copy as session_id"
            f" from ({expand}))",
        ]
    return ";\n".join([*statements, "commit"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=900_000, help="default: %(default)s, 50 million sessions")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of interleaved runs (default: %(default)s)")
    parser.add_argument("--sessions-alone", type=Path, help=argparse.SUPPRESS)  # how this script starts its children
    return parser.parse_args()


def _load_sessions(path: Path, companies: int) -> float:
    """The seconds that the product takes for the sessions and nothing else, to the closed file."""
    tables = [table for table in simulated_tables(Scenario(companies=companies)) if table.schema is SESSIONS]
    began = time.perf_counter()
    DuckDBSink(path).load(tables)
    return time.perf_counter() - began


def _table_like_ours(database: Path) -> str:
    """The statement that makes a table like ours, with the compression that ours names."""
    with duckdb.connect(database, read_only=True) as connection:
        columns = connection.execute(
            "select string_agg(distinct column_name || ' ' || compression, ',') from pragma_storage_info('raw.sessions')"
            " where segment_type <> 'VALIDITY'"
        ).fetchone()
    assert columns
    return str(columns[0])


def _expected_sessions(scenario: Scenario) -> tuple[float, float]:
    """The expected sessions of all companies, and the standard error of their sum."""
    moments = [(size.share, *_moments(size, scenario.months)) for size in scenario.sizes]
    mean = sum(share * first for share, first, _ in moments)
    variance = sum(share * second for share, _, second in moments) - mean**2
    return scenario.companies * mean, (scenario.companies * variance) ** 0.5


def _moments(size: CompanySize, months: int) -> tuple[float, float]:
    """The expectation and the second moment of a company's sessions in all months.

    Of a total T of `months` months that follow a first one with count X: T' = X + (T if X > 0), X independent of T.
    """
    survival = 1 - silence_probability(size)
    square = size.base_sessions**2 + size.spread * (2 * size.spread + 1) / 6
    first = second = 0.0
    for _ in range(months):
        first, second = (
            size.base_sessions + survival * first,
            square + 2 * size.base_sessions * first + survival * second,
        )
    return first, second
