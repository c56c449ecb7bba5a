"""Sessions made inside Spark against the local kernel that writes Parquet, sessions per second of processor time.

Run it in the environment of `make setup-spark`. Spark has one core, and its processor time is that of the JVM and of
the Python workers together, after a first run that warms the JVM up.
"""

import argparse
import functools
import os
import statistics
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import measuring
from seed_generator.profiles import read_target
from seed_generator.scenario import Scenario
from seed_generator.schemas import SESSIONS
from seed_generator.simulation.portion import BLOCK_COMPANIES, Portion
from seed_generator.sinks.spark.session import spark_session
from seed_generator.sinks.spark.tasks import create_table, made_by_tasks, rows_of_blocks
from seed_generator.tables import simulated_tables

BLOCKS = 14


def main() -> int:
    options = _options()
    scenario = Scenario(companies=options.blocks * BLOCK_COMPANIES)
    sessions = scenario.companies * measuring.sessions_per_company()
    tables = simulated_tables(Portion(scenario))
    (blockwise,) = (table.blockwise for table in tables if table.blockwise and table.schema is SESSIONS)
    with measuring.scratch_folder() as folder:
        environment = measuring.environment(folder)
        os.environ |= {
            "DBT_PROFILES_DIR": str(measuring.PROJECT),
            "MASTER": "local[1]",
            "SPARK_WAREHOUSE": str(folder / "warehouse"),
            "SPARK_METASTORE": str(folder / "metastore"),
        }
        local = (
            *(sys.executable, "-m", "seed_generator", "--quiet", "--workers", "1"),
            *("--companies", str(scenario.companies), "--parquet", folder / "simulation"),
        )
        with spark_session(read_target("spark")) as spark:
            rows = made_by_tasks(spark, blockwise.portion, 1, *rows_of_blocks(SESSIONS, blockwise))
            made = functools.partial(_cpu_seconds, rows.write.format("noop").mode("overwrite").save)
            create_table(spark, "sessions", SESSIONS)
            store = functools.partial(rows.write.insertInto, "sessions", overwrite=True)
            made()
            runs = measuring.interleaved(
                options.pairs,
                {
                    "local, Parquet": lambda: measuring.run(local, folder, environment).cpu_seconds,
                    "Spark, made": made,
                    "Spark, made and stored": functools.partial(_cpu_seconds, store),
                },
            )
    lines = [
        (name, f"{statistics.median(seconds):.2f}", f"{sessions / statistics.median(seconds) / 1e6:.2f}")
        for name, seconds in runs.items()
    ]
    return measuring.report(
        f"About {sessions:,.0f} sessions by one core",
        ("", "CPU s", "M sessions per CPU s"),
        lines,
        [
            measuring.Claim(
                "made in Spark / local, Parquet", measuring.speed(runs["Spark, made"], runs["local, Parquet"]), 0.5
            ),
            measuring.Claim(
                "made and stored by Spark / local, Parquet",
                measuring.speed(runs["Spark, made and stored"], runs["local, Parquet"]),
            ),
        ],
    )


def _cpu_seconds(work: Callable[[], None]) -> float:
    before = _spent(os.getpid())
    work()
    return _spent(os.getpid()) - before


def _spent(process: int) -> float:
    """Processor time of a process and of all that it has started, whether these still run or not, in seconds."""
    parents: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        number = int(path.parent.name)
        parents.setdefault(int(fields[1]), []).append(number)
        ticks[number] = sum(map(int, fields[11:15]))
    return sum(ticks[number] for number in _family(process, parents)) / os.sysconf("SC_CLK_TCK")


def _family(process: int, parents: dict[int, list[int]]) -> Iterable[int]:
    yield process
    for child in parents.get(process, []):
        yield from _family(child, parents)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=BLOCKS, help="of companies (default: %(default)s, 51 M sessions)")
    parser.add_argument("--pairs", type=int, default=5, help="rounds of interleaved runs (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
