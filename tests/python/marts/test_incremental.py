"""Incremental equals full refresh: whatever is loaded in whatever order, a plain build has every month right.

It reads the months that a load has written since the last build, and no other.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from histories import COHORTS, MONTHS, SESSIONS, STEPS, History
from places import PREFIX, Place
from postgres_server import Database
from scratch import copy_project, replace_once
from warehouses import PROJECT, WITHOUT_TESTS

MACROS = "macros/months_to_read.sql"


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with an error in the middle of its incremental strategy."""
    folder = tmp_path_factory.mktemp("project") / "broken"
    return mistaken(folder, MACROS, "    insert into", "    select cast('x' as int);\n insert into")


def mistaken(folder: Path, file: str, old: str, new: str) -> Path:
    """The project with a mistake in one of its files."""
    copy_project(folder)
    replace_once(folder / file, old, new)
    return folder


@pytest.fixture
def history(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Iterator[History]:
    place = Place(request.param, tmp_path, database)
    yield History(place)
    place.drop_schemas()


in_both = pytest.mark.parametrize("history", ["duckdb", "postgres"], indirect=True)
in_duckdb = pytest.mark.parametrize("history", ["duckdb"], indirect=True)

loads = st.tuples(st.just("load"), st.integers(1, 40), st.integers(1, 14), st.integers(0, 99))
extensions = st.tuples(st.just("extend"), st.integers(0, 2), st.integers(0, 20)).filter(lambda step: any(step[1:]))
late_rows = st.tuples(st.just("withhold"), st.integers(0, 14), st.integers(1, 3))
others = st.sampled_from([("deliver",), ("build",), ("build",), ("fail",)])
steps = st.lists(loads | extensions | late_rows | others, min_size=2, max_size=7)


@in_both
@pytest.mark.slow("histories of every kind", keeps="test_incremental.py")
def test_after_any_history_a_plain_build_equals_a_full_refresh(history: History, broken: Path) -> None:
    # A history takes seconds: too long to look for a shorter one.
    @settings(max_examples=5, phases=[Phase.explicit, Phase.generate])
    @given(loads, steps)
    def holds(first: tuple[Any, ...], others: list[tuple[Any, ...]]) -> None:
        live_through(history, broken, [first, *others])

    holds()


def live_through(history: History, broken: Path, chosen: list[tuple[Any, ...]]) -> None:
    happens: dict[str, Callable[..., None]] = {
        "load": history.load,
        "extend": history.extend,
        "withhold": history.withhold,
        "deliver": history.deliver,
        "build": history.build,
        "fail": lambda: history.fail(broken),
    }
    history.written |= {date(1, 1, 1)}  # what an earlier example left is of no load that this one knows
    for name, *arguments in (*chosen, ("build",), ("deliver",), ("build",)):
        happens[name](*arguments)
    history.full_refresh()


def every_kind_of_load(history: History) -> None:
    history.load(40, 14, 1)
    history.build()
    history.withhold(1, 2)
    history.build()
    history.extend(1, 0)  # and what was withheld comes
    history.build()
    history.extend(0, 15)
    history.build_in_parts()
    history.build()
    history.load(20, 2, 2)
    history.build()


@in_both
def test_every_kind_of_load_is_followed_and_a_build_that_failed(history: History, broken: Path) -> None:
    every_kind_of_load(history)
    history.extend(1, 0)
    history.fail(broken)
    history.build()
    history.full_refresh()


MISTAKES = {
    "a stamp ignored": (
        MACROS,
        "where (period, loaded_at) not in (select period, loaded_at from {{ loaded_months }})",
        "where period not in (select period from {{ loaded_months }})",
    ),
    "the month after left out": (
        MACROS,
        "            or period in (select cast(period + ",
        "            or null in (select cast(period + ",
    ),
    "the first month left out": (MACROS, "run_query(months).rows)", "run_query(months).rows[1:])"),
    "the last month left out": (MACROS, "run_query(months).rows)", "run_query(months).rows[:-1])"),
    "all months read": (MACROS, "is_incremental()", "false"),
    "nothing removed": (
        MACROS,
        "    delete from {{ target }}\n    where ",
        "    delete from {{ target }}\n    where false and ",
    ),
    "all removed": (
        MACROS,
        "            or period in (select period from {{ arg_dict['temp_relation'] }})",
        "            or true",
    ),
    "the month after not removed": (
        MACROS,
        "            or period in (select period from {{ arg_dict['temp_relation'] }})",
        "            or false",
    ),
    "cohorts with the stamp of the load that is there and not of the one that was read": (
        f"models/intermediate/{COHORTS}.sql",
        "    select *\n    from {{ ref('int_company_months') }}",
        """
    select company_months.* replace (loaded_months.loaded_at as loaded_at)
    from {{ ref('int_company_months') }} as company_months
    inner join {{ ref('stg_loaded_months') }} as loaded_months using (period)
""",
    ),
    "months of acquisition from a table that may be older": (
        f"models/intermediate/{COHORTS}.sql",
        "select * from {{ input('stg_companies') }}",
        "select company_id, acquired_period as acquired_at from {{ ref('int_company_lifetimes') }}",
    ),
    "cohorts counted again in every month": (
        f"models/intermediate/{COHORTS}.sql",
        "where {{ 'period in (' ~ periods_of(months) ~ ')' if months else 'false' }}",
        "",
    ),
    "what is paid anew in no month but those that changed": (
        f"models/intermediate/{STEPS}.sql",
        """ ~ ('=' if months | length == 1 else '>=') ~ " cast('" ~ months[0][0] ~ "' as date)\"""",
        """ ~ 'in (' ~ periods_of(months) ~ ')'""",
    ),
    "what is paid anew in the first of them alone": (
        f"models/intermediate/{STEPS}.sql",
        "months | length == 1",
        "months | length >= 1",
    ),
}
another_mistake = pytest.mark.slow("another mistake")


@in_duckdb
@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        pytest.param(*change, id=name, marks=() if name == "the last month left out" else another_mistake)
        for name, change in MISTAKES.items()
    ],
)
def test_a_mistake_in_what_is_read_remembered_or_removed_is_noticed(
    history: History, file: str, old: str, new: str, tmp_path: Path
) -> None:
    history = replace(history, project=mistaken(tmp_path / "project", file, old, new))
    with pytest.raises(AssertionError):
        every_kind_of_load(history)


