"""`examples/own_data`, a project over tables of its own that has this one installed, on both engines."""

import csv
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from installed import EXAMPLE, cloned_example, copied_example, install, installed_warehouse, tagged
from pages import as_text
from postgres_server import Database, administer, own_server
from warehouses import PROJECT, Warehouse

ANALYST = "analyst"
# As sorted in the files that are expected.
KEYS = {
    "rpt_monthly_kpis": "period, company_size",
    "rpt_subscription_metrics": "period, company_size",
    "fct_cohorts": "cohort_period, company_size, period",
    "fct_survival": "company_size, age_months",
    "dim_companies": "company_id",
}
WITHOUT_SEEDS = ("--exclude-resource-type", "seed")
MODELS_ALONE = (*WITHOUT_SEEDS, "--exclude-resource-type", "test")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied_example(tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def analyst() -> Iterator[Database]:
    """A database of a role without rights beyond it, on a server without bi_reader."""
    with own_server(authentication="md5") as server:
        administer(server, f"create role {ANALYST} login password '{ANALYST}'", f"create database own owner {ANALYST}")
        yield replace(server, user=ANALYST, password=ANALYST, name="own")


def built(project: Path, rule: str, database: Database | None = None) -> Warehouse:
    """The example under a rule as it was built first."""
    # As the example is, or as its other readers would have it.
    options = () if rule == "subscribed" else ("--vars", f"customers_are: {rule}")
    warehouse = installed_warehouse(project, database, *options)
    kept = project / f"{rule}.duckdb"
    if warehouse.file and kept.exists():
        shutil.copy(kept, warehouse.file)
        return warehouse
    if warehouse.file:
        warehouse.file.unlink(missing_ok=True)
    assert warehouse.build("--full-refresh"), warehouse.messages
    if warehouse.file:
        shutil.copy(warehouse.file, kept)
    return warehouse


def shown(warehouse: Warehouse, mart: str) -> list[list[str]]:
    """The rows of a mart as they stand in a file."""
    rows = warehouse.query(f"select * from analytics_marts.{mart} order by {KEYS[mart]}")
    return [[as_text(value) for value in row] for row in rows]


def expected(rule: str, mart: str) -> list[list[str]]:
    """The rows that the example promises."""
    with (EXAMPLE / "expected" / rule / f"{mart}.csv").open(newline="") as file:
        return list(csv.reader(file))[1:]


the_other_rule = pytest.mark.slow("the other rule")


@pytest.mark.parametrize(
    ("engine", "rule"),
    [
        ("duckdb", "active"),
        ("postgres", "subscribed"),
        pytest.param("duckdb", "subscribed", marks=the_other_rule),
        pytest.param("postgres", "active", marks=the_other_rule),
    ],
)
def test_the_example_has_the_marts_that_it_promises_and_needs_no_rights_for_them(
    example: Path, request: pytest.FixtureRequest, engine: str, rule: str
) -> None:
    warehouse = built(example, rule, request.getfixturevalue("analyst") if engine == "postgres" else None)
    for mart in KEYS:
        # Each engine sorts sizes and ids as its locale has it; that of this server is C.
        assert shown(warehouse, mart) == expected(rule, mart), mart


def test_the_installed_project_is_parsed_without_a_warning_and_has_nothing_of_a_simulation(example: Path) -> None:
    warehouse = installed_warehouse(example)
    quietly = ("--quiet", "--log-level", "none", "--warn-error")
    assert warehouse.invoke(*quietly, "parse", "--no-partial-parse").success
    listed: Any = warehouse.invoke(*quietly, "list").result
    ours = [name for name in listed if name.split(":")[-1].startswith("saas_kpis.")]
    assert ours
    assert [name for name in ours if any(word in name for word in ("exposure", "source", "unit_test", "metric:"))] == []
    assert [name for name in ours if ".truth." in name or ".staging." in name or "simulat" in name] == []
    assert [name for name in ours if ".metrics." in name] == []


@pytest.mark.slow("another way to install it", keeps="marts/test_own_tables_example.py")
def test_the_project_can_be_installed_from_a_bare_repository(tmp_path: Path) -> None:
    project, bare = copied_example(tmp_path), tmp_path / "bare.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", PROJECT, bare], check=True)
    head = subprocess.run(["git", "-C", bare, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    install(project, f"git: file://{bare}\n    revision: {head.strip()}")
    assert built(project, "subscribed").query("select count(*) from analytics_marts.rpt_monthly_kpis") == [(18,)]


@pytest.mark.slow("another engine", keeps="marts/test_own_tables_example.py")
def test_on_a_server_a_build_counts_what_came_late_and_what_was_corrected(example: Path, analyst: Database) -> None:
    assert_counts_corrections(built(example, "subscribed", analyst))


def test_a_build_counts_what_came_late_and_what_was_corrected(example: Path) -> None:
    assert_counts_corrections(built(example, "subscribed"))


def assert_counts_corrections(warehouse: Warehouse) -> None:
    """A build after corrections is that of all tables anew."""
    customer, other = (
        "(select id from analytics_app.customers where name = 'Granite Gym')",
        "(select id from analytics_app.customers where name = 'Acorn Books')",
    )
    with warehouse.cursor() as cursor:
        # A session of the last three months, a new price since the last month, a size that was wrong from the first
        # month on, and a customer of whom nothing is known any more.
        cursor.execute(f"insert into analytics_app.events values ('late', {customer}, '2024-04-03 12:00:00', 'login')")
        cursor.execute(
            f"update analytics_app.subscriptions set monthly_amount = 90 where customer_id = {customer}"
            " and ends_on is null"
        )
        cursor.execute(f"update analytics_app.customers set plan_at_signup = 'business' where id = {other}")
        gone = "(select id from analytics_app.customers where name = 'Elm Street Dental')"
        cursor.execute(f"delete from analytics_app.events where customer_id = {gone}")
        cursor.execute(f"delete from analytics_app.subscriptions where customer_id = {gone}")
        cursor.execute("delete from analytics_app.customers where name = 'Elm Street Dental'")
    assert warehouse.build(*MODELS_ALONE), warehouse.messages
    counted = {mart: shown(warehouse, mart) for mart in KEYS}
    assert counted["rpt_monthly_kpis"] != expected("subscribed", "rpt_monthly_kpis")
    assert warehouse.build(*MODELS_ALONE, "--full-refresh"), warehouse.messages
    assert {mart: shown(warehouse, mart) for mart in KEYS} == counted


def test_a_build_counts_prices_that_were_corrected_however_long_ago(example: Path) -> None:
    assert_counts_corrected_prices(built(example, "active"))


@pytest.mark.slow("another engine", keeps="marts/test_own_tables_example.py")
def test_on_a_server_a_build_counts_prices_that_were_corrected(example: Path, analyst: Database) -> None:
    assert_counts_corrected_prices(built(example, "active", analyst))


def assert_counts_corrected_prices(warehouse: Warehouse) -> None:
    """A build at other prices, and one at those of before, are right without a full refresh."""
    with warehouse.cursor() as cursor:
        cursor.execute("update analytics_app.price_list set monthly_price = 25 where plan = 'starter'")
        cursor.execute("update analytics_app.price_list set monthly_price = 0 where plan = 'business'")
    assert warehouse.build(*WITHOUT_SEEDS), warehouse.messages  # with the identities
    assert shown(warehouse, "rpt_subscription_metrics") != expected("active", "rpt_subscription_metrics")
    with warehouse.cursor() as cursor:
        cursor.execute("update analytics_app.price_list set monthly_price = 99 where plan = 'business'")
        cursor.execute("update analytics_app.price_list set monthly_price = 19 where plan = 'starter'")
    assert warehouse.build(*MODELS_ALONE), warehouse.messages
    for mart in KEYS:
        assert shown(warehouse, mart) == expected("active", mart), mart


def test_what_came_too_late_to_be_counted_turns_a_check_of_the_data_red(example: Path) -> None:
    warehouse = built(example, "subscribed")
    with warehouse.cursor() as cursor:
        customer = "(select id from analytics_app.customers where name = 'Acorn Books')"
        cursor.execute(f"insert into analytics_app.events values ('late', {customer}, '2024-02-03 12:00:00', 'login')")
        cursor.execute(f"update analytics_app.subscriptions set monthly_amount = 20 where customer_id = {customer}")
    assert not warehouse.build(*WITHOUT_SEEDS)
    assert tagged(warehouse.red) == {
        "input": {"read_late_sessions_with_a_full_refresh", "read_late_subscriptions_with_a_full_refresh"}
    }


def test_the_last_line_tells_faults_of_the_data_from_a_bug_of_the_marts(example: Path) -> None:
    warehouse = built(example, "subscribed")
    assert last_line(warehouse, "test", "--select", "tag:input") == "Your data passed 14 checks."
    with warehouse.cursor() as cursor:
        cursor.execute("update analytics_app.subscriptions set monthly_amount = null where monthly_amount = 120")
        cursor.execute("update analytics_marts.fct_revenue set revenue = revenue + 1 where period = date '2024-06-01'")
    broken = (
        "he marts break 3 of their identities: assert_cohorts_add_up_to_the_month,"
        " assert_mrr_movements_follow_from_one_another, assert_report_says_what_the_facts_say."
    )
    of_marts = last_line(warehouse, "test", "--select", "tag:identity")
    assert of_marts == f"T{broken} If your data pass their checks, that is a bug of saas_kpis: please report it."
    assert last_line(warehouse, "test") == (
        "2 checks of your data failed: give_each_subscription_a_company_its_days_and_an_amount,"
        f" read_late_subscriptions_with_a_full_refresh; t{broken} Mend your data first, and build again."
    )


def last_line(warehouse: Warehouse, *command: str) -> str:
    """What a command of dbt says of the data and the marts."""
    _, said = warehouse.told_by(*command)
    (line,) = re.findall(r"^\S+  ((?:Your data|The marts|\d+ checks? of your data).*)$", said, re.MULTILINE)
    return str(line)


@pytest.mark.slow("another way to come late", keeps="marts/test_own_tables_example.py")
def test_a_month_that_is_filled_later_is_counted_however_long_ago_it_was(example: Path) -> None:
    warehouse = built(example, "active")
    january = "occurred_at < timestamp '2024-02-01 05:00:00'"  # of New York
    with warehouse.cursor() as cursor:
        cursor.execute(f"create table january as select * from analytics_app.events where {january}")
        cursor.execute(f"delete from analytics_app.events where {january}")
    assert warehouse.build(*WITHOUT_SEEDS, "--full-refresh"), warehouse.messages
    assert shown(warehouse, "rpt_monthly_kpis") != expected("active", "rpt_monthly_kpis")
    with warehouse.cursor() as cursor:
        cursor.execute("insert into analytics_app.events select * from january")
    assert warehouse.build(*WITHOUT_SEEDS), warehouse.messages
    for mart in KEYS:
        assert shown(warehouse, mart) == expected("active", mart), mart


@pytest.mark.slow("another way to say what to read again", keeps="marts/test_own_tables_example.py")
def test_with_stamps_a_build_counts_the_months_that_have_a_new_one(tmp_path: Path) -> None:
    project = copied_example(tmp_path)
    stamps = "select period, loaded_at from analytics_app.loads"
    (project / "models" / "staging" / "stg_loaded_months.sql").write_text(stamps)
    warehouse = installed_warehouse(project, None, "--vars", "{customers_are: active, has_loaded_months: true}")
    with warehouse.cursor() as cursor:
        cursor.execute("create schema analytics_app")
        months = (
            "generate_series(timestamp '2024-01-01', timestamp '2024-06-01', interval '1 month') as months (period)"
        )
        columns = "cast(period as date) as period, timestamp '2024-07-01' as loaded_at"
        cursor.execute(f"create table analytics_app.loads as select {columns} from {months}")
    assert warehouse.build(), warehouse.messages
    assert shown(warehouse, "rpt_monthly_kpis") == expected("active", "rpt_monthly_kpis")
    with warehouse.cursor() as cursor:
        cursor.execute("delete from analytics_app.events where occurred_at < timestamp '2024-02-03'")
        cursor.execute("update analytics_app.loads set loaded_at = '2024-07-02' where period = date '2024-01-01'")
    # February is read again too, for what it tells of January.
    assert warehouse.build(*WITHOUT_SEEDS), warehouse.messages
    assert shown(warehouse, "rpt_monthly_kpis") != expected("active", "rpt_monthly_kpis")
    with warehouse.cursor() as cursor:
        cursor.execute("update analytics_app.loads set loaded_at = '2024-07-03' where period = date '2024-03-01'")
        cursor.execute("delete from analytics_app.events where occurred_at > timestamp '2024-05-20'")
    assert not warehouse.build(*WITHOUT_SEEDS)
    assert warehouse.red == {"read_late_sessions_with_a_full_refresh"}


@pytest.mark.slow("another way to own tables", keeps="marts/test_own_tables_example.py")
def test_a_clone_with_staging_models_of_its_own_has_the_same_marts(tmp_path: Path) -> None:
    clone = cloned_example(tmp_path / "clone", {"customers_are": "subscribed"})
    warehouse = installed_warehouse(clone)
    assert warehouse.build(), warehouse.messages
    rows = warehouse.query("select * from marts.rpt_monthly_kpis order by period, company_size")
    assert [[as_text(value) for value in row] for row in rows] == expected("subscribed", "rpt_monthly_kpis")
