"""One cluster for all tests, and a warehouse on it for each that asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from spark_cluster import Cluster, running_cluster
from spark_warehouse import SparkWarehouse
from warehouses import Warehouse


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of all warehouses: dbt parses the project once."""
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture
def warehouse(cluster: Cluster, tmp_path: Path, artifacts: Path) -> SparkWarehouse:
    return SparkWarehouse.of(tmp_path, cluster.address, artifacts)


@pytest.fixture
def local(tmp_path: Path, artifacts: Path) -> SparkWarehouse:
    """Spark in one process, without a cluster."""
    return SparkWarehouse.of(tmp_path, "local[2]", artifacts)


@pytest.fixture
def peer(tmp_path: Path) -> Warehouse:
    """The same project on DuckDB."""
    file = tmp_path / "peer.duckdb"
    return Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, tmp_path / "artifacts of the peer", file=file)
