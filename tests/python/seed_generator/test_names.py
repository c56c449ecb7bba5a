"""Company names: unique, stable, and made of words that are frozen."""

import re
from math import gcd, perm

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed_generator.life import MAX_ACQUIRED_IN_A_MONTH
from seed_generator.scenario import MAX_MONTHS
from seed_generator.simulation.names import (
    SHORT_NAMES,
    STRIDE,
    SUFFIXES,
    SURNAMES,
    company_names,
    later_company_names,
    word_list_digest,
)


def test_the_word_lists_are_those_of_the_stream_version() -> None:
    assert word_list_digest() == "ac04cb657ed8392a22000185da8f3e34c51b7f3e1c6283d2fc9b29accbf2a71b"


def test_the_names_at_the_edges_of_each_form_are_frozen() -> None:
    assert company_names(42, 0, 3).to_pylist() == ["Williamson PLC", "Best-Lee", "Ballard, Melendez and Cole"]
    # The last one with a suffix, the last pair, and the first one of four.
    assert company_names(42, 17_997, 4).to_pylist()[::3] == ["Sherman Inc", "Mccoy, Golden and Cain"]
    assert company_names(42, 2_996_998, 4).to_pylist()[::3] == ["Rasmussen-Rosales", "Barker, Adams and Smith"]
    of_three, of_four = company_names(42, 997_001_999, 2).to_pylist()
    assert (of_three, of_four) == ("Pierce, Griffin and Arroyo", "Kramer, Bean, Burnett and Wise")
    # The first one of a later month, the last short one and the one after it, and the very last one.
    assert later_company_names(42, 1, 0, 1).to_pylist() == ["Williamson-Harding LLC"]
    at_edge = later_company_names(42, 7, 4_998, 2).to_pylist()
    assert at_edge == ["Travis-Coleman Group", "Ballard-Guerra, Madden and Farmer"]
    last = later_company_names(42, MAX_MONTHS - 1, MAX_ACQUIRED_IN_A_MONTH - 1, 1).to_pylist()
    assert last == ["Roach-Rose, Bailey and Quinn"]


def test_names_look_like_names() -> None:
    surname = "[A-Z][a-z]+"
    forms = re.compile(rf"{surname} ({'|'.join(SUFFIXES)})|{surname}-{surname}|{surname}, {surname} and {surname}")
    names = company_names(42, 0, 3_000).to_pylist()
    assert [name for name in names if not forms.fullmatch(name)] == []
    assert sum("-" in name for name in names) == 1_000
    assert sum("," in name for name in names) == 1_000


@pytest.mark.parametrize("number", [3, 4])
def test_no_surname_stands_twice_in_a_name(number: int) -> None:
    first = 997_001_000 if number == 4 else 900_000_000
    names = [re.findall("[A-Z][a-z]+", name) for name in company_names(42, first, 6_000).to_pylist()]
    assert len([words for words in names if len(words) == number]) >= 5_000
    assert [words for words in names if len(set(words)) < len(words)] == []


def test_a_million_names_are_different() -> None:
    assert len(company_names(7, 0, 1_000_000).unique()) == 1_000_000


# Where a form runs out (suffixes after 18,000 companies, pairs after 2,997,000) and where a fourth partner joins.
@pytest.mark.parametrize("first", [17_000, 2_996_000, 997_001_000, 10_000_000_000 - 2_000])
def test_names_stay_different_where_a_form_runs_out(first: int) -> None:
    names = pa.concat_arrays([company_names(42, 0, 20_000), company_names(42, first + 20_000, 2_000)])
    assert len(names.unique()) == 22_000
    assert company_names(42, first, 2_000).null_count == 0


def test_multiplying_permutes_every_form() -> None:
    numbers = [len(SURNAMES) * len(SUFFIXES), *(perm(len(SURNAMES), partners) for partners in (2, 3, 4))]
    assert [gcd(STRIDE, number) for number in numbers] == [1, 1, 1, 1]
    assert STRIDE * 10_000_000_000 < 2**63


@settings(max_examples=50)
@given(st.integers(0, 2**63 - 1), st.integers(0, 100_000), st.integers(1, 200), st.integers(0, 200))
def test_a_name_depends_on_nothing_but_seed_and_number(seed: int, first: int, number: int, before: int) -> None:
    start = max(first - before, 0)
    longer = company_names(seed, start, first - start + number).to_pylist()
    assert longer[first - start :] == company_names(seed, first, number).to_pylist()


SURNAME = "[A-Z][a-z]+"
LATER_FORM = re.compile(rf"{SURNAME}-{SURNAME} ({'|'.join(SUFFIXES)})|{SURNAME}-{SURNAME}, {SURNAME} and {SURNAME}")
months_after_the_first = st.integers(1, MAX_MONTHS - 1)
places = st.one_of(
    st.integers(0, MAX_ACQUIRED_IN_A_MONTH - 300), st.integers(SHORT_NAMES - 200, SHORT_NAMES + 200), st.just(0)
)


@settings(max_examples=100)
@given(st.integers(0, 2**63 - 1), st.lists(months_after_the_first, min_size=2, max_size=4, unique=True), places)
def test_names_of_later_months_differ_from_one_another_and_from_those_of_the_first(
    seed: int, months: list[int], first: int
) -> None:
    of_months = [later_company_names(seed, month, first, 300).to_pylist() for month in months]
    names = [name for of_month in of_months for name in of_month]
    assert [name for name in names if not LATER_FORM.fullmatch(name)] == []
    assert len(set(names)) == len(names)
    of_first = [company_names(seed, start, 300).to_pylist() for start in (0, first, 997_002_000)]
    assert [name for names in of_first for name in names if LATER_FORM.fullmatch(name)] == []


@settings(max_examples=50)
@given(months_after_the_first, places, st.integers(1, 300), st.integers(0, 200))
def test_a_later_name_depends_on_nothing_but_seed_month_and_number(
    month: int, first: int, number: int, before: int
) -> None:
    start = max(first - before, 0)
    longer = later_company_names(3, month, start, first - start + number).to_pylist()
    assert longer[first - start :] == later_company_names(3, month, first, number).to_pylist()


def test_the_short_names_of_all_months_and_the_long_ones_at_the_ends_are_different() -> None:
    short = [later_company_names(42, month, 0, SHORT_NAMES) for month in range(1, MAX_MONTHS, 6)]
    ends = [
        (month, first) for month in (1, 2, MAX_MONTHS - 1) for first in (SHORT_NAMES, MAX_ACQUIRED_IN_A_MONTH - 999)
    ]
    long = [later_company_names(42, month, first, 999) for month, first in ends]
    names = pa.concat_arrays([*short, *long])
    assert names.null_count == 0
    assert len(names.unique()) == len(names)


def test_multiplying_permutes_every_form_of_later_months() -> None:
    pairs = perm(len(SURNAMES), 2) * len(SUFFIXES)
    assert gcd(STRIDE, pairs) == 1
    assert pairs >= (MAX_MONTHS - 1) * SHORT_NAMES
    assert (MAX_MONTHS - 1) * MAX_ACQUIRED_IN_A_MONTH <= 10_000_000_000 < perm(len(SURNAMES), 4)


def test_another_seed_gives_other_names() -> None:
    assert company_names(1, 0, 10) != company_names(2, 0, 10)
