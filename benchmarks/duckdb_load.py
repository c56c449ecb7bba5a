"""A DuckDB file of 50 million sessions: our load against the fastest way we know to make them in DuckDB's own SQL.

Two figures: the sessions alone, from the connection to the closed file; and whole processes, where ours also starts up,
makes names, companies and books, and the SQL makes nothing but the sessions. A third is the sessions alone against a
copy of the same rows from a table in memory to a table in a file, which is all that DuckDB does at the best.

Both sides fill the same three columns by the same rules. The SQL may do what we do not: its ids have gaps, its rows
come in any order, and no two runs are alike. It writes a table as anybody would create it, whose compression DuckDB
chooses; a last figure is for the same SQL into a table with the compression that ours names.
"""

import argparse
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

import measuring
from seed_generator.cli.memory import keep_freed_memory
from seed_generator.expectations.chances import silence_probability
from seed_generator.expectations.kpis import expected_kpis
from seed_generator.scenario import ALL_SIZES, CompanySize, Scenario, add_months
from seed_generator.schemas import SESSIONS
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import Manner
from seed_generator.sinks.duckdb import DuckDBSink
from seed_generator.tables import simulated_tables

RULES_COMPANIES = 20_000  # enough for the rules to show
STANDARD_ERRORS = 5  # how far from its expectation a right sum may be: further once in two million runs

SEED_GENERATOR = (sys.executable, "-m", "seed_generator", "--quiet")

# The child that runs the SQL: the least that a Python process can be.
SQL_PROCESS = """
import sys, time, duckdb
statements = open(sys.argv[2]).read()
began = time.perf_counter()
with duckdb.connect(sys.argv[1]) as connection:
    connection.execute("set enable_progress_bar = false")
    connection.execute(statements)
print(time.perf_counter() - began)
"""

# The child that copies: the rows are in memory before the time begins.
COPY_PROCESS = """
import sys, time, duckdb
source, target = sys.argv[1:]
with duckdb.connect() as connection:
    connection.execute("set enable_progress_bar = false")
    connection.execute(f"attach '{source}' as source (read_only)")
    connection.execute("create table sessions as from source.raw.sessions")
    began = time.perf_counter()
    connection.execute(f"attach '{target}' as target")
    connection.execute("create table target.sessions as from sessions")
    connection.execute("detach target")
    print(time.perf_counter() - began)
"""

# Outcomes 0 … 131 of one draw: 132 is the least common multiple of the 12 of a small and the 22 of a large company.
COUNT = """case
    when is_large then if(outcome < 66, 10 + outcome // 6, 10 - (outcome - 66) // 6)
    else if(outcome < 66, 5 + outcome // 11, 5 - (outcome - 66) // 11)
end"""

CUSTOMERS_OF_A_MONTH = (
    f"create or replace temp table customers as select company_id, is_large, {COUNT} as sessions"
    " from (select *, floor(random() * 132)::integer as outcome from customers where sessions > 0)"
)

PLAIN_TABLE = (
    "create table sessions (session_id bigint not null, company_id bigint not null, created_at timestamp not null)"
)

# Two ways to make as many rows of a company as it has sessions. The join is faster; `unnest` keeps a company's rows
# together, without which a table compressed like ours would be twice as large and slower to write.
COPIES = (
    "create temp table copies as"
    " select sessions, copy from range(1, 21) as s(sessions), range(20) as c(copy) where copy < sessions"
)
BY_JOIN = "select company_id, copy from customers join copies using (sessions)"
BY_UNNEST = "select company_id, unnest(range(sessions)) as copy from customers"


def main() -> int:
    options = _options()
    if options.sessions_alone:
        print(_load_sessions(options.sessions_alone, options.companies))
        return 0
    scenario = Scenario(companies=options.companies)
    with measuring.scratch_folder() as folder:
        bench = _Bench(scenario, folder)
        bench.prepare()
        seconds = measuring.interleaved(
            options.pairs,
            {
                "ours alone": bench.ours_alone,
                "copy": bench.copy,
                "SQL": lambda: bench.sql("SQL"),
                "ours": bench.ours_whole,
                "SQL, our storage": lambda: bench.sql("SQL, our storage"),
            },
        )
    sql_alone, like_ours = bench.sql_alone["SQL"], bench.sql_alone["SQL, our storage"]
    lines = {
        "sessions alone: ours": seconds["ours alone"],
        "sessions alone: copy from memory": seconds["copy"],
        "sessions alone: SQL": sql_alone,
        "sessions alone: SQL into storage like ours": like_ours,
        "whole process: python -m seed_generator": seconds["ours"],
        "whole process: SQL": seconds["SQL"],
    }
    return measuring.report(
        f"{scenario.companies:,} companies, {scenario.months} months, {bench.expected:,.0f} sessions into a DuckDB"
        f" file; {options.pairs} interleaved runs",
        measuring.TIMING_COLUMNS,
        [measuring.timing_row(name, values, bench.expected) for name, values in lines.items()],
        [
            measuring.Claim(
                "sessions alone, speed / SQL's", measuring.speed(seconds["ours alone"], sql_alone), 1.3, aim=2.0
            ),
            measuring.Claim(
                "whole process, speed / SQL's", measuring.speed(seconds["ours"], seconds["SQL"]), 1.0, aim=1.3
            ),
            measuring.Claim(
                "sessions alone, speed / copy's",
                measuring.speed(seconds["ours alone"], seconds["copy"]),
                0.8,
                aim=0.95,
            ),
            measuring.Claim(
                "sessions alone, speed / SQL's into storage like ours",
                measuring.speed(seconds["ours alone"], like_ours),
            ),
        ],
        "files: " + ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in bench.file_sizes.items()),
        f"rows: ours {bench.rows['ours']:,}, SQL {bench.rows['SQL']:,} in its last run; all runs within"
        f" {STANDARD_ERRORS} standard errors, {STANDARD_ERRORS * bench.standard_error / bench.expected:.2%}",
    )


