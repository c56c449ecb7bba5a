"""A load happens completely or not at all, one at a time, however it ends."""

import re
import shutil
import signal
import threading
import time
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from loads import NEW, NEW_OPTIONS, OLD, hearing_ctrl_c, held_load, leftovers, load_at, start, timed_load
from places import PREFIX, Place, everywhere, load, made_rows
from seed_generator.errors import EnvironmentFailure
from seed_generator.scenario import Scenario
from seed_generator.schemas import SESSIONS, TABLES, Batch, TableSchema
from seed_generator.simulation.portion import Portion
from seed_generator.sinks.folder.workspace import Workspace
from seed_generator.tables import simulated_tables

in_postgres = pytest.mark.parametrize("place", ["postgres"], indirect=True)


@everywhere
def test_a_load_killed_in_its_middle_leaves_the_old_tables_and_the_next_needs_no_repair(place: Place) -> None:
    place.load(OLD)
    with held_load(place) as process:
        process.kill()
        process.wait(30)
        assert place.rows() == made_rows(OLD)
        place.load(NEW)
    assert place.rows() == made_rows(NEW)
    assert leftovers(place) == []


@everywhere
def test_a_second_load_is_refused_within_ten_seconds_and_told_who_holds_the_place(place: Place) -> None:
    place.load(OLD)
    with held_load(place) as first:
        second, seconds = timed_load(place, "--companies", "5")
        assert seconds < 10
        assert (second.returncode, second.stdout) == (1, "")
        assert re.fullmatch(r"error: [^\n]+\n", second.stderr)
        assert f"process {first.pid}" in second.stderr
        assert first.communicate("go on\n", timeout=60)[1] == ""
        assert first.returncode == 0
    assert place.rows() == made_rows(NEW)
    assert leftovers(place) == []


@pytest.mark.parametrize("place", ["duckdb"], indirect=True)
def test_a_load_that_is_refused_never_removes_the_file_of_the_first(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with held_load(place) as first:
        # As if it had looked for the file an instant before the first load made it.
        monkeypatch.setattr(Path, "exists", lambda path: False)  # noqa: ARG005 - of any path
        with pytest.raises(EnvironmentFailure):
            place.load(OLD)
        monkeypatch.undo()
        assert place.file.exists()
        first.communicate("go on\n", timeout=60)
    assert place.rows() == made_rows(NEW)


LATE = (("raw.sessions", 40),)
EARLIER = (("raw.plans", 1), ("raw.companies", 1), ("raw.sessions", 1), ("raw.sessions", 7))


@everywhere
@pytest.mark.parametrize("moments", [LATE, pytest.param(EARLIER, marks=pytest.mark.slow("earlier moments"))])
def test_ctrl_c_ends_a_load_in_one_line_with_the_old_tables_whole(
    place: Place, moments: tuple[tuple[str, int], ...]
) -> None:
    place.load(OLD)
    starts = []
    for moment in moments:
        began = time.monotonic()
        with load_at(place, moment) as process:
            starts.append(time.monotonic() - began)
            pressed = time.monotonic()
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=120)
        assert (process.returncode, output, errors) == (130, "", "interrupted; nothing was changed.\n")
        # A second is promised. A slow machine does not keep it, but takes as much longer to start a load.
        assert time.monotonic() - pressed < 5 * max(starts)
    assert place.rows() == made_rows(OLD)
    assert leftovers(place) == []


@everywhere
def test_a_sink_is_as_good_as_new_after_ctrl_c(place: Place) -> None:
    interrupted = Event()

    def press_ctrl_c(table: TableSchema, _: int) -> None:
        if table is SESSIONS and not interrupted.is_set():
            interrupted.set()
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    sink = place.sink()
    with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt), sink.change() as change:
        change.write(simulated_tables(Portion(Scenario(companies=300_000)), on_rows=press_ctrl_c))
    load(sink, OLD)
    assert place.rows() == made_rows(OLD)


