"""What `kpis` and `subscription_metrics` read from the marts of a target, on each engine."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from kpis_in_python import KEYS, MOVEMENTS, actual_marts
from saas_kpis import EnvironmentFailure, InputError, Kpis, kpis, subscription_metrics
from warehouses import PROJECT, THREE_SIZES, Warehouse

MARTS = {"usage": "fct_monthly_usage", "retention": "fct_retention", "revenue": "fct_revenue"}
KEY = {"period": pa.date32(), "company_size": pa.string()}
RATE = pa.decimal128(18, 8)
COLUMNS = {
    "usage": {"active_companies": pa.int64(), "sessions": pa.int64(), "avg_sessions_per_company": RATE},
    "retention": {
        **dict.fromkeys(
            ("acquired_companies", "opening_companies", "churned_companies", "active_companies", *MOVEMENTS), pa.int64()
        ),
        **dict.fromkeys(("retention_rate", "churn_rate", "cohort_retention_rate"), RATE),
    },
    "revenue": {
        "active_companies": pa.int64(),
        "monthly_price": pa.decimal128(10, 2),
        "revenue": pa.decimal128(18, 2),
    },
}


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built(request: pytest.FixtureRequest) -> Warehouse:
    warehouse: Warehouse = request.getfixturevalue(f"{request.param}_warehouse")
    warehouse.fill("--scenario", str(THREE_SIZES))
    return warehouse


@pytest.fixture(autouse=True)
def _in_the_project_with(built: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    for name, value in built.environment.items():
        monkeypatch.setenv(name, value)


only_duckdb = pytest.mark.parametrize("built", ["duckdb"], indirect=True)
only_postgres = pytest.mark.parametrize("built", ["postgres"], indirect=True)


def test_the_kpis_are_the_rows_of_the_three_marts_by_month_and_size(built: Warehouse) -> None:
    marts = actual_marts(built)
    found = kpis(built.target)
    for kpi, mart in MARTS.items():
        table = getattr(found, kpi)
        assert table.schema == pa.schema(KEY | COLUMNS[kpi])
        rows = [(row.pop("period"), row.pop("company_size"), row) for row in table.to_pylist()]
        assert rows == [(*key, row) for key, row in sorted(marts[mart].items())]
        assert len(rows) > 3


def test_the_subscription_metrics_are_the_rows_of_their_marts_each_in_order(built: Warehouse) -> None:
    marts = actual_marts(built)
    found = subscription_metrics(built.target)
    tables = {
        "rpt_subscription_metrics": found.report,
        "fct_cohorts": found.cohorts,
        "fct_survival": found.survival,
    }
    for mart, table in tables.items():
        keys = KEYS[mart]
        rows = [(tuple(row.pop(key) for key in keys), row) for row in table.to_pylist()]
        assert rows == sorted(marts[mart].items())
        assert len(rows) > 3
    assert found.report.schema.field("net_revenue_retention_12m").type == RATE
    assert found.report.schema.field("closing_mrr").type == pa.decimal128(18, 2)


@only_duckdb
def test_each_column_of_the_kpis_is_described() -> None:
    described = Kpis.__doc__ or ""
    assert all(f"`{column}`" in described for columns in (KEY, *COLUMNS.values()) for column in columns)


def test_a_target_without_marts_is_told_with_the_command_that_makes_them(
    built: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCHEMA_PREFIX", "my_")
    name = built.target
    with pytest.raises(InputError) as refused:
        kpis(name)
    assert str(refused.value) == (
        f"the target {name} has no my_marts.fct_monthly_usage yet; run dbt build --target {name}."
    )


@only_postgres
def test_what_the_server_refuses_is_told_in_one_sentence(built: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    with built.cursor() as cursor:
        cursor.execute("create role nobody_s login password 'x'")
    try:
        monkeypatch.setenv("PGUSER", "nobody_s")
        monkeypatch.setenv("PGPASSWORD", "x")
        with pytest.raises(EnvironmentFailure, match="permission denied for schema marts"):
            kpis("postgres")
    finally:
        with built.cursor() as cursor:
            cursor.execute("drop role nobody_s")


@only_duckdb
def test_a_file_is_read_beside_other_readers_and_by_a_process_that_has_it_open_to_write(
    built: Warehouse,
) -> None:
    assert built.file
    expected = kpis("duckdb")
    for read_only in (False, True):
        with duckdb.connect(built.file, read_only=read_only) as connection:
            assert kpis("duckdb") == expected
            assert connection.sql("select 1").fetchall() == [(1,)]
    program = "import sys; from saas_kpis import kpis; print(kpis('duckdb').usage.num_rows, *sys.modules)"
    with duckdb.connect(built.file, read_only=True):
        said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    rows, *modules = said.split()
    assert int(rows) == expected.usage.num_rows
    assert "dbt" not in modules


@only_duckdb
@pytest.mark.parametrize("holds", ["nothing", "no database", "a writer"])
def test_a_file_that_can_not_be_read_is_told_in_one_sentence(
    holds: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "some.duckdb"
    monkeypatch.setenv("DUCKDB_PATH", str(file))
    if holds == "nothing":
        with pytest.raises(InputError, match=r"some\.duckdb does not exist; load a simulation first\."):
            kpis("duckdb")
        assert not file.exists()
    elif holds == "no database":
        file.write_text("x" * 100_000)
        with pytest.raises(InputError, match=r"some\.duckdb is not a DuckDB file"):
            kpis("duckdb")
    else:
        program = f"import duckdb; c = duckdb.connect({str(file)!r}); print(flush=True); input()"
        with subprocess.Popen(
            [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout
            writer.stdout.readline()
            with pytest.raises(EnvironmentFailure, match=f"in use by process {writer.pid}"):
                kpis("duckdb")
            writer.communicate("\n")
