"""What many tests share: the two engines, each with a scratch warehouse that lives as long as the test run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from once import computed_once
from parsed_once import parsed_once
from places import KINDS, Place
from postgres_server import Database, scratch_database
from shared import shared_in
from warehouses import PROJECT, Warehouse


@pytest.fixture(scope="session", autouse=True)
def _environment_of_its_own() -> Iterator[None]:
    """No variable of the person who runs the tests decides what they test; PGHOST is read when the server is made."""
    kinds = ("DBT_", "DUCKDB_PATH", "SCHEMA_PREFIX", *(() if os.environ.get("PGHOST") else ("PG",)))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(kinds)]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session", autouse=True)
def _made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What dbt makes of the project and of a simulation, it makes once for all workers."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "made"
    folder.mkdir(exist_ok=True)
    with shared_in(folder), parsed_once(PROJECT), computed_once():
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
def place(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Iterator[Place]:
    place = Place(request.param, tmp_path, database)
    yield place
    place.drop_schemas()


@pytest.fixture
def places(tmp_path: Path, database: Database) -> Iterator[list[Place]]:
    """One of each kind."""
    places = [Place(kind, tmp_path, database) for kind in KINDS]
    yield places
    for place in places:
        place.drop_schemas()
