"""The command line: read what was asked, simulate, load, say what was made."""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from seed_generator import __version__, schemas
from seed_generator.cli.dry_run import expectation_lines
from seed_generator.cli.memory import keep_freed_memory
from seed_generator.cli.progress import Progress
from seed_generator.errors import InputError, InvalidValueError, SeedError
from seed_generator.expectations.kpis import expected_sessions
from seed_generator.extension import Extension
from seed_generator.faults.injection import Faults, read_faults
from seed_generator.interruption import INTERRUPTED
from seed_generator.profiles import read_target
from seed_generator.scenario import Scenario, read_scenario
from seed_generator.schemas import TableSchema
from seed_generator.simulation.sessions import Manner
from seed_generator.simulation.streams import STREAM_VERSION
from seed_generator.sinks.checksum import checksums
from seed_generator.sinks.protocol import Sink
from seed_generator.sinks.targets import parquet_sink, target_sink
from seed_generator.tables import Table, simulated_tables
from seed_generator.validation import whole_number

_SCENARIO_OPTIONS = ("companies", "months", "first_month", "seed")
_MAX_WORKERS = 256


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0, 1 for the environment, 2 for bad input, 130 for Ctrl-C."""
    keep_freed_memory()
    try:
        options = _parser().parse_args(arguments)
        scenario = _scenario(options)
        faults = _faults(options)
        extension = _extension(options)
        sink = _sink(options)
        manner = _manner(options, sink)
        if options.drop:
            _drop(sink, options)
        elif options.dry_run:
            _describe(scenario, faults, sink)
        elif options.checksum:
            _print_checksums(sink, options)
        elif extension:
            _extend(extension, manner, sink, options)
        else:
            _load(scenario, faults, manner, sink, options)
    except SeedError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("interrupted; nothing was changed.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left; leave quietly, and give the interpreter nothing to flush.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _Parser(argparse.ArgumentParser):
    """Bad options end as any other bad input does: in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; --help lists the options.")


