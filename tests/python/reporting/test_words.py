"""The small words of the page: months, numbers, names of sizes and in whose words all of it is told."""

from datetime import date

import pytest

from reporting.kpis import REVENUE, USAGE
from reporting.units import MONEY
from reporting.wording import Wording
from reporting.words import (
    companies,
    companies_within,
    counted,
    has_long_word,
    month,
    month_and_year,
    number_word,
    short_month,
    width,
)

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def test_each_month_has_its_name_and_its_first_three_letters() -> None:
    periods = [date(2021, number, 1) for number in range(1, 13)]
    assert [month(period) for period in periods] == [*MONTHS]
    assert [month_and_year(period) for period in periods] == [f"{name} 2021" for name in MONTHS]
    assert [short_month(period) for period in periods] == [name[:3] for name in MONTHS]
    assert short_month(date(2021, 9, 1)) == "Sep"


def test_companies_are_those_of_a_size_or_all() -> None:
    assert [companies(size) for size in ("small", "all")] == ["Small companies", "All companies"]
    assert [companies_within(size) for size in ("small", "all")] == ["small companies", "all companies"]


def test_numbers_are_words_up_to_twelve() -> None:
    assert [number_word(number) for number in (0, 1, 12, 13, 1200)] == ["no", "one", "twelve", "13", "1,200"]
    assert [counted(number, noun) for number, noun in ((1, "company"), (1200, "company"), (2, "month"))] == [
        *("1 company", "1,200 companies", "2 months"),
    ]


@pytest.mark.parametrize(
    ("name", "is_long"),
    [("x" * 18, False), ("x" * 19, True), (f"of_{'x' * 19}", True), ("企" * 9, False), ("企" * 10, True), (" ", False)],
)
def test_a_word_is_long_beyond_18_letters(name: str, *, is_long: bool) -> None:
    assert has_long_word(name) == is_long


def test_a_letter_takes_two_columns_or_none() -> None:
    assert [width(text) for text in ("abc", "企業", "cafe\N{COMBINING ACUTE ACCENT}", "")] == [3, 4, 4, 0]


def test_columns_are_told_in_the_company_s_words() -> None:
    here, own = Wording("Own", "$"), Wording("Own", "€", customers_are_subscribed=True)
    assert here.is_simulated
    assert here.told(USAGE).title == "Sessions per active company"
    assert own.told(USAGE).title == "Sessions per customer"
    assert here.told(REVENUE).unit.full(5) == MONEY.full(5) == "$5.00"
    assert [column.unit.full(5) for column in (own.told(REVENUE), *own.told(REVENUE).columns)] == ["€5.00", "€5.00"]
    assert Wording("Own", "").description("Paid, in dollars.") == "Paid, in money."
    assert here.description("Paid, in dollars.") == "Paid, in dollars."