def test_each_mistake_is_one_that_the_code_as_it_is_could_have() -> None:
    for name, (file, old, _) in MISTAKES.items():
        assert (PROJECT / file).read_text().count(old) == 1, name


@pytest.mark.parametrize("history", ["postgres"], indirect=True)
@pytest.mark.parametrize(
    "is_there_first", [True, pytest.param(False, marks=pytest.mark.slow("one that comes between a load and the next"))]
)
def test_a_publication_of_all_tables_stops_no_load_and_no_build(history: History, *, is_there_first: bool) -> None:
    publish = "create publication everything for all tables"
    try:
        if is_there_first:
            history.place.execute(publish)
        history.load(20, 3, 1)
        history.build()
        if not is_there_first:
            history.place.execute(publish)
        history.extend(1, 10)
        history.build()
        assert history.warehouse(PROJECT).build(*WITHOUT_TESTS)
        history.full_refresh()
        history.load(20, 2, 3)
        history.build()
    finally:
        history.place.execute("drop publication if exists everything")


HOLDS_RAW = "assert_every_raw_session_was_read"
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
    history: History, changes: tuple[str, ...]
) -> None:
    history = replace(history, life={})
    history.load(20, 3, 1)
    warehouse = history.warehouse(PROJECT)
    assert warehouse.dbt("run", "--select", f"+{MONTHS}"), warehouse.messages
    for statements, months in (CHANGES[change] for change in changes):
        history.place.execute(*statements)
        assert not warehouse.build("--select", MONTHS, HOLDS_RAW)
        assert warehouse.red == {HOLDS_RAW}
        (compiled,) = warehouse.artifacts.glob(f"compiled/*/tests/singular/*/{HOLDS_RAW}.sql")
        assert {period for period, *_ in history.place.execute(compiled.read_text())} == months
        assert warehouse.dbt("run", "--full-refresh", "--select", SESSIONS)
        assert warehouse.dbt("test", "--select", HOLDS_RAW), warehouse.messages


UNIQUE = "assert_sessions_have_unique_ids"


# PostgreSQL's key lets no session in twice.
@in_duckdb
def test_a_month_that_was_bad_when_it_was_read_is_red_in_every_build_until_it_is_loaded_anew(history: History) -> None:
    history = replace(history, life={})
    history.load(20, 3, 1)
    warehouse = history.warehouse(PROJECT)
    build = ("--indirect-selection", "cautious", "--select", f"+{MONTHS}", UNIQUE, HOLDS_RAW)
    load_anew = "update {raw}.loaded_months set loaded_at = loaded_at + interval '1 second' where period = '2021-02-01'"
    february = "created_at >= timestamp '2021-02-01' and created_at < timestamp '2021-03-01'"
    history.place.execute(f"insert into {{raw}}.sessions select * from {{raw}}.sessions where {february}", load_anew)
    for _ in range(2):
        assert not warehouse.build(*build)
        assert warehouse.red == {UNIQUE}
        assert warehouse.statuses[MONTHS] == "skipped"
    history.place.execute(f"create table {{raw}}.late as select distinct * from {{raw}}.sessions where {february}")
    history.place.execute(
        f"delete from {{raw}}.sessions where {february}",
        "insert into {raw}.sessions select * from {raw}.late",
        "drop table {raw}.late",
    )
    # What a stranger mends is not known to be right before a load says so.
    assert not warehouse.build(*build)
    assert warehouse.red == {UNIQUE, HOLDS_RAW}
    history.place.execute(load_anew)
    assert warehouse.build(*build), warehouse.messages


@in_both
@pytest.mark.parametrize(
    "change",
    ["drop column sessions", pytest.param("add column session_minutes bigint", marks=pytest.mark.slow("one more"))],
)
def test_a_table_that_an_older_version_made_with_other_columns_is_made_anew(history: History, change: str) -> None:
    history.load(20, 3, 1)
    warehouse = history.warehouse(PROJECT)
    table = f"{PREFIX}intermediate.{MONTHS}"
    made_by_now = f"select * from {table} order by company_id, period"
    assert warehouse.dbt("run", "--select", f"+{MONTHS}"), warehouse.messages
    before = history.place.execute(made_by_now)
    history.place.execute(f"alter table {table} {change}")
    assert warehouse.dbt("run", "--select", MONTHS), warehouse.messages
    assert history.place.execute(made_by_now) == before
