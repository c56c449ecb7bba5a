"""The semantic layer: what MetricFlow answers is what the marts have, and nobody who does not ask for it has it."""

import csv
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
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
DEFECTS = {
    "insert into intermediate.int_company_lifetimes select * from intermediate.int_company_lifetimes": (
        "metrics_customer_months_are_one_per_company_period_and_what_it_was"
    ),
    "insert into intermediate.int_months select * from intermediate.int_months": "metrics_days_are_one_per_day",
}
MONTH, SIZE = "metric_time__month", "customer_month__company_size"
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
    loaded = warehouse.seed("--scenario", str(THREE_SIZES))
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
    files = {by: built.project / f"{by}.csv" for by in (f"{MONTH},{SIZE}", MONTH)}
    query = ("query", "--metrics", ",".join(METRICS), "--group-by")
    mf(built, ["validate-configs"], *([*query, by, "--csv", str(file)] for by, file in files.items()))
    return files


def read(file: Path) -> dict[tuple[date, str], Row]:
    with file.open(newline="") as lines:
        return {
            (datetime.fromisoformat(row[MONTH]).date(), row.get(SIZE, "all")): {
                metric: round(float(row[metric]), 8) if row[metric] else None for metric in METRICS
            }
            for row in csv.DictReader(lines)
        }


def marts(warehouse: Warehouse, of_all: str) -> dict[tuple[date, str], Row]:
    """The same from the mart, of the months that began with a customer."""
    columns = ", ".join(METRICS.values())
    rows = warehouse.query(
        f"select period, company_size, {columns} from marts.rpt_monthly_kpis"
        f" where opening_companies > 0 and company_size {of_all} 'all'"
    )
    return {
        (period, size): {
            metric: None if figure is None else round(float(figure), 8)
            for metric, figure in zip(METRICS, figures, strict=True)
        }
        for period, size, *figures in rows
    }


def test_the_definitions_fit_the_warehouse_and_every_metric_is_that_of_the_marts_by_month_and_size(
    built: Warehouse, answers: dict[str, Path]
) -> None:
    expected = marts(built, "<>")
    assert len({size for _, size in expected}) == 3
    assert read(answers[f"{MONTH},{SIZE}"]) == expected


def test_every_metric_of_all_sizes_is_that_of_the_marts(built: Warehouse, answers: dict[str, Path]) -> None:
    assert read(answers[MONTH]) == marts(built, "=")


def test_no_metric_is_left_out_of_the_comparison(built: Warehouse) -> None:
    manifest = json.loads((built.artifacts / "semantic_manifest.json").read_text())
    assert {metric["name"] for metric in manifest["metrics"]} == set(METRICS)


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
        broken = ("int_months", "metrics_days", "int_company_lifetimes", "int_churns", "metrics_customer_months")
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
