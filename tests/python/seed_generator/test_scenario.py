"""What a scenario may be, and how it says what it may not."""

from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed_generator.errors import InputError, InvalidValueError
from seed_generator.scenario import LARGE, SMALL, CompanySize, Scenario, add_months, read_scenario, scenario_from_json
from warehouses import THREE_SIZES


def test_the_default_is_the_assignment() -> None:
    scenario = Scenario()
    assert (scenario.companies, scenario.months) == (500, 12)
    assert [(s.name, s.share, s.monthly_price, s.base_sessions, s.spread) for s in scenario.sizes] == [
        ("small", 0.7, Decimal(19), 5, 5),
        ("large", 0.3, Decimal(99), 10, 10),
    ]


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(1, 1_000))
def test_periods_are_consecutive_first_days_of_months(first: date, months: int) -> None:
    periods = Scenario(months=months, first_month=first.replace(day=1)).periods
    assert len(periods) == months
    assert {period.day for period in periods} == {1}
    assert [p.year * 12 + p.month for p in periods] == list(
        range(first.year * 12 + first.month, first.year * 12 + first.month + months)
    )


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.integers(0, 500), st.integers(0, 500))
def test_adding_months_twice_is_adding_their_sum(day: date, one: int, other: int) -> None:
    month = day.replace(day=1)
    assert add_months(add_months(month, one), other) == add_months(month, one + other)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"companies": 0}, ["companies", "0", "1 to 10,000,000,000"]),
        ({"companies": -1}, ["companies", "-1"]),
        ({"companies": "many"}, ["companies", "many"]),
        ({"companies": 10**12}, ["companies", "1000000000000"]),
        ({"companies": True}, ["companies", "True"]),
        ({"months": 0}, ["months", "0", "1 to 1,200"]),
        ({"months": 1_201}, ["months", "1201"]),
        ({"months": 1.5}, ["months", "1.5"]),
        ({"months": 1_200, "first_month": "2150-01"}, ["months", "1200", "2199-12"]),
        ({"seed": -1}, ["seed", "-1"]),
        ({"seed": 2**63}, ["seed"]),
        ({"first_month": "2021-13"}, ["first_month", "2021-13", "2021-01"]),
        ({"first_month": "2021-1"}, ["first_month", "2021-1"]),
        ({"first_month": "1899-12"}, ["first_month", "1899-12"]),
        ({"first_month": date(2021, 1, 2)}, ["first_month", "2021-01-02"]),
        ({"sizes": ()}, ["the number of sizes", "0"]),
        ({"sizes": (SMALL, SMALL)}, ["names of sizes", "small, small"]),
        ({"sizes": (SMALL,)}, ["shares", "0.7", "1"]),
        (
            {"companies": 10_000_000_000, "sizes": (replace(SMALL, share=1, monthly_price=Decimal(90_000_000)),)},
            ["monthly_price"],
        ),
        (
            {"companies": 4_000_000_000, "sizes": (SMALL, replace(LARGE, base_sessions=128, spread=122))},
            ["companies x (base_sessions + spread)", "1,000,000,000,000", "below 1,000,000,000,000"],
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_was_given_and_what_is_allowed(
    changes: dict[str, Any], words: list[str]
) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Scenario(**changes)
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": "All"}, ["name of a size", "All"]),
        ({"name": "all"}, ["name of a size", "all"]),
        ({"name": "a b"}, ["name of a size"]),
        ({"share": 1.1}, ["sizes.small.share", "1.1", "0 to 1"]),
        ({"share": -0.1}, ["sizes.small.share"]),
        ({"share": float("nan")}, ["sizes.small.share", "nan"]),
        ({"share": "most"}, ["sizes.small.share", "most"]),
        ({"monthly_price": -1}, ["sizes.small.monthly_price", "-1"]),
        ({"monthly_price": Decimal("1.999")}, ["sizes.small.monthly_price", "1.999", "whole cents"]),
        ({"monthly_price": Decimal("1e9")}, ["sizes.small.monthly_price"]),
        ({"base_sessions": -1}, ["sizes.small.base_sessions", "-1"]),
        ({"spread": 6}, ["sizes.small.spread", "6", "base_sessions"]),
        ({"base_sessions": 200, "spread": 100}, ["300", "255"]),
    ],
)
def test_a_wrong_size_is_named_with_what_was_given_and_what_is_allowed(
    changes: dict[str, Any], words: list[str]
) -> None:
    values = {"name": "small", "share": 0.7, "monthly_price": Decimal(19), "base_sessions": 5, "spread": 5}
    with pytest.raises(InvalidValueError) as caught:
        CompanySize(**{**values, **changes})
    assert [word for word in words if word not in str(caught.value)] == []


