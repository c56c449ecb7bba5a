"""What companies pay follows every load: a plain build has all months right from the first one that was read anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lives import ALL_KINDS
from places import PREFIX, Place
from postgres_server import Database
from scratch import copy_project, replace_once
from seed_generator.scenario import Scenario
from warehouses import PROJECT, Warehouse

MODELS = ("+int_mrr_steps",)
STEPS = f"select * from {PREFIX}intermediate.int_mrr_steps"
# A step adds up companies; what each of them pays is a view, which knows nothing of increments.
EXPECTED = f"""
select
    company_mrr.period, movement, company_size, company_size_1m, company_size_12m, count(*), sum(mrr), sum(mrr_1m),
    sum(least(mrr, mrr_1m)), sum(least(mrr, mrr_12m)), loaded_at
from {PREFIX}intermediate.int_company_mrr as company_mrr
inner join {{raw}}.loaded_months on company_mrr.period = loaded_months.period
group by 1, 2, 3, 4, 5, 11
"""
LATE = "date_trunc('month', created_at) = '{period}' and company_id % {every} = 0"


class Company:
    """A place with a life of all kinds, and the models of what its companies pay."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.project = PROJECT
        self.scenario = Scenario()
        self.withheld: str | None = None

    def load(self, companies: int, months: int, seed: int) -> None:
        self.scenario = Scenario(companies=companies, months=months, seed=seed, **ALL_KINDS)
        self.place.load(self.scenario)
        self.place.execute("drop table if exists {raw}.late")
        self.withheld = None

    def extend(self, months: int, companies: int) -> None:
        self.deliver()
        self.scenario = self.place.extend(months, companies)

    def withhold(self, month: int, every: int) -> None:
        """A month was loaded without some of its sessions."""
        self.deliver()
        self.withheld = str(self.scenario.periods[month % self.scenario.months])
        where = LATE.format(period=self.withheld, every=every)
        self.place.execute(
            f"create table {{raw}}.late as select * from {{raw}}.sessions where {where}",
            f"delete from {{raw}}.sessions where {where}",
        )
        self._stamp(self.withheld)

    def deliver(self) -> None:
        """It is loaded anew, with all of them."""
        if self.withheld:
            self.place.execute("insert into {raw}.sessions select * from {raw}.late", "drop table {raw}.late")
            self._stamp(self.withheld)
            self.withheld = None

    def build(self, *options: str) -> None:
        place = self.place
        file = place.file if place.kind == "duckdb" else None
        artifacts = place.folder / f"artifacts of {self.project.name}"
        warehouse = Warehouse(place.kind, place.environment, artifacts, place.database, file, self.project)
        assert warehouse.dbt("run", "--select", *MODELS, *options), warehouse.messages
        assert self.steps() == in_order(place.execute(EXPECTED))

    def steps(self) -> list[Any]:
        return in_order(self.place.execute(STEPS))

    def _stamp(self, period: str) -> None:
        self.place.execute(
            f"update {{raw}}.loaded_months set loaded_at = now() at time zone 'UTC' where period = '{period}'"
        )


def in_order(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: tuple(map(str, row[:5])))


@pytest.fixture
def company(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Iterator[Company]:
    place = Place(request.param, tmp_path, database)
    yield Company(place)
    place.drop_schemas()


def follow_every_kind_of_load(company: Company) -> None:
    company.load(40, 14, 1)
    company.build()
    company.extend(1, 0)
    company.build()
    company.withhold(1, 2)
    company.build()
    company.deliver()
    company.build()
    company.extend(0, 15)
    company.build()
    company.load(20, 2, 3)
    company.build()


in_both = pytest.mark.parametrize("company", ["duckdb", "postgres"], indirect=True)


@in_both
def test_what_companies_pay_follows_every_kind_of_load(company: Company) -> None:
    follow_every_kind_of_load(company)
    before = company.steps()
    company.build("--full-refresh")
    assert company.steps() == before


loads = st.tuples(st.just("load"), st.integers(1, 40), st.integers(1, 15), st.integers(0, 99))
steps = st.lists(
    loads
    | st.tuples(st.just("extend"), st.integers(0, 2), st.integers(0, 20)).filter(lambda step: any(step[1:]))
    | st.tuples(st.just("withhold"), st.integers(0, 14), st.integers(1, 3))
    | st.sampled_from([("deliver",), ("build",), ("build",)]),
    min_size=2,
    max_size=7,
)


@in_both
@pytest.mark.slow("histories of every kind", keeps="test_incremental_subscriptions.py")
def test_after_any_history_of_loads_what_companies_pay_is_right(company: Company) -> None:
    @settings(max_examples=2, phases=[Phase.explicit, Phase.generate])  # a history takes too long to be made shorter
    @given(loads, steps)
    def holds(first: tuple[Any, ...], history: list[tuple[Any, ...]]) -> None:
        for name, *arguments in (first, *history, ("build",), ("deliver",), ("build",)):
            getattr(company, name)(*arguments)

    holds()


MISTAKES = {
    "only the months that changed": (
        """ ~ ('=' if months | length == 1 else '>=') ~ " cast('" ~ months[0][0] ~ "' as date)\"""",
        """ ~ 'in (' ~ periods_of(months) ~ ')'""",
    ),
    "only the first of them": ("months | length == 1", "months | length >= 1"),
}


@pytest.mark.parametrize("company", ["duckdb"], indirect=True)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(*change, id=name, marks=() if name == next(iter(MISTAKES)) else pytest.mark.slow("more mistakes"))
        for name, change in MISTAKES.items()
    ],
)
def test_a_mistake_in_what_is_paid_anew_is_noticed(company: Company, old: str, new: str, tmp_path: Path) -> None:
    company.project = tmp_path / "project"
    copy_project(company.project)
    replace_once(company.project / "models" / "intermediate" / "int_mrr_steps.sql", old, new)
    with pytest.raises(AssertionError):
        follow_every_kind_of_load(company)
