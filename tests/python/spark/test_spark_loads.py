"""What a load on Spark leaves behind, however it ends, and what it says where it can't begin."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from loads import hearing_ctrl_c
from seed_generator.scenario import Scenario
from seed_generator.scenario_file import read_scenario
from seed_generator.schemas import REPRODUCIBLE
from spark_cluster import free_port
from spark_warehouse import SparkWarehouse, expected_checksums
from warehouses import seed_generator

OLD = expected_checksums(Scenario(companies=40, months=2))
NEW = expected_checksums(Scenario(companies=40, months=2, seed=43))
OPTIONS = ("--companies", "40", "--months", "2")
NO_MIX = ("test", "--select", "assert_raw_tables_are_of_one_load")

# A load that ends as if it were killed, after a step with a table.
KILLED = """
import os, sys
from seed_generator.cli.main import main
from seed_generator.schemas import TABLES
from seed_generator.sinks.spark.catalog import SparkCatalog
from seed_generator.sinks.spark.change import SparkChange
step, name = sys.argv.pop(1), sys.argv.pop(1)
stepping = {"_write": SparkChange, "switch": SparkCatalog}[step]
taken = getattr(stepping, step)
def then_killed(self, table, *arguments):
    result = taken(self, table, *arguments)
    if name == (table if table in TABLES else table.schema).full_name:
        os._exit(9)
    return result
setattr(stepping, step, then_killed)
sys.exit(main(["--target", "spark", *sys.argv[1:]]))
"""

# A load, or a drop, to which Spark says no, whose Java ends, or in which Ctrl-C is pressed, at a step.
STOPPED = """
import signal, sys
from pyspark import SparkContext
from pyspark.sql import SparkSession
from seed_generator.cli.main import main
how, step = sys.argv.pop(1), sys.argv.pop(1)
sql = SparkSession.sql
def stopped(spark, statement, *arguments):
    if step in statement.replace("`", ""):
        if how == "Ctrl-C":
            signal.raise_signal(signal.SIGINT)
        elif how == "the end of Java":
            SparkContext._gateway.proc.kill()
        else:
            statement = "select * from nowhere"
    return sql(spark, statement, *arguments)
SparkSession.sql = stopped
sys.exit(main(["--target", "spark", *sys.argv[1:]]))
"""

# Leaves one row of a table.
CUT = """
import sys
from seed_generator.profiles import read_target
from seed_generator.sinks.spark.session import spark_session
with spark_session(read_target("spark")) as spark:
    rows = spark.table(sys.argv[1]).limit(1)
    spark.createDataFrame(rows.toArrow(), schema=rows.schema).write.insertInto(sys.argv[1], overwrite=True)
"""

LIFE = """
companies = 40
months = 2
acquisition = { companies = 30 }
reactivation = { probability = 0.3 }
plan_changes = { small = { large = 0.2 } }
price_changes = [{ month = "2021-03", company_size = "small", monthly_price = 21.00 }]
"""

HOLDER = """
import signal
from seed_generator.profiles import read_target
from seed_generator.sinks.spark.session import spark_session
with spark_session(read_target("spark")) as spark:
    spark.sql("show databases").collect()
    print("held", flush=True)
    signal.pause()
