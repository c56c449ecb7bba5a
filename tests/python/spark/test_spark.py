"""The same rows and the same marts on Spark, on a cluster of two workers, some of which are killed meanwhile."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kpis_in_python import actual_marts, differences
from seed_generator.scenario import Scenario
from seed_generator.simulation.portion import BLOCK_COMPANIES
from spark_cluster import Cluster
from spark_warehouse import Checksums, SparkWarehouse, expected_checksums
from warehouses import PROJECT, WITHOUT_TESTS, Warehouse, seed_generator

# Enough blocks of companies for each task to have some.
BLOCKS = 7
SCENARIO = Scenario(companies=BLOCKS * BLOCK_COMPANIES - 1_000, months=2, seed=5)
OPTIONS = ("--companies", str(SCENARIO.companies), "--months", "2", "--seed", "5")


# What `kpis` reads, and whether a session that was there before is still one.
KPIS = """
import sys
from pyspark.sql import SparkSession
from saas_kpis import kpis
from seed_generator.profiles import read_target

target, = sys.argv[1:]
if target == "spark":
    settings = read_target(target).settings["server_side_parameters"]
    own = SparkSession.builder.config(map=settings).enableHiveSupport().getOrCreate()
found = kpis(target)
for table in (found.usage, found.retention, found.revenue):
    print(table.schema, table.to_pylist())
if target == "spark":
    assert own.range(3).count() == 3
"""


def assert_marts_are_the_peer_s(warehouse: SparkWarehouse, peer: Warehouse) -> None:
    assert differences(actual_marts(peer), warehouse.marts()) == []


def kpis_of(environment: Mapping[str, str], target: str) -> str:
    command = (sys.executable, "-c", KPIS, target)
    done = subprocess.run(
        command, cwd=PROJECT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def wait_until(process: subprocess.Popen[str], is_so: Callable[[], bool]) -> None:
    """Until something is so that the process does, which goes on."""
    while not is_so():
        assert process.poll() is None, "it ended before"
        time.sleep(0.05)
    assert process.poll() is None


def test_the_default_simulation_is_built_green_with_the_marts_of_duckdb(
    warehouse: SparkWarehouse, peer: Warehouse
) -> None:
    done = warehouse.seed()
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert "raw.sessions                   28,008" in done.stdout
    assert warehouse.dbt("build") == 0, warehouse.told
    assert peer.seed().returncode == 0
    assert peer.build(*WITHOUT_TESTS)
    assert_marts_are_the_peer_s(warehouse, peer)
    assert kpis_of(warehouse.environment, "spark") == kpis_of(peer.environment, "duckdb")


def test_a_sum_of_checksums_has_room_beyond_a_bigint(local: SparkWarehouse) -> None:
    """A month may have more sessions than the 2^32 that a bigint has room for."""
    largest = 2**63 - 1
    checksums = f"select explode(array_repeat({largest}, 9)) as checksum"
    query = f"select cast({{{{ wide_sum('checksum') }}}} as string) as total from ({checksums})"
    assert local.dbt("show", "--inline", query, "--output", "json") == 0, local.told
    assert str(9 * largest) in local.told


def test_a_build_follows_an_appended_month_and_another_simulation_by_its_partitions(
    local: SparkWarehouse, peer: Warehouse
) -> None:
    increment = ("run", "--select", "+int_cohort_months")
    columns_of = {
        "int_company_months": "company_id, period, company_size, opening_company_size, sessions",
        "int_session_months": "period, session_ids, first_session_id, companies, sessions_checksum, companies_checksum",
        "int_cohort_months": "period, acquired_period, acquired_company_size, company_size, active_companies",
    }
    partitions: dict[str, float] = {}
    for options in (("--companies", "40", "--months", "2"), ("--append", "1"), ("--companies", "49", "--months", "1")):
        for warehouse in (local, peer):
            done = warehouse.seed(*options)
            assert done.returncode == 0, done.stderr
        assert local.dbt(*increment) == 0, local.told
        assert peer.dbt(*increment)
        files = local.folder.glob("warehouse/intermediate.db/int_company_months/period=*")
        before, partitions = partitions, {path.name: path.stat().st_mtime for path in files}
        for model, columns in columns_of.items():
            expected = peer.query(f"select {columns} from intermediate.{model} order by all")
            assert local.rows("intermediate", model, columns) == expected
        if options == ("--append", "1"):
            assert before.items() < partitions.items(), "months were written that had been read"
    assert len(partitions) == 1


# As docs/use/other-engines.md has it.
EXTERNAL = """
import sys
from seed_generator.profiles import read_target
from seed_generator.schemas import TABLES
from seed_generator.sinks.spark.session import spark_session
with spark_session(read_target("spark")) as spark:
    for table in TABLES:
        spark.sql(f"create database if not exists {table.schema}")
        location = f"{sys.argv[1]}/{table.schema}/{table.name}"
        spark.sql(f"create table {table.full_name} using parquet location '{location}'")