def sessions_sql(scenario: Scenario, table: str, expand: str) -> str:
    """Statements that make the sessions of the default scenario in one transaction.

    A temporary table holds the customers; every month it is made anew of those who had a session in the month before,
    with new counts. That was the fastest at 50 million sessions, beside: one statement with a window function over all
    months of a company and one with a list of counts for each company (both clearly slower), one with the draws of all
    months in columns side by side (1.1 times as long), the month of churn drawn at once (the same). Times from hashes
    of the ids cost less than `random()`.

    Parameters
    ----------
    scenario : the default scenario, with any number of companies.
    table : the statement that creates the table.
    expand : the query that makes the rows, `BY_JOIN` or `BY_UNNEST`.
    """
    share_of_large = scenario.sizes[1].share
    statements = ["set preserve_insertion_order = false", "begin", table, COPIES]
    statements.append(
        f"create temp table customers as select company_id, random() < {share_of_large} as is_large, 1 as sessions"
        f" from range(1, {scenario.companies} + 1) as companies(company_id)"
    )
    for month, period in enumerate(scenario.periods):
        start, end = _microseconds(period), _microseconds(add_months(period, 1))
        statements.append(CUSTOMERS_OF_A_MONTH)
        statements.append(
            "insert into sessions"
            f" select session_id, company_id, make_timestamp({start} + (hash(session_id) % {end - start})::bigint)"
            f" from (select (company_id * {scenario.months} + {month}) * 32 + copy as session_id, company_id"
            f" from ({expand}))"
        )
    return ";\n".join([*statements, "commit"])


@dataclass
class _Bench:
    """The contenders, each of which leaves seconds, and what else was seen of them."""

    scenario: Scenario
    folder: Path
    sql_alone: dict[str, list[float]] = field(default_factory=lambda: {"SQL": [], "SQL, our storage": []})
    file_sizes: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.expected, self.standard_error = _expected_sessions(self.scenario)
        self._database = self.folder / "warehouse.duckdb"
        self._environment = measuring.environment(self.folder)
        self._companies = ("--companies", str(self.scenario.companies))

    def prepare(self) -> None:
        """Untimed: leave compiled modules, ask a file of ours for its storage, write and check the SQL."""
        measuring.run((*SEED_GENERATOR, "--companies", "1"), self.folder, self._environment)
        tables = {"SQL": (PLAIN_TABLE, BY_JOIN), "SQL, our storage": (self._table_like_ours(), BY_UNNEST)}
        for name, (table, expand) in tables.items():
            _check_rules(sessions_sql(Scenario(companies=RULES_COMPANIES), table, expand))
            self._statements(name).write_text(sessions_sql(self.scenario, table, expand))

    def ours_alone(self) -> float:
        """The product's sessions and nothing else, timed inside its process."""
        command = (sys.executable, Path(__file__).resolve(), *self._companies, "--sessions-alone", self._database)
        return float(self._run("ours", "raw.sessions", *command).output)

    def ours_whole(self) -> float:
        """The product as it is used."""
        return self._run("ours", "raw.sessions", *SEED_GENERATOR, *self._companies).seconds

    def copy(self) -> float:
        """DuckDB's own copy of the sessions that our last load has left, from memory to a file."""
        source = self._database.rename(self.folder / "source.duckdb")
        command = (sys.executable, "-c", COPY_PROCESS, source, self._database)
        done = measuring.run(command, self.folder, self._environment)
        source.unlink()
        return float(done.output)

    def sql(self, name: str) -> float:
        """The whole process of the SQL; what it took inside of that is kept in `sql_alone`."""
        command = (sys.executable, "-c", SQL_PROCESS, self._database, self._statements(name))
        done = self._run(name, "sessions", *command)
        self.sql_alone[name].append(float(done.output))
        return done.seconds

    def _run(self, name: str, table: str, *command: str | Path) -> measuring.Run:
        self._database.unlink(missing_ok=True)
        done = measuring.run(command, self.folder, self._environment)
        self.file_sizes[name] = self._database.stat().st_size
        self.rows[name] = self._count(table)
        return done

    def _count(self, table: str) -> int:
        with duckdb.connect(self._database, read_only=True) as connection:
            rows: int = connection.sql(f"select count(*) from {table}").fetchall()[0][0]
        if abs(rows - self.expected) > STANDARD_ERRORS * self.standard_error:
            raise RuntimeError(f"{rows:,} rows in {table}, expected {self.expected:,.0f} ± {self.standard_error:,.0f}")
        return rows

    def _table_like_ours(self) -> str:
        with duckdb.connect(self._database, read_only=True) as connection:
            statement: str = connection.sql(
                "select sql from duckdb_tables() where schema_name = 'raw' and table_name = 'sessions'"
            ).fetchall()[0][0]
        return statement.replace("raw.sessions", "sessions").rstrip(";")

    def _statements(self, name: str) -> Path:
        return self.folder / f"{name}.sql"


