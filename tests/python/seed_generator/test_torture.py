"""Loads and extensions that are killed at random moments, servers that crash: the tables are the old or the new ones.

One round of each in `make test`, ten in `make test-slow`, a hundred in `make torture`.
"""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from loads import NEW, OLD, held_load, leftovers, start
from places import Checksums, Place, checksums_of, everywhere
from postgres_server import own_server
from seed_generator.scenario import Scenario
from warehouses import PROJECT, Warehouse

# What is done to the tables of OLD, and what they become. It takes long enough for a kill to hit each part of it.
CHANGES = {
    "load": (("--companies", "25000", "--months", "4", "--seed", "7"), Scenario(companies=25_000, months=4, seed=7)),
    "append": (("--append", "2"), Scenario(companies=300, months=6)),
    "grow": (("--grow", "20000"), Scenario(companies=20_300, months=4)),
}


def loaded(place: Place, scenario: Scenario) -> Checksums:
    place.load(scenario)
    return checksums_of(place)


@pytest.mark.slow("random moments", keeps="test_atomic_loads.py")
@everywhere
@pytest.mark.parametrize(
    ("options", "scenario"),
    [pytest.param(*change, id=name) for name, change in CHANGES.items()],
)
def test_killed_at_random_moments_the_tables_are_the_old_or_the_new_ones_whole(
    place: Place, options: tuple[str, ...], scenario: Scenario, rounds: int
) -> None:
    new, old = loaded(place, scenario), loaded(place, OLD)
    began = time.monotonic()
    with start(place, *options) as process:
        assert process.wait(60) == 0
    duration = time.monotonic() - began
    assert checksums_of(place) == new
    loaded(place, OLD)
    moments = random.Random(f"{place.kind} {options}")  # noqa: S311 - the same moments in every run
    for number in range(rounds):
        with start(place, *options) as process:
            time.sleep(duration * (number + moments.random()) / rounds)
            process.kill()
        found = checksums_of(place)
        assert found in (old, new), f"neither old nor new in round {number}"
        if found == new:
            loaded(place, OLD)
    # The next one needs no repair, and what the killed ones left is gone then.
    with start(place, *options) as process:
        assert process.wait(60) == 0
    assert checksums_of(place) == new
    assert leftovers(place) == []


def build_in_a_process(warehouse: Warehouse) -> subprocess.Popen[bytes]:
    dbt = [str(Path(sys.executable).parent / "dbt"), "run", "--target", warehouse.target, "--quiet"]
    options = ["--target-path", str(warehouse.artifacts), "--log-path", str(warehouse.artifacts)]
    environment = {**os.environ, **warehouse.environment}
    return subprocess.Popen([*dbt, *options], cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)


def test_a_server_that_crashes_in_the_middle_of_a_load_comes_back_with_the_old_tables(tmp_path: Path) -> None:
    with own_server() as server:
        place = Place("postgres", tmp_path, server)
        old = loaded(place, OLD)
        for options in ((), ("--append", "1")):
            with held_load(place, *options) as process:
                server.crash()
                output, errors = process.communicate("go on\n", timeout=60)
            assert (process.returncode, output) == (1, "")
            assert errors.startswith("error: ")
            assert errors.count("\n") == 1
            server.start()
            assert checksums_of(place) == old
        loaded(place, NEW)


@pytest.mark.slow("loads at any moment of a build", keeps="test_atomic_loads.py")
@pytest.mark.parametrize("place", ["duckdb", "postgres"], indirect=True)
def test_loads_beside_a_build_are_refused_or_whole_and_the_next_build_is_right(place: Place) -> None:
    options, new = ("--companies", "500"), Scenario()
    states = [loaded(place, new), loaded(place, OLD)]
    file = place.file if place.kind == "duckdb" else None
    warehouse = Warehouse(place.kind, place.environment, place.folder / "artifacts", place.database, file)
    warehouse.parse_for_processes()
    outcomes = set()
    with build_in_a_process(warehouse) as process:
        while process.poll() is None:
            done = place.seed(*options, "--quiet")
            outcomes.add(done.returncode)
            assert done.returncode == 0 or "in use" in done.stderr, done.stderr
            time.sleep(1)
    assert outcomes <= {0, 1}
    assert checksums_of(place) in states
    assert warehouse.build(), warehouse.messages
