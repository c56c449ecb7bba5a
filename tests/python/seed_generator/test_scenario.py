"""What a scenario may be, and how it says what it may not."""

import json
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seed_generator.errors import InputError, InvalidValueError
from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation, Usage
from seed_generator.scenario import LARGE, SMALL, CompanySize, Scenario, add_months
from seed_generator.scenario_file import read_scenario, scenario_from_json
from warehouses import THREE_SIZES


def test_the_default_is_the_assignment() -> None:
    scenario = Scenario()
    assert (scenario.companies, scenario.months) == (500, 12)
    assert (scenario.first_month, scenario.seed) == (date(2021, 1, 1), 42)
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


def test_an_instant_of_a_month_is_counted_in_microseconds_since_1970() -> None:
    scenario = Scenario()
    for month, instant in ((-1, "2020-12-01"), (0, "2021-01-01"), (1, "2021-02-01"), (12, "2022-01-01")):
        assert scenario.first_instant(month) == datetime.fromisoformat(f"{instant}T00:00+00:00").timestamp() * 10**6
    assert Scenario(first_month="1970-01").first_instant(0) == 0  # type: ignore[arg-type]


ONE = CompanySize("one", 1.0, Decimal("1.00"), base_sessions=1, spread=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"companies": 1, "months": 1, "seed": 0},
        {"companies": 10_000_000_000, "months": 1, "seed": 2**63 - 1},
        {"months": 1_200, "first_month": "1900-01"},
        {"months": 12, "first_month": "2199-01"},
        {"sizes": tuple(replace(ONE, name=f"size_{number}", share=0.02) for number in range(50))},
        {"sizes": (ONE, replace(ONE, name="none", share=0))},
        {"sizes": (replace(ONE, base_sessions=0, spread=0),)},
        {"sizes": (replace(ONE, base_sessions=128, spread=127),)},
        {"sizes": (replace(ONE, base_sessions=5, spread=0),), "usage": Usage((Decimal(51), *[Decimal(1)] * 11))},
        {"companies": 10_000_000_000, "months": 1, "sizes": (replace(ONE, monthly_price=Decimal("999999.99")),)},
        {"companies": 3_921_568_627, "months": 1, "sizes": (replace(ONE, base_sessions=255, spread=0),)},
        {"months": 2, "acquisition": Acquisition(5_963_776)},
        {"acquisition": Acquisition(1, Decimal(-1), (Decimal(1_000),) * 12)},
        {"months": 2, "acquisition": Acquisition(1, Decimal(1_000), (Decimal(0),) * 12)},
        {"reactivation": Reactivation(Decimal(1))},
        {"price_changes": (PriceChange(date(2021, 2, 1), "small", Decimal(0)),)},
    ],
)
def test_what_is_just_allowed_is_allowed_and_can_be_made_again_from_its_json(changes: dict[str, Any]) -> None:
    scenario = Scenario(**changes)
    assert scenario_from_json(scenario.to_json()) == scenario


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"months": 13, "first_month": "2199-01"},
            "months must be so few that the last month is not after 2199-12, not 13.",
        ),
        (
            {"sizes": tuple(replace(ONE, name=f"size_{number}", share=1 / 51) for number in range(51))},
            "the number of sizes must be from 1 to 50, not 51.",
        ),
        (
            {"sizes": (replace(ONE, share=0.999999998),)},
            "the sum of the shares of all sizes must be 1, not 0.999999998.",
        ),
        (
            {"companies": 10**10, "months": 2, "sizes": (replace(ONE, monthly_price=Decimal(500_000)),)},
            "companies x months x monthly_price must be below 10,000,000,000,000,000, not 10,000,000,000,000,000.00.",
        ),
        (
            {
                "companies": 10**10,
                "months": 1,
                "sizes": (ONE,),
                "price_changes": (PriceChange(date(2021, 2, 1), "one", Decimal(1_000_000)),),
            },
            "companies x months x monthly_price must be below 10,000,000,000,000,000, not 10,000,000,000,000,000.00.",
        ),
        (
            {
                "companies": 10**10,
                "months": 1,
                "sizes": (replace(ONE, base_sessions=1, spread=0),),
                "usage": Usage((*[Decimal(1)] * 11, Decimal(100))),
            },
            "companies x (base_sessions + spread) must be below 1,000,000,000,000, not 1,000,000,000,000.",
        ),
        (
            {"months": 2, "acquisition": Acquisition(5_963_776, season=(Decimal("1.0000002"),) * 12)},
            "the number of companies acquired in 2021-02 must be at most 5,963,776, not 5,963,777.",
        ),
        (
            {"plan_changes": [PlanChange("small", "large", Decimal("0.1"))] * 2},
            "plan_changes.small.large must be given once, not twice.",
        ),
    ],
)
def test_what_is_just_not_allowed_is_told_in_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidValueError) as caught:
        Scenario(**changes)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "changes",
    [
        {"acquisition": Acquisition(1)},
        {"reactivation": Reactivation(Decimal("0.1"))},
        {"plan_changes": (PlanChange("small", "large", Decimal("0.1")),)},
        {"price_changes": (PriceChange(date(2021, 2, 1), "small", Decimal(1)),)},
        {"usage": Usage((Decimal(2),) * 12)},
    ],
)
def test_one_thing_beside_churn_is_a_life(changes: dict[str, Any]) -> None:
    assert Scenario(**changes).has_life


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


