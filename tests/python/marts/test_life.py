"""Companies that come later, return and change their plan, and prices that change: on both engines the marts are right.

They equal the simulator's books, which a data test says, and a computation in plain Python from the raw rows.
"""

from pathlib import Path

import pytest

from kpis_in_python import actual_marts, differences, expected_marts
from seed_generator.scenario import Scenario
from seed_generator.scenario_file import read_scenario
from unit_tests import unit_tests
from warehouses import PROJECT, WITHOUT_TESTS, Warehouse

SCENARIOS = PROJECT / "scenarios"
SIZES = """
[sizes.small]
share = 0.7
monthly_price = 19.00
base_sessions = 3
spread = 3
[sizes.large]
share = 0.3
monthly_price = 99.00
base_sessions = 4
spread = 4
"""
# A month without acquisition; prices that change in the second, in the last and beyond the last month.
ALL_KINDS = f"""
companies = 60
months = 14
{SIZES}
[acquisition]
companies = 8
growth = 0.1
season = [1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1]
[reactivation]
probability = 0.2
[plan_changes.small]
large = 0.1
[plan_changes.large]
small = 0.1
[[price_changes]]
month = "2021-02"
company_size = "large"
monthly_price = 109.00
[[price_changes]]
month = "2022-02"
company_size = "small"
monthly_price = 0.00
[[price_changes]]
month = "2021-07"
company_size = "small"
monthly_price = 21.50
[[price_changes]]
month = "2023-01"
company_size = "large"
monthly_price = 999.00
[usage]
season = [1, 1, 1, 1, 1, 1, 0.7, 0.4, 1, 1, 1, 1]
"""
LIVES = {
    "all kinds together": ALL_KINDS,
    "everybody swaps each month and everybody returns": f"""
        companies = 40
        months = 6
        {SIZES}
        [reactivation]
        probability = 1
        [plan_changes.small]
        large = 1
        [plan_changes.large]
        small = 1
    """,
    "a size that is only ever moved into": f"""
        companies = 40
        {SIZES}
        [sizes.huge]
        share = 0
        monthly_price = 500.00
        base_sessions = 2
        spread = 2
        [plan_changes.large]
        huge = 0.3
        [plan_changes.huge]
        large = 0.1
    """,
    "two changes of the price of one size": f"""
        companies = 30
        months = 5
        {SIZES}
        [[price_changes]]
        month = "2021-03"
        company_size = "small"
        monthly_price = 20.00
        [[price_changes]]
        month = "2021-04"
        company_size = "small"
        monthly_price = 18.99
    """,
    # Half of the companies are silent in any month, the one of their acquisition too.
    "companies that come back after a silent first month": """
        companies = 30
        months = 6
        [sizes.quiet]
        share = 1
        monthly_price = 5.00
        base_sessions = 1
        spread = 1
        [acquisition]
        companies = 5
        [reactivation]
        probability = 0.5
    """,
    "sixty months": ALL_KINDS.replace("months = 14", "months = 60").replace("growth = 0.1", "growth = 0"),
    "a season in which nobody has a session": f"""
        companies = 30
        months = 10
        {SIZES}
        [reactivation]
        probability = 0.5
        [usage]
        season = [1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1]
    """,
}


@pytest.mark.slow("lives of many kinds", keeps="test_life.py")
@pytest.mark.parametrize("life", LIVES.values(), ids=LIVES)
def test_in_a_life_every_data_test_is_green_and_the_marts_equal_a_computation_in_python(
    warehouse: Warehouse, life: str, tmp_path: Path
) -> None:
    seed(warehouse, life, tmp_path)
    assert warehouse.build(), warehouse.messages
    assert differences(expected_marts(warehouse), actual_marts(warehouse)) == []


def test_a_life_and_what_is_appended_and_grown_are_followed_by_plain_builds_with_every_data_test_and_no_unit_test(
    warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse.fill("--companies", "40")
    seed(warehouse, ALL_KINDS.replace("months = 14", "months = 11"), tmp_path)
    assert warehouse.build(*WITHOUT_TESTS), warehouse.messages
    assert warehouse.seed("--grow", "15", "--append", "3").returncode == 0
    assert warehouse.build(), warehouse.messages
    assert unit_tests().keys() & warehouse.statuses.keys() == set()
    assert differences(expected_marts(warehouse), actual_marts(warehouse)) == []


@pytest.mark.parametrize("name", ["growing", "declining", "mature"])
def test_the_scenarios_of_the_repository_have_a_life(name: str) -> None:
    assert Scenario(**read_scenario(SCENARIOS / f"{name}.toml")).has_life


def test_the_scenario_of_the_assignment_is_the_default() -> None:
    assert Scenario(**read_scenario(SCENARIOS / "assignment.toml")) == Scenario()


@pytest.mark.slow("a scenario of the repository", keeps="test_life.py")
@pytest.mark.parametrize("name", ["growing", "declining", "mature"])
def test_the_scenarios_of_the_repository_are_built_green(duckdb_warehouse: Warehouse, name: str) -> None:
    assert duckdb_warehouse.seed("--scenario", str(SCENARIOS / f"{name}.toml")).returncode == 0
    assert duckdb_warehouse.build(), duckdb_warehouse.messages
    assert differences(expected_marts(duckdb_warehouse), actual_marts(duckdb_warehouse)) == []


def seed(warehouse: Warehouse, life: str, folder: Path) -> None:
    file = folder / "life.toml"
    file.write_text(life)
    done = warehouse.seed("--scenario", str(file))
    assert done.returncode == 0, done.stderr
