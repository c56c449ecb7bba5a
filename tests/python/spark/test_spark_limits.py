"""Whatever limit of a scenario is reached, Spark loads and builds it too, with the marts of DuckDB."""

from pathlib import Path

import pytest

from kpis_in_python import actual_marts, differences
from limits import LIMITS, as_toml
from seed_generator.scenario import Scenario
from spark_warehouse import SparkWarehouse
from warehouses import WITHOUT_TESTS, Warehouse


@pytest.mark.slow("the limits of a scenario", keeps="test_pipeline.py")
@pytest.mark.parametrize("scenario", [pytest.param(scenario, id=name) for name, scenario in LIMITS.items()])
def test_a_scenario_at_its_limits_is_loaded_and_built_with_the_marts_of_duckdb(
    local: SparkWarehouse, peer: Warehouse, scenario: Scenario, tmp_path: Path
) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(as_toml(scenario))
    done = local.seed("--scenario", str(file))
    assert done.returncode == 0, done.stderr
    assert local.dbt("run") == 0, local.told
    assert peer.seed("--scenario", str(file)).returncode == 0
    assert peer.build(*WITHOUT_TESTS)
    assert differences(actual_marts(peer), local.marts()) == []
