"""Months, sizes and numbers in words, whatever the language of the machine."""

from collections.abc import Sequence
from datetime import date

from seed_generator.scenario import ALL_SIZES

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def month(period: date) -> str:
    """As `December`."""
    return _MONTHS[period.month - 1]


def month_and_year(period: date) -> str:
    """As `December 2021`."""
    return f"{month(period)} {period.year}"


def short_month(period: date) -> str:
    """As `Dec`."""
    return month(period)[:3]


def size_name(company_size: str) -> str:
    """As `Small`, `Mid market`, and `All` for the total."""
    return company_size.replace("_", " ").capitalize()


def companies(company_size: str) -> str:
    """As `Small companies`."""
    return f"{size_name(company_size)} companies"


def before_noun(company_size: str) -> str:
    """As `mid market `, to stand before a noun; nothing for the total."""
    return "" if company_size == ALL_SIZES else f"{company_size.replace('_', ' ')} "


def counted(number: int, noun: str) -> str:
    """A number of things: `1 company`, `1,200 companies`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def number_word(number: int) -> str:
    """As `three`."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"


def listed(parts: Sequence[str]) -> str:
    """As `one`, `one and two`, `one, two, and three`."""
    *most, last = parts
    return f"{', '.join(most)}{',' if len(most) > 1 else ''} and {last}" if most else last
