"""From nothing to tables with keys and index in PostgreSQL, against pandas: whole processes, at three sizes."""

import argparse
import functools
import statistics
import sys
from pathlib import Path

import measuring

sys.path.append(str(measuring.PROJECT / "tests" / "python" / "support"))
from postgres_server import own_server

# For each number of companies: what the ratio must be and what we aim at.
SIZES = {500: (3, 6), 5_000: (20, 20), 50_000: (50, 100)}


def main() -> int:
    options = _options()
    rows: list[tuple[str, ...]] = []
    claims = []
    with measuring.scratch_folder() as folder, own_server(waits_for_disk=True) as server:
        environment = measuring.environment(folder, **server.environment)

        def run(*command: str | Path) -> float:
            return measuring.run(command, folder, environment).seconds

        for companies in options.companies:
            ours = (sys.executable, "-m", "seed_generator", "--quiet", "--target", "postgres")
            pandas = (measuring.peers_python(), measuring.PEERS / "pandas_simulation.py", "load")
            contenders = {
                "ours": functools.partial(run, *ours, "--companies", str(companies)),
                "pandas": functools.partial(run, *pandas, str(companies)),
            }
            contenders["ours"]()  # leaves compiled modules and makes the tables
            seconds = measuring.interleaved(options.pairs, contenders)
            rows += [
                (f"{companies:,} companies: {name}", f"{statistics.median(v):.2f}", f"{min(v):.2f}", f"{max(v):.2f}")
                for name, v in seconds.items()
            ]
            must, aim = SIZES[companies]
            speed = measuring.speed(seconds["ours"], seconds["pandas"])
            claims.append(measuring.Claim(f"{companies:,} companies: speed / pandas", speed, must, aim=aim))
    return measuring.report("End to end into PostgreSQL, whole processes", ("", "median s", "min", "max"), rows, claims)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="rounds of interleaved runs (default: %(default)s)")
    parser.add_argument(
        "--companies", type=int, nargs="+", choices=list(SIZES), default=list(SIZES), help="default: all of them"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
