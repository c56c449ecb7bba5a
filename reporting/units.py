"""The units of figures: how a figure is written, and how a change of it is."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from reporting.rows import Figure

_MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Unit:
    """A unit.

    Parameters
    ----------
    full : writes a figure in full.
    brief : writes it where there is little room.
    tick : writes a value on an axis.
    less : the word for less of it.
    is_share : a change of it is told in points, and its axis need not begin at 0.
    is_ratio : a share or a mean, so that a single company weighs much where there are few.
    """

    full: Callable[[Figure], str]
    brief: Callable[[Figure], str]
    tick: Callable[[float], str]
    less: str = "less"
    is_share: bool = False
    is_ratio: bool = False


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
        sign = {"up": "+", "down": _MINUS, "level": ""}[self.direction]
        return f"{sign}{self.amount}" if self.amount else "from nothing"


def change(unit: Unit, now: Figure | None, before: Figure | None) -> Change | None:
    """The change between two figures; None where there are not two."""
    if now is None or before is None:
        return None
    difference = now - before
    if not unit.is_share and before == 0:
        return Change("up", "", is_slight=False) if now else Change("level", "0.0%", is_slight=True)
    hundredths = abs(Decimal(difference) if unit.is_share else Decimal(difference) / Decimal(before)) * 100
    amount = f"{hundredths:.1f}"
    direction = "level" if amount == "0.0" else "up" if difference > 0 else "down"
    return Change(direction, f"{amount} points" if unit.is_share else f"{amount}%", is_slight=hundredths < 1)


def compact(number: float) -> str:
    """A number on an axis: 800, 20k, 1.5m, 0.2."""
    for power, name in ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(number) >= power:
            return f"{number / power:g}{name}"
    return f"{number:g}"


def _dollars(number: float) -> str:
    return f"${compact(number)}"


COUNT = Unit("{:,}".format, "{:,}".format, compact, less="fewer")
SHARE = Unit("{:.1%}".format, "{:.1%}".format, "{:.0%}".format, is_share=True, is_ratio=True)
MEAN = Unit("{:.2f}".format, "{:.2f}".format, compact, less="fewer", is_ratio=True)
MONEY = Unit("${:,.2f}".format, "${:,.0f}".format, _dollars)
