"""How many sessions a company has in a month, by its size and the season."""

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import CompanySize, Scenario
from seed_generator.simulation.streams import uniform_integers


class SessionLaw:
    """Sessions of a month: base ± U{0..spread}. All 2 (spread + 1) outcomes of sign and integer are equally likely."""

    def __init__(self, sizes: tuple[CompanySize, ...]) -> None:
        tables = [_outcomes(size) for size in sizes]
        self._outcomes = np.array([len(table) for table in tables], np.float64)
        self._starts = np.cumsum([0, *(len(table) for table in tables[:-1])])
        self._table = np.concatenate(tables)

    def counts(self, uniform: NDArray[np.float64], sizes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Each company's session count by its draw and size, uint8 of shape (n,); the draws are overwritten."""
        size = sizes.astype(np.int64)
        outcome = uniform_integers(uniform, self._outcomes.take(size))
        outcome += self._starts.take(size)
        return self._table.take(outcome)


class SessionLaws:
    """The law of each month of a scenario, made once for each month of the calendar."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._of_season: dict[int, SessionLaw] = {}

    def of(self, month: int) -> SessionLaw:
        """That of a month counted from 0."""
        season = month % 12
        if season not in self._of_season:
            self._of_season[season] = SessionLaw(self._scenario.sizes_in(month))
        return self._of_season[season]


def _outcomes(size: CompanySize) -> NDArray[np.uint8]:
    deviations = np.arange(size.spread + 1)
    return np.concatenate([size.base_sessions + deviations, size.base_sessions - deviations]).astype(np.uint8)
