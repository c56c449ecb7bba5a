"""A load and the marts on Spark, the whole of this machine's cores: what each million sessions adds.

Run it in the environment of `make setup-spark`.
"""

import argparse
import statistics
import sys
from pathlib import Path

import measuring

SMALL = 1
SESSIONS = 50_000_000
DBT = Path(sys.executable).parent / "dbt"


def main() -> int:
    options = _options()
    large = measuring.companies_for(options.sessions)
    seconds: dict[tuple[str, int], list[float]] = {}
    for _ in range(options.rounds):
        for companies in (SMALL, large):
            with measuring.scratch_folder() as folder:
                environment = measuring.environment(
                    folder,
                    SPARK_WAREHOUSE=str(folder / "warehouse"),
                    SPARK_METASTORE=str(folder / "metastore"),
                    DBT_TARGET_PATH=str(folder / "target"),
                    DBT_LOG_PATH=str(folder / "logs"),
                )
                commands = {
                    "load": (
                        sys.executable,
                        "-m",
                        "seed_generator",
                        "--target",
                        "spark",
                        "--companies",
                        str(companies),
                    ),
                    "marts": (DBT, "run", "--target", "spark"),
                }
                for name, command in commands.items():
                    run = measuring.run(command, measuring.PROJECT, environment)
                    seconds.setdefault((name, companies), []).append(run.seconds)
                files = (folder / "warehouse" / "raw.db").glob("sessions__*/period=*/*.parquet")
                size = sum(file.stat().st_size for file in files)
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    added = {name: medians[name, large] - medians[name, SMALL] for name in ("load", "marts")}
    lines = [
        (
            name,
            f"{medians[name, SMALL]:.1f}",
            f"{medians[name, large]:.1f}",
            f"{1e9 * added[name] / options.sessions:.0f}",
        )
        for name in added
    ]
    return measuring.report(
        f"Spark on this machine's cores, about {options.sessions:,} sessions",
        ("", "1 company, s", "all, s", "ms a million"),
        lines,
        [],
        f"{size / options.sessions:.2f} bytes a session in Spark's files",
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=1, help="default: %(default)s")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