def test_shares_in_thirds_add_to_one() -> None:
    thirds = [CompanySize(name, 0.3333333333, Decimal(1), 1, 1) for name in ("a", "b")]
    assert len(Scenario(sizes=(*thirds, CompanySize("c", 0.3333333334, Decimal(1), 1, 1))).sizes) == 3


def test_whole_numbers_may_be_given_as_text() -> None:
    size = CompanySize("any", "1", "19", "5", "5")  # type: ignore[arg-type]
    assert (size.share, size.monthly_price, size.base_sessions, size.spread) == (1.0, Decimal("19.00"), 5, 5)
    assert Scenario(companies="3", months="2", first_month="2020-02", seed="1").companies == 3  # type: ignore[arg-type]


def test_a_file_replaces_what_it_names_and_leaves_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text('companies = 9\nfirst_month = "2020-02"')
    scenario = Scenario(**read_scenario(path))
    assert (scenario.companies, scenario.first_month, scenario.months) == (9, date(2020, 2, 1), 12)
    assert scenario.sizes == (SMALL, LARGE)


def test_a_file_with_sizes_replaces_all_of_them_in_its_order() -> None:
    sizes = Scenario(**read_scenario(THREE_SIZES)).sizes
    assert [size.name for size in sizes] == ["micro", "medium", "enterprise"]
    assert [size.monthly_price for size in sizes] == [Decimal("4.99"), Decimal("49.00"), Decimal("1234.50")]


@dataclass(frozen=True)
class OfARegion(CompanySize):
    """A size with one more attribute, which has a default."""

    region: str = "anywhere"


def test_an_attribute_of_a_size_that_has_a_default_may_be_left_out_and_then_is_not_in_the_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {item.name: item.default for item in fields(OfARegion) if item.name != "name"}
    monkeypatch.setattr("seed_generator.scenario.CompanySize", OfARegion)
    monkeypatch.setattr("seed_generator.scenario._SIZE_KEYS", keys)
    before = Scenario(**read_scenario(THREE_SIZES))
    assert {size.region for size in before.sizes if isinstance(size, OfARegion)} == {"anywhere"}
    assert "region" not in before.to_json()
    path = tmp_path / "scenario.toml"
    path.write_text(f'{THREE_SIZES.read_text()}\nregion = "north"\n')
    after = Scenario(**read_scenario(path))
    assert after.to_json().count("region") == 1
    assert scenario_from_json(after.to_json()) == after


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("companies = ", ["is not TOML"]),
        ("compnies = 3", ["unknown key", "compnies", "companies"]),
        ("sizes = 3", ["sizes", "3"]),
        ("[sizes.small]\nshare = 1", ["sizes.small", "lacks monthly_price"]),
        (
            "[sizes.small]\nshare = 1\nmonthly_price = 1\nbase_sessions = 1\nspread = 1\ncolour = 1",
            ["unknown key", "colour"],
        ),
        ("\xff", ["is not TOML"]),
    ],
)
def test_a_wrong_file_is_told_in_a_sentence(tmp_path: Path, text: str, words: list[str]) -> None:
    path = tmp_path / "scenario.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read_scenario(path)
    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)


def test_the_scenario_can_be_made_again_from_its_json() -> None:
    scenario = Scenario(companies=7, months=3, first_month=date(2020, 2, 1), seed=5)
    assert scenario_from_json(scenario.to_json()) == scenario