@everywhere
def test_ctrl_c_leaves_nothing_where_there_was_nothing(place: Place) -> None:
    with load_at(place, ("raw.sessions", 1)) as process:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert list(place.folder.iterdir()) == []


@pytest.mark.parametrize("place", ["parquet"], indirect=True)
@pytest.mark.parametrize("killed", ["between the two renames", "after them", "while it wrote"])
def test_a_folder_is_mended_after_a_kill_between_its_renames(place: Place, killed: str) -> None:
    place.load(OLD)
    workspace = Workspace(place.tables).path
    workspace.mkdir()
    new, old = workspace / "new", workspace / "old"
    if killed == "between the two renames":
        place.tables.rename(old)
        new.mkdir()
    elif killed == "after them":
        shutil.copytree(place.tables, old)
    else:
        (new / "raw").mkdir(parents=True)
        (new / "raw" / "half").write_text("a file")
    # A run that fails puts back what a killed one moved aside; one that succeeds replaces it.
    broken = simulated_tables(Portion(NEW))
    broken[2] = replace(broken[2], batches=(Batch(1 / 0) for _ in range(1)))
    with pytest.raises(ZeroDivisionError), place.sink().change() as change:
        change.write(broken)
    assert place.rows() == made_rows(OLD)
    assert leftovers(place) == []
    place.load(NEW)
    assert place.rows() == made_rows(NEW)
    assert leftovers(place) == []


@in_postgres
def test_a_reader_in_the_way_is_named_within_ten_seconds(place: Place) -> None:
    place.load(OLD)
    reader = place.database.connect(application_name="a_long_report")
    with reader, reader.cursor() as cursor:
        cursor.execute(f"select count(*) from {PREFIX}raw.sessions")
        refused, seconds = timed_load(place, *NEW_OPTIONS)
        assert seconds < 10
        assert refused.returncode == 1
        assert "in use by a_long_report (server process" in refused.stderr
    reader.close()
    assert place.rows() == made_rows(OLD)
    assert place.seed("--quiet").returncode == 0


@in_postgres
@pytest.mark.parametrize(
    ("options", "held", "wanted"), [(NEW_OPTIONS, TABLES[-1], TABLES[0]), (("--drop",), TABLES[0], TABLES[-1])]
)
def test_a_reader_who_wants_one_table_after_the_other_meets_no_deadlock(
    place: Place, options: tuple[str, ...], held: TableSchema, wanted: TableSchema
) -> None:
    place.load(OLD)
    waiting = f"select count(*) from pg_locks where not granted and relation = '{PREFIX}{held.full_name}'::regclass"
    reader, watcher = place.database.connect(), place.database.connect()
    watcher.autocommit = True
    with reader, reader.cursor() as cursor, watcher.cursor() as watching:
        cursor.execute(f"select count(*) from {PREFIX}{held.full_name}")
        with start(place, *options) as change:
            is_waited_for = False
            while not is_waited_for:
                assert change.poll() is None
                watching.execute(waiting)
                is_waited_for = watching.fetchone() != (0,)
            cursor.execute(f"select count(*) from {PREFIX}{wanted.full_name}")
            reader.commit()
            output, errors = change.communicate(timeout=60)
    reader.close()
    watcher.close()
    assert (change.returncode, errors) == (0, ""), output
    if "--drop" not in options:
        assert place.rows() == made_rows(NEW)


@in_postgres
def test_a_connection_that_the_server_ends_is_told_in_one_sentence(place: Place) -> None:
    place.load(OLD)
    with held_load(place) as process:
        place.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            f" where application_name like 'seed_generator, process {process.pid} %'"
        )
        output, errors = process.communicate("go on\n", timeout=60)
    assert (process.returncode, output) == (1, "")
    assert re.fullmatch(r"error: [^\n]+ nothing was changed\. [^\n]+\n", errors), errors
    assert place.rows() == made_rows(OLD)