LIFE = """
[acquisition]
companies = 20
growth = 0.05
season = [1, 1, 1, 1, 1, 1, 0.5, 0.5, 1, 1, 1, 1]
[reactivation]
probability = 0.10
[plan_changes.small]
large = 0.02
[plan_changes.large]
small = 0.01
[[price_changes]]
month = "2021-07"
company_size = "small"
monthly_price = 21.00
[usage]
season = [1, 1, 1, 1, 1, 1, 0.7, 0.6, 1, 1, 1, 1]
"""


def _life(tmp_path: Path, text: str = LIFE, **values: Any) -> Scenario:
    path = tmp_path / "life.toml"
    path.write_text(text)
    return Scenario(**{**read_scenario(path), **values})


def test_a_file_of_a_life_is_read_and_kept_as_it_was_written(tmp_path: Path) -> None:
    scenario = _life(tmp_path)
    assert scenario.has_life
    assert not Scenario().has_life
    # 20 * 1.05^k from February on, half of that in July and August, rounded down.
    assert scenario.acquired_companies == (500, 20, 21, 22, 23, 24, 12, 13, 28, 29, 31, 32)
    assert [size.monthly_price for size in scenario.sizes_in(5)] == [Decimal(19), Decimal(99)]
    assert [size.monthly_price for size in scenario.sizes_in(6)] == [Decimal(21), Decimal(99)]
    # 5 and 10 times 0.7 and 0.6, a half rounded up.
    assert [(s.base_sessions, s.spread) for s in scenario.sizes_in(6)] == [(4, 4), (7, 7)]
    assert [(s.base_sessions, s.spread) for s in scenario.sizes_in(7)] == [(3, 3), (6, 6)]
    assert scenario_from_json(scenario.to_json()) == scenario


def test_a_scenario_without_a_life_says_nothing_of_one() -> None:
    assert set(json.loads(Scenario().to_json())) == {"companies", "months", "first_month", "seed", "sizes"}
    always = (Decimal(1),) * 12
    nothing = Scenario(
        acquisition=Acquisition(0, Decimal(0), always),
        reactivation=Reactivation(Decimal(0)),
        plan_changes=(PlanChange("small", "large", Decimal(0)),),
        usage=Usage(always),
    )
    assert nothing == Scenario()


