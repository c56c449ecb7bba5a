"""The rows of the reports that the page and the printed tables show: `rpt_leadership_page` has all of the KPIs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

Figure = Decimal | int
_YEAR = 12


@dataclass(frozen=True)
class MonthlyKpis:
    """A row of a report, such as `rpt_leadership_page`, of a size or of `all`.

    Parameters
    ----------
    period : the first day of the month.
    company_size : a size, or `all`.
    figures : every other column by its name. What has no denominator is None, and so is a band where the simulator's
        truth is not there.
    """

    period: date
    company_size: str
    figures: Mapping[str, Figure | None]

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> "MonthlyKpis":
        """The row with these columns."""
        figures = dict(columns)
        return cls(figures.pop("period"), figures.pop("company_size"), figures)

    def count(self, column: str) -> int:
        """A whole number that every row has, such as one of companies."""
        return int(self.figures[column] or 0)


def place_a_year_before(months: Sequence[MonthlyKpis]) -> int:
    """The place of the month that the last one is compared with over time: a year before it, or else the first."""
    return max(len(months) - 1 - _YEAR, 0)