"""


def killed(warehouse: SparkWarehouse, step: str, table: str) -> int:
    return warehouse.start(sys.executable, "-c", KILLED, step, table, *OPTIONS, "--seed", "43").wait(120)


def test_a_load_that_is_killed_leaves_the_old_tables_or_a_mix_that_a_test_sees_and_the_next_mends(
    local: SparkWarehouse,
) -> None:
    assert local.seed(*OPTIONS).returncode == 0
    parts = sorted(path.name for path in local.folder.glob("warehouse/*.db/*"))
    assert killed(local, "_write", "raw.simulation") == 9, local.told
    assert local.checksums() == OLD

    assert killed(local, "switch", "raw.sessions") == 9, local.told
    assert {name for name, digits in local.checksums().items() if digits == NEW[name] != OLD[name]} == {
        "raw.companies",
        "raw.sessions",
    }
    assert local.dbt(*NO_MIX) == 1, local.told
    refused = local.seed("--append", "1")
    assert refused.returncode == 2
    assert "are of two loads, one of which was ended; load anew." in refused.stderr

    done = local.seed(*OPTIONS, "--seed", "43")
    assert done.returncode == 0, done.stderr
    grown = local.seed("--grow", "7")
    assert grown.returncode == 0, grown.stderr
    assert local.checksums() == expected_checksums(Scenario(companies=47, months=2, seed=43))
    assert local.dbt(*NO_MIX) == 0, local.told
    # What the killed ones left is gone, but for what the tables were when the last load began.
    assert len(list(local.folder.glob("warehouse/*.db/*__*"))) <= 2 * len(parts)

    dropped = local.seed("--drop")
    assert "removed schema raw" in dropped.stdout
    assert list(local.folder.glob("warehouse/*.db/*__*")) == []


def stopped(warehouse: SparkWarehouse, how: str, step: str, *options: str) -> tuple[int, str]:
    """Its exit code, and what it says."""
    with hearing_ctrl_c():
        process = warehouse.start(sys.executable, "-c", STOPPED, how, step, *options)
    return process.wait(300), warehouse.told


def test_what_is_said_of_a_load_or_a_drop_that_is_stopped_is_so(local: SparkWarehouse) -> None:
    assert local.seed(*OPTIONS).returncode == 0
    new = (*OPTIONS, "--seed", "43", "--quiet")

    code, told = stopped(local, "the end of Java", "create table raw.sessions__", *new)
    assert code == 1
    assert re.fullmatch(r"error: Spark's Java ended in the middle, [^\n]+; nothing was changed\.\n", told)
    assert local.checksums() == OLD

    code, told = stopped(local, "an error", "replace view raw.sessions", *new)
    assert code == 1
    assert "some tables are of this load" in told
    assert "load anew" in told
    assert "nothing was changed" not in told

    code, told = stopped(local, "Ctrl-C", "replace view raw.sessions", *new)
    assert (code, told) == (130, "interrupted; the change was complete.\n")
    assert local.checksums() == NEW

    code, told = stopped(local, "an error", "drop view truth.monthly_kpis", "--drop")
    assert code == 1
    assert "some of the tables are removed; run --drop again" in told
    assert "removed schema raw" in local.seed("--drop").stdout
    assert list(local.folder.glob("warehouse/*.db/*__*")) == []


def test_a_simulation_of_which_a_month_is_not_loaded_is_not_added_to(local: SparkWarehouse) -> None:
    assert local.seed(*OPTIONS).returncode == 0
    (part,) = local.folder.glob("warehouse/raw.db/loaded_months__*")
    assert local.start(sys.executable, "-c", CUT, f"raw.{part.name}").wait(120) == 0, local.told
    refused = local.seed("--append", "1")
    assert refused.returncode == 2
    assert "raw.loaded_months in spark does not have each month of the simulation once, see 2021-0" in refused.stderr


def test_a_second_load_of_one_catalog_is_refused_in_one_sentence(local: SparkWarehouse) -> None:
    assert local.seed(*OPTIONS).returncode == 0
    with local.start(sys.executable, "-c", HOLDER) as holder:
        while "held" not in local.told:
            assert holder.poll() is None, local.told
        done = local.seed(*OPTIONS, "--seed", "43")
        holder.kill()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert re.search(r"^error: the catalog \S+ of the target spark is in use by process \d+, ", done.stderr)
    assert local.checksums_of_files() == OLD


# What the JVM of a load that was killed does for a moment more.
ENDING = """
import fcntl, sys, time
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX)
    print("held", flush=True)
    time.sleep(2)
"""


def test_a_load_waits_for_a_catalog_whose_user_is_ending(tmp_path: Path) -> None:
    lock = tmp_path / "dbex.lck"
    lock.touch()
    environment = {"SPARK_METASTORE": str(tmp_path), "MASTER": f"spark://127.0.0.1:{free_port()}"}
    command = [sys.executable, "-c", ENDING, str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as ending:
        assert ending.stdout is not None
        assert ending.stdout.readline() == "held\n"
        done = seed_generator("--target", "spark", environment=environment)
        assert ending.poll() == 0
    # The next thing that it looks at.
    assert "no Spark answers" in done.stderr


@pytest.mark.parametrize(
    ("environment", "code", "told"),
    [
        ({"JAVA_HOME": "/nowhere"}, 2, "needs Java 17 or later .* there is no java in JAVA_HOME, /nowhere"),
        ({"JAVA_HOME": "{folder}"}, 2, r"needs Java 17 or later .*; \S+/bin/java is Java 11\."),
        (
            {"MASTER": "spark://127.0.0.1:{port}"},
            1,
            r"no Spark answers at spark://127.0.0.1:\d+ \(MASTER\): Connection",
        ),
        ({"SPARK_REMOTE": "sc://127.0.0.1:{port}"}, 1, r"no Spark answers at sc://127.0.0.1:\d+ \(SPARK_REMOTE\)"),
        ({"SPARK_METHOD": "thrift"}, 2, "connects by the method thrift, which takes SQL only"),
    ],
)
def test_what_cannot_start_is_told_in_one_sentence(
    tmp_path: Path, environment: dict[str, str], code: int, told: str
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\" 2019-01-15' >&2\n")
    java.chmod(0o755)
    places = {name: value.format(folder=tmp_path, port=free_port()) for name, value in environment.items()}
    done = seed_generator("--target", "spark", "--companies", "3", environment=places)
    assert done.returncode == code, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert re.search(f"^error: .*{told}", done.stderr), done.stderr


def test_tasks_make_a_life_in_any_split_of_months_and_companies(local: SparkWarehouse) -> None:
    file = local.folder / "life.toml"
    file.write_text(LIFE)
    options = ("--scenario", str(file), "--seed", "8")
    for done in (local.seed(*options, "--workers", "3"), local.seed("--append", "2"), local.seed("--grow", "20")):
        assert done.returncode == 0, done.stderr
    last = Scenario(**{**read_scenario(file), "seed": 8, "months": 4, "companies": 60})
    expected = expected_checksums(last)
    assert len(expected) == len(set(expected.values())) == len(REPRODUCIBLE)  # no table is empty like another
    assert local.checksums() == expected
