"""Peak memory of `python -m seed_generator`, the whole process, at ever more sessions: it must not grow with them."""

import argparse
import sys

import measuring

sys.path.append(str(measuring.PROJECT / "tests" / "python" / "support"))
from postgres_server import own_server

MUST_GB = {"DuckDB": 1.5, "Parquet": 0.3, "PostgreSQL": 1.5}
AIM_GB = 0.512


def main() -> int:
    options = _options()
    rows, claims = [], []
    with measuring.scratch_folder() as folder, own_server() as server:
        environment = measuring.environment(folder, **server.environment)
        places = {"DuckDB": ("--target", "duckdb"), "Parquet": ("--parquet", str(folder / "simulation"))}
        if not options.without_postgres:
            places["PostgreSQL"] = ("--target", "postgres")
        for place, arguments in places.items():
            for millions in options.millions:
                companies = measuring.companies_for(millions * 1e6)
                command = (sys.executable, "-m", "seed_generator", "--quiet", "--companies", str(companies), *arguments)
                run = measuring.run(command, folder, environment)
                rows.append((place, f"{millions:g} M", f"{run.peak_bytes / 1e6:,.0f} MB", f"{run.seconds:.1f} s"))
            claims.append(
                measuring.Claim(
                    f"{place}, peak at {millions:g} M",
                    run.peak_bytes / 1e9,
                    MUST_GB[place],
                    " GB",
                    is_ceiling=True,
                    aim=AIM_GB,
                )
            )
            for path in folder.glob("*.duckdb*"):
                path.unlink()
    return measuring.report("Peak memory of a load", ("place", "sessions", "peak", "time"), rows, claims)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--millions",
        type=float,
        nargs="+",
        default=[0.5, 5, 50, 100],
        help="millions of sessions (default: 0.5 5 50 100)",
    )
    parser.add_argument("--without-postgres", action="store_true", help="for sizes that take it minutes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
