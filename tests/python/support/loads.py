"""Loads as processes of their own, to be killed, held and looked at."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from places import Place
from seed_generator.scenario import Scenario
from warehouses import PROJECT

OLD = Scenario(companies=300, months=4)
NEW_OPTIONS = ("--companies", "6000", "--months", "4", "--seed", "7")
NEW = Scenario(companies=6_000, months=4, seed=7)

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


# A load that says when it has a number of batches of a table, and goes on.
ANNOUNCED = """
import sys
from collections import Counter
from seed_generator.cli.main import main
from seed_generator.cli.progress import Progress
moment, batches, add = {moment!r}, Counter(), Progress.add
def announce(progress, table, rows):
    add(progress, table, rows)
    batches[table.full_name] += 1
    if (table.full_name, batches[table.full_name]) == moment:
        print("now", flush=True)
Progress.add = announce
sys.exit(main(sys.argv[1:]))
"""

# A load that says at its end how long it took once all was imported.
TIMED = """
import sys, time
from seed_generator.cli.main import main
began = time.monotonic()
code = main(sys.argv[1:])
print(time.monotonic() - began)
sys.exit(code)
"""


@contextmanager
def hearing_ctrl_c() -> Iterator[None]:
    """As on a terminal, for this process and those that it starts.

    A shell starts what runs in the background with SIGINT ignored, and every process hands that on.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def start(place: Place, *options: str, program: str | None = None) -> subprocess.Popen[str]:
    run = ["-c", program] if program else ["-m", "seed_generator"]
    with hearing_ctrl_c():
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


@contextmanager
def load_at(place: Place, moment: tuple[str, int]) -> Iterator[subprocess.Popen[str]]:
    """A load that takes long, when it has that many batches of that table; killed at the end if it still runs."""
    with start(place, "--companies", "2000000", program=ANNOUNCED.format(moment=moment)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "now\n"
        try:
            yield process
        finally:
            process.kill()


def timed_load(place: Place, *options: str) -> tuple[subprocess.CompletedProcess[str], float]:
    """What a load says, and the seconds that it took; how long a machine takes to start Python is not among them."""
    with start(place, *options, program=TIMED) as process:
        output, errors = process.communicate(timeout=120)
    *told, seconds = output.splitlines()
    return subprocess.CompletedProcess(process.args, process.returncode, "\n".join(told), errors), float(seconds)


def leftovers(place: Place) -> list[str]:
    """What a load has left beside its place."""
    return sorted({path.name for path in place.folder.iterdir()} - place.own)
