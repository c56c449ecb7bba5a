"""Ctrl-C ends every command line in one line, whatever it was at."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from loads import hearing_ctrl_c
from seed_generator.interruption import heard
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
    with start(command, PYTHONPATH=str(tmp_path)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=120) == ("", told)
    assert process.returncode == 130


def test_while_dbt_builds(duckdb_warehouse: Warehouse) -> None:
    assert duckdb_warehouse.seed("--companies", "10").returncode == 0
    with duckdb_warehouse.surroundings(), start("reporting", "--build", "--target", "duckdb") as process:
        assert process.stdout is not None
        while "START" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=120)[1] == "interrupted.\n"
    assert process.returncode in INTERRUPTED


def test_a_library_that_swallows_it_only_delays_it() -> None:
    reached = []
    with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt), heard():  # noqa: PT012 - it is raised after the block
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            reached.append("its end")
    assert reached == ["its end"]
    with hearing_ctrl_c(), heard():
        pass
    assert signal.getsignal(signal.SIGINT) in (signal.default_int_handler, signal.SIG_IGN)


def start(command: str, *options: str, **environment: str) -> subprocess.Popen[str]:
    with hearing_ctrl_c():
        return subprocess.Popen(
            [sys.executable, "-m", command, *options],
            cwd=PROJECT,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
