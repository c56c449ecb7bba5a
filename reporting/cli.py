"""The command line: build if asked to, then print the three KPIs month by month, and write what was asked for."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from reporting.files import write_whole
from reporting.kpi_table import kpi_table
from reporting.marts import Project, close_duckdb
from reporting.page import leadership_page
from seed_generator.errors import SeedError
from seed_generator.profiles import read_target

_WIDTH_WITHOUT_TERMINAL = 120
_PAGE = Path("kpis.html")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 if dbt could not build or read the marts, 2 for bad input."""
    options = _parser().parse_args(arguments)
    try:
        _report(options)
    except SeedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _report(options: argparse.Namespace) -> None:
    target = read_target(options.target)  # what is wrong with the target is told before dbt starts, and shorter
    project = Project(["--target", options.target] if options.target else [])
    if options.build:
        project.build()
    rows = project.monthly_kpis()
    close_duckdb()
    print(kpi_table(rows, shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 0)).columns))
    if options.page:
        write_whole(options.page, leadership_page(rows, project.definition, f"target {target.name}"))
        print(f"\nThe page for the leadership team: {options.page.resolve()}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reporting", description="Print the three KPIs of a target.", allow_abbrev=False
    )
    parser.add_argument(
        "--target", metavar="NAME", help="a target of profiles.yml (default: the profile's own, DBT_TARGET)"
    )
    parser.add_argument("--build", action="store_true", help="run dbt build first, in the same process")
    parser.add_argument(
        "--page",
        metavar="FILE",
        type=Path,
        nargs="?",
        const=_PAGE,
        help=f"write the leadership page into this file (default: {_PAGE})",
    )
    return parser
