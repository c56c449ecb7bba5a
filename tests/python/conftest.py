"""What many tests share: the two engines, each with a scratch warehouse that lives as long as the test run."""

import gc
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from places import Place
from postgres_server import Database, scratch_database
from warehouses import THREE_SIZES, Warehouse, parsed_once

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
    "seed_generator/test_torture.py",
    "marts/test_incremental.py",
    "docs/test_documentation.py",
    "marts/test_pipeline.py",
    "marts/test_metrics.py",
    "reporting/test_publication.py",
    "seed_generator/test_atomic_loads.py",
    "proof/test_faults.py",
    "proof/test_gallery.py",
    "proof/test_defects.py",
    "proof/test_mutants.py",
)


def pytest_collection_finish() -> None:
    """What has been imported stays: to look through it for garbage again and again takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {Path(__file__).parent / name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rounds", type=int, default=1, help="how often a load is killed, in each of the tests that do")


@pytest.fixture(params=[1, pytest.param(10, marks=pytest.mark.slow("more rounds"))], ids=["few", "many"])
def rounds(request: pytest.FixtureRequest) -> int:
    chosen: int = request.config.getoption("--rounds")
    return chosen * int(request.param)


@pytest.fixture(scope="session", autouse=True)
def _environment_of_its_own() -> Iterator[None]:
    """No variable of the person who runs the tests decides what they test; PGHOST is read when the server is made."""
    kinds = ("DBT_", "DUCKDB_PATH", "SCHEMA_PREFIX", *(() if os.environ.get("PGHOST") else ("PG",)))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(kinds)]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def _parsed_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """dbt parses the project once for all workers."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "parsed"
    folder.mkdir(exist_ok=True)
    with parsed_once(folder):
        yield


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    with scratch_database() as database:
        yield database


@pytest.fixture(scope="session")
def duckdb_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("duckdb")
    file = folder / "warehouse.duckdb"
    return Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, folder / "artifacts", file=file)


@pytest.fixture(scope="session")
def postgres_warehouse(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("postgres")
    return Warehouse("postgres", database.environment, folder / "artifacts", database=database)


@pytest.fixture(params=["duckdb", "postgres"])
def warehouse(request: pytest.FixtureRequest) -> Warehouse:
    """Each engine in turn."""
    chosen: Warehouse = request.getfixturevalue(f"{request.param}_warehouse")
    return chosen


@pytest.fixture
def scenario_file() -> Path:
    """A scenario with three sizes, unlike the default in everything."""
    return THREE_SIZES


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Iterator[Place]:
    place = Place(request.param, tmp_path, database)
    yield place
    place.drop_schemas()
