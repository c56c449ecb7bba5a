"""Which way the band of a mean is computed, and whose values it is a mean of."""

from datetime import date
from decimal import Decimal, localcontext

import numpy as np
import pytest

from exact_laws import of_sums
from seed_generator.expectations.chances import PRECISION, Chances, GroupChances
from seed_generator.expectations.expectation import OUTSIDE_BAND, Expectation, outwards
from seed_generator.expectations.kpis import expected_kpis
from seed_generator.expectations.ratios import Mean
from seed_generator.life import Acquisition, PriceChange, Usage
from seed_generator.scenario import ALL_SIZES, CompanySize, Scenario

LATER = (PriceChange(date(2022, 1, 1), "only", Decimal(21)),)


def average_of(scenario: Scenario, period: date) -> Expectation:
    (found,) = (
        row
        for row in expected_kpis(scenario)
        if (row.period, row.company_size, row.kpi) == (period, ALL_SIZES, "avg_sessions_per_company")
    )
    return found


@pytest.mark.parametrize(
    ("changes", "companies", "many", "are_many"),
    [((), 10, 10, False), ((), 11, 10, True), (LATER, 109, 100, False), (LATER, 110, 100, True)],
    ids=["nine of ten", "ten of eleven", "in a life, of 109", "in a life, of 110"],
)
def test_cumulants_tell_the_band_from_ten_active_companies_on_and_in_a_life_from_a_hundred(
    changes: tuple[PriceChange, ...], companies: int, many: int, *, are_many: bool
) -> None:
    size = CompanySize("only", 1.0, Decimal(19), 5, 5)  # of twelve companies eleven are active
    scenario = Scenario(companies=companies, months=1, sizes=(size,), price_changes=changes)
    with localcontext(PRECISION):
        chances = Chances(scenario)
        counts = GroupChances(chances, [0]).session_counts()
        by_cumulants, exact = (
            [end[0] for end in outwards(Mean(chances.cohorts, counts, limit).quantiles(OUTSIDE_BAND / 2))]
            for limit in (1, 1_000)
        )
    row = average_of(scenario, scenario.first_month)
    assert by_cumulants != exact
    assert [row.lower_95, row.upper_95] == (by_cumulants if are_many else exact)
    assert (companies * 11 / 12 > many) == are_many


def test_the_mean_is_of_a_cohort_that_is_all_active_where_the_others_have_all_lapsed() -> None:
    never_silent = CompanySize("only", 1.0, Decimal(19), 5, 4)
    scenario = Scenario(
        months=3,
        sizes=(never_silent,),
        acquisition=Acquisition(companies=20),
        usage=Usage((Decimal(1), Decimal(0), *[Decimal(1)] * 10)),
    )
    row = average_of(scenario, date(2021, 3, 1))
    counts = np.zeros(10)
    counts[1:] = 0.1
    counts[5] = 0.2
    below = of_sums(20, counts).cumsum()
    assert row.expected == 5
    assert row.lower_95 == Decimal(int((below > OUTSIDE_BAND / 2).argmax())) / 20
    assert row.upper_95 == Decimal(int((below >= 1 - OUTSIDE_BAND / 2).argmax())) / 20
