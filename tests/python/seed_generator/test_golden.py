"""The rows of every table, frozen. A checksum changes only with STREAM_VERSION, or when its table gets a column."""

from pathlib import Path

import pytest

from golden import GOLDEN, GOLDEN_STREAM_VERSION, SCENARIOS
from places import load
from seed_generator.scenario import Scenario
from seed_generator.simulation.streams import STREAM_VERSION
from seed_generator.sinks.checksum import checksums
from seed_generator.sinks.duckdb import DuckDBSink

larger = pytest.mark.slow("a simulation of millions of rows")


@pytest.mark.parametrize("name", [pytest.param(name, marks=larger if "million" in name else ()) for name in SCENARIOS])
def test_the_rows_of_the_stream_version_are_frozen(name: str, tmp_path: Path) -> None:
    sink = DuckDBSink(tmp_path / "warehouse.duckdb")
    load(sink, Scenario(**SCENARIOS[name]))
    found = {table.full_name: checksum.digits() for table, checksum in checksums(sink.read).items()}
    assert STREAM_VERSION == GOLDEN_STREAM_VERSION
    assert found == GOLDEN[name]
