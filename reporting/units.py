"""The units of figures: how a figure is written, and how a change of it is.

What is written is never a false statement: nothing is all of it, or none of it, that is only nearly so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from reporting.rows import Figure
from seed_generator.rounding import rounded, share, written

_MINUS = "\N{MINUS SIGN}"
_NO_BREAK = "\N{NO-BREAK SPACE}"
_LEAST_WITHOUT_CENTS = 1_000  # where there is little room


@dataclass(frozen=True)
class Unit:
    """A unit.

    Parameters
    ----------
    digits : after the point of a figure in full; of a share they are those of its percents.
    full : writes a figure in full.
    brief : writes it where there is little room.
    tick : writes a value on an axis.
    less : the word for less of it.
    is_share : a change of it is told in points, and its axis need not begin at 0.
    is_ratio : a share or a mean, so that a single company weighs much where there are few.
    """

    digits: int
    full: Callable[[Figure], str]
    brief: Callable[[Figure], str]
    tick: Callable[[float], str]
    less: str = "less"
    is_share: bool = False
    is_ratio: bool = False

    def as_shown(self, figure: Figure) -> Decimal:
        """The figure as it is written in full, to compute with; a share in percents."""
        return rounded(figure * 100 if self.is_share else figure, self.digits)


@dataclass(frozen=True)
class Change:
    """How a figure differs from an earlier one.

    Parameters
    ----------
    direction : `up`, `down` or `level`.
    amount : how much, without a sign: `4.0%`, or `0.5 points` of a share. Empty where the earlier figure was 0.
    is_slight : less than one percent or point.
    is_tiny : so little that the amount is a bound, as in `under 0.1%`.
    is_hidden : the figures differ, but not as they are written where there is little room.
    """

    direction: str
    amount: str
    is_slight: bool
    is_tiny: bool = False
    is_hidden: bool = False

    @property
    def symbol(self) -> str:
        """The direction at a glance, whatever the colours."""
        return {"up": "▲", "down": "▼", "level": "■"}[self.direction]

    @property
    def signed(self) -> str:
        """As `+4.0%`; a bound has no sign, but its symbol."""
        if not self.amount:
            return "from nothing"
        sign = "" if self.is_tiny else {"up": "+", "down": _MINUS, "level": ""}[self.direction]
        return f"{sign}{self.amount}"


def change(unit: Unit, now: Figure | None, before: Figure | None) -> Change | None:
    """The change between two figures, as it follows from what is written of them; None where there are not two."""
    if now is None or before is None:
        return None
    if unit.full(now) == unit.full(before):
        return Change("level", _amount(unit, Fraction(0)), is_slight=True)
    if before == 0 and not unit.is_share:
        return Change("up", "", is_slight=False)
    shown_before = unit.as_shown(before) or before  # what is more than nothing and written as 0.00 divides as it is
    difference = Fraction(unit.as_shown(now)) - Fraction(shown_before)
    size = abs(difference) if unit.is_share else abs(difference * 100 / Fraction(shown_before))
    is_tiny = rounded(_decimal(size), 1) == 0
    return Change(
        direction="up" if now > before else "down",
        amount=f"under {_amount(unit, Fraction(1, 10))}" if is_tiny else _amount(unit, size),
        is_slight=size < 1,
        is_tiny=is_tiny,
        is_hidden=unit.brief(now) == unit.brief(before),
    )


def compact(number: float) -> str:
    """A number on an axis: 800, 20k, 1.5m, 0.2."""
    for power, name in ((1e12, "tn"), (1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(number) >= power:
            return f"{number / power:g}{name}"
    return f"{number:g}"


def _amount(unit: Unit, hundredths: Fraction) -> str:
    return f"{written(_decimal(hundredths), 1)}{' points' if unit.is_share else '%'}"


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _count(figure: Figure) -> str:
    return written(figure, 0)


def _mean(figure: Figure) -> str:
    return "<0.01" if figure > 0 and not rounded(figure, 2) else written(figure, 2)


def _share(figure: Figure) -> str:
    return share(figure, 1)


def _share_in_words(figure: Figure) -> str:
    return share(figure, 1, over="over ", under="under ")


def _share_tick(number: float) -> str:
    return f"{written(number * 100, 0)}%"


def money(currency: str) -> Unit:
    """The unit of amounts in a currency, whose sign or word stands before them: `€12`, `CHF 12`."""
    sign = f"{currency}{_NO_BREAK if currency[-1:].isalpha() else ''}"

    def with_cents(figure: Figure) -> str:
        if figure < 0:
            return f"-{with_cents(-figure)}"
        return f"<{sign}0.01" if figure > 0 and not rounded(figure, 2) else f"{sign}{written(figure, 2)}"

    def brief(figure: Figure) -> str:
        """In whole units, but of little money the cents too."""
        if figure < 0:
            return f"-{brief(-figure)}"
        cents = rounded(figure, 2)
        if cents < _LEAST_WITHOUT_CENTS and (cents != rounded(figure, 0) or (figure > 0 and not cents)):
            return with_cents(figure)
        return f"{sign}{written(figure, 0)}"

    def tick(number: float) -> str:
        return f"{currency if len(currency) == 1 else ''}{compact(number)}"  # beside an axis is no room for a word

    return Unit(2, with_cents, brief, tick)


COUNT = Unit(0, _count, _count, compact, less="fewer")
SHARE = Unit(
    1,
    full=_share,
    brief=_share_in_words,
    tick=_share_tick,
    is_share=True,
    is_ratio=True,
)
MEAN = Unit(2, _mean, _mean, compact, less="fewer", is_ratio=True)
MONEY = money("$")
