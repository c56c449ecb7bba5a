"""A simulation as an object: what it is made of, and its rows whenever they are asked for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from seed_generator import schemas
from seed_generator.api.place import Place, Watch
from seed_generator.api.rows import Rows
from seed_generator.faults.injection import Faults, read_faults
from seed_generator.scenario import MAX_COMPANIES, MAX_MONTHS, Scenario
from seed_generator.scenario_file import read_scenario
from seed_generator.schemas import TableSchema
from seed_generator.tables import NO_FAULTS, table_of
from seed_generator.validation import whole_number

# The table that says what a simulation is has no stream: the object says it.
STREAMS = tuple(table for table in schemas.REPRODUCIBLE if table is not schemas.SIMULATION)


@dataclass(frozen=True)
class Simulation:
    """A company that is simulated. Nothing of it is made before it is read, and nothing of it is kept.

    Parameters
    ----------
    scenario : of which company.
    faults : are in its tables; its truth stays right.

    Examples
    --------
    >>> from saas_kpis import Scenario, Simulation
    >>> company = Simulation(Scenario(companies=1_000_000))
    >>> next(iter(company.companies.reader())).num_rows
    65536
    >>> print(*company.sessions.schema.names)
    session_id company_id created_at
    """

    scenario: Scenario
    faults: Faults = NO_FAULTS

    @property
    def plans(self) -> Rows:
        """`company_size` text, `monthly_price` decimal(10, 2); in dollars, a row a size."""
        return self._rows(schemas.PLANS)

    @property
    def companies(self) -> Rows:
        """`company_id` int64, `company_name` text, `company_size` text, `created_at` timestamp; a row a company."""
        return self._rows(schemas.COMPANIES)

    @property
    def plan_changes(self) -> Rows:
        """`company_id` int64, `period` date32, `company_size` text, held from then on; a row a change, by month."""
        return self._rows(schemas.PLAN_CHANGES)

    @property
    def price_changes(self) -> Rows:
        """`period` date32, `company_size` text, `monthly_price` decimal(10, 2) from then on; a row a change."""
        return self._rows(schemas.PRICE_CHANGES)

    @property
    def sessions(self) -> Rows:
        """`session_id` int64, `company_id` int64, `created_at` timestamp in UTC; a row a session, month by month."""
        return self._rows(schemas.SESSIONS)

    @property
    def tables(self) -> dict[str, Rows]:
        """All that there are, those of the truth too, by the names that a load gives them, such as `raw.sessions`."""
        return {table.full_name: self._rows(table) for table in STREAMS}

    @property
    def truth(self) -> "Truth":
        """What is so: the simulator's own books, the closed form, the faults."""
        return Truth(self)

    @property
    def expected(self) -> Rows:
        """What to expect of every figure, in closed form: the same as `truth.expected_kpis`."""
        return self.truth.expected_kpis

    def append(self, months: int) -> "Simulation":
        """The same company, for so many months more: its other rows are the same.

        Raises
        ------
        InputError : there would be too many.

        Examples
        --------
        >>> from saas_kpis import simulate
        >>> simulate(months=12).append(1) == simulate(months=13)
        True
        """
        return self._with_more("months", months, MAX_MONTHS)

    def grow(self, companies: int) -> "Simulation":
        """The same company with so many customers more: its other rows are the same.

        Raises
        ------
        InputError : there would be too many.

        Examples
        --------
        >>> from saas_kpis import simulate
        >>> simulate(companies=500).grow(1000).scenario.companies
        1500
        """
        return self._with_more("companies", companies, MAX_COMPANIES)

    def load(self, place: Place | str | None = None, watch: Watch | None = None) -> None:
        """Fill a place, in place of what a load put there before: all of it, or if it fails nothing.

        Parameters
        ----------
        place : a target of `profiles.yml` by its name, or a `Place`; None for the profile's own target.
        watch : is told how it goes.

        Raises
        ------
        InputError : the place is not one that may be filled.
        EnvironmentFailure : the surroundings said no: a server, a lock, a full disk.
        """
        (place if isinstance(place, Place) else Place(place)).fill(self.scenario, self.faults, watch)

    def _rows(self, table: TableSchema) -> Rows:
        return Rows(partial(table_of, table, self.scenario, self.faults))

    def _with_more(self, name: str, more: int, most: int) -> "Simulation":
        number = getattr(self.scenario, name) + whole_number(name, more, 1, most)
        return replace(self, scenario=replace(self.scenario, **{name: number}))


@dataclass(frozen=True)
class Truth:
    """What the simulator knows of a simulation, which its tables of `truth` say.

    Examples
    --------
    >>> from saas_kpis import simulate
    >>> books = simulate(companies=100, months=1).truth.monthly_kpis.to_arrow()
    >>> sum(books["sessions"].to_pylist()) == simulate(companies=100, months=1).sessions.to_arrow().num_rows
    True
    """

    _of: Simulation

    @property
    def monthly_kpis(self) -> Rows:
        """The books that it keeps while it simulates: counts and revenue of every month and size."""
        return self._of._rows(schemas.MONTHLY_KPIS)  # noqa: SLF001 - its own

    @property
    def mrr_movements(self) -> Rows:
        """How revenue comes and goes from month to month: what is new, grows, shrinks, moves and ends, by size."""
        return self._of._rows(schemas.MRR_MOVEMENTS)  # noqa: SLF001 - its own

    @property
    def expected_kpis(self) -> Rows:
        """The closed form: mean, standard deviation and bands of every figure of every month and size."""
        return self._of._rows(schemas.EXPECTED_KPIS)  # noqa: SLF001 - its own

    @property
    def injected_faults(self) -> Rows:
        """The faults that were put into the tables, each with the row that it is in."""
        return self._of._rows(schemas.INJECTED_FAULTS)  # noqa: SLF001 - its own


def simulate(  # noqa: PLR0913 - each is an option of the command line too
    companies: int | None = None,
    months: int | None = None,
    seed: int | None = None,
    *,
    first_month: str | None = None,
    scenario: Scenario | str | os.PathLike[str] | None = None,
    faults: Mapping[str, float] | str | os.PathLike[str] | None = None,
) -> Simulation:
    """Simulate a company: 500 customers for 12 months from January 2021 with seed 42, if nothing else is said.

    Parameters
    ----------
    companies, months, seed : whole numbers; of the scenario, where they are left out.
    first_month : as `2021-01`.
    scenario : one to begin with, or the path of a TOML file that has it; what else is given overrides it.
    faults : shares of rows by the kind of fault, or the path of a TOML file that has them.

    Returns
    -------
    Simulation : nothing of it is made yet.

    Raises
    ------
    InputError : naming what was given and what is allowed.

    Examples
    --------
    >>> company = simulate(companies=500, months=12, seed=42)
    >>> company.sessions.to_arrow().num_rows
    28008
    """
    given: dict[str, Any] = {"companies": companies, "months": months, "first_month": first_month, "seed": seed}
    given = {name: value for name, value in given.items() if value is not None}
    if isinstance(scenario, Scenario):
        made = replace(scenario, **given)
    else:
        made = Scenario(**{**(read_scenario(Path(scenario)) if scenario else {}), **given})
    if isinstance(faults, Mapping) or faults is None:
        return Simulation(made, Faults(faults or {}))
    return Simulation(made, Faults(read_faults(Path(faults))))
