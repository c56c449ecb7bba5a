r"""PostgreSQL, 5 million sessions: our load, which makes the rows on the way, against `psql \copy` of them prebuilt.

Both sides fill an empty table in one transaction, once with no keys, once with the product's keys and index built
after the rows. The file that psql copies holds the very bytes that the product sends.
"""

import argparse
import os
import shutil
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import measuring
from seed_generator.cli.memory import keep_freed_memory
from seed_generator.scenario import Scenario
from seed_generator.schemas import SESSIONS
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import Manner
from seed_generator.sinks.postgres.copy import copy_file
from seed_generator.sinks.sql import column_definitions
from seed_generator.tables import Table, simulated_tables

sys.path.append(str(measuring.PROJECT / "tests" / "python" / "support"))
from postgres_server import Database, own_server

CREATE = f"create table sessions ({column_definitions(SESSIONS.columns)})"
KEYS = (
    "alter table sessions add primary key (session_id);"
    " alter table sessions add foreign key (company_id) references companies (company_id);"
    " create index on sessions using brin (created_at)"
)
READ_BYTES = 1 << 20  # as the product reads


def main() -> int:
    options = _options()
    keep_freed_memory()
    scenario = Scenario(companies=options.companies)
    psql = shutil.which("psql")
    if psql is None:
        raise SystemExit("this benchmark needs psql on the PATH")
    with measuring.scratch_folder() as folder, own_server(waits_for_disk=True) as server:
        file = folder / "sessions.bin"
        with file.open("wb") as prebuilt:
            shutil.copyfileobj(copy_file(_sessions(scenario)), prebuilt, READ_BYTES)
        _execute(
            server,
            "create table companies as"
            f" select company_id from generate_series(1, {scenario.companies}) as numbers(company_id)",
            "alter table companies add primary key (company_id)",
        )
        bench = _Bench(server, scenario, file, psql)
        contenders = {
            "ours, no keys": lambda: bench.ours(""),
            "psql, no keys": lambda: bench.psql_copy(""),
            "ours, keys after": lambda: bench.ours(KEYS),
            "psql, keys after": lambda: bench.psql_copy(KEYS),
        }
        seconds = measuring.interleaved(options.pairs, contenders)
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("select count(*) from sessions")
            (rows,) = cursor.fetchone() or (0,)
    claims = [
        measuring.Claim(
            f"speed / psql's, {keys}",
            measuring.speed(seconds[f"ours, {keys}"], seconds[f"psql, {keys}"]),
            0.9,
            aim=1.0,
        )
        for keys in ("no keys", "keys after")
    ]
    return measuring.report(
        f"{rows:,} sessions into PostgreSQL; {options.pairs} interleaved runs",
        measuring.TIMING_COLUMNS,
        [measuring.timing_row(name, values, rows) for name, values in seconds.items()],
        claims,
    )


@dataclass(frozen=True)
class _Bench:
    """The contenders: each fills a new table in one transaction and tells how many seconds that took."""

    server: Database
    scenario: Scenario
    file: Path
    psql: str

    def ours(self, after: str) -> float:
        """The product's encoder and COPY, over rows that are made while they are sent."""
        self._new_table()
        sessions = _sessions(self.scenario)
        connection = self.server.connect()
        began = time.perf_counter()
        with connection, connection.cursor() as cursor:
            cursor.copy_expert("copy sessions from stdin (format binary)", copy_file(sessions), size=READ_BYTES)
            if after:
                cursor.execute(after)
        seconds = time.perf_counter() - began
        connection.close()
        return seconds

    def psql_copy(self, after: str) -> float:
        """PostgreSQL's own client, over a file that the system has in memory."""
        self._new_table()
        commands = [
            "begin",
            f"\\copy sessions from '{self.file}' (format binary)",
            *([after] if after else []),
            "commit",
        ]
        arguments = [part for command in commands for part in ("-c", command)]
        command = (self.psql, "-qX", "-v", "ON_ERROR_STOP=1", *arguments)
        return measuring.run(command, self.file.parent, {**os.environ, **self.server.environment}).seconds

    def _new_table(self) -> None:
        _execute(self.server, "drop table if exists sessions", CREATE, "checkpoint")


def _sessions(scenario: Scenario) -> Table:
    manner = Manner(workers=len(os.sched_getaffinity(0)))
    return next(table for table in simulated_tables(Portion(scenario), manner=manner) if table.schema is SESSIONS)


def _execute(server: Database, *statements: str) -> None:
    connection = server.connect()
    connection.autocommit = True
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--companies",
        type=int,
        default=measuring.companies_for(5_000_000),
        help="default: %(default)s, 5 million sessions",
    )
    parser.add_argument("--pairs", type=int, default=7, help="rounds of interleaved runs (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
