"""Kinds of life, small scenarios with all of them, and what is expected of one, as arrays."""

import functools
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from exact_laws import Floats
from lives import ALL_KINDS
from seed_generator.expectations.kpis import expected_kpis
from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation, Usage
from seed_generator.scenario import ALL_SIZES, CompanySize, Scenario

# Two changes of price within the first year.
PRICES = (
    PriceChange(date(2021, 4, 1), "small", Decimal("21.00")),
    PriceChange(date(2021, 7, 1), "large", Decimal("89.50")),
)
LIVES: dict[str, dict[str, Any]] = {
    "acquisition": {"acquisition": ALL_KINDS["acquisition"]},
    "return": {"reactivation": ALL_KINDS["reactivation"]},
    "changes of plan": {"plan_changes": ALL_KINDS["plan_changes"]},
    "changes of price": {"price_changes": PRICES},
    "usage": {"usage": ALL_KINDS["usage"]},
}
LIVES["all together"] = {key: value for life in LIVES.values() for key, value in life.items()}


def columns(scenario: Scenario, kpis: Sequence[str], *names: str) -> list[dict[str, Floats]]:
    """Of each column the values of some figures, of shape (months, sizes and all of them); nan without a row."""
    months = {period: month for month, period in enumerate(scenario.periods)}
    sizes = {name: place for place, name in enumerate([*(size.name for size in scenario.sizes), ALL_SIZES])}
    found = [{kpi: np.full((len(months), len(sizes)), np.nan) for kpi in kpis} for _ in names]
    for row in _expected(scenario):
        if row.kpi not in kpis:
            continue
        for name, of_kpi in zip(names, found, strict=True):
            of_kpi[row.kpi][months[row.period], sizes[row.company_size]] = getattr(row, name)
    return found


# Of a life many questions are asked, and it takes a second.
_expected = functools.lru_cache(maxsize=4)(expected_kpis)

_kinds_of_sizes = st.tuples(st.sampled_from([0, 1, 2, 3, 8]), st.integers(0, 1), st.sampled_from([0, 3, 19]))
_probabilities = st.sampled_from([Decimal(chance) for chance in ("0", "0.02", "0.1", "0.5", "1")])


@st.composite
def lives_of_few(draw: st.DrawFn) -> Scenario:
    """Few companies, with prices in whole dollars."""
    kinds = draw(st.lists(_kinds_of_sizes, min_size=1, max_size=2))
    shares = draw(st.sampled_from([(0.9, 0.1), (0.5, 0.5)])) if len(kinds) > 1 else (1.0,)
    sizes = tuple(
        CompanySize(f"size_{number}", share, Decimal(price), base, max(base - less, 0))
        for number, (share, (base, less, price)) in enumerate(zip(shares, kinds, strict=True))
    )
    seasons = st.sampled_from([Decimal(factor) for factor in ("0", "0.5", "1", "2")])
    usage = (Decimal(1), draw(seasons), draw(seasons), *[Decimal(1)] * 9)
    moves = (("size_0", "size_1"), ("size_1", "size_0")) if len(kinds) > 1 else ()
    scenario = Scenario(
        companies=draw(st.integers(1, 25)),
        months=draw(st.integers(1, 4)),
        sizes=sizes,
        acquisition=Acquisition(
            draw(st.integers(0, 10)), draw(st.sampled_from([Decimal("-0.5"), Decimal("0.5")])), usage
        ),
        reactivation=Reactivation(draw(_probabilities)),
        plan_changes=tuple(PlanChange(*move, draw(_probabilities)) for move in moves),
        price_changes=(PriceChange(date(2021, 3, 1), "size_0", Decimal(7)),),
        usage=Usage(usage),
    )
    assume(scenario.has_life)
    return scenario