"""


def test_the_files_of_a_life_by_the_parquet_sink_are_external_tables_that_the_project_builds_on(
    local: SparkWarehouse, peer: Warehouse, tmp_path: Path
) -> None:
    options = ("--scenario", str(PROJECT / "scenarios" / "growing.toml"), "--companies", "60", "--months", "13")
    assert seed_generator("--parquet", str(tmp_path / "simulation"), *options).returncode == 0
    assert local.start(sys.executable, "-c", EXTERNAL, str(tmp_path / "simulation")).wait(120) == 0, local.told
    assert local.dbt("run") == 0, local.told
    assert peer.seed(*options).returncode == 0
    assert peer.build(*WITHOUT_TESTS)
    assert_marts_are_the_peer_s(local, peer)


@pytest.fixture(scope="module")
def expected() -> Checksums:
    return expected_checksums(SCENARIO)


@pytest.mark.parametrize("tasks", [1, pytest.param(2, marks=pytest.mark.slow("another number of tasks")), BLOCKS])
def test_any_number_of_tasks_makes_the_rows_of_one_process(
    warehouse: SparkWarehouse, expected: Checksums, tasks: int
) -> None:
    done = warehouse.seed(*OPTIONS, "--workers", str(tasks))
    assert done.returncode == 0, done.stderr
    written = {path.name.split("-")[1] for path in warehouse.folder.glob("**/sessions__*/period=*/*.parquet")}
    assert len(written) == tasks
    assert warehouse.checksums_of_files() == expected


def test_a_worker_that_is_killed_in_the_middle_of_a_load_changes_no_row(
    warehouse: SparkWarehouse, cluster: Cluster, expected: Checksums
) -> None:
    load = warehouse.start(sys.executable, "-m", "seed_generator", "--target", "spark", *OPTIONS)
    unfinished = "warehouse/raw.db/sessions__*/_temporary/0/task_*"
    try:
        wait_until(load, lambda: any(warehouse.folder.glob(unfinished)))
        cluster.kill_worker()
        assert any(warehouse.folder.glob(unfinished)), "the sessions were complete before"
        assert load.wait(300) == 0, warehouse.told
        assert warehouse.checksums_of_files() == expected
    finally:
        load.kill()
        cluster.start_worker()


def test_a_worker_that_is_killed_in_the_middle_of_a_build_changes_no_cell(
    warehouse: SparkWarehouse, cluster: Cluster, peer: Warehouse
) -> None:
    options = ("--companies", "20000", "--seed", "11")
    done = warehouse.seed(*options)
    assert done.returncode == 0, done.stderr
    build = warehouse.start_dbt("build", *WITHOUT_TESTS)
    try:
        wait_until(build, lambda: "START sql incremental model" in warehouse.told)
        cluster.kill_worker()
        assert "OK created sql incremental model" not in warehouse.told, "the model was complete before"
        assert build.wait(600) == 0, warehouse.told
    finally:
        build.kill()
        cluster.start_worker()
    assert peer.seed(*options).returncode == 0
    assert peer.build(*WITHOUT_TESTS)
    assert_marts_are_the_peer_s(warehouse, peer)
