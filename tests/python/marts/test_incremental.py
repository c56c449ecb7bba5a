"""Incremental equals full refresh: whatever is loaded in whatever order, a plain build has every month right.

It reads the months that a load has written since the last build, and no other.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from places import PREFIX, Place
from postgres_server import Database
from scratch import copy_project, replace_once
from seed_generator.scenario import Scenario, add_months
from warehouses import PROJECT, WITHOUT_TESTS, Warehouse

MACROS = "macros/months_to_read.sql"
INCREMENT = ("--select", "int_company_months")
WITH_STAGING = ("--select", "+int_company_months")

# What the model must hold, from the raw rows at once. In these scenarios nobody changes a plan.
EXPECTED = """
with company_months as (
    select sessions.company_id, period, company_size, companies.created_at, count(*) as sessions, loaded_at
    from {raw}.sessions
    inner join {raw}.loaded_months on period = cast(date_trunc('month', sessions.created_at) as date)
    inner join {raw}.companies on sessions.company_id = companies.company_id
    group by sessions.company_id, period, company_size, companies.created_at, loaded_at
)
select company_id, period, company_size, sessions, loaded_at,
    case when created_at = period or exists (
        select 1 from company_months as before
        where before.company_id = company_months.company_id
        and before.period = company_months.period - interval '1 month'
    ) then company_size end
from company_months
"""
SILENT = """
select period from {raw}.loaded_months
where period not in (select cast(date_trunc('month', created_at) as date) from {raw}.sessions)
"""
COLUMNS = "company_id, period, company_size, sessions, loaded_at, opening_company_size"
FOUND = f"select {COLUMNS} from {PREFIX}intermediate.int_company_months"


@dataclass
class Company:
    """A place with its dbt warehouse, and what happens there."""

    place: Place
    project: Path = PROJECT
    scenario: Scenario = field(default_factory=Scenario)
    withheld: list[str] = field(default_factory=list)
    written: set[date] = field(default_factory=set)

    def warehouse(self, project: Path) -> Warehouse:
        place = self.place
        file = place.file if place.kind == "duckdb" else None
        # A folder of artifacts for each project: dbt parses it once, then again only what has changed.
        artifacts = place.folder / f"artifacts of {project.name}"
        return Warehouse(place.kind, place.environment, artifacts, place.database, file, project)

    def load(self, companies: int, months: int, seed: int) -> None:
        self.scenario = Scenario(companies=companies, months=months, seed=seed)
        self.place.load(self.scenario)
        self.place.execute("drop table if exists {raw}.late")
        self.withheld.clear()
        self.written = set(self.scenario.periods)

    def extend(self, months: int, companies: int) -> None:
        self.deliver()
        before = set(self.scenario.periods)
        self.scenario = self.place.extend(months, companies)
        self.written |= set(self.scenario.periods) - (set() if companies else before)

    def withhold(self, month: int, every: int) -> None:
        """Some sessions of a month do not come with the load that should bring them."""
        period = self.scenario.periods[month % self.scenario.months]
        if self.written >= {period} and not self.withheld:
            where = f"date_trunc('month', created_at) = '{period}' and company_id % {every} = 0"
            self.place.execute(
                f"create table {{raw}}.late as select * from {{raw}}.sessions where {where}",
                f"delete from {{raw}}.sessions where {where}",
            )
            self.withheld.append(str(period))

    def deliver(self) -> None:
        """They come with another load, which stamps their month."""
        for period in self.withheld:
            self.place.execute(
                "insert into {raw}.sessions select * from {raw}.late",
                "drop table {raw}.late",
                f"update {{raw}}.loaded_months set loaded_at = now() at time zone 'UTC' where period = '{period}'",
            )
            self.written.add(date.fromisoformat(period))
        self.withheld.clear()

    def build(self) -> None:
        """A plain build: it reads what was written since, and the model then is what a full refresh makes of it."""
        warehouse = self.warehouse(self.project)
        # Staging is views, which stay as they are.
        assert warehouse.dbt("run", *(INCREMENT if self.has_been_built() else WITH_STAGING)), warehouse.messages
        # No row can remember that a month without a session was read; to look again costs nothing. The month after one
        # that is read tells of it too.
        silent = {date.fromisoformat(str(period)) for (period,) in self.place.execute(SILENT)}
        after = {add_months(period, 1) for period in self.written | silent} & set(self.scenario.periods)
        assert self.months_read(warehouse) - silent == (self.written | after) - silent
        assert self.rows() == sorted(self.place.execute(EXPECTED), key=_in_order)
        self.written.clear()

    def fail(self, broken: Path) -> None:
        """A build that fails after it has removed what is outdated and before it has brought what is new."""
        warehouse = self.warehouse(broken)
        if self.has_been_built():
            assert not warehouse.dbt("run", *INCREMENT)
            assert warehouse.statuses["int_company_months"] == "error"

    def has_been_built(self) -> bool:
        tables = "select * from information_schema.tables where table_name = 'int_company_months'"
        return bool(self.place.execute(f"{tables} and table_schema = '{PREFIX}intermediate'"))

    def rows(self) -> list[Any]:
        return sorted(self.place.execute(FOUND), key=_in_order)

    @staticmethod
    def months_read(warehouse: Warehouse) -> set[date]:
        (compiled,) = warehouse.artifacts.glob("compiled/*/models/intermediate/int_company_months.sql")
        return {
            date.fromisoformat(day) for day in re.findall(r"cast\('(.+)' as date\) as period", compiled.read_text())
        }

    def full_refresh(self) -> None:
        before = self.rows()
        assert self.warehouse(self.project).dbt("run", "--full-refresh", *INCREMENT)
        assert self.rows() == before


def _in_order(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return row[:2]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with an error in the middle of its incremental strategy."""
    return mutant(
        tmp_path_factory.mktemp("project") / "broken", "    insert into", "    select cast('x' as int);\n insert into"
    )