def _parser() -> argparse.ArgumentParser:
    default = Scenario()
    parser = _Parser(
        prog="python -m seed_generator",
        description="Simulate a B2B SaaS company and load it into the raw tables of a dbt target.",
        allow_abbrev=False,
    )
    place = parser.add_argument_group("where to").add_mutually_exclusive_group()
    place.add_argument(
        "--target", metavar="NAME", help="a target of profiles.yml (default: the profile's own, DBT_TARGET)"
    )
    place.add_argument("--parquet", metavar="FOLDER", type=Path, help="write Parquet files into a folder instead")
    parser.add_argument(
        "--profiles-dir", metavar="FOLDER", type=Path, help="where profiles.yml is (default: where dbt looks)"
    )
    what = parser.add_argument_group("what")
    what.add_argument("--companies", metavar="N", help=f"how many companies (default: {default.companies})")
    what.add_argument("--months", metavar="N", help=f"how many months (default: {default.months})")
    what.add_argument(
        "--first-month", metavar="YYYY-MM", help=f"the first month (default: {default.first_month:%Y-%m})"
    )
    what.add_argument("--seed", metavar="N", help=f"the seed (default: {default.seed})")
    what.add_argument(
        "--scenario", metavar="FILE.toml", type=Path, help="a scenario file; the options above override it"
    )
    added = parser.add_argument_group("what to add to what is loaded; the rest stays as it is")
    added.add_argument("--append", metavar="K", help="the next K months")
    added.add_argument("--grow", metavar="N", help="N more companies")
    dirt = parser.add_argument_group("defects to put into the raw tables, for those who test or teach data quality")
    dirt.add_argument(
        "--fault", metavar="KIND=SHARE", action="append", default=[], help="such as duplicate_sessions=0.01; repeatable"
    )
    dirt.add_argument(
        "--faults", metavar="FILE.toml", type=Path, help="a file of kinds and shares; --fault overrides it"
    )
    do = parser.add_argument_group("what to do instead of a load").add_mutually_exclusive_group()
    do.add_argument(
        "--dry-run", action="store_true", help="say what would be made and what to expect of it; touch nothing"
    )
    do.add_argument(
        "--drop",
        action="store_true",
        help="remove the schemas that a load made and their data; asks first on a terminal",
    )
    do.add_argument(
        "--checksum", action="store_true", help="print a checksum of each loaded table, the same wherever it is loaded"
    )
    parser.add_argument(
        "--workers",
        metavar="N",
        help="threads that simulate, or tasks of Spark; they never change a row (default: the cores)",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress, no summary, no question before --drop")
    parser.add_argument(
        "--version", action="version", version=f"seed_generator {__version__}, stream version {STREAM_VERSION}"
    )
    return parser


def _scenario(options: argparse.Namespace) -> Scenario:
    """The scenario file, or the default, with the options on top."""
    with _in_the_words_of(options):
        return Scenario(**{**_read(options), **_given(options)})


def _read(options: argparse.Namespace) -> dict[str, Any]:
    return read_scenario(options.scenario) if options.scenario else {}


def _given(options: argparse.Namespace) -> dict[str, Any]:
    return {name: getattr(options, name) for name in _SCENARIO_OPTIONS if getattr(options, name) is not None}


@contextmanager
def _in_the_words_of(options: argparse.Namespace) -> Iterator[None]:
    """What is wrong with a key of the scenario is told as the option that it was given with, or the file."""
    try:
        yield
    except InvalidValueError as error:
        name = error.name
        if name in _given(options):
            name = f"--{name.replace('_', '-')}"
        elif options.scenario:
            name = f"{name} in {options.scenario}"
        raise InvalidValueError(name, error.given, error.allowed) from None


def _extension(options: argparse.Namespace) -> Extension | None:
    """What is to be added, with all that was said of the scenario; of a file, only what does not grow."""
    if options.append is None and options.grow is None:
        return None
    if options.fault or options.faults:
        raise InputError("--append and --grow add to a simulation without faults; leave --fault and --faults out.")
    if options.dry_run or options.drop or options.checksum:
        raise InputError("--append and --grow are a load; leave --dry-run, --drop and --checksum out.")
    fixed = {name: value for name, value in _read(options).items() if name not in {"months", "companies"}}
    return Extension(options.append, options.grow, {**fixed, **_given(options)})


def _manner(options: argparse.Namespace, sink: Sink) -> Manner:
    workers = _workers(options) or _cores()
    return Manner(workers=workers, months_at_a_time=min(workers, sink.months_at_a_time))


def _workers(options: argparse.Namespace) -> int | None:
    return None if options.workers is None else whole_number("--workers", options.workers, 1, _MAX_WORKERS)


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _faults(options: argparse.Namespace) -> Faults:
    """The faults file with the options on top; errors are told in the words of what was given."""
    from_file = read_faults(options.faults) if options.faults else {}
    given = dict(text.partition("=")[::2] for text in options.fault)
    try:
        Faults(from_file)
    except InvalidValueError as error:
        raise InvalidValueError(f"{error.name} in {options.faults}", error.given, error.allowed) from None
    try:
        return Faults({**from_file, **given})
    except InvalidValueError as error:
        raise InvalidValueError(f"--fault: {error.name}", error.given or "nothing", error.allowed) from None


def _sink(options: argparse.Namespace) -> Sink:
    if options.parquet:
        return parquet_sink(options.parquet)
    return target_sink(read_target(options.target, options.profiles_dir), _workers(options))


def _load(scenario: Scenario, faults: Faults, manner: Manner, sink: Sink, options: argparse.Namespace) -> None:
    with _progress(options) as progress:
        progress.expected_sessions = float(expected_sessions(scenario))
        sink.load(simulated_tables(scenario, faults, manner=manner, on_rows=progress.add))
    if options.quiet:
        return
    print(f"Simulated {_summary(scenario)}:")
    _print_rows({table: progress.rows[table] for table in schemas.TABLES})
    _print_faults(faults)
    print(f"Loaded in {progress.seconds:.1f} s into {sink.place}")
    print(f"Next: {sink.next_command}")


def _extend(extension: Extension, manner: Manner, sink: Sink, options: argparse.Namespace) -> None:
    summaries: list[str] = []

    def more(simulation: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
        with _in_the_words_of(options):
            scenario, there = extension.applied(simulation)
        loaded = replace(scenario, companies=there.companies, months=there.months)
        progress.expected_sessions = float(expected_sessions(scenario) - expected_sessions(loaded))
        summaries.append(_summary(scenario))
        return simulated_tables(scenario, beyond=there, manner=manner, on_rows=progress.add)

    with _progress(options) as progress:
        sink.extend(more)
    if options.quiet:
        return
    print(f"Added {extension} to what is now {summaries[0]}. Rows written:")
    _print_rows(progress.rows)
    print(f"Loaded in {progress.seconds:.1f} s into {sink.place}")
    print(f"Next: {sink.next_command}")


@contextmanager
def _progress(options: argparse.Namespace) -> Iterator[Progress]:
    progress = Progress(is_shown=sys.stderr.isatty() and not options.quiet)
    try:
        yield progress
    finally:
        progress.clear()


def _print_rows(rows: Mapping[TableSchema, int]) -> None:
    for table in sorted(rows, key=lambda table: table.full_name):
        print(f"  {table.full_name:<21} {rows[table]:>15,}")


def _print_checksums(sink: Sink, options: argparse.Namespace) -> None:
    found = checksums(sink.read)
    if not options.quiet:
        print(f"Checksums of {sink.place}:")
    for table in sorted(found, key=lambda table: table.full_name):
        print(f"  {table.full_name:<21} {found[table].rows:>15,}  {found[table].digits()}")


def _describe(scenario: Scenario, faults: Faults, sink: Sink) -> None:
    print(f"Would simulate {_summary(scenario)}:")
    for line in expectation_lines(scenario):
        print(line)
    _print_faults(faults)
    print(f"Nothing was written; a load would fill {sink.place}")


def _drop(sink: Sink, options: argparse.Namespace) -> None:
    asks = sys.stdin.isatty() and not options.quiet
    if asks and not _agreed(f"Remove the simulated tables and their data from {sink.place}? [y/N] "):
        print("Nothing was removed.")
        return
    lines = sink.drop()
    if not options.quiet:
        print(*lines, sep="\n")
        print(f"Dropped from {sink.place}")


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
