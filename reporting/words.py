"""Months, sizes and numbers in words, whatever the language of the machine."""

import re
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
_LONG_WORD = 18
# `12 total companies` and `12 active companies` would be read as all of them.
_OF_SENTENCES = {
    "active",
    "all",
    "any",
    "both",
    "each",
    "every",
    "few",
    "fewer",
    "more",
    "most",
    "no",
    "other",
    "total",
}
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
    if company_size == ALL_SIZES:
        return "All"
    words = _in_words(company_size)
    return f"{words[0].upper()}{words[1:]}" if words[0].isalpha() else f"{words[0]}{words[1].upper()}{words[2:]}"


def has_long_word(company_size: str) -> bool:
    """Whether the name, at most 32 letters, has a word that a narrow column holds only in small letters."""
    return max(map(len, _in_words(company_size).split())) > _LONG_WORD


def companies(company_size: str) -> str:
    """As `Small companies`."""
    return f"{size_name(company_size)} companies"


def before_noun(company_size: str) -> str:
    """As `mid market `, to stand before a noun; nothing for the total."""
    return "" if company_size == ALL_SIZES else f"{_in_words(company_size)} "


def _in_words(company_size: str) -> str:
    """As `mid market`; no two sizes have the same words, and none has words that mean something else in a sentence."""
    words = re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", company_size)
    return f"“{words}”" if words.split()[0] in _OF_SENTENCES else words


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
