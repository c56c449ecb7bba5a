"""Company names: unique, stable, and made of words that are frozen."""

import re
from math import gcd, perm

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed_generator.simulation.names import STRIDE, SUFFIXES, SURNAMES, company_names, word_list_digest


def test_the_word_lists_are_those_of_the_stream_version() -> None:
    assert word_list_digest() == "ac04cb657ed8392a22000185da8f3e34c51b7f3e1c6283d2fc9b29accbf2a71b"


def test_names_look_like_names() -> None:
    surname = "[A-Z][a-z]+"
    forms = re.compile(rf"{surname} ({'|'.join(SUFFIXES)})|{surname}-{surname}|{surname}, {surname} and {surname}")
    names = company_names(42, 0, 3_000).to_pylist()
    assert [name for name in names if not forms.fullmatch(name)] == []
    assert sum("-" in name for name in names) == 1_000
    assert sum("," in name for name in names) == 1_000


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


def test_another_seed_gives_other_names() -> None:
    assert company_names(1, 0, 10) != company_names(2, 0, 10)
