"""Ctrl-C ends every command line in one line, whatever it was at."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loads import hearing_ctrl_c
from seed_generator.errors import EnvironmentFailure
from seed_generator.interruption import heard, undisturbed
from seed_generator.scenario import Scenario
from seed_generator.simulation.portion import Portion
from seed_generator.sinks.interruptible import interruptibly
from seed_generator.sinks.parquet.files import write_files
from seed_generator.tables import simulated_tables
from warehouses import PROJECT, Warehouse

# A library that takes long to import, and hides from its user that this was interrupted.
SLOW = """
import time
print("importing", flush=True)
try:
    time.sleep(600)
except BaseException:
    pass
"""
# A load in which Ctrl-C comes at the last table, and the code that runs then swallows it.
SWALLOWED = """
import signal, sys
from seed_generator.cli.main import main
from seed_generator.cli.progress import Progress
from seed_generator.schemas import TABLES
def press_ctrl_c(progress, table, rows):
    progress.rows[table] += rows
    if table is TABLES[-1]:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            pass
Progress.add = press_ctrl_c
sys.exit(main(sys.argv[1:]))
"""
# What a shell reports as 130: that exit code, or an end by the signal, which Python chooses where code that a library
# has made of a text was interrupted.
INTERRUPTED = {130, -signal.SIGINT}


@pytest.mark.parametrize(
    ("command", "library", "told"),
    [
        ("seed_generator", "numpy", "interrupted; nothing was changed.\n"),
        ("reporting", "dbt", "interrupted.\n"),
        ("reporting.documentation", "dbt", "interrupted.\n"),
    ],
)
def test_while_libraries_are_imported(tmp_path: Path, command: str, library: str, told: str) -> None:
    (tmp_path / library).mkdir()
    (tmp_path / library / "__init__.py").write_text(SLOW)
    with start("-m", command, PYTHONPATH=str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=120) == ("", told)
    assert process.returncode == 130


def test_while_dbt_builds(duckdb_warehouse: Warehouse) -> None:
    assert duckdb_warehouse.seed("--companies", "10").returncode == 0
    duckdb_warehouse.parse_for_processes()
    log = duckdb_warehouse.artifacts / "dbt.log"
    log.unlink(missing_ok=True)
    with duckdb_warehouse.surroundings(), start("-m", "reporting", "--build", "--target", "duckdb") as process:
        while not (log.exists() and "START" in log.read_text()):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=120)[1] == "interrupted.\n"
    assert process.returncode in INTERRUPTED


def test_a_library_that_swallows_it_only_delays_it() -> None:
    with hearing_ctrl_c(), heard() as stop_if_pressed:
        stop_if_pressed()
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            stop_if_pressed()


def test_an_error_that_a_library_makes_of_it_is_still_ctrl_c() -> None:
    with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt), heard():  # noqa: PT012 - an error after another
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise EnvironmentFailure("a statement failed (KeyboardInterrupt).")


def test_another_error_stays_what_it_is() -> None:
    with hearing_ctrl_c(), pytest.raises(EnvironmentFailure), heard():
        raise EnvironmentFailure("the disk is full.")


def test_a_load_in_which_it_was_swallowed_ends_all_the_same_and_changes_nothing(tmp_path: Path) -> None:
    with start("-c", SWALLOWED, "--parquet", str(tmp_path / "tables"), "--companies", "10") as process:
        assert process.communicate(timeout=120) == ("", "interrupted; nothing was changed.\n")
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_an_undisturbed_step_is_done_before_it_is_raised() -> None:
    done = []
    with hearing_ctrl_c():
        with pytest.raises(KeyboardInterrupt), undisturbed():  # noqa: PT012 - it is raised after the block
            signal.raise_signal(signal.SIGINT)
            done.append("the step")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert done == ["the step"]


def test_work_in_a_thread_has_ended_when_it_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def work() -> None:
        time.sleep(0.2)
        done.append("the work")

    press_ctrl_c_when_a_thread_starts(monkeypatch)
    with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt):
        interruptibly(work, lambda: None)
    assert done == ["the work"]


def test_a_file_is_not_closed_while_its_thread_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, write = [], pq.ParquetWriter.write_table

    def write_slowly(file: pq.ParquetWriter, *rows: object) -> None:
        at_work.append(file)
        time.sleep(0.2)
        write(file, *rows)
        at_work.remove(file)

    monkeypatch.setattr(pq.ParquetWriter, "write_table", write_slowly)
    press_ctrl_c_when_a_thread_starts(monkeypatch)
    (plans, *_) = simulated_tables(Portion(Scenario()))
    with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt):
        write_files(plans, tmp_path, 1)
    assert at_work == []


def press_ctrl_c_when_a_thread_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python waits for the thread, and so has heard it most often: what started it does not know it yet."""
    start = threading.Thread.start

    def started(thread: threading.Thread) -> None:
        start(thread)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(threading.Thread, "start", started)


def start(*command: str, **environment: str) -> subprocess.Popen[str]:
    with hearing_ctrl_c():
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=PROJECT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
