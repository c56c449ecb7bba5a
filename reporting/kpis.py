"""The KPIs as they are shown: their titles, and how their figures and changes are written."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from reporting.project import MonthlyKpis

Figure = Decimal | int

NOTHING = "-"
MINUS = "\N{MINUS SIGN}"
# Below this many companies one of them moves a rate by more than three points.
FEW_COMPANIES = 30


@dataclass(frozen=True)
class Kpi:
    """A KPI.

    Parameters
    ----------
    column : its column in `rpt_monthly_kpis`.
    title : what it is called.
    show : its figure in full.
    brief : its figure where there is little room.
    is_share : a change of it is told in points, and its axis need not begin at 0.
    """

    column: str
    title: str
    show: Callable[[Figure], str]
    brief: Callable[[Figure], str]
    is_share: bool = False

    def of(self, row: MonthlyKpis) -> Figure | None:
        """The figure of a month and size; None where it has no denominator."""
        figure: Figure | None = getattr(row, self.column)
        return figure

    def band(self, row: MonthlyKpis) -> tuple[Decimal, Decimal] | None:
        """Where 95 of 100 simulations have the figure; None where that is not known."""
        lower, upper = getattr(row, f"{self.column}_lower_95"), getattr(row, f"{self.column}_upper_95")
        return None if lower is None or upper is None else (lower, upper)

    def shown(self, row: MonthlyKpis) -> str:
        """The figure in full, or a dash."""
        figure = self.of(row)
        return NOTHING if figure is None else self.show(figure)


def percent(share: Figure) -> str:
    """A share with one digit: 94.2%."""
    return f"{share:.1%}"


def compact(number: float) -> str:
    """A number on an axis: 800, 20k, 1.5m, 0.2."""
    for power, unit in ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(number) >= power:
            return f"{number / power:g}{unit}"
    return f"{number:g}"


ACTIVE = Kpi("active_companies", "Active companies", "{:,}".format, "{:,}".format)
REVENUE = Kpi("revenue", "Revenue", "${:,.2f}".format, "${:,.0f}".format)
RETENTION = Kpi("retention_rate", "Retention", percent, percent, is_share=True)
USAGE = Kpi("avg_sessions_per_company", "Sessions per active company", "{:.2f}".format, "{:.2f}".format)


@dataclass(frozen=True)
class Change:
    """How a figure differs from an earlier one.

    Parameters
    ----------
    direction : `up`, `down` or `level`.
    amount : how much, without a sign: `4.0%`, or `0.5 points` of a share. Empty where the earlier figure was 0.
    is_slight : less than one percent or point.
    """

    direction: str
    amount: str
    is_slight: bool

    @property
    def symbol(self) -> str:
        """The direction at a glance, whatever the colours."""
        return {"up": "▲", "down": "▼", "level": "■"}[self.direction]

    @property
    def signed(self) -> str:
        """As `+4.0%`."""
        sign = {"up": "+", "down": MINUS, "level": ""}[self.direction]
        return f"{sign}{self.amount}" if self.amount else "from nothing"


def change(kpi: Kpi, now: Figure | None, before: Figure | None) -> Change | None:
    """The change between two figures; None where there are not two."""
    if now is None or before is None:
        return None
    difference = now - before
    if not kpi.is_share and before == 0:
        return Change("up", "", is_slight=False) if now else Change("level", "0.0%", is_slight=True)
    hundredths = abs(Decimal(difference) if kpi.is_share else Decimal(difference) / Decimal(before)) * 100
    amount = f"{hundredths:.1f}"
    direction = "level" if amount == "0.0" else "up" if difference > 0 else "down"
    return Change(direction, f"{amount} points" if kpi.is_share else f"{amount}%", is_slight=hundredths < 1)
