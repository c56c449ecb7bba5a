"""How the tests run: in which order, with how many examples and rounds. What many of them share is in `engines`."""

import gc
import importlib
import importlib.util
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# They have commands of their own, because they need environments of their own: `make test-spark` and `make verify-bi`.
collect_ignore = [
    *([] if importlib.util.find_spec("pyspark") else ["spark"]),
    *([] if "SUPERSET_BIN" in os.environ else ["bi/test_superset.py"]),
]

# The same examples on every run and machine, however slow: a red test is a broken rule and never bad luck.
settings.register_profile("project", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")

# What takes longest begins first, so that no worker is left alone with it at the end; the others follow by name.
LONGEST_FIRST = (
    "seed_generator/test_postgres_loads.py",
    "marts/test_incremental.py",
    "docs/test_documentation.py",
    "reporting/test_publication.py",
    "seed_generator/test_atomic_loads.py",
    "proof/test_faults.py",
    "proof/test_gallery.py",
    "marts/test_own_tables_example.py",
    "marts/test_pipeline.py",
    "seed_generator/test_duckdb_files.py",
    "seed_generator/test_extension.py",
    "marts/test_metrics.py",
    "seed_generator/test_sinks.py",
    "seed_generator/test_life_loads.py",
    "proof/test_defects.py",
    "reporting/test_page_in_browser.py",
    "bi/test_bi_reader.py",
    "marts/test_life.py",
    "reporting/test_reporting.py",
    "reporting/test_dbt_docs.py",
    "marts/test_parts_of_a_build.py",
    "proof/test_faults_in_own_data.py",
    "reporting/test_own_data.py",
    "reporting/test_page_of_a_life.py",
    "seed_generator/test_expectations_of_a_life.py",
    "seed_generator/test_parquet_folders.py",
    "proof/test_own_data.py",
    "seed_generator/test_simulation.py",
    "seed_generator/test_expectations_of_subscriptions.py",
    "seed_generator/test_command_line.py",
    "seed_generator/test_program.py",
    "seed_generator/test_golden.py",
    "seed_generator/test_expectations.py",
    "marts/test_subscription_vectors.py",
    "seed_generator/test_environment_failures.py",
    "proof/test_sql_mutants.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """The process that only hands out the tests to others does without dbt, which takes seconds to import."""
    if "PYTEST_XDIST_WORKER" in os.environ or not config.getoption("numprocesses", None):
        config.pluginmanager.register(importlib.import_module("engines"))


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: some test always waits, for a process or for a lock."""
    return (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What has been imported stays: to look through it for garbage again and again takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_unconfigure() -> None:
    """What would stay for ever looks to DuckDB's binding like a leak, which it would tell at length."""
    gc.unfreeze()
    gc.callbacks.clear()  # of hypothesis, which knows the tests


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=1, help="how often a load is killed, in each of the tests that do")


@pytest.fixture(params=[1, pytest.param(10, marks=pytest.mark.slow("more rounds"))], ids=["few", "many"])
def rounds(request: pytest.FixtureRequest) -> int:
    chosen: int = request.config.getoption("--rounds")
    return chosen * int(request.param)
