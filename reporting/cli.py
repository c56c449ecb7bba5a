"""The command line: build if asked to, then print the three KPIs month by month."""

import argparse
import shutil
import sys
from collections.abc import Sequence

from reporting.kpi_table import kpi_table
from reporting.marts import build_marts, read_monthly_kpis
from seed_generator.errors import SeedError
from seed_generator.profiles import read_target

_WIDTH_WITHOUT_TERMINAL = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if dbt could not build or read the marts, 2 for bad input."""
    parser = argparse.ArgumentParser(prog="python -m reporting", description="Print the three KPIs of a target.")
    parser.add_argument(
        "--target", metavar="NAME", help="a target of profiles.yml (default: the profile's own, DBT_TARGET)"
    )
    parser.add_argument("--build", action="store_true", help="run dbt build first, in the same process")
    options = parser.parse_args(arguments)
    target = ["--target", options.target] if options.target else []
    try:
        read_target(options.target)  # what is wrong with the target is told before dbt starts, and shorter
        if options.build:
            build_marts(target)
        rows = read_monthly_kpis(target)
    except SeedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(kpi_table(rows, shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 0)).columns))
    return 0
