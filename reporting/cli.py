"""The command line: build if asked to, then print the three KPIs month by month."""

import argparse
import shutil
import sys
from collections.abc import Sequence

from reporting.kpi_table import kpi_table
from reporting.marts import MartsError, build_marts, read_monthly_kpis

_WIDTH_WITHOUT_TERMINAL = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code, 1 if dbt could not build or read the marts."""
    parser = argparse.ArgumentParser(prog="python -m reporting", description="Print the three KPIs of a target.")
    parser.add_argument(
        "--target", metavar="NAME", help="a target of profiles.yml (default: the profile's own, DBT_TARGET)"
    )
    parser.add_argument("--build", action="store_true", help="run dbt build first, in the same process")
    options = parser.parse_args(arguments)
    target = ["--target", options.target] if options.target else []
    try:
        if options.build:
            build_marts(target)
        rows = read_monthly_kpis(target)
    except MartsError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(kpi_table(rows, shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 0)).columns))
    return 0
