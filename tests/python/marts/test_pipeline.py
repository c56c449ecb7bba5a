"""End to end on both engines: seed, `dbt build`, and the marts against an independent computation from the raw rows."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from kpis_in_python import KEYS, MOVEMENTS, PAGE_KPIS, actual_marts, differences, expected_marts
from subscriptions_in_python import AMOUNTS, COUNTS, RATES
from unit_tests import unit_tests
from warehouses import RAW, THREE_SIZES, WITH_UNIT_TESTS, Warehouse

# Each load finds the one before it: more and fewer months and companies, another calendar, other sizes.
SCENARIOS = {
    "default": (),
    "one company, silent from the first month": ("--companies", "1", "--seed", "3"),
}
MORE_SCENARIOS = {
    "three sizes": ("--scenario", str(THREE_SIZES)),
    "sizes that die out": ("--companies", "3", "--months", "40"),
    "another seed": ("--seed", "20240229"),
    "one company": ("--companies", "1", "--seed", "1"),
    "leap February first": ("--companies", "60", "--first-month", "2020-02", "--months", "3"),
    "one month": ("--months", "1"),
}
# They bring rows of their own, so each engine runs them once, and a plain build none of them.
UNIT_TESTS = unit_tests().keys()
another_scenario = pytest.mark.slow("another scenario")


@pytest.mark.parametrize(
    "options",
    [
        *(pytest.param(options, id=name) for name, options in SCENARIOS.items()),
        *(pytest.param(options, id=name, marks=another_scenario) for name, options in MORE_SCENARIOS.items()),
    ],
)
def test_marts_equal_a_computation_in_python(
    warehouse: Warehouse, options: Sequence[str], request: pytest.FixtureRequest
) -> None:
    warehouse.fill(*options)
    expected = expected_marts(warehouse)
    assert expected["rpt_monthly_kpis"]
    if "silent" in request.node.callspec.id:
        assert warehouse.query("select count(*) from raw.sessions") == [(0,)]
    assert differences(expected, actual_marts(warehouse)) == []


@pytest.mark.slow("scenarios without a life", keeps="test_life.py")
@pytest.mark.parametrize("options", (SCENARIOS | MORE_SCENARIOS).values(), ids=SCENARIOS | MORE_SCENARIOS)
def test_every_data_test_is_green_and_no_unit_test_is_run(warehouse: Warehouse, options: Sequence[str]) -> None:
    assert warehouse.seed(*options).returncode == 0
    built = warehouse.build()
    assert built, {name: status for name, status in warehouse.statuses.items() if status != "pass"}
    assert UNIT_TESTS & set(warehouse.statuses) == set()


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def small(request: pytest.FixtureRequest) -> Warehouse:
    """Each engine in turn, with a few companies, for tests that only read."""
    warehouse: Warehouse = request.getfixturevalue(f"{request.param}_warehouse")
    _build_small(warehouse)
    return warehouse


def test_every_unit_test_holds(small: Warehouse, tmp_path: Path) -> None:
    warehouse = replace(small, artifacts=tmp_path)  # dbt parses all anew where a variable changes
    assert warehouse.dbt("test", "--select", "test_type:unit", *WITH_UNIT_TESTS), warehouse.messages
    assert set(warehouse.statuses) == UNIT_TESTS


@pytest.mark.parametrize("options", [(), pytest.param(("--companies", "3", "--months", "40"), marks=another_scenario)])
def test_both_engines_hold_the_same_rows(
    duckdb_warehouse: Warehouse, postgres_warehouse: Warehouse, options: Sequence[str]
) -> None:
    for warehouse in (duckdb_warehouse, postgres_warehouse):
        assert warehouse.seed(*options).returncode == 0
    for table in RAW:
        assert duckdb_warehouse.table(table) == postgres_warehouse.table(table), table


@pytest.mark.slow("the marts of both, which follow from their rows", keeps="test_pipeline.py")
def test_both_engines_hold_the_same_marts(duckdb_warehouse: Warehouse, postgres_warehouse: Warehouse) -> None:
    for warehouse in (duckdb_warehouse, postgres_warehouse):
        warehouse.fill()
    assert differences(actual_marts(duckdb_warehouse), actual_marts(postgres_warehouse)) == []


COLUMN_TYPES = {
    "period": "date",
    "company_size": "text",
    "company_name": "text",
    "company_id": "bigint",
    "sessions": "bigint",
    **dict.fromkeys(("acquired_companies", "opening_companies", "churned_companies", "active_companies"), "bigint"),
    **dict.fromkeys((*MOVEMENTS, "active_months", "reactivations", "plan_changes"), "bigint"),
    "current_company_size": "text",
    **dict.fromkeys(("retention_rate", "churn_rate", "cohort_retention_rate"), "numeric(18,8)"),
    "avg_sessions_per_company": "numeric(18,8)",
    **{f"{kpi}_{end}": "numeric(28,8)" for kpi in PAGE_KPIS for end in ("lower_95", "upper_95")},
    **dict.fromkeys(("cells_as_in_the_books", "cells_in_the_books", "seed"), "bigint"),
    "monthly_price": "numeric(10,2)",
    **dict.fromkeys(("revenue", "lifetime_revenue"), "numeric(18,2)"),
    **dict.fromkeys(("acquired_period", "first_active_period", "last_active_period", "churned_period"), "date"),
    **dict.fromkeys(
        (*AMOUNTS, *(f"{part}_mrr_{ago}" for part in ("opening", "kept", "capped") for ago in ("1m", "12m"))),
        "numeric(18,2)",
    ),
    **dict.fromkeys(COUNTS.values(), "bigint"),
    **dict.fromkeys(RATES, "numeric(18,8)"),
    **dict.fromkeys(("quick_ratio", "lifetime_value"), "numeric(28,8)"),
    "cohort_period": "date",
    **dict.fromkeys(("age_months", "companies_at_risk", "censored_companies"), "bigint"),
    "survival_rate": "numeric(18,8)",
    "cumulative_revenue": "numeric(18,2)",
}


def test_mart_columns_have_the_types_that_bi_tools_want(small: Warehouse) -> None:
    if small.file:
        found = small.query(
            "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts'"
        )
        names = {"varchar": "text", "decimal": "numeric"}
        found = [(table, column, _renamed(type_.lower(), names)) for table, column, type_ in found]
    else:
        found = small.query(
            "select relname, attname, format_type(atttypid, atttypmod) from pg_attribute"
            " join pg_class on pg_class.oid = attrelid where relnamespace = 'marts'::regnamespace and attnum > 0"
            " and relkind = 'r'"
        )
    assert {table for table, _, _ in found} == set(KEYS)
    assert {(table, column, type_) for table, column, type_ in found if COLUMN_TYPES[column] != type_} == set()


def test_every_mart_and_column_carries_a_comment_in_the_catalog(small: Warehouse) -> None:
    if small.file:
        tables = small.query("select table_name, comment from duckdb_tables() where schema_name = 'marts'")
        columns = small.query("select column_name, comment from duckdb_columns() where schema_name = 'marts'")
    else:
        tables = small.query(
            "select relname, obj_description(oid, 'pg_class') from pg_class"
            " where relnamespace = 'marts'::regnamespace and relkind = 'r'"
        )
        columns = small.query(
            "select attname, col_description(attrelid, attnum) from pg_attribute"
            " join pg_class on pg_class.oid = attrelid"
            " where relnamespace = 'marts'::regnamespace and relkind = 'r' and attnum > 0"
        )
    assert len(tables) == len(KEYS)
    assert len(columns) > 30
    assert [name for name, comment in [*tables, *columns] if not comment] == []


def test_a_time_zone_of_the_session_moves_nothing(
    postgres_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert postgres_warehouse.seed("--companies", "40").returncode == 0
    before = expected_marts(postgres_warehouse)
    monkeypatch.setenv("PGTZ", "Pacific/Auckland")
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    assert os.environ["PGTZ"] == "Pacific/Auckland"
    _build_small(postgres_warehouse)
    assert differences(before, actual_marts(postgres_warehouse)) == []


@pytest.mark.slow("one more fault through dbt itself", keeps="test_faults.py")
def test_a_session_at_the_end_of_the_last_month_stops_the_build_before_a_mart_is_replaced(
    duckdb_warehouse: Warehouse,
) -> None:
    _build_small(duckdb_warehouse)
    before = actual_marts(duckdb_warehouse)
    with duckdb_warehouse.cursor() as cursor:
        cursor.execute("insert into raw.sessions values (0, 1, timestamp '2022-01-01 00:00:00')")
    assert not duckdb_warehouse.build()
    assert duckdb_warehouse.statuses["assert_sessions_lie_inside_the_simulated_months"] == "fail"
    assert differences(before, actual_marts(duckdb_warehouse)) == []


def _build_small(warehouse: Warehouse) -> None:
    warehouse.fill("--companies", "40")


def _renamed(type_: str, names: dict[str, str]) -> str:
    for name, ours in names.items():
        type_ = type_.replace(name, ours)
    return type_
