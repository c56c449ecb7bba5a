"""How every figure that a person reads is rounded: half up, as BI tools and people do it, and never to a minus zero."""

from decimal import ROUND_HALF_UP, Context, Decimal

# Half up is away from zero below it. Figures have at most 28 digits, of which none may get lost.
_EXACTLY = Context(prec=60, rounding=ROUND_HALF_UP)
_ALL = 100  # percent


def rounded(figure: Decimal | float, digits: int) -> Decimal:
    """The figure with so many digits after the point; a half goes away from zero."""
    exact = Decimal(figure)
    return exact.quantize(Decimal(1).scaleb(-digits), context=_EXACTLY) + 0


def share(figure: Decimal | float, digits: int, over: str = ">", under: str = "<") -> str:
    """A share in percents with so many digits after the point. What is nearly all or nearly none is not written so.

    Parameters
    ----------
    figure : from 0 to 1.
    over, under : what stands before the nearest percents that are not all, and not none.
    """
    percents, least = rounded(Decimal(figure) * 100, digits), Decimal(1).scaleb(-digits)
    if figure < 1 and percents == _ALL:
        return f"{over}{_ALL - least}%"
    return f"{under}{least}%" if figure > 0 and percents == 0 else f"{percents}%"


def written(figure: Decimal | float, digits: int) -> str:
    """The rounded figure with commas, as `1,234.50`."""
    return f"{rounded(figure, digits):,.{digits}f}"
