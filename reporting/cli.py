"""The command line: build if asked to, then print the KPIs month by month, and write what was asked for."""

import argparse
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from reporting.files import page_file, write_whole
from reporting.kpi_table import kpi_table
from reporting.kpis import REVENUE
from reporting.look_ahead import months_ahead
from reporting.metrics_table import metrics_table
from reporting.page import leadership_page
from reporting.project import Project, close_duckdb
from reporting.publication import Publication, begun_publication
from reporting.rows import MonthlyKpis
from reporting.versions import DATABASE, SCHEMA
from reporting.views import Company
from seed_generator.errors import EnvironmentFailure, InputError, told_with
from seed_generator.profiles import Target, profile_of_project, read_target
from seed_generator.program import OptionParser, ended, path, text

_WIDTH_WITHOUT_TERMINAL = 120
_PAGE = Path("kpis.html")
_PUBLISHED = Path("published")
_OPTIONS = {"folder": "--publish", "page": "--page", "target": "--target"}  # of the keys that errors name


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns the exit code: 0, 1 if dbt could not build or read the marts, 2 for bad input, 130 for Ctrl-C.
    """
    command = _Command(arguments)
    return ended(command.run, command.aftermath)


class _Command:
    """What the arguments ask for."""

    def __init__(self, arguments: Sequence[str] | None) -> None:
        self._arguments = arguments
        self._publication: Publication | None = None

    def run(self, _: object) -> None:
        """Do all of it; what is wrong with an option is told before dbt starts, at once and with nothing changed."""
        options = _parser().parse_args(self._arguments)
        with told_with(_OPTIONS.get):
            target = read_target(options.target, profile=profile_of_project())
            page = options.page and page_file(options.page)
            published = options.publish and options.publish.absolute()
            if page and page == published:
                raise InputError(f"--page and --publish name the same place, {page}; give two.")
            project, rows = self._built_and_published(options, target, published)
            metrics = project.subscription_metrics() if options.metrics else None
            html = _page(project, rows, f"target {target.name}") if page else ""
        close_duckdb()
        if page:  # before anything is printed, which fails where the reader of the output has left
            self._write_page(page, html)
        width = shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 0)).columns
        wording = project.wording
        print(kpi_table(rows, wording, width) if metrics is None else metrics_table(metrics, wording, width))
        _print_places(published, page, is_package=project.is_package)

    def _built_and_published(
        self, options: argparse.Namespace, target: Target, published: Path | None
    ) -> tuple[Project, list[MonthlyKpis]]:
        """The project and its rows, after all that was asked for has been done to them."""
        with ExitStack() as stack:
            if published:
                self._publication = stack.enter_context(begun_publication(published, target.type))
            project = Project(target, is_default=options.target is None)
            if options.build or self._publication:  # what is published was proven in the same run
                project.build()
            rows = project.monthly_kpis()
            if self._publication:
                self._publication.publish(project)
        return project, rows

    def _write_page(self, page: Path, html: str) -> None:
        try:
            write_whole(page, html)
        except EnvironmentFailure as error:
            published = self.aftermath()
            raise EnvironmentFailure(f"{error} {published}." if published else str(error)) from error

    def aftermath(self) -> str:
        """What is so if it did not come to its end."""
        publication = self._publication
        return f"{publication.folder} is published" if publication and publication.is_complete else ""


def _page(project: Project, rows: Sequence[MonthlyKpis], source: str) -> str:
    # Where nothing is known of what to expect so far, nothing is said of what lies ahead.
    scenario = project.scenario() if REVENUE.band(rows[-1]) else None
    company = Company(rows, months_ahead(scenario) if scenario else (), project.life())
    return leadership_page(company, project.definition, project.wording, source)


def _print_places(published: Path | None, page: Path | None, *, is_package: bool) -> None:
    """Where things are; a project that has installed this one has neither its documents nor its Makefile."""
    if published or page:
        print()
    if published:
        documented = "" if is_package else " (docs/use/bi.md)"
        docs = "python -m reporting.documentation" if is_package else "make docs"
        _print_made("For BI tools", f"{published / DATABASE} and {published / SCHEMA}/*.parquet{documented}")
        _print_made("For analysts", f"{docs}, with every table and column described")
    if page:
        _print_made("For leaders", f"{page}, to open in a browser")


def _print_made(whom: str, what: str) -> None:
    print(f"{whom + ':':<14}{what}")


def _parser() -> argparse.ArgumentParser:
    parser = OptionParser(prog="python -m reporting", description="Print the KPIs of a target.", allow_abbrev=False)
    parser.add_argument(
        "--target", metavar="NAME", type=text, help="a target of profiles.yml (default: the profile's own, DBT_TARGET)"
    )
    parser.add_argument("--build", action="store_true", help="run dbt build first, in the same process")
    parser.add_argument(
        "--metrics",
        action="store_true",
        help="print the subscription metrics in place of the KPIs: MRR and its movements",
    )
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
