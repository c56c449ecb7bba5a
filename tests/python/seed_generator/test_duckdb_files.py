"""DuckDB files: what a load that fails leaves of them, and which of them can be loaded and built."""

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

import seed_generator.sinks.duckdb as duckdb_sinks
from loads import NEW, NEW_OPTIONS, OLD, hearing_ctrl_c, leftovers
from places import Place, load, made_rows
from seed_generator.errors import EnvironmentFailure
from seed_generator.interruption import undisturbed
from warehouses import PROJECT, seed_generator

in_duckdb = pytest.mark.parametrize("place", ["duckdb"], indirect=True)

# A load that fails, and lets another one run beside the step in which it removes the file that it made.
FAILING = """
import subprocess, sys
from pathlib import Path
from seed_generator import tables
from seed_generator.cli.main import main
from seed_generator.errors import EnvironmentFailure
moment, *other = sys.argv.pop(1), *sys.argv[1:]
unlink = Path.unlink
def load_beside():
    done = subprocess.run([sys.executable, "-m", "seed_generator", *other], capture_output=True, text=True)
    print(done.returncode, done.stderr, flush=True)
def unlinked(path, *options):
    if moment == "before":
        load_beside()
    unlink(path, *options)
    if moment == "after":
        load_beside()
def fails(*_):
    raise EnvironmentFailure("as a full disk does.")
    yield
Path.unlink = unlinked
tables.simulate_sessions = fails
sys.exit(main(["--target", "duckdb"]))
"""


@in_duckdb
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_load_that_fails_never_removes_what_another_one_filled(place: Place, moment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAILING, moment, "--target", "duckdb", *NEW_OPTIONS, "--quiet"],
        cwd=PROJECT,
        env={**os.environ, **place.environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    beside = int(done.stdout.split()[0])
    assert beside == (1 if moment == "before" else 0), done.stdout
    if beside == 0:
        assert place.rows() == made_rows(NEW)
        assert leftovers(place) == []
    else:
        assert "in use by process" in done.stdout
        assert list(place.folder.iterdir()) == []


@in_duckdb
def test_a_file_that_is_removed_while_it_is_opened_is_made_anew(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = duckdb.connect
    opened = []

    def connect_to_one_that_goes(path: Path) -> duckdb.DuckDBPyConnection:
        opened.append(connect(path))
        if len(opened) == 1:
            path.unlink()
        return opened[-1]

    monkeypatch.setattr(duckdb, "connect", connect_to_one_that_goes)
    place.load(OLD)
    monkeypatch.undo()
    assert place.rows() == made_rows(OLD)


@in_duckdb
@pytest.mark.parametrize("size", [0, 5_000, 12_000])
def test_a_disk_that_is_full_before_the_file_is_made_leaves_nothing(place: Place, size: int) -> None:
    done = seed_generator(*place.options, environment=place.environment, preexec_fn=lambda: limit_files_to(size))
    assert done.returncode == 1
    assert list(place.folder.iterdir()) == []


@in_duckdb
def test_a_link_to_where_no_file_is_stays_after_a_load_that_fails(place: Place) -> None:
    place.file.symlink_to("real.duckdb")
    with pytest.raises(ZeroDivisionError), place.sink().change():
        1 / 0  # noqa: B018 - as any error in a load
    assert [path.name for path in place.folder.iterdir()] == [place.file.name]
    place.load(OLD)
    assert place.file.readlink() == Path("real.duckdb")
    assert place.rows() == made_rows(OLD)


@in_duckdb
def test_a_log_of_changes_without_its_file_is_not_removed(place: Place) -> None:
    log = place.file.with_name(f"{place.file.name}.wal")
    log.write_text("theirs")
    refused = place.seed()
    assert refused.returncode == 2
    assert str(log) in refused.stderr
    assert [path.name for path in place.folder.iterdir()] == [log.name]
    assert log.read_text() == "theirs"


def limit_files_to(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


ROOM = [350_000, 800_000, 1_400_000]
MORE_ROOM = [*range(100_000, 4_000_000, 400_000)]


@pytest.mark.parametrize("place", ["duckdb", "parquet"], indirect=True)
@pytest.mark.parametrize("sizes", [ROOM, pytest.param(MORE_ROOM, marks=pytest.mark.slow("more sizes of a disk"))])
def test_however_full_the_disk_is_what_a_load_says_of_itself_is_so(place: Place, sizes: list[int]) -> None:
    for size in sizes:
        place.load(OLD)
        done = seed_generator(
            *(*place.options, *NEW_OPTIONS),
            environment=place.environment,
            preexec_fn=lambda size=size: limit_files_to(size),
        )
        if done.returncode:
            assert done.returncode == 1
            assert "nothing was changed" in done.stderr
        assert place.rows() == made_rows(OLD if done.returncode else NEW), done.stderr
        assert leftovers(place) == []


@contextmanager
def pressed() -> Iterator[None]:
    with undisturbed():
        signal.raise_signal(signal.SIGINT)
        yield


@in_duckdb
@pytest.mark.parametrize("change", ["load", "drop"])
def test_ctrl_c_at_the_commit_comes_after_it(place: Place, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    place.load(OLD)
    sink = place.sink()
    # To open the file is such a step too; what comes then is the commit.
    steps = iter([undisturbed(), pressed()])
    monkeypatch.setattr(duckdb_sinks, "undisturbed", lambda: next(steps))
    with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt):
        load(sink, NEW) if change == "load" else sink.drop()
    monkeypatch.undo()
    assert sink.has_changed
    if change == "load":
        assert place.rows() == made_rows(NEW)
    else:
        assert place.is_empty()


@in_duckdb
def test_ctrl_c_while_the_file_is_opened_leaves_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duckdb_sinks, "undisturbed", pressed)
    sink = place.sink()
    with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt):
        load(sink, OLD)
    assert not sink.has_changed
    assert list(place.folder.iterdir()) == []


@in_duckdb
def test_a_failure_after_the_commit_says_that_the_load_is_complete(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = place.sink()

    @contextmanager
    def fails_at_its_end() -> Iterator[None]:
        with undisturbed():
            yield
        if sink.has_changed:
            raise duckdb.IOException("IO Error: No space left on device")

    monkeypatch.setattr(duckdb_sinks, "undisturbed", fails_at_its_end)
    with pytest.raises(EnvironmentFailure, match="is complete") as told:
        load(sink, OLD)
    assert not re.search("nothing was changed", str(told.value))
    monkeypatch.undo()
    assert place.rows() == made_rows(OLD)
