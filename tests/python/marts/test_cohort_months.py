"""Cohorts follow every load, in a build of all or of parts, and only months that have changed are counted again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lives import ALL_KINDS
from places import PREFIX, Place
from postgres_server import Database
from scratch import copy_project, replace_once
from seed_generator.scenario import Scenario
from warehouses import PROJECT, Warehouse

MODEL = "models/intermediate/int_cohort_months.sql"
MARTS = ("fct_cohorts", "fct_survival")
SCENARIO = Scenario(companies=40, months=4, seed=8, **ALL_KINDS)
# What the model must hold, from the raw rows at once.
EXPECTED = """
with company_months as (
    select distinct company_id, cast(date_trunc('month', created_at) as date) as period from {raw}.sessions
)
select
    company_months.period, cast(companies.created_at as date), companies.company_size,
    coalesce(plan_changes.company_size, companies.company_size), count(*), loaded_at
from company_months
inner join {raw}.companies on company_months.company_id = companies.company_id
inner join {raw}.loaded_months on company_months.period = loaded_months.period
left join {raw}.plan_changes
    on plan_changes.company_id = company_months.company_id and plan_changes.period = (
        select max(period) from {raw}.plan_changes as until
        where until.company_id = company_months.company_id and until.period <= company_months.period
    )
group by 1, 2, 3, 4, 6
"""
COLUMNS = "period, acquired_period, acquired_company_size, company_size, active_companies, loaded_at"
SECOND = "created_at >= timestamp '2021-02-01' and created_at < timestamp '2021-03-01'"
STAMP = "update {raw}.loaded_months set loaded_at = now() at time zone 'UTC' where period = date '2021-02-01'"


@dataclass
class Company:
    """A place with its dbt warehouse, of which parts are built."""

    place: Place
    project: Path = PROJECT

    @property
    def warehouse(self) -> Warehouse:
        file = self.place.file if self.place.kind == "duckdb" else None
        artifacts = self.place.folder / "artifacts"
        return Warehouse(self.place.kind, self.place.environment, artifacts, self.place.database, file, self.project)

    def run(self, *models: str, options: tuple[str, ...] = ()) -> None:
        warehouse = self.warehouse
        assert warehouse.dbt("run", "--select", *models, *options), warehouse.messages

    def run_all(self, *options: str) -> None:
        self.run(*(f"+{mart}" for mart in MARTS), options=options)

    def counted(self) -> list[tuple[Any, ...]]:
        return sorted(self.place.execute(f"select {COLUMNS} from {PREFIX}intermediate.int_cohort_months"))

    def is_right(self) -> bool:
        return self.counted() == sorted(self.place.execute(EXPECTED))

    def marts(self) -> list[list[tuple[Any, ...]]]:
        return [sorted(self.place.execute(f"select * from {PREFIX}marts.{mart}")) for mart in MARTS]

    def months_counted(self) -> set[date]:
        """In the last run, which was an increment."""
        (compiled,) = self.warehouse.artifacts.glob(f"compiled/*/{MODEL}")
        days = re.findall(r"cast\(cast\('(.+?)' as date\)", compiled.read_text())
        return {date.fromisoformat(day) for day in days}


@pytest.fixture
def company(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Iterator[Company]:
    place = Place(request.param, tmp_path, database)
    yield Company(place)
    place.drop_schemas()


def follow_every_kind_of_load(company: Company) -> None:
    place = company.place
    place.load(SCENARIO)
    company.run_all()
    assert company.is_right()
    place.extend(months=1, companies=0)
    run_cohorts_a_load_ahead(company)
    assert company.is_right()
    # The lifetimes and the prices are a load behind.
    place.extend(months=0, companies=15)
    company.run("int_company_months", "int_cohort_months")
    assert company.is_right()
    company.run("int_company_months", "int_cohort_months")
    assert company.months_counted() == set()
    # A month is loaded anew: first with few of its sessions, then with all.
    place.execute(
        f"create table {{raw}}.late as select * from {{raw}}.sessions where {SECOND} and company_id % 3 > 0",
        f"delete from {{raw}}.sessions where {SECOND} and company_id % 3 > 0",
        STAMP,
    )
    run_cohorts_a_load_ahead(company)
    assert company.is_right()
    assert company.months_counted() == {date(2021, 2, 1), date(2021, 3, 1)}
    place.execute("insert into {raw}.sessions select * from {raw}.late", "drop table {raw}.late", STAMP)
    company.run_all()
    assert company.is_right()
    assert_marts_are_those_of_a_full_refresh(company)
    # Another simulation with fewer months.
    place.load(Scenario(companies=20, months=2, seed=9))
    company.run_all()
    assert company.is_right()
    assert_marts_are_those_of_a_full_refresh(company)


def run_cohorts_a_load_ahead(company: Company) -> None:
    """Of what they read, the months of the companies, the last load is not there at first; they remember it."""
    for model in ("int_cohort_months", "int_company_months", "int_cohort_months"):
        company.run(model)


def assert_marts_are_those_of_a_full_refresh(company: Company) -> None:
    before = company.counted(), company.marts()
    company.run_all("--full-refresh")
    assert (company.counted(), company.marts()) == before


@pytest.mark.parametrize("company", ["duckdb", "postgres"], indirect=True)
def test_cohorts_follow_every_kind_of_load(company: Company) -> None:
    follow_every_kind_of_load(company)


MISTAKES = {
    "the stamp of the load that is there and not of the one that was read": (
        "    select *\n    from {{ ref('int_company_months') }}",
        """
    select company_months.* replace (loaded_months.loaded_at as loaded_at)
    from {{ ref('int_company_months') }} as company_months
    inner join {{ ref('stg_loaded_months') }} as loaded_months using (period)
""",
    ),
    "months of acquisition from a table that may be older": (
        "select * from {{ ref('stg_companies') }}",
        "select company_id, acquired_period as acquired_at from {{ ref('int_company_lifetimes') }}",
    ),
    "every month counted again": ("where {{ 'period in (' ~ periods_of(months) ~ ')' if months else 'false' }}", ""),
}


@pytest.mark.parametrize("company", ["duckdb"], indirect=True)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(*change, id=name, marks=() if name == next(iter(MISTAKES)) else pytest.mark.slow("more mistakes"))
        for name, change in MISTAKES.items()
    ],
)
def test_a_mistake_in_what_cohorts_remember_or_read_is_noticed(
    company: Company, old: str, new: str, tmp_path: Path
) -> None:
    company.project = tmp_path / "project"
    copy_project(company.project)
    replace_once(company.project / MODEL, old, new)
    with pytest.raises(AssertionError):
        follow_every_kind_of_load(company)
