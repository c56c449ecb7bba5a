"""The semantic layer: what MetricFlow answers is what the marts have, and nobody who does not ask for it has it."""

import csv
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from postgres_server import Database, scratch_database
from scratch import copy_project
from warehouses import PROJECT, THREE_SIZES, WITH_METRICS, WITHOUT_TESTS, Warehouse

PROGRAMS = Path(sys.executable).parent
# Each metric, as the mart has it.
METRICS = {
    "active_companies": "active_companies",
    "kept_companies": "kept_companies",
    "churned_companies": "churned_companies",
    "opening_companies": "opening_companies",
    "sessions": "sessions",
    "revenue": "revenue",
    "retention_rate": "retention_rate",
    "churn_rate": "churn_rate",
    "avg_sessions_per_company": "avg_sessions_per_company",
    "avg_revenue_per_company": "revenue / nullif(active_companies, 0)",
}
# Each of the subscription metrics is called as its column.
SUBSCRIPTIONS = (
    *("opening_mrr", "new_mrr", "reactivation_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr"),
    *("moved_in_mrr", "moved_out_mrr", "closing_mrr"),
    *("new_paying_companies", "reactivated_companies", "expanded_companies", "contracted_companies"),
    "lost_paying_companies",
    *(f"{part}_mrr_{ago}" for ago in ("1m", "12m") for part in ("opening", "kept", "capped")),
    *(f"{kind}_revenue_retention_{ago}" for ago in ("1m", "12m") for kind in ("net", "gross")),
    *("quick_ratio", "revenue_churn_rate"),
)
# To three sizes, one of which dies out, what moves MRR for more than a year.
CHANGES = """
[plan_changes.medium]
enterprise = 0.05

[plan_changes.enterprise]
medium = 0.03

[[price_changes]]
month = "2020-06"
company_size = "medium"
monthly_price = 55
"""
DEFECTS = {
    "insert into intermediate.int_company_lifetimes select * from intermediate.int_company_lifetimes": (
        "metrics_customer_months_are_one_per_company_period_and_what_it_was"
    ),
    "insert into marts.rpt_subscription_metrics select * from marts.rpt_subscription_metrics": (
        "metrics_mrr_months_are_one_per_period_and_size"
    ),
    "insert into intermediate.int_months select * from intermediate.int_months": "metrics_days_are_one_per_day",
}
MONTH, SIZE, SIZE_OF_MRR = "metric_time__month", "customer_month__company_size", "mrr_month__company_size"
Row = dict[str, float | None]


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    """For itself: what is built here nobody else should find."""
    with scratch_database() as database:
        yield database


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A project whose semantic layer is built; `mf` looks for it in the folder `target`."""
    project = tmp_path_factory.mktemp(request.param)
    copy_project(project)
    artifacts, file = project / "target", project / "warehouse.duckdb"
    if request.param == "duckdb":
        warehouse = Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, artifacts, file=file, project=project)
    else:
        database: Database = request.getfixturevalue("database")
        warehouse = Warehouse("postgres", database.environment, artifacts, database=database, project=project)
    scenario = project / "scenario.toml"
    scenario.write_text(THREE_SIZES.read_text() + CHANGES)
    loaded = warehouse.seed("--scenario", str(scenario), "--months", "14")
    assert loaded.returncode == 0, loaded.stderr
    assert warehouse.dbt("run", *WITH_METRICS, "--write-json"), warehouse.messages
    assert warehouse.dbt("test", *WITH_METRICS, "--select", "metrics"), warehouse.messages
    return warehouse


# The command line `mf`, which takes seconds to start, asked one thing after the other.
ASK = """
import json, sys
from dbt_metricflow.cli.main import cli
for arguments in json.loads(sys.argv[1]):
    cli(arguments, standalone_mode=False)
