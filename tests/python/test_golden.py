"""The rows of every table, frozen. A checksum changes only with STREAM_VERSION, or when its table gets a column."""

import hashlib
from typing import Any

import pyarrow as pa
import pytest

from seed_generator.scenario import Scenario, read_scenario
from seed_generator.streams import STREAM_VERSION
from seed_generator.tables import Table, simulated_tables

GOLDEN_STREAM_VERSION = 1
GOLDEN = {
    "the default": {
        "raw.plans": "e10b8464c331d953",
        "raw.companies": "f4438401fb237804",
        "raw.sessions": "e6ce8e8f6cdff561",
        "truth.monthly_kpis": "38cae57d20665826",
        "truth.expected_kpis": "2e18c1107e546c5a",
        "truth.injected_faults": "f19304f1dd984634",
        "raw.simulation": "e6a2806285cf5fdd",
    },
    "another seed, a leap February and two blocks": {
        "raw.plans": "e10b8464c331d953",
        "raw.companies": "9ee39efa0b0ac423",
        "raw.sessions": "063a879b75d0302c",
        "truth.monthly_kpis": "4a34c1f6e7450af7",
        "truth.expected_kpis": "b9107b8096bbce67",
        "truth.injected_faults": "f19304f1dd984634",
        "raw.simulation": "08e6c09bf3cb6dbe",
    },
    "three sizes": {
        "raw.plans": "aadfcba9c0cc7185",
        "raw.companies": "10e648d9820c9640",
        "raw.sessions": "b9db376501f9dbfb",
        "truth.monthly_kpis": "b9811ef4762c1a00",
        "truth.expected_kpis": "b8d2eb2a784ed15f",
        "truth.injected_faults": "f19304f1dd984634",
        "raw.simulation": "d8f2303ab7b7ce24",
    },
}


def checksum(table: Table) -> str:
    """SHA-256 of a table's values, column by column, whatever its batches."""
    digest = hashlib.sha256()
    rows = pa.Table.from_batches(table.batches, table.schema.columns)
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        digest.update(f"{name}\n".encode())
        if pa.types.is_integer(column.type) or pa.types.is_timestamp(column.type):
            digest.update(column.cast(pa.int64()).to_numpy().astype("<i8").tobytes())
        else:
            digest.update("\n".join(map(str, column.to_pylist())).encode())
    return digest.hexdigest()[:16]


SCENARIOS: dict[str, dict[str, Any] | str] = {
    "the default": {},
    "another seed, a leap February and two blocks": {
        "companies": 70_000,
        "months": 3,
        "first_month": "2020-01",
        "seed": 20_240_229,
    },
    "three sizes": "scenario_file",
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_rows_of_the_stream_version_are_frozen(name: str, request: pytest.FixtureRequest) -> None:
    values = SCENARIOS[name]
    scenario = Scenario(**(read_scenario(request.getfixturevalue(values)) if isinstance(values, str) else values))
    found = {table.schema.full_name: checksum(table) for table in simulated_tables(scenario)}
    assert STREAM_VERSION == GOLDEN_STREAM_VERSION
    assert found == GOLDEN[name]
