"""Scenarios with a life, and the rules of that life once more: slowly, company by company, in plain Python."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import Any

from hypothesis import strategies as st

from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation, Usage
from seed_generator.scenario import CompanySize, Scenario, add_months
from seed_generator.simulation.streams import Purpose, draw, stream

SUMMER = tuple(map(Decimal, ["1", "1", "1", "1", "1", "1", "0.7", "0.6", "1", "1", "1", "1"]))
ALL_KINDS: dict[str, Any] = {
    "acquisition": Acquisition(20, Decimal("0.05"), SUMMER),
    "reactivation": Reactivation(Decimal("0.1")),
    "plan_changes": (PlanChange("small", "large", Decimal("0.02")), PlanChange("large", "small", Decimal("0.01"))),
    "price_changes": (
        PriceChange(date(2021, 7, 1), "small", Decimal("21.00")),
        PriceChange(date(2022, 3, 1), "large", Decimal("109.00")),
    ),
    "usage": Usage(SUMMER),
}


def _decimals(*numbers: str) -> st.SearchStrategy[Decimal]:
    return st.sampled_from([Decimal(number) for number in numbers])


_NAMES = ("one", "two", "three")
_CHANCES = _decimals("0", "0.1", "0.3", "0.5")
_FACTORS = st.lists(_decimals("0", "0.5", "1", "1", "1", "1.5"), min_size=12, max_size=12).map(tuple)


@st.composite
def lives(draw_one: st.DrawFn) -> Scenario:
    """Small scenarios with any kinds of life."""
    names = _NAMES[: draw_one(st.integers(1, 3))]
    sizes = []
    for name in names:
        base = draw_one(st.integers(0, 4))
        spread = draw_one(st.integers(max(base - 1, 0), base))
        sizes.append(CompanySize(name, 1 / len(names), Decimal(draw_one(st.integers(0, 3))), base, spread))
    pairs = [(a, b) for a in names for b in names if a != b]
    months = draw_one(st.lists(st.integers(1, 8), max_size=3, unique=True))
    first = date(2020, draw_one(st.integers(1, 12)), 1)
    return Scenario(
        companies=draw_one(st.integers(1, 60)),
        months=draw_one(st.integers(1, 5)),
        first_month=first,
        seed=draw_one(st.integers(0, 2**63 - 1)),
        sizes=tuple(sizes),
        acquisition=Acquisition(
            draw_one(st.integers(0, 12)), draw_one(_decimals("-0.5", "0", "1")), draw_one(_FACTORS)
        ),
        reactivation=Reactivation(draw_one(_decimals("0", "0.3", "1"))),
        plan_changes=tuple(PlanChange(a, b, draw_one(_CHANCES)) for a, b in pairs),
        price_changes=tuple(PriceChange(add_months(first, month), names[0], Decimal(month)) for month in months),
        usage=Usage(draw_one(_FACTORS)),
    )


@dataclass
class Life:
    """What happened, cell by cell; sizes are indices.

    Parameters
    ----------
    acquired : of each company, by id, the month and the size.
    changes : the company, the month and the size from then on.
    sessions : all rows of `raw.sessions`.
    books : of each month, size and figure.
    """

    acquired: dict[int, tuple[int, int]] = field(default_factory=dict)
    changes: list[tuple[int, int, int]] = field(default_factory=list)
    sessions: list[tuple[int, int, int]] = field(default_factory=list)
    books: dict[tuple[int, int, str], int] = field(default_factory=lambda: defaultdict(int))


def lived(scenario: Scenario) -> Life:
    """The rules of one company's life for every company, from the same draws."""
    life = Life()
    for cohort, companies in enumerate(scenario.acquired_companies):
        for place in range(-(-companies // 65_536)):
            number = place if cohort == 0 else 152_588 + 91 * (cohort - 1) + place
            first_id = 1 if cohort == 0 else (cohort + 1) * 10**10 + 1
            ids = range(first_id + place * 65_536, first_id + min((place + 1) * 65_536, companies))
            _live_block(scenario, cohort, number, ids, life)
    life.changes.sort(key=lambda change: (change[1], change[0]))
    life.sessions.sort()
    return life


def _live_block(scenario: Scenario, cohort: int, block: int, ids: range, life: Life) -> None:
    def drawn(purpose: Purpose, month: int = 0) -> list[float]:
        found: list[float] = draw(stream(scenario.seed, purpose, block, month), len(ids)).tolist()
        return found

    sizes = [_size(scenario, uniform) for uniform in drawn(Purpose.COMPANY_SIZE)]
    first_sizes, active = list(sizes), [False] * len(ids)
    life.acquired.update({company: (cohort, size) for company, size in zip(ids, sizes, strict=True)})
    for month in range(cohort, scenario.months):
        change, again, counts = (
            drawn(purpose, month) for purpose in (Purpose.PLAN_CHANGE, Purpose.REACTIVATION, Purpose.SESSION_COUNT)
        )
        times = _times(scenario, block, month)
        for position, company in enumerate(ids):
            before, is_new = sizes[position], month == cohort
            is_opening = is_new or active[position]
            if active[position]:
                sizes[position] = _changed(scenario, before, change[position])
                if sizes[position] != before:
                    life.changes.append((company, month, sizes[position]))
            asks = is_opening or Decimal(again[position]) < scenario.reactivation.probability
            law = scenario.sizes_in(month)[sizes[position]]
            sessions = _count(law, counts[position]) if asks else 0
            for number, created_at in islice(times, sessions):
                life.sessions.append((number, company, created_at))
            active[position] = sessions > 0
            held = first_sizes[position], before, sizes[position]
            _enter(life, month, held, is_new=is_new, is_opening=is_opening, sessions=sessions)
            if is_new:
                for later in range(month, scenario.months):
                    life.books[later, before, "acquired_companies"] += 1


def _size(scenario: Scenario, uniform: float) -> int:
    edge = 0.0
    for number, size in enumerate(scenario.sizes[:-1]):
        edge += size.share
        if uniform < edge:
            return number
    return len(scenario.sizes) - 1


def _changed(scenario: Scenario, size: int, uniform: float) -> int:
    names = [one.name for one in scenario.sizes]
    edge = Decimal(0)
    for change in scenario.plan_changes:
        if change.from_size == names[size]:
            edge += change.probability
            if Decimal(uniform) < edge:
                return names.index(change.to_size)
    return size


def _count(law: CompanySize, uniform: float) -> int:
    outcome = int(uniform * 2 * (law.spread + 1))
    minus, deviation = divmod(outcome, law.spread + 1)
    return law.base_sessions - deviation if minus else law.base_sessions + deviation


def _times(scenario: Scenario, block: int, month: int) -> Iterator[tuple[int, int]]:
    """The ids of a block's month, and when the sessions are, one after the other."""
    times = stream(scenario.seed, Purpose.SESSION_TIME, block, month)
    begins, ends = scenario.first_instant(month), scenario.first_instant(month + 1)
    number = (month << 42) + (block << 24)
    while True:
        number += 1
        yield number, begins + int(float(draw(times, 1)[0]) * (ends - begins))


def _enter(
    life: Life, month: int, sizes: tuple[int, int, int], *, is_new: bool, is_opening: bool, sessions: int
) -> None:
    first, before, now = sizes
    is_active = sessions > 0
    for name, size, is_one in (
        ("newly_acquired_companies", before, is_new),
        ("opening_companies", before, is_opening),
        ("churned_companies", before, is_opening and not is_active),
        ("kept_companies", before, is_opening and is_active),
        ("moved_out_companies", before, is_opening and is_active and before != now),
        ("moved_in_companies", now, is_opening and is_active and before != now),
        ("returned_companies", now, is_active and not is_opening),
        ("active_companies", now, is_active),
        ("active_of_acquired_companies", first, is_active),
    ):
        life.books[month, size, name] += is_one
    life.books[month, now, "sessions"] += sessions


def with_more(scenario: Scenario, months: int, companies: int) -> Scenario:
    """The scenario of one run that has what is added too."""
    return replace(scenario, months=scenario.months + months, companies=scenario.companies + companies)
