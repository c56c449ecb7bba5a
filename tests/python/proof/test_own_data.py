"""On random tables of a user's own the marts are what plain Python computes, and no identity of theirs breaks."""

from functools import cache
from pathlib import Path

import pytest

from kpis_in_python import Mart, actual_marts, differences
from own_data import Generator, OwnData, expected_marts
from own_projects import TABLES, inserts, own_warehouse
from own_stage import VARIABLES, OwnStage
from postgres_server import Database

SETS = 100
QUICKLY = range(6)
ON_A_SERVER = range(10, 16)
sets = pytest.mark.parametrize(
    "number",
    [pytest.param(n, marks=() if n in QUICKLY else pytest.mark.slow("more sets of tables")) for n in range(SETS)],
)
rules = pytest.mark.parametrize("rule", VARIABLES)
# What no company can do: more than all of them stay, or fewer than none leave.
SHARES = {
    *("retention_rate", "churn_rate", "cohort_retention_rate", "survival_rate"),
    *("gross_revenue_retention_1m", "gross_revenue_retention_12m"),
}


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OwnStage]:
    return {rule: OwnStage(tmp_path_factory.mktemp(rule), variables) for rule, variables in VARIABLES.items()}


def is_careless(number: int) -> bool:
    """Whether a set has rows that the contract does not allow: every other one."""
    return number % 2 == 1


@cache
def data_and_marts(rule: str, number: int) -> tuple[OwnData, dict[str, Mart]]:
    variables = VARIABLES[rule]
    data = Generator(number, str(variables["company_id_type"]), is_careless=is_careless(number)).made()
    return data, expected_marts(data, is_subscribed=rule == "subscribed")


def impossible(marts: dict[str, Mart]) -> list[str]:
    return [
        f"{mart} {key} {name}: {row[name]}"
        for mart, rows in marts.items()
        for key, row in rows.items()
        for name in row
        if (name in SHARES and row[name] is not None and not 0 <= row[name] <= 1)
        or (name.endswith(("_companies", "_churn_rate")) and row[name] is not None and row[name] < 0)
    ]


@rules
@sets
def test_the_marts_are_what_plain_python_computes_and_no_identity_breaks(
    stages: dict[str, OwnStage], rule: str, number: int
) -> None:
    stage = stages[rule]
    data, expected = data_and_marts(rule, number)
    with stage.undone():
        stage.fill(data.tables)
        stage.make()
        marts = stage.marts()
        assert differences(expected, marts) == []
        assert stage.red("identity") == set()
        assert impossible(marts) == []
        if not is_careless(number):
            assert stage.red("input") == set()


@rules
def test_the_quick_sets_together_have_something_in_every_figure(rule: str) -> None:
    silent = {
        f"{mart}.{name}"
        for number in QUICKLY
        for mart, rows in data_and_marts(rule, number)[1].items()
        for row in rows.values()
        for name in row
    }
    for number in QUICKLY:
        for mart, rows in data_and_marts(rule, number)[1].items():
            silent -= {f"{mart}.{name}" for row in rows.values() for name, value in row.items() if value}
    # Subscriptions have amounts of their own.
    assert {name for name in silent if not name.endswith("monthly_price") or rule == "active"} == set()


@pytest.mark.slow("some sets on PostgreSQL, through dbt itself", keeps="test_own_data.py")
@rules
def test_on_a_server_dbt_builds_the_same_marts(database: Database, tmp_path: Path, rule: str) -> None:
    database.execute("drop schema if exists app cascade")
    warehouse = own_warehouse(tmp_path, VARIABLES[rule], database)
    for number in ON_A_SERVER:
        data, expected = data_and_marts(rule, number)
        with warehouse.cursor() as cursor:
            cursor.execute(f"truncate {', '.join(f'app.{table}' for table in TABLES)}")
            for statement in inserts(data.tables):
                cursor.execute(statement)
        assert warehouse.dbt("run", "--full-refresh"), warehouse.messages
        assert differences(expected, actual_marts(warehouse)) == []
        assert warehouse.dbt("test", "--select", "tag:identity"), warehouse.messages