def test_numbers_of_acquisitions_are_exact_powers(tmp_path: Path) -> None:
    text = "[acquisition]\ncompanies = 10\ngrowth = 0.1"
    # In floats, 10 * 1.1^2 is 12.100000000000001; 1000 * 1.1^3 is 1331 exactly.
    assert _life(tmp_path, text, months=4).acquired_companies == (500, 10, 11, 12)
    assert _life(tmp_path, text.replace("10", "1000", 1), months=5).acquired_companies[4] == 1331
    assert str(Acquisition(growth=Decimal("-0.0")).growth) == "0"
    gone = _life(tmp_path, "[acquisition]\ncompanies = 10\ngrowth = -1", months=4)
    assert gone.acquired_companies == (500, 10, 0, 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("companies = 20", "companies = -1", ["acquisition.companies", "-1", "0 to 5,963,776"]),
        ("companies = 20", "companies = 5963776", ["companies acquired in 2021-03", "6,261,964", "at most 5,963,776"]),
        ("companies = 20", "customers = 20", ["[acquisition]", "customers", "companies, growth, season"]),
        ("growth = 0.05", "growth = -1.01", ["acquisition.growth", "-1.01", "-1"]),
        ("growth = 0.05", "growth = 1e400", ["acquisition.growth", "1,000"]),
        ("growth = 0.05", f"growth = 0.{'1' * 17}", ["acquisition.growth", "16 digits"]),
        ("0.5, 0.5, 1,", "0.5, 0.5,", ["acquisition.season", "twelve factors"]),
        ("0.5, 0.5,", "0.5, -1,", ["acquisition.season", "-1"]),
        ("probability = 0.10", "probability = 1.1", ["reactivation.probability", "1.1", "0 to 1"]),
        ("large = 0.02", "huge = 0.02", ["plan_changes.small", "huge", "small, large"]),
        ("plan_changes.small", "plan_changes.huge", ["plan_changes", "huge", "small, large"]),
        ("large = 0.02", "large = 1.02", ["plan_changes.small.large", "1.02"]),
        ("large = 0.02", "small = 0.02", ["plan_changes.small", "another one"]),
        ("[plan_changes.small]\nlarge = 0.02\n[plan_changes.large]", "[plan_changes]", ["plan_changes", "by size"]),
        ('month = "2021-07"', 'month = "2021-01"', ["price_changes.month", "2021-01", "after the first month"]),
        ('month = "2021-07"', 'month = "2020-07"', ["price_changes.month", "2020-07", "after the first month"]),
        ('month = "2021-07"', "month = 7", ["price_changes.month", "7", "2021-01"]),
        ('month = "2021-07"\n', "", ["[[price_changes]]", "lacks month"]),
        ("monthly_price = 21.00", "monthly_price = 21.001", ["price_changes.monthly_price", "whole cents"]),
        ('company_size = "small"', 'company_size = "huge"', ["price_changes.company_size", "huge", "small, large"]),
        ("[[price_changes]]", "[price_changes]", ["price_changes", "[[price_changes]]"]),
        ("[[price_changes]]", f"{LIFE[LIFE.index('[[') : LIFE.index('[usage')]}[[price_changes]]", ["2021-07 twice"]),
        ("0.7, 0.6,", "26, 1,", ["usage.season x (base_sessions + spread) of small", "260", "255"]),
        ("[usage]", "[seasons]", ["seasons", "usage"]),
    ],
)
def test_a_wrong_value_of_a_life_is_named_with_what_was_given_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, words: list[str]
) -> None:
    assert old in LIFE
    with pytest.raises(InputError) as caught:
        _life(tmp_path, LIFE.replace(old, new))
    assert [word for word in words if word not in str(caught.value)] == [], str(caught.value)
    assert "\n" not in str(caught.value)


def test_more_than_all_can_not_change_their_plan() -> None:
    sizes = (replace(SMALL, share=0.5), replace(LARGE, share=0.4), replace(LARGE, name="huge", share=0.1))
    changes = (PlanChange("small", "large", Decimal("0.6")), PlanChange("small", "huge", Decimal("0.4")))
    assert Scenario(sizes=sizes, plan_changes=changes).plan_changes == changes
    with pytest.raises(InvalidValueError, match=r"plan_changes\.small must be at most 1, not 1\.1"):
        Scenario(sizes=sizes, plan_changes=(changes[0], replace(changes[1], probability=Decimal("0.5"))))


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
    monkeypatch.setattr("seed_generator.scenario_file.CompanySize", OfARegion)
    monkeypatch.setattr("seed_generator.scenario_file.SIZE_KEYS", keys)
    monkeypatch.setattr("seed_generator.scenario.SIZE_KEYS", keys)
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
