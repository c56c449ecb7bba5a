"""The default run of `python -m seed_generator`, 500 companies and 28,008 sessions, as a whole process; and the demo.

The demo is what `make demo` does when all is installed: that run, one `dbt build` with all tests, and the table.
"""

import argparse
import functools
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import measuring


def main() -> int:
    options = _options()
    with measuring.scratch_folder() as folder:
        environment = measuring.environment(folder)
        command = (sys.executable, "-m", "seed_generator", "--quiet")
        commands = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "DuckDB": command,
            "Parquet": (*command, "--parquet", folder / "simulation"),
        }
        demo = (sys.executable, "-m", "reporting", "--build")
        for warm_up in commands.values():
            measuring.run(warm_up, folder, environment)
        contenders = {
            name: functools.partial(_seconds, command, folder, environment) for name, command in commands.items()
        }
        seconds = measuring.interleaved(options.pairs, contenders)
        project = measuring.environment(folder, PYTHONPATH=str(measuring.PROJECT))
        _seconds(demo, measuring.PROJECT, project)  # leaves compiled modules
        seconds["demo"] = [
            _seconds(command, measuring.PROJECT, project) + _seconds(demo, measuring.PROJECT, project)
            for _ in range(options.demos)
        ]
    rows = [(name, f"{statistics.median(v):.3f}", f"{min(v):.3f}", f"{max(v):.3f}") for name, v in seconds.items()]
    claims = [
        measuring.Claim(f"{name}, median", statistics.median(seconds[name]), 1.0, " s", is_ceiling=True, aim=0.5)
        for name in ("DuckDB", "Parquet")
    ]
    claims.append(measuring.Claim("demo, median", statistics.median(seconds["demo"]), 12, " s", is_ceiling=True, aim=6))
    claims.append(
        measuring.Claim("DuckDB / bare python", 1 / measuring.speed(seconds["DuckDB"], seconds["python -c pass"]))
    )
    return measuring.report("The default run", ("", "median s", "min", "max"), rows, claims)


def _seconds(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> float:
    return measuring.run(command, folder, environment).seconds


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=11, help="rounds of interleaved runs (default: %(default)s)")
    parser.add_argument("--demos", type=int, default=5, help="runs of the demo (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
