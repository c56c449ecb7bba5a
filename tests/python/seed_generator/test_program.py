"""How the programs end: with one sentence and the right code, whatever a user's surroundings are."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loads import start
from places import Place, everywhere
from warehouses import PROJECT, Warehouse, seeded

# An output that has no room, where the system has one.
FULL = Path("/dev/full")
another_program = pytest.mark.slow("another program, which ends by the same function")
PROGRAMS = (
    "seed_generator",
    *(pytest.param(program, marks=another_program) for program in ("reporting", "reporting.documentation")),
)
# A load in which Ctrl-C comes when all is in place, and its summary would be printed.
LATE = """
import signal, sys
from seed_generator.cli import main
def press_ctrl_c(*_):
    signal.raise_signal(signal.SIGINT)
main._print_what_was_loaded = press_ctrl_c
sys.exit(main.main(sys.argv[1:]))
"""
# A program of a user whom the system does not know, as in a container that is run under any number.
HOMELESS = """
import os, pwd, runpy, sys
def unknown(_):
    raise KeyError
pwd.getpwuid = unknown
os.environ.pop("HOME", None)
program = sys.argv.pop()
runpy.run_module(program, run_name="__main__", alter_sys=True)
"""

needs_full = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full")


@needs_full
@pytest.mark.parametrize("program", PROGRAMS)
def test_an_output_without_room_is_told_in_one_sentence(program: str) -> None:
    with FULL.open("w") as full:
        done = _run(program, "--help", stdout=full)
    assert done.returncode == 1
    assert re.fullmatch(r"error: the output can't be written: No space left on device[^\n]*\.\n", done.stderr)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_reader_that_has_left_before_anything_is_printed_is_no_error(program: str) -> None:
    reader, output = os.pipe()
    os.close(reader)
    done = _run(program, "--help", stdout=output)
    os.close(output)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow("a whole build", keeps="test_program.py")
def test_a_build_whose_reader_leaves_prints_no_traceback(duckdb_warehouse: Warehouse) -> None:
    assert duckdb_warehouse.seed("--companies", "5").returncode == 0
    duckdb_warehouse.parse_for_processes()
    reader, output = os.pipe()
    os.close(reader)
    with duckdb_warehouse.surroundings():
        done = _run("reporting", "--build", "--target", "duckdb", stdout=output)
    os.close(output)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "closed",
    [
        "<&- >&- 2>&-",
        *(pytest.param(one, marks=pytest.mark.slow("one stream alone")) for one in ("<&-", ">&-", "2>&-")),
    ],
)
def test_a_process_without_some_stream_does_its_work_and_keeps_its_file(tmp_path: Path, closed: str) -> None:
    file = tmp_path / "warehouse.duckdb"
    command = f"{sys.executable} -m seed_generator"
    for options, code in (("--companies 3", 0), ("--companies 0", 2), ("--checksum", 0), ("--drop", 0)):
        done = subprocess.run(
            ["/bin/sh", "-c", f"{command} {options} {closed}"],
            cwd=PROJECT,
            env={**os.environ, "DUCKDB_PATH": str(file)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
    with duckdb.connect(file) as connection:
        assert connection.execute("from duckdb_tables()").fetchall() == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_current_folder_that_is_gone_is_told_in_one_sentence(tmp_path: Path, program: str) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"rmdir {gone} && exec {sys.executable} -m {program}"
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=gone, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: the current folder is gone; change to another[^\n]*\.\n", done.stderr)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_user_without_a_home_folder_gets_no_traceback(tmp_path: Path, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", HOMELESS, program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in {1, 2}
    assert re.fullmatch(r"error: [^\n]+\.\n", done.stderr), done.stderr


@pytest.mark.parametrize(
    "option", ["--parquet", "--scenario", "--faults", "--profiles-dir", "--target", "--fault", "--companies"]
)
def test_an_option_without_a_value_is_refused(option: str) -> None:
    done = seeded(f"{option}=", "--dry-run")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"error: [^\n]*{option}[^\n]* empty[^\n]*\.\n", done.stderr)


@pytest.mark.parametrize("option", ["--parquet", "--scenario", "--faults", "--profiles-dir"])
def test_a_home_folder_that_is_not_known_is_told_in_one_sentence(option: str) -> None:
    done = seeded(f"{option}=~no_such_user/there", "--dry-run")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(rf"error: [^\n]*{option}[^\n]* home folder [^\n]*~no_such_user/there[^\n]*\.\n", done.stderr)


def test_a_path_may_begin_with_the_home_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("companies = 7")
    done = seeded("--scenario=~/mine.toml", "--dry-run", environment={"HOME": str(tmp_path)})
    assert "7 companies" in done.stdout


@everywhere
@needs_full
def test_a_load_whose_summary_has_no_room_says_that_it_is_complete(place: Place) -> None:
    with FULL.open("w") as full:
        done = _run("seed_generator", *place.options, "--companies", "5", stdout=full, env=_environment(place))
    assert done.returncode == 1
    assert done.stderr == "error: the output can't be written: No space left on device; the change was complete.\n"
    assert len(place.rows()["raw.companies"]) == 5


@everywhere
def test_ctrl_c_after_a_load_is_complete_says_so(place: Place) -> None:
    with start(place, "--companies", "5", program=LATE) as process:
        assert process.communicate(timeout=120) == ("", "interrupted; the change was complete.\n")
    assert process.returncode in {130, -signal.SIGINT}
    assert len(place.rows()["raw.companies"]) == 5


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_bytes("companies = 7".encode("utf-8-sig"))
    assert "7 companies" in seeded("--scenario", str(file), "--dry-run").stdout


@pytest.mark.parametrize(
    "text",
    [
        "companies = " + "9" * 5_000,
        "companies = 1e99999999999999999999",
        "companies = " + "[" * 5_000,
        "first_month = 2021-02-30",
        'companies = "\\ud800"',
        "companies = 2021-01-01T00:00:00+99:99",
    ],
    ids=["a number too long", "an exponent too large", "too deep", "no such day", "half a character", "no such zone"],
)
@pytest.mark.parametrize("option", ["--scenario", "--faults"])
def test_a_file_that_no_reader_of_toml_can_read_is_told_in_one_sentence(tmp_path: Path, option: str, text: str) -> None:
    file = tmp_path / "file.toml"
    file.write_text(text)
    _assert_told(seeded(option, str(file), "--dry-run"))


@given(
    st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)),
    st.sampled_from(["", "sizes = ", "[sizes.a]\nshare = ", "seed = "]),
)
@settings(max_examples=100, deadline=None)
def test_whatever_a_scenario_file_holds_it_is_read_or_told_in_one_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, before: str
) -> None:
    file = tmp_path_factory.mktemp("scenario") / "scenario.toml"
    file.write_bytes(before.encode() + content)
    done = seeded("--scenario", str(file), "--dry-run", "--months", "1")
    if done.returncode:
        _assert_told(done)


def test_a_kind_of_fault_that_is_not_there_names_those_it_may_mean() -> None:
    done = seeded("--fault", "duplicate_session=0.1", "--dry-run")
    _assert_told(done)
    assert "duplicate_sessions" in done.stderr
    assert len(done.stderr) < 250


def _environment(place: Place) -> dict[str, str]:
    return {**os.environ, **place.environment}


def _assert_told(done: subprocess.CompletedProcess[str]) -> None:
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: [^\n]+\.\n", done.stderr), done.stderr


def _run(program: str, *options: str, **settings: object) -> subprocess.CompletedProcess[str]:
    given = {"cwd": PROJECT, "stdout": subprocess.PIPE, "timeout": 120, **settings}
    return subprocess.run(  # type: ignore[call-overload,no-any-return]  # whatever settings it takes
        [sys.executable, "-m", program, *options], stderr=subprocess.PIPE, text=True, check=False, **given
    )