"""


def mf(warehouse: Warehouse, *commands: Sequence[str]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(commands)],
        cwd=warehouse.project,
        env={**os.environ, **warehouse.environment, "DBT_TARGET": warehouse.target},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=1_200,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def answers(built: Warehouse) -> dict[str, Path]:
    """All metrics of a month, by size and of all, as files; before them the definitions are validated."""
    asked: dict[str, tuple[Collection[str], str]] = {
        "kpis by size": (METRICS, f"{MONTH},{SIZE}"),
        "mrr by size": (SUBSCRIPTIONS, f"{MONTH},{SIZE_OF_MRR}"),
        "all": ([*METRICS, *SUBSCRIPTIONS], MONTH),
    }
    files = {name: built.project / f"{name}.csv" for name in asked}
    queries = [["query", "--metrics", ",".join(metrics), "--group-by", by] for metrics, by in asked.values()]
    mf(
        built,
        ["validate-configs"],
        *([*query, "--csv", str(file)] for query, file in zip(queries, files.values(), strict=True)),
    )
    return files


def read(file: Path) -> dict[tuple[date, str], Row]:
    with file.open(newline="") as lines:
        return {
            (datetime.fromisoformat(row.pop(MONTH)).date(), row.pop(SIZE, None) or row.pop(SIZE_OF_MRR, "all")): {
                metric: round(float(figure), 8) if figure else None for metric, figure in row.items()
            }
            for row in csv.DictReader(lines)
        }


def marts(warehouse: Warehouse, mart: str, columns: Mapping[str, str], which: str) -> dict[tuple[date, str], Row]:
    """The same from a mart."""
    rows = warehouse.query(
        f"select period, company_size, {', '.join(columns.values())} from marts.{mart} where {which}"
    )
    return {
        (period, size): {
            metric: None if figure is None else round(float(figure), 8)
            for metric, figure in zip(columns, figures, strict=True)
        }
        for period, size, *figures in rows
    }


def kpis(warehouse: Warehouse, of_all: str) -> dict[tuple[date, str], Row]:
    """Those of the months that began with a customer."""
    which = f"opening_companies > 0 and company_size {of_all} 'all'"
    return marts(warehouse, "rpt_monthly_kpis", METRICS, which)


def subscriptions(warehouse: Warehouse, of_all: str) -> dict[tuple[date, str], Row]:
    columns = dict(zip(SUBSCRIPTIONS, SUBSCRIPTIONS, strict=True))
    return marts(warehouse, "rpt_subscription_metrics", columns, f"company_size {of_all} 'all'")


def test_the_definitions_fit_the_warehouse_and_every_metric_is_that_of_the_marts_by_month_and_size(
    built: Warehouse, answers: dict[str, Path]
) -> None:
    for name, expected in (("kpis by size", kpis(built, "<>")), ("mrr by size", subscriptions(built, "<>"))):
        assert len({size for _, size in expected}) == 3
        assert read(answers[name]) == expected


def test_every_metric_of_all_sizes_is_that_of_the_marts(built: Warehouse, answers: dict[str, Path]) -> None:
    of_kpis, of_mrr = kpis(built, "="), subscriptions(built, "=")
    assert read(answers["all"]) == {key: {**of_kpis[key], **row} for key, row in of_mrr.items()}


def test_no_metric_is_left_out_of_the_comparison(built: Warehouse) -> None:
    manifest = json.loads((built.artifacts / "semantic_manifest.json").read_text())
    assert {metric["name"] for metric in manifest["metrics"]} == {*METRICS, *SUBSCRIPTIONS}


def test_the_calendar_has_every_day_of_the_simulation_once(built: Warehouse) -> None:
    ((begin, end),) = built.query("select min(period), max(next_period) from intermediate.int_months")
    days = [begin + timedelta(days) for days in range((end - begin).days)]
    assert built.query("select day from metrics.metrics_days order by day") == [(day,) for day in days]


@pytest.mark.parametrize(("defect", "caught_by"), DEFECTS.items())
def test_a_defect_turns_the_test_red_that_is_there_for_it(built: Warehouse, defect: str, caught_by: str) -> None:
    try:
        with built.cursor() as cursor:
            cursor.execute(defect)
        assert not built.dbt("test", "--select", caught_by, *WITH_METRICS)
        assert built.red == {caught_by}
    finally:
        broken = (
            *("int_months", "metrics_days", "int_company_lifetimes", "int_churns", "metrics_customer_months"),
            *("rpt_subscription_metrics", "metrics_mrr_months"),
        )
        assert built.dbt("run", *WITH_METRICS, "--select", *broken), built.messages


@pytest.mark.slow("the page's example, which asks what is asked above", keeps="test_metrics.py")
def test_the_commands_of_the_page_print_what_it_shows(tmp_path: Path) -> None:
    copy_project(tmp_path)
    _, block = (PROJECT / "docs" / "use" / "bi.md").read_text().split("$ dbt build --vars")
    command, *shown = f"dbt build --vars{block.partition('```')[0]}".strip().split("\n$ ")
    asking, _, table = shown[0].partition("\n")
    file = tmp_path / "warehouse.duckdb"
    warehouse = Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, tmp_path / "target", file=file, project=tmp_path)
    assert warehouse.seed("--quiet").returncode == 0
    assert warehouse.dbt(*shlex.split(command)[1:], "--write-json", *WITHOUT_TESTS)  # which are run above
    printed = subprocess.run(
        ["bash", "-c", asking],
        cwd=tmp_path,
        env={**os.environ, **warehouse.environment, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert len(table.splitlines()) == 6
    assert table.strip() in printed


def test_a_plain_build_has_nothing_of_it(duckdb_warehouse: Warehouse) -> None:
    assert duckdb_warehouse.seed("--companies", "5").returncode == 0
    assert duckdb_warehouse.build("--write-json", *WITHOUT_TESTS)
    assert "metrics" not in {schema for (schema,) in duckdb_warehouse.query("select schema_name from duckdb_schemas()")}
    manifest = json.loads((duckdb_warehouse.artifacts / "manifest.json").read_text())
    assert manifest["semantic_models"] == manifest["metrics"] == {}
