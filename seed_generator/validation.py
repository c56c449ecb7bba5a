"""What single values may be. Each function returns the value, or raises what was given and what is allowed."""

import re
from datetime import date
from decimal import Decimal, InvalidOperation

from seed_generator.errors import InvalidValueError

FIRST_YEAR, LAST_YEAR = 1900, 2199  # what every engine's and every BI tool's timestamps can hold
CENT = Decimal("0.01")
MAX_PRICE = Decimal("99999999.99")  # raw.plans.monthly_price is a decimal(10,2)

_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")


def finite_number(name: str, given: object, allowed: str) -> Decimal:
    """A number that is neither infinite nor NaN; `allowed` is told where it is not one."""
    try:
        number = Decimal(str(given))  # True and None are no numbers to Decimal either
    except InvalidOperation:
        raise InvalidValueError(name, given, allowed) from None
    if not number.is_finite():
        raise InvalidValueError(name, given, allowed)
    return number


def whole_number(name: str, given: object, lowest: int, highest: int) -> int:
    """A whole number, given as one or as text."""
    allowed = f"a whole number from {lowest:,} to {highest:,}"
    if isinstance(given, str) and re.fullmatch(r"[+-]?\d{1,30}", given, re.ASCII):
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool) or not lowest <= given <= highest:
        raise InvalidValueError(name, given, allowed)
    return given


def price(name: str, given: object) -> Decimal:
    """A price in dollars and whole cents."""
    allowed = f"dollars and whole cents from 0 to {MAX_PRICE:,}"
    amount = finite_number(name, given, allowed)
    if not 0 <= amount <= MAX_PRICE or amount != amount.quantize(CENT):
        raise InvalidValueError(name, given, allowed)
    return amount.quantize(CENT)


def first_of_month(name: str, given: object) -> date:
    """The first day of the month that `given` names."""
    allowed = f"a month such as 2021-01, from {FIRST_YEAR}-01 to {LAST_YEAR}-12"
    text = f"{given:%Y-%m}" if isinstance(given, date) and given.day == 1 else given
    match = _MONTH.fullmatch(text) if isinstance(text, str) else None
    if match is None or not FIRST_YEAR <= int(match[1]) <= LAST_YEAR:
        raise InvalidValueError(name, given, allowed)
    return date(int(match[1]), int(match[2]), 1)
