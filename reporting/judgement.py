"""Whether a figure is as expected, where many are judged at once."""

from dataclasses import dataclass
from decimal import Decimal
from statistics import NormalDist

from reporting.kpis import Kpi
from reporting.rows import MonthlyKpis

AS_EXPECTED = "As expected"
_LEFT_OUT = 0.05  # of the simulations, by the band of one figure


@dataclass(frozen=True)
class Expected:
    """The band of a figure, and where the figure is.

    Parameters
    ----------
    lower, upper : the ends, as written.
    side : `inside`, `above` or `below`.
    is_surprising : whether it is so far outside that it would be so even as one of all the figures judged.
    """

    lower: str
    upper: str
    side: str
    is_surprising: bool = False

    @property
    def said(self) -> str:
        """The judgement in words."""
        if self.side == "inside":
            return AS_EXPECTED
        if not self.is_surprising:
            return f"Just {self.side} what is expected"
        return "More than expected" if self.side == "above" else "Less than expected"

    @property
    def symbol(self) -> str:
        """The side at a glance, whatever the colours."""
        return {"inside": "✓", "above": "▲", "below": "▼"}[self.side]


def judged(kpi: Kpi, row: MonthlyKpis, figures: int) -> Expected | None:
    """What is to be said of a figure; None where nothing is expected of it.

    Of many figures some lie outside of their bands though all is right. With a band that is wider by Bonferroni's
    correction, one of them does in five simulations of a hundred.

    Parameters
    ----------
    figures : how many are judged together with it, at least 1.
    """
    figure, band = kpi.of(row), kpi.band(row)
    if figure is None or band is None:
        return None
    shown, lower, upper = map(kpi.unit.brief, (figure, *band))
    # A figure that is written as an end of the band is inside, whatever the digits that are not written say.
    if shown in {lower, upper} or band[0] <= figure <= band[1]:
        return Expected(lower, upper, "inside")
    centre, half = Decimal(band[0] + band[1]) / 2, Decimal(band[1] - band[0]) / 2
    side = "below" if figure < band[0] else "above"
    return Expected(lower, upper, side, abs(figure - centre) > half * Decimal(_widening(figures)))


def _widening(figures: int) -> float:
    """By what to multiply the width of a band, of a law that is nearly normal."""
    normal = NormalDist()
    return normal.inv_cdf(1 - _LEFT_OUT / (2 * figures)) / normal.inv_cdf(1 - _LEFT_OUT / 2)
