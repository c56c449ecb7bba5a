"""The chances of a company's months and payments, against all paths that a company can take."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal, localcontext

import numpy as np
import pytest

from exact_lives import FIGURES, _events
from exact_payments import SUMS, Paid, _payments
from seed_generator.expectations.chances import (
    CENTS,
    PRECISION,
    Chances,
    GroupChances,
    floats,
    rest_of,
    share_of,
    silence_probability,
)
from seed_generator.expectations.payments import NO_SIZE, Outcomes, Payments
from seed_generator.expectations.subscriptions import COUNTS, _monthly_ratios, _retained, _sums
from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation, Usage
from seed_generator.scenario import CompanySize, Scenario

SIZES = (
    CompanySize("one", 0.6, Decimal(3), 3, 3),
    CompanySize("two", 0.3, Decimal(7), 2, 2),
    CompanySize("three", 0.1, Decimal(5), 4, 1),
)
SEASON = (Decimal(1), Decimal(1), Decimal("0.5"), Decimal(2), *[Decimal(1)] * 8)
MOVES = (
    PlanChange("one", "two", Decimal("0.1")),
    PlanChange("one", "three", Decimal("0.25")),
    PlanChange("three", "one", Decimal("0.02")),
)
PLAIN = Scenario(companies=30, months=4, sizes=SIZES)
RETURN = replace(PLAIN, reactivation=Reactivation(Decimal("0.3")))
SEASONS = replace(RETURN, months=6, acquisition=Acquisition(4, Decimal("0.5")), usage=Usage(SEASON))
ALL = replace(SEASONS, plan_changes=MOVES)
FREE = replace(
    ALL,
    price_changes=(PriceChange(date(2021, 2, 1), "one", Decimal(0)), PriceChange(date(2021, 4, 1), "one", Decimal(6))),
)
# Acquired are companies in three months only, so that there are not too many paths.
IN_MARCH_AND_JUNE = tuple(Decimal(number in {3, 6}) for number in range(1, 13))
OVER_A_YEAR = Scenario(
    companies=4,
    months=14,
    sizes=(SIZES[0], replace(SIZES[1], share=0.4)),
    acquisition=Acquisition(2, Decimal(0), IN_MARCH_AND_JUNE),
    reactivation=Reactivation(Decimal("0.5")),
    plan_changes=(MOVES[0], PlanChange("two", "one", Decimal("0.02"))),
    usage=Usage(SEASON),
)
SILENT_AUGUST = Usage((*SEASON[:7], Decimal(0), *SEASON[8:]))


@pytest.mark.parametrize("scenario", [PLAIN, RETURN, SEASONS, ALL], ids=["plain", "return", "seasons", "all"])
def test_the_chances_of_a_month_are_those_of_all_paths(scenario: Scenario) -> None:
    with localcontext(PRECISION):
        chances = Chances(scenario)
    cohorts = [month for month, number in enumerate(scenario.acquired_companies) if number]
    for month in range(scenario.months):
        assert chances.cohorts.numbers[month].tolist() == [
            scenario.acquired_companies[cohort] for cohort in cohorts if cohort <= month
        ]
        for cohort, law in zip(cohorts, chances.cohorts.laws[month], strict=False):
            exact = {kpi: np.zeros(len(scenario.sizes)) for kpi in (*FIGURES, "drawing")}
            for event, chance in _events(scenario, cohort, month):
                for kpi, figure in FIGURES.items():
                    size, counted = figure(event)
                    exact[kpi][size] += chance * (counted > 0)
            for kpi in FIGURES:
                if kpi in {"sessions", "revenue"}:
                    continue
                found = getattr(chances.by_size, kpi.removesuffix("_companies"))[law]
                assert floats(found) == pytest.approx(exact[kpi], abs=1e-12), (kpi, month, cohort)


@pytest.mark.parametrize("scenario", [PLAIN, SEASONS, ALL], ids=["plain", "seasons", "all"])
@pytest.mark.parametrize("places", [[0], [1, 2], [0, 1, 2]])
def test_what_a_company_contributes_is_that_of_all_paths(scenario: Scenario, places: list[int]) -> None:
    with localcontext(PRECISION):
        chances = Chances(scenario)
        group = GroupChances(chances, places)
        counts, kept = group.session_counts(), group.kept()
    month = scenario.months - 1
    prices = tuple(size.monthly_price for size in scenario.sizes_in(month))
    assert group.prices[month] == tuple(prices[place] for place in places)
    paying = group.payments(group.prices[month])
    for cohort, law in enumerate(chances.cohorts.laws[month]):
        sessions: dict[int, float] = defaultdict(float)
        pays: dict[int, float] = defaultdict(float)
        opening = {True: 0.0, False: 0.0}
        for event, chance in _events(scenario, cohort, month):
            if event.size in places and event.sessions:
                sessions[event.sessions] += chance
                pays[int(prices[event.size] * 100)] += chance
            if event.size_before in places and event.is_opening:
                opening[event.is_active] += chance
        assert counts.chances[law] == pytest.approx([sessions[number] for number in counts.values], abs=1e-12)
        assert counts.chances[law].sum() == pytest.approx(sum(sessions.values()))
        assert counts.nothing[law] == pytest.approx(1 - sum(sessions.values()), abs=1e-12)
        assert paying.chances[law] == pytest.approx([pays[cents] for cents in paying.values])
        assert paying.nothing[law] == pytest.approx(1 - sum(pays.values()), abs=1e-12)
        assert kept.values.tolist() == [0, 1]
        assert kept.chances[law] == pytest.approx([opening[False], opening[True]], abs=1e-12)
        assert kept.nothing[law] == pytest.approx(1 - sum(opening.values()), abs=1e-12)
        of_one = group.one(group.of.active)
        assert (of_one.values.tolist(), of_one.chances[law].tolist()) == ([1], [float(group.of.active[law])])
        assert of_one.nothing[law] == pytest.approx(1 - sum(sessions.values()), abs=1e-12)
        for power, of_power in ((1, group.sessions), (2, group.sessions_squared)):
            assert float(of_power[law]) == pytest.approx(sum(p * n**power for n, p in sessions.items()))
            paid = group.revenue(group.prices[month], power)[law]
            assert float(paid) == pytest.approx(sum(p * (cents / 100) ** power for cents, p in pays.items()))


def test_what_is_free_or_can_not_be_is_no_payment_and_a_cent_is_one() -> None:
    sizes = (
        replace(SIZES[0], monthly_price=Decimal(0)),
        replace(SIZES[1], monthly_price=Decimal("0.01")),
        CompanySize("silent", 0.1, Decimal(2), 0, 0),
    )
    with localcontext(PRECISION):
        group = GroupChances(Chances(replace(PLAIN, sizes=sizes)), [0, 1, 2])
    paying = group.payments(group.prices[0])
    assert paying.values.tolist() == [1]
    assert paying.nothing[0] == pytest.approx(1 - 0.3 * 5 / 6)


def test_a_size_that_companies_only_move_to_is_paid_for_then() -> None:
    sizes = (replace(SIZES[0], share=1.0), replace(SIZES[1], share=0.0))
    with localcontext(PRECISION):
        group = GroupChances(Chances(replace(PLAIN, sizes=sizes, plan_changes=MOVES[:1])), [0, 1])
    paying = group.payments(group.prices[0])
    assert paying.values.tolist() == [300, 700]
    assert paying.chances[:2, 1].tolist() == pytest.approx([0, 7 / 8 * 0.1 * 5 / 6])


def test_a_single_month_has_its_chances() -> None:
    with localcontext(PRECISION):
        only = Chances(replace(PLAIN, months=1))
    assert floats(only.by_size.active[0]) == pytest.approx([0.6 * 7 / 8, 0.3 * 5 / 6, 0.1])


def test_the_largest_count_of_any_season_has_a_chance() -> None:
    with localcontext(PRECISION):
        counts = GroupChances(Chances(SEASONS), [1]).session_counts()
    assert counts.values.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert counts.chances[:, -1].max() > 0


@pytest.mark.parametrize(
    ("base", "spread", "chance"), [(0, 0, "1"), (5, 0, "0"), (5, 4, "0"), (1, 1, "0.25"), (2, 2, "0.1666666")]
)
def test_a_month_is_silent_with_the_chance_of_one_outcome(base: int, spread: int, chance: str) -> None:
    found = silence_probability(CompanySize("any", 1.0, Decimal(1), base, spread))
    assert found == pytest.approx(Decimal(chance), abs=Decimal("1e-6"))
    assert found.as_tuple().exponent in {0, -1, -2, -60}  # with all digits


@pytest.mark.parametrize(
    ("shares", "drawn"),
    [
        ([0.7, 0.3], ["0.7", "0.3"]),
        ([0.3333333333, 0.3333333333, 0.3333333333], ["0.3333333333", "0.3333333333", "0.3333333334"]),
        ([0.5, 0.5000000005, 0.0], ["0.5", "0.5", "0"]),
        ([0.6, 0.4000000005, 0.0], ["0.6", "0.4", "0"]),
        ([1.0, 0.0], ["1", "0"]),
    ],
)
def test_the_last_size_takes_what_the_others_leave(shares: list[float], drawn: list[str]) -> None:
    sizes = tuple(CompanySize(f"size_{place}", share, Decimal(1), 1, 1) for place, share in enumerate(shares))
    scenario = Scenario(sizes=sizes)
    assert [share_of(scenario, size) for size in sizes] == [Decimal(share) for share in drawn]


def test_what_chances_leave_of_1_is_not_below_0() -> None:
    chances = np.array([Decimal("0.25"), Decimal(1), Decimal("1." + "0" * 58 + "1"), Decimal("1e-40")])
    assert rest_of(chances).tolist() == [0.75, 0, 0, 1]


def test_laws_are_by_the_calendar_only_where_there_is_a_season_of_usage() -> None:
    with localcontext(PRECISION):
        same = Chances(replace(ALL, usage=Usage()))
        other = Chances(ALL)
        half = Chances(replace(PLAIN, months=15, usage=Usage((Decimal("0.5"), *[Decimal(1)] * 11))))
    assert len(same.usages) == 1
    assert set(same.usage.tolist()) == {0}
    assert len(same.by_size.active) == ALL.months
    assert len(other.usages) == ALL.months
    assert len(other.by_size.active) == ALL.months**2
    assert other.usage.reshape(ALL.months, -1)[2].tolist() == [2, 3, 4, 5, 0, 1]
    assert len(half.usages) == 12
    assert half.usage.tolist() == [*range(12), 0, 1, 2]


def _found(outcomes: Outcomes, law: int) -> dict[Paid, float]:
    """In whole dollars, as the exact chances are; a size that nothing is paid for is none."""
    found: dict[Paid, float] = defaultdict(float)
    for number, chance in enumerate(outcomes.chances[law]):
        before, now, paid, pays = (
            int(of[number]) for of in (outcomes.before, outcomes.now, outcomes.paid, outcomes.pays)
        )
        assert before != NO_SIZE or not paid
        assert now != NO_SIZE or not pays
        found[
            Paid(
                before if paid else None,
                paid // CENTS,
                now if pays else None,
                pays // CENTS,
                bool(outcomes.has_paid[number]),
            )
        ] += float(chance)
    return found


PAYMENTS = {
    "plain": (PLAIN, 1),
    "seasons": (SEASONS, 1),
    "all": (ALL, 1),
    "free": (FREE, 1),
    "free, and all months alike": (replace(FREE, usage=Usage()), 1),
    "one size": (replace(RETURN, sizes=(replace(SIZES[0], share=1.0),)), 1),
    "a size to move to": (
        replace(ALL, sizes=(replace(SIZES[0], share=0.9), replace(SIZES[1], share=0.0), SIZES[2])),
        1,
    ),
    "over a year": (OVER_A_YEAR, 12),
    "free, over a year": (replace(OVER_A_YEAR, price_changes=FREE.price_changes, usage=SILENT_AUGUST), 12),
}


@pytest.mark.parametrize(("scenario", "months_ago"), PAYMENTS.values(), ids=PAYMENTS)
def test_payments_have_the_chances_of_all_paths(scenario: Scenario, months_ago: int) -> None:
    with localcontext(PRECISION):
        payments = Payments(scenario, Chances(scenario))
    of = payments.of_a_month if months_ago == 1 else payments.of_a_year
    seen = []
    for months, paid, pays in payments.price_pairs(months_ago):
        seen += months
        for month in months:
            assert pays.tolist() == [int(size.monthly_price * 100) for size in scenario.sizes_in(month)]
            if month >= months_ago:
                then = scenario.sizes_in(month - months_ago)
                assert paid.tolist() == [int(size.monthly_price * 100) for size in then]
            laws = payments.cohorts.laws[month]
            with localcontext(PRECISION):
                outcomes = of(laws, paid, pays)
            assert (outcomes.chances > 0).any(axis=0).all()
            cohorts = [cohort for cohort in range(month + 1) if scenario.acquired_companies[cohort]]
            for law, cohort in enumerate(cohorts):
                exact = _payments(scenario, cohort, month, months_ago)
                found = _found(outcomes, law)
                if months_ago == 12:  # only of companies that paid then
                    exact = {of: chance for of, chance in exact.items() if of.paid}
                    found = {of: chance for of, chance in found.items() if of.paid}
                some = {of: chance for of, chance in exact.items() if (of.paid or of.pays) and chance}
                assert {of: c for of, c in found.items() if (of.paid or of.pays) and c} == pytest.approx(
                    some, abs=1e-12
                )
    assert sorted(seen) == list(range(0 if months_ago == 1 else 12, scenario.months))


def test_a_price_of_a_cent_is_a_price() -> None:
    found = []
    for price in (Decimal("0.01"), Decimal(1)):
        scenario = replace(RETURN, sizes=tuple(replace(size, monthly_price=price) for size in SIZES))
        with localcontext(PRECISION):
            payments = Payments(scenario, Chances(scenario))
            found.append(payments.of_a_month(np.arange(4), *(np.full(3, int(price * 100)),) * 2))
    cheap, dear = found
    assert cheap.chances.tolist() == dear.chances.tolist()
    assert cheap.has_paid.tolist() == dear.has_paid.tolist()
    assert (cheap.pays * 100).tolist() == dear.pays.tolist()


def _all_outcomes() -> tuple[Outcomes, list[Paid]]:
    """Of three sizes, one of which may be free, and of no size; some differ by a cent."""
    sizes = [(None, 0), (0, 3), (0, 0), (1, 7), (1, 2), (2, 1)]
    kinds = [
        (before, paid, now, pays, has_paid or paid > 0)
        for before, paid in sizes
        for now, pays in sizes
        for has_paid in (False, True)
    ]
    columns = [
        np.array([NO_SIZE if value is None else value for value in column]) for column in zip(*kinds, strict=True)
    ]
    before, paid, now, pays, has_paid = columns
    chances = np.full((1, len(kinds)), Decimal(1) / len(kinds))
    outcomes = Outcomes(chances, before, now, paid, pays, has_paid.astype(bool))
    return outcomes, [Paid(b if p else None, p, n if q else None, q, h) for b, p, n, q, h in kinds]


@pytest.mark.parametrize("places", [[0], [1], [0, 2], [0, 1, 2]])
def test_outcomes_add_to_each_sum_and_ratio_what_they_are(places: list[int]) -> None:
    outcomes, kinds = _all_outcomes()
    found = _sums(outcomes, places)

    def counted(kpi: str) -> list[int]:
        return [abs(int(amount)) * (size in places) for size, amount in map(SUMS[kpi], kinds)]

    for kpi, amounts in found.items():
        assert amounts.tolist() == counted(kpi), kpi
        assert amounts.max() <= 1 or kpi not in COUNTS
    ratios = _monthly_ratios(outcomes, places)
    lost = np.add(counted("contraction_mrr"), counted("churned_mrr"))
    gained = np.sum([counted(kpi) for kpi in ("new_mrr", "reactivation_mrr", "expansion_mrr")], axis=0)
    paid = [it.paid * (it.then_size in places) for it in kinds]
    pays = [it.pays * (it.size in places) for it in kinds]
    kept = [it.pays * (it.then_size in places) for it in kinds]
    exact = {
        "net_revenue_retention_1m": (kept, paid),
        "gross_revenue_retention_1m": (np.minimum(kept, paid), paid),
        "revenue_churn_rate": (lost, paid),
        "quick_ratio": (gained, lost),
        "avg_revenue_per_company": (pays, np.sign(pays)),
    }
    assert list(ratios) == list(exact)
    for kpi, (above, below) in ratios.items():
        assert (above.tolist(), below.tolist()) == tuple(map(list, exact[kpi])), kpi
    of_a_year = [[part.tolist() for part in parts] for parts in _retained(outcomes, places)]
    assert of_a_year == [[kept, paid], [np.minimum(kept, paid).tolist(), paid]]