def _load_sessions(path: Path, companies: int) -> float:
    """The seconds from the connection to the closed file of a load that has the sessions only."""
    keep_freed_memory()
    manner = Manner(workers=len(os.sched_getaffinity(0)))
    made = simulated_tables(Portion(Scenario(companies=companies)), manner=manner)
    tables = [table for table in made if table.schema is SESSIONS]
    began = time.perf_counter()
    with DuckDBSink(path).change() as change:
        change.write(tables)
    return time.perf_counter() - began


def _check_rules(statements: str) -> None:
    """Run the SQL for `RULES_COMPANIES` in memory and look whether it simulates what it is said to.

    Raises
    ------
    RuntimeError : naming the rule that is broken.
    """
    scenario = Scenario(companies=RULES_COMPANIES)
    with duckdb.connect() as connection:
        connection.execute(statements)
        connection.execute(
            "create temp table months as"
            f" select datediff('month', date '{scenario.first_month}', created_at) as month, company_id,"
            " count(*) as sessions from sessions group by all"
        )
        broken = connection.execute(
            "select 'ids are unique' from sessions having count(distinct session_id) < count(*)"
            " union all select 'nobody comes back' from months group by company_id having count(*) <= max(month)"
            " union all select 'at most 20 sessions' from months where sessions > 20"
        ).fetchall()
        if broken:
            raise RuntimeError(f"the SQL breaks a rule: {broken[0][0]}")
        active = dict(connection.execute("select month, count(*) from months group by month").fetchall())
        many = connection.execute("select count(*) from months where month = 0 and sessions > 10").fetchall()[0][0]
    _check_number("companies with more than 10 sessions in the first month", many, 0.3 * 10 / 22)
    expected = [
        row.expected
        for row in expected_kpis(scenario)
        if (row.company_size, row.kpi) == (ALL_SIZES, "active_companies")
    ]
    for month, period in enumerate(scenario.periods):
        _check_number(f"active companies in {period}", active.get(month, 0), float(expected[month]) / RULES_COMPANIES)


def _check_number(name: str, number: int, probability: float) -> None:
    """Of `RULES_COMPANIES` independent ones, each with that probability."""
    expected = RULES_COMPANIES * probability
    if abs(number - expected) > STANDARD_ERRORS * (expected * (1 - probability)) ** 0.5:
        raise RuntimeError(f"the SQL breaks a rule: {number:,} {name}, expected {expected:,.0f}")


def _expected_sessions(scenario: Scenario) -> tuple[float, float]:
    """The expected number of sessions of all companies together, and its standard error."""
    moments = [(size.share, *_moments(size, scenario.months)) for size in scenario.sizes]
    mean = sum(share * first for share, first, _ in moments)
    variance = sum(share * second for share, _, second in moments) - mean**2
    return scenario.companies * mean, (scenario.companies * variance) ** 0.5


def _moments(size: CompanySize, months: int) -> tuple[float, float]:
    """First and second moment of the sessions of a company in all months.

    They build up from the last month: with X sessions in a month and T in those after it, if it is still a customer,
    the total is X + (T if X > 0 else 0), and X and T are independent.
    """
    survival = 1 - float(silence_probability(size))
    square = size.base_sessions**2 + size.spread * (2 * size.spread + 1) / 6
    first = second = 0.0
    for _ in range(months):
        second = square + 2 * size.base_sessions * first + survival * second
        first = size.base_sessions + survival * first
    return first, second


def _microseconds(month: date) -> int:
    return int(datetime(month.year, month.month, 1, tzinfo=UTC).timestamp()) * 1_000_000


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=900_000, help="default: %(default)s, 50 million sessions")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of interleaved runs (default: %(default)s)")
    parser.add_argument("--sessions-alone", type=Path, help=argparse.SUPPRESS)  # how this script starts its children
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