def mutant(folder: Path, old: str, new: str) -> Path:
    """The project with a mistake in the macros of its months."""
    copy_project(folder)
    replace_once(folder / MACROS, old, new)
    return folder


@pytest.fixture
def company(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Iterator[Company]:
    place = Place(request.param, tmp_path, database)
    yield Company(place)
    place.drop_schemas()


in_both = pytest.mark.parametrize("company", ["duckdb", "postgres"], indirect=True)
in_duckdb = pytest.mark.parametrize("company", ["duckdb"], indirect=True)

loads = st.tuples(st.just("load"), st.integers(1, 60), st.integers(1, 5), st.integers(0, 99))
extensions = st.tuples(st.just("extend"), st.integers(0, 2), st.integers(0, 20)).filter(lambda step: any(step[1:]))
late_rows = st.tuples(st.just("withhold"), st.integers(0, 4), st.integers(1, 3))
others = st.sampled_from([("deliver",), ("build",), ("build",), ("fail",)])
histories = st.lists(loads | extensions | late_rows | others, min_size=2, max_size=7)


@in_both
@pytest.mark.slow("histories of every kind", keeps="test_incremental.py")
def test_after_any_history_a_plain_build_equals_a_full_refresh(company: Company, broken: Path) -> None:
    @settings(
        max_examples=12,
        # A history takes seconds: too long to look for a shorter one.
        phases=[Phase.explicit, Phase.generate],
    )
    @given(loads, histories)
    def holds(first: tuple[Any, ...], history: list[tuple[Any, ...]]) -> None:
        live_through(company, broken, [first, *history])

    holds()


def live_through(company: Company, broken: Path, history: list[tuple[Any, ...]]) -> None:
    steps: dict[str, Callable[..., None]] = {
        "load": company.load,
        "extend": company.extend,
        "withhold": company.withhold,
        "deliver": company.deliver,
        "build": company.build,
        "fail": lambda: company.fail(broken),
    }
    company.written |= {date(1, 1, 1)}  # what an earlier example left is of no load that this one knows
    for name, *arguments in (*history, ("build",), ("deliver",), ("build",)):
        steps[name](*arguments)
    company.full_refresh()


def every_kind_of_load(company: Company) -> None:
    company.load(30, 3, 1)
    company.build()
    company.extend(2, 0)
    company.build()
    company.build()
    company.extend(0, 10)
    company.build()
    company.load(20, 2, 2)
    company.withhold(0, 2)
    company.build()
    company.deliver()
    company.build()


@in_both
def test_every_kind_of_load_is_followed_and_a_build_that_failed(company: Company, broken: Path) -> None:
    every_kind_of_load(company)
    company.extend(1, 0)
    company.fail(broken)
    company.build()
    company.full_refresh()


MUTANTS = {
    "a stamp ignored": (
        "where (period, loaded_at) not in (select period, loaded_at from {{ loaded_months }})",
        "where period not in (select period from {{ loaded_months }})",
    ),
    "the month after left out": (
        "            or period in (select cast(period + ",
        "            or null in (select cast(period + ",
    ),
    "the first month left out": ("run_query(months).rows)", "run_query(months).rows[1:])"),
    "the last month left out": ("run_query(months).rows)", "run_query(months).rows[:-1])"),
    "all months read": ("is_incremental()", "false"),
    "nothing removed": (
        "    delete from {{ target }}\n    where ",
        "    delete from {{ target }}\n    where false and ",
    ),
    "all removed": (
        "            or period in (select period from {{ arg_dict['temp_relation'] }})",
        "            or true",
    ),
    "the month after not removed": (
        "            or period in (select period from {{ arg_dict['temp_relation'] }})",
        "            or false",
    ),
}


another_mistake = pytest.mark.slow("another mistake")


@in_duckdb
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(*change, id=name, marks=() if name == "a stamp ignored" else another_mistake)
        for name, change in MUTANTS.items()
    ],
)
def test_a_mistake_in_what_is_read_or_removed_is_noticed(company: Company, old: str, new: str, tmp_path: Path) -> None:
    company = replace(company, project=mutant(tmp_path / "project", old, new))
    with pytest.raises(AssertionError):
        every_kind_of_load(company)


