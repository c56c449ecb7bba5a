"""Months, sizes and numbers in words, whatever the language of the machine."""

import re
import unicodedata
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
_QUOTE = "“"
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
    if not words.islower():  # as `iOS`, which keeps its capitals
        return words
    first = 1 if words[0] == _QUOTE else 0
    return f"{words[:first]}{words[first].upper()}{words[first + 1 :]}"


def has_long_word(company_size: str) -> bool:
    """Whether the name has a word that a narrow column holds only in small letters."""
    return max(map(width, _in_words(company_size).split()), default=0) > _LONG_WORD


def companies(company_size: str) -> str:
    """As `Small companies`."""
    return f"{size_name(company_size)} companies"


def companies_within(company_size: str) -> str:
    """As `small companies`, within a sentence."""
    return f"{before_noun(company_size) or 'all '}companies"


def before_noun(company_size: str) -> str:
    """As `mid market `, to stand before a noun; nothing for the total."""
    return "" if company_size == ALL_SIZES else f"{_in_words(company_size)} "


def _in_words(company_size: str) -> str:
    """As `mid market`; none has words that mean something else in a sentence, and no two of a simulation the same."""
    words = re.sub(r"(?<=[a-z0-9])_(?=[a-z0-9])", " ", on_one_line(company_size))
    return f"{_QUOTE}{words}”" if not words or words.split()[0].casefold() in _OF_SENTENCES else words


def on_one_line(text: str) -> str:
    """The text without line breaks, tabs and what else would move a terminal."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", text).split())


def width(text: str) -> int:
    """How many columns of a terminal the text takes."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def counted(number: int, noun: str) -> str:
    """A number of things: `1 company`, `1,200 companies`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def number_word(number: int) -> str:
    """As `three`."""
    return _NUMBERS[number] if number < len(_NUMBERS) else f"{number:,}"
