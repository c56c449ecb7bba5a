"""What is added to a simulation that is loaded: months, companies or both."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seed_generator.errors import InputError, InvalidValueError
from seed_generator.faults.injection import Faults
from seed_generator.scenario import MAX_COMPANIES, MAX_MONTHS, Scenario
from seed_generator.scenario_file import scenario_from_json
from seed_generator.simulation.portion import Extent, Portion
from seed_generator.simulation.streams import STREAM_VERSION
from seed_generator.validation import whole_number


@dataclass(frozen=True)
class Extension:
    """Months and companies that come to those that are loaded.

    Parameters
    ----------
    more_months, more_companies : how many; None for none.
    expected : what else the user said of the scenario, by the names of its keys; it must be so.

    Raises
    ------
    InvalidValueError : naming the key, what was given and what is allowed.
    """

    more_months: int | None = None
    more_companies: int | None = None
    expected: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, highest in (("more_months", MAX_MONTHS), ("more_companies", MAX_COMPANIES)):
            if (given := getattr(self, key)) is not None:
                object.__setattr__(self, key, whole_number(key, given, 1, highest))

    def __str__(self) -> str:
        """As `1 month and 20 companies`."""
        months, companies = self.more_months, self.more_companies
        parts = [
            f"{months:,} month{'s' if months != 1 else ''}" if months else "",
            f"{companies:,} compan{'ies' if companies != 1 else 'y'}" if companies else "",
        ]
        return " and ".join(filter(None, parts))

    def applied(self, rows: Sequence[Mapping[str, Any]]) -> Portion:
        """What is to be made: the simulation with what is added, less what is loaded.

        Parameters
        ----------
        rows : all of `raw.simulation`.

        Raises
        ------
        InputError : what is loaded can't be extended, or is not what was expected, or would become too large.
        """
        loaded = _loaded(rows)
        for name, value in self.expected.items():
            expected = replace(loaded, **{name: value})
            if expected != loaded:
                raise InvalidValueError(
                    name, _said(expected, name), f"what is loaded, {_said(loaded, name)}, or left out"
                )
        months, companies = loaded.months + (self.more_months or 0), loaded.companies + (self.more_companies or 0)
        try:
            extended = replace(loaded, months=months, companies=companies)
        except InvalidValueError as error:
            raise InputError(
                f"with what is loaded, {loaded.months:,} months of {loaded.companies:,} companies,"
                f" {error.key} would be {error.given}; it must be {error.allowed}."
            ) from None
        return Portion(extended, Extent(loaded.companies, loaded.months))


def _loaded(rows: Sequence[Mapping[str, Any]]) -> Scenario:
    if len(rows) != 1:
        raise InputError(f"raw.simulation has {len(rows)} rows where one says what is loaded; load anew.")
    (row,) = rows
    if row["stream_version"] != STREAM_VERSION:
        raise InputError(
            f"what is loaded is of stream version {row['stream_version']}, and this version of seed_generator makes"
            f" {STREAM_VERSION}: the rows would not belong together; load anew."
        )
    if row["faults"] != Faults().to_json():
        raise InputError(
            "what is loaded has faults in it, some of which depend on where the simulation ends; load all of it anew."
        )
    return scenario_from_json(row["scenario"])


def _said(scenario: Scenario, name: str) -> str:
    """A value of a scenario, for people; of its life, there may be none."""
    value = json.loads(scenario.to_json()).get(name, "none")
    return value if isinstance(value, str) else json.dumps(value)
