"""Whatever limit of a scenario is reached, it loads, builds green and agrees with the books, on both engines."""

from pathlib import Path

import pytest

from kpis_in_python import actual_marts, differences, expected_marts
from limits import LIMITS, as_toml
from seed_generator.scenario import Scenario
from seed_generator.scenario_file import read_scenario
from warehouses import Warehouse


@pytest.mark.slow("the limits of a scenario", keeps="test_pipeline.py")
@pytest.mark.parametrize("scenario", [pytest.param(scenario, id=name) for name, scenario in LIMITS.items()])
def test_a_scenario_at_its_limits_is_loaded_and_built_green_with_the_right_marts(
    warehouse: Warehouse, scenario: Scenario, tmp_path: Path
) -> None:
    file = tmp_path / "limits.toml"
    file.write_text(as_toml(scenario))
    assert Scenario(**read_scenario(file)) == scenario
    loaded = warehouse.seed("--scenario", str(file))
    assert loaded.returncode == 0, loaded.stderr
    assert warehouse.build(), warehouse.messages
    assert warehouse.query("select count(*) from marts.fct_revenue where monthly_price >= 0") == [
        (scenario.months * len(scenario.sizes),)
    ]
    assert differences(expected_marts(warehouse), actual_marts(warehouse)) == []