@in_both
def test_the_marts_follow_every_load_and_all_tests_stay_green(company: Company) -> None:
    warehouse = company.warehouse(PROJECT)
    company.load(60, 3, 1)
    assert warehouse.dbt("run"), warehouse.messages
    company.load(30, 2, 2)
    assert warehouse.dbt("run"), warehouse.messages
    company.extend(1, 7)
    assert warehouse.build(), warehouse.messages
    months = company.place.execute(f"select count(distinct period) from {PREFIX}marts.fct_revenue")
    assert months == [(3,)]


@pytest.mark.parametrize("company", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "is_there_first", [True, pytest.param(False, marks=pytest.mark.slow("one that comes between a load and the next"))]
)
def test_a_publication_of_all_tables_stops_no_load_and_no_build(company: Company, *, is_there_first: bool) -> None:
    publish = "create publication everything for all tables"
    try:
        if is_there_first:
            company.place.execute(publish)
        company.load(20, 3, 1)
        company.build()
        if not is_there_first:
            company.place.execute(publish)
        company.extend(1, 0)
        company.build()
        company.extend(0, 10)
        company.build()
        company.load(20, 2, 2)
        company.build()
        assert company.warehouse(PROJECT).build(*WITHOUT_TESTS)
        company.full_refresh()
        company.load(20, 3, 3)
        company.build()
    finally:
        company.place.execute("drop publication if exists everything")


HOLDS_RAW = "assert_company_months_hold_every_raw_session"
FIRST = "(select min(session_id) from {raw}.sessions where created_at < timestamp '2021-02-01')"
LAST = "(select max(session_id) from {raw}.sessions where created_at >= timestamp '2021-03-01')"
# Changes of raw.sessions outside of a load, and the months that then are wrong.
CHANGES = {
    "a session given to another company": (
        [f"update {{raw}}.sessions set company_id = 21 - company_id where session_id = {FIRST}"],
        {date(2021, 1, 1)},
    ),
    "a session moved to another month": (
        [f"update {{raw}}.sessions set created_at = timestamp '2021-02-15 12:00:00' where session_id = {FIRST}"],
        {date(2021, 1, 1), date(2021, 2, 1)},
    ),
    "a session deleted, and brought again late for another company": (
        [
            f"create table {{raw}}.late as select * from {{raw}}.sessions where session_id = {LAST}",
            f"delete from {{raw}}.sessions where session_id = {LAST}",
            "insert into {raw}.sessions select session_id, 21 - company_id, created_at from {raw}.late",
            "drop table {raw}.late",
        ],
        {date(2021, 3, 1)},
    ),
    "two sessions that exchanged their months": (
        [
            f"""
            update {{raw}}.sessions set created_at = case
                when created_at < timestamp '2021-02-01' then timestamp '2021-03-15 12:00:00'
                else timestamp '2021-01-15 12:00:00'
            end
            where session_id in ({FIRST}, {LAST})
            """
        ],
        {date(2021, 1, 1), date(2021, 3, 1)},
    ),
}


@in_both
@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(names, marks=marks, id=", ".join(names))
        for names, marks in ((tuple(CHANGES)[:1], ()), (tuple(CHANGES)[1:], pytest.mark.slow("other changes")))
    ],
)
def test_a_change_of_the_sessions_outside_of_a_load_turns_the_next_build_red_and_names_the_month(
    company: Company, changes: tuple[str, ...]
) -> None:
    company.load(20, 3, 1)
    warehouse = company.warehouse(PROJECT)
    assert warehouse.dbt("run", *WITH_STAGING), warehouse.messages
    for statements, months in (CHANGES[change] for change in changes):
        company.place.execute(*statements)
        assert not warehouse.build("--select", "int_company_months", HOLDS_RAW)
        assert warehouse.red == {HOLDS_RAW}
        (compiled,) = warehouse.artifacts.glob(f"compiled/*/tests/singular/{HOLDS_RAW}.sql")
        assert {period for period, *_ in company.place.execute(compiled.read_text())} == months
        assert warehouse.dbt("run", "--full-refresh", *INCREMENT)
        assert warehouse.dbt("test", "--select", HOLDS_RAW), warehouse.messages


@in_both
def test_a_table_that_an_older_version_made_without_a_column_is_made_anew(company: Company) -> None:
    company.load(20, 3, 1)
    company.build()
    company.place.execute(f"alter table {PREFIX}intermediate.int_company_months drop column session_ids_checksum")
    company.written = set(company.scenario.periods)  # all months are read once more
    company.build()
    company.build()
    assert company.warehouse(PROJECT).build(*WITHOUT_TESTS)
