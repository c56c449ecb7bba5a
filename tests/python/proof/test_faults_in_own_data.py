"""Faults in a user's own tables: tests of the tables see all that can be seen, and no identity breaks."""

from datetime import datetime

import duckdb
import pyarrow as pa
import pytest

from fault_page import LIFE_FILE, SHARES_IN_A_LIFE, share_of
from own_data import Generator
from own_fault_page import NAMES, PAGE, own_fault, render
from own_stage import VARIABLES, OwnStage
from pages import check_page
from seed_generator import schemas
from seed_generator.faults.injection import Faults
from seed_generator.faults.kinds import FAULT_KINDS
from seed_generator.scenario import Scenario
from seed_generator.scenario_file import read_scenario
from seed_generator.tables import NO_FAULTS, table_of

LIFE = Scenario(**read_scenario(LIFE_FILE))
# What a staging model would select of each of the simulator's tables.
COLUMNS = {
    schemas.COMPANIES: "company_id, company_name, company_size, created_at",
    schemas.SESSIONS: "session_id, company_id, created_at",
    schemas.PLANS: "company_size, monthly_price",
    schemas.PLAN_CHANGES: "company_id, company_size, period",
    schemas.PRICE_CHANGES: "company_size, monthly_price, period",
}
# A set of 25 companies with 65 subscriptions in 16 months.
SUBSCRIBED = 41
# One for each table, and each other thing that can become of its rows.
QUICKLY = {
    *("duplicate_sessions", "orphan_sessions", "sessions_before_the_first_month", "deleted_months"),
    *("deleted_companies", "companies_of_unknown_size", "late_acquisitions", "plans_without_price", "deleted_plans"),
    *("conflicting_plan_changes", "price_changes_of_unknown_size"),
    *("subscriptions_without_first_day", "negative_amounts", "subscriptions_before_acquisition"),
    *("calendar_without_a_row", "calendar_that_begins_too_late", "months_without_stamp"),
}
of_the_others = pytest.mark.slow("the other kinds")


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, OwnStage]:
    """For each rule tables without a fault."""
    stages = {rule: OwnStage(tmp_path_factory.mktemp(rule), variables) for rule, variables in VARIABLES.items()}
    of_a_life = stages["active"]
    of_a_life.fill({"calendar": [(LIFE.first_month, LIFE.months)]})
    of_a_life.fill({"loaded_months": [(period, datetime(2022, 1, 1)) for period in LIFE.periods]})  # noqa: DTZ001 - UTC
    for table in COLUMNS:
        bring(of_a_life.connection, table, NO_FAULTS)
    subscribed = stages["subscribed"]
    subscribed.fill(Generator(SUBSCRIBED, subscribed.id_type, is_careless=False).made().tables)
    return stages


def bring(connection: duckdb.DuckDBPyConnection, table: schemas.TableSchema, faults: Faults) -> None:
    """The rows of a table of the simulator, as a user's own."""
    made = table_of(table, LIFE, faults)
    connection.register("made", pa.Table.from_batches([batch.rows for batch in made.batches], made.columns))
    connection.execute(f"insert into app.{table.name} select {COLUMNS[table]} from made")


def rule_of(name: str) -> str:
    """Under which a kind is tried."""
    return "active" if name in FAULT_KINDS else own_fault(name).rule


def put_in(connection: duckdb.DuckDBPyConnection, name: str) -> int:
    """Put a kind of fault into the tables; returns how many rows it hits."""
    if name not in FAULT_KINDS:
        return _count(connection, own_fault(name).statement)
    table = FAULT_KINDS[name].table
    connection.execute(f"create temp table clean as from app.{table.name}; delete from app.{table.name}")
    bring(connection, table, Faults({name: share_of(name, SHARES_IN_A_LIFE)}))
    now = f"app.{table.name}"
    different = f"(from {now} except all from clean) union all (from clean except all from {now})"
    return _count(connection, f"select count(*) from ({different})")


def _count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    ((number,),) = connection.execute(statement).fetchall()
    return int(number)


def test_tables_without_a_fault_turn_no_test_red(stages: dict[str, OwnStage]) -> None:
    for stage in stages.values():
        with stage.undone():
            stage.make()
            assert stage.red("input") | stage.red("identity") == set()


@pytest.mark.parametrize("name", [pytest.param(n, marks=() if n in QUICKLY else of_the_others) for n in NAMES])
def test_no_identity_breaks_on_any_kind(stages: dict[str, OwnStage], name: str) -> None:
    stage = stages[rule_of(name)]
    with stage.undone() as connection:
        assert put_in(connection, name)
        stage.make()
        assert stage.red("identity") == set()


@pytest.mark.slow("every kind, to write them down", keeps="proof/test_faults_in_own_data.py")
def test_the_page_says_which_tests_of_the_tables_see_a_kind(stages: dict[str, OwnStage]) -> None:
    seen_by = {}
    for name in NAMES:
        stage = stages[rule_of(name)]
        with stage.undone() as connection:
            assert put_in(connection, name)
            stage.make_for("input")
            seen_by[name] = stage.red("input")
    check_page(PAGE, render(seen_by))
