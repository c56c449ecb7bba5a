"""Whether a million sessions take as long in a large warehouse as in a small one: loads and marts on DuckDB.

The time of a run with one company, which is start-up, is taken off; what is left is told for a million sessions.
"""

import argparse
import statistics
import sys
from pathlib import Path

import measuring

MUST = 1.3


def main() -> int:
    options = _options()
    with measuring.scratch_folder() as folder:
        environment = measuring.environment(folder)
        dbt = (
            *(Path(sys.executable).parent / "dbt", "run", "--full-refresh", "--project-dir", measuring.PROJECT),
            *("--target-path", folder / "target", "--log-path", folder / "logs"),
        )

        def load(companies: int) -> float:
            # Into a new file: to free the blocks of a large one takes time too, and it is not this load's.
            (folder / "warehouse.duckdb").unlink(missing_ok=True)
            command = (sys.executable, "-m", "seed_generator", "--quiet", "--companies", str(companies))
            return measuring.run(command, folder, environment).seconds

        def marts() -> float:
            return measuring.run(dbt, folder, environment).seconds

        sizes = {0.0: 1, **{millions: measuring.companies_for(millions * 1e6) for millions in options.millions}}
        load(1)
        marts()  # leaves compiled modules
        seconds: dict[str, dict[float, list[float]]] = {"load": {}, "marts": {}}
        for _ in range(options.rounds):
            for millions, companies in sizes.items():
                seconds["load"].setdefault(millions, []).append(load(companies))
                seconds["marts"].setdefault(millions, []).append(marts())
    rows, claims = [], []
    for what, by_size in seconds.items():
        start = statistics.median(by_size.pop(0.0))
        marginal = {millions: (statistics.median(v) - start) / millions for millions, v in by_size.items()}
        rows += [
            (f"{what}, {millions:g} M", f"{statistics.median(by_size[millions]):.2f}", f"{value * 1000:.1f}")
            for millions, value in marginal.items()
        ]
        claims.append(
            measuring.Claim(
                f"{what}: slowest million / fastest",
                max(marginal.values()) / min(marginal.values()),
                MUST,
                is_ceiling=True,
                aim=1.0,
            )
        )
    return measuring.report("Growth on DuckDB", ("", "median s", "ms a million"), rows, claims)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each size (default: %(default)s)")
    parser.add_argument("--millions", type=float, nargs="+", default=[10, 50, 100], help="of sessions (10 50 100)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
