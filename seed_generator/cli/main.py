"""The command line: read what was asked, simulate, load, say what was made."""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from seed_generator import schemas
from seed_generator.api.place import Place, Watch
from seed_generator.api.simulation import Simulation
from seed_generator.cli.dry_run import expectation_lines
from seed_generator.cli.memory import keep_freed_memory
from seed_generator.cli.options import Request, option_parser, options_of_keys
from seed_generator.cli.progress import Progress
from seed_generator.errors import told_with
from seed_generator.expectations.kpis import expected_sessions
from seed_generator.extension import Extension
from seed_generator.faults.injection import Faults
from seed_generator.program import ended
from seed_generator.scenario import Scenario
from seed_generator.schemas import TableSchema
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.streams import STREAM_VERSION

_CHANGES = {schemas.PLAN_CHANGES, schemas.PRICE_CHANGES}  # are told of where there are some


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 for the environment, 2 for bad input, 130 for Ctrl-C."""
    keep_freed_memory()
    command = _Command(arguments)
    return ended(command.run, command.aftermath)


class _Command:
    """What the arguments ask for."""

    def __init__(self, arguments: Sequence[str] | None) -> None:
        self._arguments = arguments
        self._place: Place | None = None

    def run(self, stop_if_pressed: Callable[[], None]) -> None:
        """Check all of it, and do it."""
        options = option_parser().parse_args(self._arguments)
        with told_with(options_of_keys(options)):
            request = Request(options)
            request.check()
            self._place = request.place
            if options.drop:
                _drop(request.place, options)
            elif options.dry_run:
                _describe(request)
            elif options.checksum:
                _print_checksums(request.place, options)
            else:
                _load(request, options, stop_if_pressed)

    def aftermath(self) -> str:
        """What is so if it did not come to its end."""
        return "the change was complete" if self._place and self._place.has_changed else "nothing was changed"


def _load(request: Request, options: argparse.Namespace, stop_if_pressed: Callable[[], None]) -> None:
    extension, place = request.extension, request.place
    with _progress(options) as progress, told_with(request.scenario_word):
        watch = _Watch(progress, stop_if_pressed)
        if extension:
            scenario = place.extend(extension, watch)
        else:
            scenario = request.scenario
            Simulation(scenario, request.faults).load(place, watch)
    if not options.quiet:
        _print_what_was_loaded(scenario, request.faults, extension, progress)
        print(f"Loaded in {progress.seconds:.1f} s into {place.description}")
        print(f"Next: {place.next_command}")


class _Watch(Watch):
    """Shows how a load goes, and ends it at Ctrl-C."""

    def __init__(self, progress: Progress, stop_if_pressed: Callable[[], None]) -> None:
        self._progress = progress
        self._stop_if_pressed = stop_if_pressed

    def begins(self, portion: Portion) -> None:
        """Know how many sessions will come."""
        self._progress.expected_sessions = _sessions_to_come(portion)

    def takes(self, table: TableSchema, rows: int) -> None:
        """Count them."""
        self._progress.add(table, rows)
        self._stop_if_pressed()

    def ends(self) -> None:
        """The last moment at which nothing has changed."""
        self._stop_if_pressed()


def _sessions_to_come(portion: Portion) -> float:
    expected = expected_sessions(portion.scenario)
    if portion.adds_rows:
        loaded = replace(portion.scenario, companies=portion.loaded.companies, months=portion.loaded.months)
        expected -= expected_sessions(loaded)
    return float(expected)


def _print_what_was_loaded(scenario: Scenario, faults: Faults, extension: Extension | None, progress: Progress) -> None:
    if extension:
        print(f"Added {extension} to what is now {_summary(scenario)}. Rows written:")
        _print_rows(progress.rows)
    else:
        print(f"Simulated {_summary(scenario)}:")
        tables = [table for table in schemas.TABLES if progress.rows[table] or table not in _CHANGES]
        _print_rows({table: progress.rows[table] for table in tables})
        _print_faults(faults)


@contextmanager
def _progress(options: argparse.Namespace) -> Iterator[Progress]:
    progress = Progress(is_shown=not options.quiet)
    try:
        yield progress
    finally:
        progress.clear()


def _print_rows(rows: Mapping[TableSchema, int]) -> None:
    for table in sorted(rows, key=lambda table: table.full_name):
        print(f"  {table.full_name:<21} {rows[table]:>15,}")


def _print_checksums(place: Place, options: argparse.Namespace) -> None:
    found = place.checksums()
    if not options.quiet:
        print(f"Checksums of {place.description}:")
    for table in sorted(found):
        print(f"  {table:<21} {found[table].rows:>15,}  {found[table].digits()}")


def _describe(request: Request) -> None:
    print(f"Would simulate {_summary(request.scenario)}:")
    for line in expectation_lines(request.scenario):
        print(line)
    _print_faults(request.faults)
    print(f"Nothing was written; a load would fill {request.place.description}")


def _drop(place: Place, options: argparse.Namespace) -> None:
    asks = sys.stdin.isatty() and not options.quiet
    if asks and not _agreed(f"Remove the simulated tables and their data from {place.description}? [y/N] "):
        print("Nothing was removed.")
        return
    lines = place.drop()
    if not options.quiet:
        print(*lines, sep="\n")
        print(f"Dropped from {place.description}")


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in {"y", "yes"}
    except EOFError:
        print()
        return False


def _summary(scenario: Scenario) -> str:
    months = f"{scenario.months} month{'s' if scenario.months > 1 else ''}"
    start = f"{scenario.first_month:%Y-%m}"
    return f"ABC Enterprises, {months} from {start}, seed {scenario.seed}, stream version {STREAM_VERSION}"


def _print_faults(faults: Faults) -> None:
    if faults:
        print(f"Faults: {', '.join(f'{kind} {share:g}' for kind, share in faults.shares.items())}")
