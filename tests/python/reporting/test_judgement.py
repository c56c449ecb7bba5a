"""Whether a figure is as expected, what of a change is the mix of sizes, and what to expect of the months ahead."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from scipy.stats import norm

from reporting.judgement import judged
from reporting.kpis import KPIS, RETENTION, REVENUE, USAGE
from reporting.look_ahead import MONTHS, months_ahead
from reporting.mix import told_of_mix
from reporting.rows import MonthlyKpis
from seed_generator.expectations.kpis import expected_kpis
from seed_generator.life import Acquisition
from seed_generator.scenario import MAX_MONTHS, Scenario
from shown import row

JANUARY, FEBRUARY = date(2021, 1, 1), date(2021, 2, 1)


def paid(amount: object) -> MonthlyKpis:
    """A month with this revenue, of which from 900 to 1,100 is expected."""
    return row(JANUARY, "all", opening=99, active=99, sessions=99, revenue=amount, bands={"revenue": (900, 1100)})


@pytest.mark.parametrize(
    ("amount", "figures", "said"),
    [
        (1000, 9, "As expected"),
        (900, 9, "As expected"),
        (1100, 9, "As expected"),
        ("1100.40", 9, "As expected"),  # written as the end of the band
        (1101, 1, "More than expected"),
        (899, 1, "Less than expected"),
        (1101, 9, "Just above what is expected"),
        (899, 9, "Just below what is expected"),
    ],
)
def test_a_figure_is_judged_as_it_is_written_and_as_one_of_many(amount: object, figures: int, said: str) -> None:
    found = judged(REVENUE, paid(amount), figures)
    assert found
    assert (found.said, found.lower, found.upper) == (said, "$900", "$1,100")
    assert found.is_surprising == (said in {"More than expected", "Less than expected"})


@pytest.mark.parametrize("figures", [2, 9, 150])
def test_of_many_figures_none_is_a_surprise_in_95_of_100_simulations(figures: int) -> None:
    sigma = 100 / norm.ppf(0.975)
    # Bonferroni: each side of each figure has its part of the five simulations.
    furthest = 1000 + sigma * norm.isf(0.05 / 2 / figures)
    for amount, is_surprising in ((furthest - 0.01, False), (furthest + 0.01, True)):
        found = judged(REVENUE, paid(round(amount, 4)), figures)
        assert found
        assert found.is_surprising == is_surprising


def test_of_what_nothing_is_expected_nothing_is_said() -> None:
    assert judged(REVENUE, row(JANUARY, "all", opening=9, active=9, sessions=9, revenue=9), 9) is None
    half = paid(9)
    assert judged(REVENUE, replace(half, figures={**half.figures, "revenue_upper_95": None}), 9) is None


def used_by(**sizes: Sequence[tuple[int, int]]) -> dict[str, list[MonthlyKpis]]:
    """Companies and their sessions of each size, from January on."""
    sums = [tuple(map(sum, zip(*of_month, strict=True))) for of_month in zip(*sizes.values(), strict=True)]
    return {
        size: [
            row(date(2021, month, 1), size, opening=companies, active=companies, sessions=sessions)
            for month, (companies, sessions) in enumerate(of_size, 1)
        ]
        for size, of_size in {**sizes, "all": sums}.items()
    }


def used(small: tuple[int, int], large: tuple[int, int]) -> dict[str, list[MonthlyKpis]]:
    """A January of 50 small companies with 4 sessions and 50 large ones with 12, and a February of these numbers."""
    return used_by(small=[(50, 200), small], large=[(50, 600), large])


@pytest.mark.parametrize(
    ("small", "large", "said"),
    [
        # Each size has as many sessions as before, and the share of large companies rises: 8.00 to 9.60.
        (
            (30, 120),
            (70, 840),
            "The rise since January 2021 is the mix: large companies are 70% of customers, up from 50%.",
        ),
        ((70, 280), (30, 360), "The fall since January 2021 is the mix: small companies are 70% of customers, up"),
        # 8.00 to 10.20, of which 1.65 are the mix.
        ((30, 126), (70, 894), "Most of the rise since January 2021 is the mix: large"),
        # 8.00 to 11.20, of which 1.60 are the mix; to 12.00, of which they are less than a half.
        ((30, 168), (70, 952), "Most of the rise since January 2021 is the mix: large"),
        ((30, 192), (70, 1008), ""),
        # 8.00 to 10.00 at the same mix.
        ((50, 300), (50, 700), ""),
        # What one uses more and the mix takes away again.
        ((70, 420), (30, 450), ""),
        ((50, 200), (50, 601), ""),
        # A share that is written as it was explains nothing.
        ((20_000, 80_000), (20_100, 260_000), ""),
        (
            (0, 0),
            (50, 600),
            "The rise since January 2021 is the mix: large companies are 100% of customers, up from 50%.",
        ),
    ],
)
def test_the_mix_is_named_where_it_is_most_of_a_change(
    small: tuple[int, int], large: tuple[int, int], said: str
) -> None:
    told = told_of_mix(USAGE, used(small, large), 0)
    assert told.startswith(said)
    assert bool(told) == bool(said)


def test_the_size_that_did_most_is_named_though_there_are_fewer_of_it() -> None:
    # 8.33 to 9.00: there are more of b, which is below the mean.
    below = used_by(a=[(50, 200), (30, 120)], b=[(50, 400), (70, 560)], c=[(20, 400), (20, 400)], d=[(0, 0)] * 2)
    assert told_of_mix(USAGE, below, 0).endswith("the mix: a companies are 25% of customers, down from 42%.")
    # 9.52 to 10.48: now b is the mean.
    same = used_by(a=[(50, 200), (30, 120)], b=[(50, 500), (70, 700)], c=[(25, 490), (25, 490)])
    assert told_of_mix(USAGE, same, 0).endswith("the mix: a companies are 24% of customers, down from 40%.")


def test_the_mix_of_the_last_month_counts_and_not_of_those_between() -> None:
    months = used_by(small=[(50, 200), (99, 297), (9, 99), (30, 168)], large=[(50, 600), (1, 5), (0, 0), (70, 952)])
    assert told_of_mix(USAGE, months, 0) == (
        "Most of the rise since January 2021 is the mix: large companies are 70% of customers, up from 50%."
    )


def test_a_rate_of_nothing_is_a_figure_too() -> None:
    kept = {"small": [(50, 0), (30, 0)], "large": [(50, 50), (70, 70)], "all": [(100, 50), (100, 70)]}
    months = {
        size: [
            row(month, size, opening=opening, active=active)
            for month, (opening, active) in zip((JANUARY, FEBRUARY), of_size, strict=True)
        ]
        for size, of_size in kept.items()
    }
    assert told_of_mix(RETENTION, months, 0) == (
        "The rise since January 2021 is the mix: large companies are 70% of customers, up from 50%."
    )


def test_an_amount_has_no_mix_and_a_month_without_customers_none_either() -> None:
    assert told_of_mix(REVENUE, used((30, 120), (70, 840)), 0) == ""
    assert told_of_mix(USAGE, used((0, 0), (0, 0)), 0) == ""


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(companies=40, months=3),
        Scenario(companies=20, months=2, first_month=date(2023, 11, 1), acquisition=Acquisition(companies=5)),
    ],
    ids=["the brief", "a life"],
)
def test_what_is_expected_of_the_months_ahead_is_what_a_longer_simulation_expects(scenario: Scenario) -> None:
    ahead = months_ahead(scenario.to_json())
    longer = replace(scenario, months=scenario.months + MONTHS)
    assert sorted({row.period for row in ahead}) == longer.periods[scenario.months :]
    assert len(longer.periods) == len(scenario.periods) + 6
    assert {row.company_size for row in ahead} == {*(size.name for size in scenario.sizes), "all"}
    assert {row.count(kpi.companies) for row in ahead for kpi in KPIS} == {0}  # they are not expected, and so not known
    found = {
        (row.period, row.company_size, kpi): (row.figures[kpi], *(row.figures[f"{kpi}_{end}_95"] for end in ENDS))
        for row in ahead
        for kpi in ("revenue", "retention_rate", "avg_sessions_per_company")
    }
    wanted = {
        (one.period, one.company_size, one.kpi): (one.expected, one.lower_95, one.upper_95)
        for one in expected_kpis(longer)
    }
    assert found == {key: wanted.get(key, (None, None, None)) for key in found}
    assert all(isinstance(lower, Decimal) for _, lower, _ in found.values())


ENDS = ("lower", "upper")


def test_beyond_the_limits_of_a_scenario_nothing_is_expected() -> None:
    assert months_ahead(Scenario(companies=1, months=MAX_MONTHS - MONTHS + 1).to_json()) == []
