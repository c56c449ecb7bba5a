"""What a million sessions add on each engine: seconds of a load, of the models and of their data tests, and bytes.

All commands are those of a user, with both of this machine's cores. Those of a single company, which are start-up and
the compiling of modules, are taken off. Run it in the environment of `make setup-spark`, which has every engine.
"""

import argparse
import contextlib
import statistics
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import measuring

sys.path.append(str(measuring.PROJECT / "tests" / "python" / "support"))
from postgres_server import own_server

START = 1  # company
ENGINES = ("duckdb", "postgres", "spark")
DBT = Path(sys.executable).parent / "dbt"
SEED = (sys.executable, "-m", "seed_generator", "--quiet")
STEPS: dict[str, tuple[str | Path, ...]] = {
    "load": SEED,
    "models": (DBT, "run"),
    "data tests": (DBT, "test", "--resource-type", "test"),
}


@dataclass(frozen=True)
class Engine:
    """An empty warehouse: how its commands find it, and how many bytes it takes."""

    environment: Mapping[str, str]
    size: Callable[[], int]


def main() -> int:
    options = _options()
    large = measuring.companies_for(options.millions * 1e6)
    rows = []
    for name in options.targets:
        figures: dict[tuple[str, int], list[float]] = {}
        for number in range(options.rounds):
            for companies in (START, large):
                for what, figure in _measure(name, companies).items():
                    figures.setdefault((what, companies), []).append(figure)
            print(f"{name}, round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
        medians = {key: statistics.median(values) for key, values in figures.items()}
        rows += [
            (f"{name}: {what}", *_cells(what, medians[what, START], medians[what, large], options.millions))
            for what, companies in medians
            if companies == START
        ]
    return measuring.report(
        f"About {options.millions:g} million sessions; medians of {options.rounds}",
        ("", "one company", "all", "a million adds"),
        rows,
        [],
    )


def _measure(name: str, companies: int) -> dict[str, float]:
    """Seconds of each step, and the bytes after the first two."""
    with measuring.scratch_folder() as folder, _engine(name, folder) as engine:
        figures: dict[str, float] = {}
        for step, command in STEPS.items():
            options = ("--companies", str(companies)) if command is SEED else ()
            run = measuring.run((*command, "--target", name, *options), measuring.PROJECT, engine.environment)
            figures[f"{step}, s"] = run.seconds
            if step == "load":
                figures["raw tables, MB"] = engine.size() / 1e6
            elif step == "models":
                figures["tables of the models, MB"] = engine.size() / 1e6 - figures["raw tables, MB"]
    return figures


@contextlib.contextmanager
def _engine(name: str, folder: Path) -> Iterator[Engine]:
    output = {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}
    if name == "postgres":
        with own_server(waits_for_disk=True) as server:

            def size() -> int:
                with contextlib.closing(server.connect()) as connection, connection.cursor() as cursor:
                    cursor.execute("select pg_database_size(current_database())")
                    return int(cursor.fetchone()[0])  # type: ignore[index] # one row always

            yield Engine(measuring.environment(folder, **output, **server.environment), size)
    else:
        stored = folder / "stored"
        stored.mkdir()
        places = {
            "DUCKDB_PATH": str(stored / "warehouse.duckdb"),
            "SPARK_WAREHOUSE": str(stored),
            "SPARK_METASTORE": str(folder / "metastore"),
        }
        yield Engine(
            measuring.environment(folder, **output, **places),
            lambda: sum(file.stat().st_size for file in stored.rglob("*") if file.is_file()),
        )


def _cells(what: str, start: float, all_of_it: float, millions: float) -> tuple[str, ...]:
    added = (all_of_it - start) / millions
    return f"{start:.1f}", f"{all_of_it:.1f}", f"{added:.3f} {what.rpartition(' ')[2]}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--millions", type=float, default=50, help="of sessions (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--targets", nargs="+", choices=ENGINES, default=ENGINES, help="default: all")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
