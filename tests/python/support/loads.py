"""Loads as processes of their own, to be killed, held and looked at."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from places import Place
from seed_generator.scenario import Scenario
from warehouses import PROJECT

OLD = Scenario(companies=300, months=4)
NEW_OPTIONS = ("--companies", "25000", "--months", "4", "--seed", "7")
NEW = Scenario(companies=25_000, months=4, seed=7)

# A load that stops in the middle of the sessions, says so, and goes on when it is told to.
HELD = """
import sys
from seed_generator import tables
from seed_generator.cli.main import main
made = tables.simulate_sessions
def held(*arguments):
    batches = made(*arguments)
    yield next(batches)
    print("held", flush=True)
    sys.stdin.readline()
    yield from batches
tables.simulate_sessions = held
sys.exit(main(sys.argv[1:]))
"""


def start(place: Place, *options: str, program: str | None = None) -> subprocess.Popen[str]:
    run = ["-c", program] if program else ["-m", "seed_generator"]
    return subprocess.Popen(
        [sys.executable, *run, *place.options, *options],
        cwd=PROJECT,
        env={**os.environ, **place.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def held_load(place: Place, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A load that is in its middle, of the new simulation without options; killed at the end if it still is."""
    with start(place, *(options or NEW_OPTIONS), program=HELD) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def leftovers(place: Place) -> list[str]:
    """What a load has left beside its place."""
    expected = {"parquet": ["simulation"], "duckdb": ["warehouse.duckdb"], "postgres": []}[place.kind]
    return sorted(path.name for path in place.folder.iterdir() if path.name not in expected)
