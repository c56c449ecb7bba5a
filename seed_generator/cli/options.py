"""The options of the command line, and what they ask for. Only this module knows which option a key is given with."""

import argparse
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from seed_generator import __version__
from seed_generator.api.place import Place
from seed_generator.errors import InputError, told_with
from seed_generator.extension import Extension
from seed_generator.faults.injection import Faults, read_faults
from seed_generator.program import OptionParser, path, text
from seed_generator.scenario import Scenario
from seed_generator.scenario_file import read_scenario
from seed_generator.simulation.streams import STREAM_VERSION

_SCENARIO_OPTIONS = ("companies", "months", "first_month", "seed")

# Where the key is not the option's own name.
_OPTIONS = {
    "faults": "--faults",
    "folder": "--parquet",  # or --csv
    "more_companies": "--grow",
    "more_months": "--append",
    "profiles_dir": "--profiles-dir",
    "scenario": "--scenario",
    "target": "--target",
    "workers": "--workers",
}


def option_parser() -> OptionParser:
    """The parser of all options."""
    default = Scenario()
    parser = OptionParser(
        prog="python -m seed_generator",
        description="Simulate a B2B SaaS company and load it into the raw tables of a dbt target.",
        allow_abbrev=False,
    )
    place = parser.add_argument_group("where to").add_mutually_exclusive_group()
    place.add_argument(
        "--target", metavar="NAME", type=text, help="a target of profiles.yml (default: the profile's own, DBT_TARGET)"
    )
    place.add_argument("--parquet", metavar="FOLDER", type=path, help="write Parquet files into a folder instead")
    place.add_argument("--csv", metavar="FOLDER", type=path, help="write CSV files into a folder instead")
    parser.add_argument(
        "--profiles-dir", metavar="FOLDER", type=path, help="where profiles.yml is (default: where dbt looks)"
    )
    what = parser.add_argument_group("what")
    what.add_argument("--companies", metavar="N", help=f"how many companies (default: {default.companies})")
    what.add_argument("--months", metavar="N", help=f"how many months (default: {default.months})")
    what.add_argument(
        "--first-month", metavar="YYYY-MM", help=f"the first month (default: {default.first_month:%Y-%m})"
    )
    what.add_argument("--seed", metavar="N", help=f"the seed (default: {default.seed})")
    what.add_argument(
        "--scenario", metavar="FILE.toml", type=path, help="a scenario file; the options above override it"
    )
    added = parser.add_argument_group("what to add to what is loaded; the rest stays as it is")
    added.add_argument("--append", metavar="K", help="the next K months")
    added.add_argument("--grow", metavar="N", help="N more companies")
    dirt = parser.add_argument_group("faults to put into the raw tables, to test or teach data quality with")
    dirt.add_argument(
        "--fault",
        metavar="KIND=SHARE",
        type=text,
        action="append",
        default=[],
        help="such as duplicate_sessions=0.01; repeatable",
    )
    dirt.add_argument(
        "--faults", metavar="FILE.toml", type=path, help="a file of kinds and shares; --fault overrides it"
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


def options_of_keys(options: argparse.Namespace) -> Callable[[str], str | None]:
    """The option that a key is given with; None for a key of the scenario, which can be in a file too."""
    return {**_OPTIONS, **({"folder": "--csv"} if options.csv else {})}.get


class Request:
    """What the options ask for, each part read and checked once, when it is first asked for.

    All of them raise `InputError` for what can't be.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options

    def check(self) -> None:
        """All parts, before anything is done."""
        _ = self.scenario, self.extension
        if self.faults and not self.place.takes_faults:
            raise InputError(
                "--fault and --faults go into rows that one process makes, and many make those of this target;"
                " choose another, or --parquet or --csv."
            )

    def scenario_word(self, key: str) -> str | None:
        """What the user knows a key of the scenario by: the option that it was given with, or the file that has it."""
        if key in self._given:
            return f"--{key.replace('_', '-')}"
        in_file = key and key not in _OPTIONS and self._options.scenario
        return f"{key} in {self._options.scenario}" if in_file else None

    @cached_property
    def scenario(self) -> Scenario:
        """The scenario file, or the default, with the options on top."""
        with told_with(self.scenario_word):
            return Scenario(**{**self._from_file, **self._given})

    @cached_property
    def extension(self) -> Extension | None:
        """What is to be added, with all that was said of the scenario; of a file, only what does not grow."""
        options = self._options
        if options.append is None and options.grow is None:
            return None
        if options.fault or options.faults:
            raise InputError("--append and --grow add to a simulation without faults; leave --fault and --faults out.")
        if options.dry_run or options.drop or options.checksum:
            raise InputError("--append and --grow are a load; leave --dry-run, --drop and --checksum out.")
        with told_with(self.scenario_word):
            from_file = self._from_file
        fixed = {name: value for name, value in from_file.items() if name not in {"months", "companies"}}
        return Extension(options.append, options.grow, {**fixed, **self._given})

    @cached_property
    def faults(self) -> Faults:
        """The faults file with the options on top."""
        options = self._options
        from_file = read_faults(options.faults) if options.faults else {}
        with told_with(lambda key: f"{key} in {options.faults}"):
            Faults(from_file)
        given = dict(fault.partition("=")[::2] for fault in options.fault)
        with told_with(lambda key: f"--fault: {key}"):
            return Faults({**from_file, **{kind: share or "nothing" for kind, share in given.items()}})

    @cached_property
    def place(self) -> Place:
        """Where the tables go, or are."""
        options = self._options
        return Place(
            options.target,
            parquet=options.parquet,
            csv=options.csv,
            profiles_dir=options.profiles_dir,
            workers=options.workers,
        )

    @cached_property
    def _from_file(self) -> Mapping[str, Any]:
        return read_scenario(self._options.scenario) if self._options.scenario else {}

    @property
    def _given(self) -> dict[str, Any]:
        values = {name: getattr(self._options, name) for name in _SCENARIO_OPTIONS}
        return {name: value for name, value in values.items() if value is not None}
