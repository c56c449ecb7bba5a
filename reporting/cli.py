"""The command line: build if asked to, then print the KPIs month by month, and write what was asked for."""

import argparse
import shutil
from collections.abc import Sequence
from pathlib import Path

from reporting.files import write_whole
from reporting.kpi_table import kpi_table
from reporting.page import leadership_page
from reporting.project import Project, close_duckdb
from reporting.publication import DATABASE, SCHEMA, publish
from seed_generator.errors import told_with
from seed_generator.profiles import read_target
from seed_generator.program import OptionParser, ended, path, text

_WIDTH_WITHOUT_TERMINAL = 120
_PAGE = Path("kpis.html")
_PUBLISHED = Path("published")
_OPTIONS = {"folder": "--publish", "target": "--target"}  # of the keys that errors name


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns the exit code: 0, 1 if dbt could not build or read the marts, 2 for bad input, 130 for Ctrl-C.
    """

    def work(_: object) -> None:
        options = _parser().parse_args(arguments)
        with told_with(_OPTIONS.get):
            _report(options)

    return ended(work)


def _report(options: argparse.Namespace) -> None:
    target = read_target(options.target)  # what is wrong with the target is told before dbt starts, and shorter
    project = Project(target, is_default=options.target is None)
    if options.build or options.publish:  # what is published was proven in the same run
        project.build()
    rows = project.monthly_kpis()
    if options.publish:
        publish(project, options.publish.absolute())
    close_duckdb()
    print(kpi_table(rows, shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 0)).columns))
    made = []
    if options.publish:
        published = options.publish.absolute()
        made += [
            ("For BI tools", f"{published / DATABASE} and {published / SCHEMA}/*.parquet (docs/use/bi.md)"),
            ("For analysts", "make docs, with every table and column described"),
        ]
    if options.page:
        write_whole(options.page, leadership_page(rows, project.definition, f"target {target.name}"))
        made.append(("For leaders", str(options.page.resolve())))
    if made:
        print()
    for whom, what in made:
        print(f"{whom + ':':<14}{what}")


def _parser() -> argparse.ArgumentParser:
    parser = OptionParser(prog="python -m reporting", description="Print the KPIs of a target.", allow_abbrev=False)
    parser.add_argument(
        "--target", metavar="NAME", type=text, help="a target of profiles.yml (default: the profile's own, DBT_TARGET)"
    )
    parser.add_argument("--build", action="store_true", help="run dbt build first, in the same process")
    parser.add_argument(
        "--page",
        metavar="FILE",
        type=path,
        nargs="?",
        const=_PAGE,
        help=f"write the leadership page into this file (default: {_PAGE})",
    )
    parser.add_argument(
        "--publish",
        metavar="FOLDER",
        type=path,
        nargs="?",
        const=_PUBLISHED,
        help="run dbt build, and if all is green publish the marts in this folder, as a DuckDB file and as Parquet"
        f" (default: {_PUBLISHED})",
    )
    return parser
