"""What is proven to be of a load is replaced, removed and added to, and nothing else: neither a file nor a folder."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loads import NEW, OLD, hearing_ctrl_c, held_load, leftovers, start
from places import Place, load, made_rows
from seed_generator.errors import EnvironmentFailure
from seed_generator.scenario import Scenario
from seed_generator.sinks.folder.workspace import Workspace
from seed_generator.sinks.parquet.sink import ParquetSink
from warehouses import seeded

SMALL = Scenario(companies=20, months=3)
CHANGES = ((), ("--drop",), ("--append", "1"))

parquet = pytest.mark.parametrize("place", ["parquet"], indirect=True)


def contents(folder: Path) -> dict[str, str]:
    """All below a folder: where links lead, and what is in files."""

    def said(path: Path) -> str:
        if path.is_symlink():
            return f"link to {path.readlink()}"
        return "folder" if path.is_dir() else path.read_bytes().hex()

    return {str(path.relative_to(folder)): said(path) for path in sorted(folder.rglob("*"))}


def add_text(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("theirs")


def add_folder(path: Path) -> None:
    path.mkdir(parents=True)


def add_link(path: Path) -> None:
    theirs = path.parents[2] / "theirs"
    add_text(theirs)
    path.symlink_to(theirs)


def add_rows(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"seed": [1], "companies": [2]}), path)


THEIRS = [
    (add_text, "notes.txt"),
    (add_text, ".DS_Store"),
    (add_text, "raw/notes.txt"),
    (add_text, "raw/sessions/mine.parquet"),
    (add_text, "raw/sessions/2021-13-01234567.parquet"),
    (add_text, "raw/plans/2021-01-01234567.parquet"),
    (add_text, "raw/plans/plans-0123456.parquet"),
    (add_text, "raw/sessions-01234567.parquet"),
    (add_folder, "raw/mytable"),
    (add_folder, "marts"),
    (add_folder, "raw/sessions/2021-09-01234567.parquet"),
    (add_link, "raw/sessions/2021-09-01234567.parquet"),
    (add_link, "raw/mytable"),
]


@pytest.mark.parametrize(("add", "theirs"), THEIRS, ids=[f"{add.__name__} {name}" for add, name in THEIRS])
def test_a_simulation_with_something_else_in_it_is_refused_by_its_name_and_untouched(
    tmp_path: Path, add: Callable[[Path], None], theirs: str
) -> None:
    folder = tmp_path / "folder"
    load(ParquetSink(folder), SMALL)
    add(folder / theirs)
    before = contents(tmp_path)
    for options in CHANGES:
        refused = seeded("--parquet", str(folder), *options)
        assert refused.returncode == 2
        assert f"error: --parquet: {folder} holds " in refused.stderr
        assert f"{theirs}, which seed_generator did not write" in refused.stderr
        assert contents(tmp_path) == before


@pytest.mark.parametrize(
    ("add", "theirs"),
    [
        (add_folder, "raw"),
        (add_folder, "raw/simulation"),
        (add_text, "raw/simulation/simulation-01234567.parquet"),
        (add_rows, "raw/simulation/simulation-01234567.parquet"),
        (add_text, "raw/sessions/2021-01-01234567.parquet"),
    ],
)
def test_a_folder_of_the_names_of_a_simulation_is_none_without_its_proof(
    tmp_path: Path, add: Callable[[Path], None], theirs: str
) -> None:
    folder = tmp_path / "folder"
    add(folder / theirs)
    before = contents(tmp_path)
    for options in CHANGES:
        refused = seeded("--parquet", str(folder), *options)
        assert refused.returncode == 2
        assert f"{folder} lacks the raw/simulation/simulation-<digest>.parquet of a load" in refused.stderr
        assert contents(tmp_path) == before


@parquet
def test_a_file_that_comes_during_a_load_is_not_removed_by_it(place: Place) -> None:
    place.load(OLD)
    with held_load(place) as process:
        add_text(place.tables / "raw" / "notes.txt")
        before = contents(place.tables)
        _, errors = process.communicate("go on\n", timeout=60)
    assert process.returncode == 2
    assert "holds raw/notes.txt, which seed_generator did not write" in errors
    assert contents(place.tables) == before
    assert leftovers(place) == []


@parquet
@pytest.mark.parametrize("change", [("--companies", "5"), ("--drop",)])
def test_folders_beside_it_that_a_user_made_stay(place: Place, change: tuple[str, ...]) -> None:
    place.load(OLD)
    for name in ("new", "old", "garbage", "tmp"):
        add_text(place.folder / f".{place.tables.name}.{name}" / "notes.txt")
    theirs = {name: said for name, said in contents(place.folder).items() if name.startswith(".")}
    assert place.seed(*change).returncode == 0
    assert {name: said for name, said in contents(place.folder).items() if name.startswith(".")} == theirs


@parquet
@pytest.mark.parametrize("add", [add_text, add_link])
def test_even_of_the_folder_in_which_a_load_is_prepared_nothing_of_a_user_is_removed(
    place: Place, add: Callable[[Path], None]
) -> None:
    place.load(OLD)
    prepared = Workspace(place.tables).path
    add(prepared / "mine.txt" if add is add_text else prepared)
    before = contents(place.folder)
    for options in CHANGES:
        refused = place.seed(*options)
        assert refused.returncode in {1, 2}
        assert str(prepared) in refused.stderr
        assert contents(place.folder) == before


def test_a_link_to_the_folder_stays_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("real")
    for _ in range(2):
        assert seeded("--parquet", str(link), "--companies", "5", "--quiet").returncode == 0
        assert link.readlink() == Path("real")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]
    assert seeded("--parquet", str(link), "--drop", "--quiet").returncode == 0
    assert link.readlink() == Path("real")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("options", CHANGES)
def test_links_in_a_circle_are_told_in_one_sentence(tmp_path: Path, options: tuple[str, ...]) -> None:
    (tmp_path / "link").symlink_to("link")
    refused = seeded("--parquet", str(tmp_path / "link"), *options)
    assert refused.returncode in {1, 2}
    assert refused.stderr.startswith("error: ")
    assert refused.stderr.count("\n") == 1
    assert (tmp_path / "link").readlink() == Path("link")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("folder", [".", "..", "/", "./../{name}"])
def test_the_current_folder_is_not_replaced_below_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setattr("warehouses.PROJECT", tmp_path)
    refused = seeded("--parquet", folder.format(name=tmp_path.name))
    assert refused.returncode == 2
    assert "is or holds the current folder" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_that_a_user_made_stays_at_a_drop_and_keeps_its_readers_at_a_load(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o2750)
    dropped = seeded("--parquet", str(folder), "--drop")
    assert (dropped.returncode, "nothing to remove" in dropped.stdout) == (0, True)
    assert folder.is_dir()
    for _ in range(2):
        load(ParquetSink(folder), SMALL)
        assert folder.stat().st_mode & 0o7777 == 0o2750


@pytest.mark.parametrize("options", [("--drop",), ("--append", "1"), ("--checksum",), ("--scenario", "/no/such.toml")])
def test_what_makes_no_simulation_makes_no_folder_either(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = seeded("--parquet", str(tmp_path / "a" / "b" / "folder"), *options)
    assert done.returncode == (0 if options == ("--drop",) else 2)
    assert list(tmp_path.iterdir()) == []


def test_a_load_that_fails_removes_the_folders_that_it_made_above(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    refused = seeded("--parquet", str(tmp_path / "theirs" / "a" / "b" / ("x" * 250)))
    assert refused.returncode == 1
    assert "File name too long" in refused.stderr
    with pytest.raises(ZeroDivisionError), ParquetSink(tmp_path / "theirs" / "a" / "folder").change():
        1 / 0  # noqa: B018 - as any error in a load
    assert [path.name for path in tmp_path.rglob("*")] == ["theirs"]


# A change that is killed when it has deleted half of a folder that is not the simulation any more.
KILLED = """
import os, shutil, sys
from seed_generator.cli.main import main
def killed(folder):
    os.unlink(next(iter(sorted(folder.rglob("2021-*.parquet")))))
    os._exit(9)
shutil.rmtree = killed
sys.exit(main(sys.argv[1:]))
"""


@parquet
def test_a_drop_that_was_killed_while_it_deleted_is_a_drop(place: Place) -> None:
    place.load(OLD)
    with start(place, "--drop", program=KILLED) as process:
        assert process.wait(60) == 9
    for options in (("--append", "1"), ("--checksum",)):
        told = place.seed(*options)
        assert told.returncode == 2
        assert "holds no simulation; load one first" in told.stderr
        assert not place.tables.exists()
    place.load(NEW)
    assert place.rows() == made_rows(NEW)
    assert leftovers(place) == []


@parquet
@pytest.mark.parametrize("options", [("--drop",), ("--companies", "5")])
def test_what_a_killed_change_left_to_be_deleted_is_never_put_back(place: Place, options: tuple[str, ...]) -> None:
    place.load(OLD)
    with start(place, "--companies", "7", program=KILLED) as process:
        assert process.wait(60) == 9
    shutil.rmtree(place.tables)  # and the new one goes by hand
    assert place.seed("--checksum").returncode == 2
    assert not place.tables.exists()
    assert place.seed(*options).returncode == 0
    assert place.tables.exists() == (options != ("--drop",))
    assert leftovers(place) == []


@parquet
def test_a_simulation_that_a_killed_load_moved_aside_is_read_and_dropped_as_if_it_stood_there(place: Place) -> None:
    place.load(OLD)
    workspace = Workspace(place.tables)
    for _ in range(2):
        with workspace.held():
            workspace.new.mkdir()
            place.tables.rename(workspace.path / "old")
            saved = contents(workspace.path)
            shutil.copytree(workspace.path, place.folder / "killed")
        shutil.rmtree(place.tables)
        (place.folder / "killed").rename(workspace.path)
        assert contents(workspace.path) == saved
        assert place.checksums()
        assert place.rows() == made_rows(OLD)
        assert leftovers(place) == []


@parquet
@pytest.mark.parametrize("change", ["load", "drop"])
def test_a_failure_after_the_change_says_that_it_is_complete(
    place: Place, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    place.load(OLD)

    def fails(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "rmtree", fails)
    sink = place.sink()
    with pytest.raises(EnvironmentFailure, match=r"is complete, but .* can't be removed: Permission denied\.$"):
        load(sink, NEW) if change == "load" else sink.drop()
    assert sink.has_changed
    monkeypatch.undo()
    if change == "load":
        assert place.rows() == made_rows(NEW)
    else:
        assert not place.tables.exists()
    place.load(OLD)
    assert leftovers(place) == []


PRESSED_AT = """
import signal, sys
from pathlib import Path
from seed_generator.cli.main import main
at, rename, renames = int(sys.argv.pop(1)), Path.rename, 0
def pressed(path, target):
    global renames
    if "files_of_parquet" in str(path) and not str(path).endswith(".parquet"):
        renames += 1
        if renames == at + 1:
            signal.raise_signal(signal.SIGINT)
    return rename(path, target)
Path.rename = pressed
sys.exit(main(sys.argv[1:]))
"""


@parquet
@pytest.mark.parametrize("at", [0, *(pytest.param(at, marks=pytest.mark.slow("a later rename")) for at in (1, 2))])
@pytest.mark.parametrize("change", [("--companies", "6000", "--months", "4", "--seed", "7"), ("--drop",)])
def test_ctrl_c_at_the_renames_themselves_is_after_them(place: Place, at: int, change: tuple[str, ...]) -> None:
    place.load(OLD)
    command = [sys.executable, "-c", PRESSED_AT, str(at), *place.options, *change]
    with hearing_ctrl_c():
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    is_pressed = at < (2 if change == ("--drop",) else 3)
    assert done.returncode == (130 if is_pressed else 0)
    assert done.stderr == ("interrupted; the change was complete.\n" if is_pressed else "")
    if change == ("--drop",):
        assert not place.tables.exists()
    else:
        assert place.rows() == made_rows(NEW)
    assert leftovers(place) == []


def remove_months(folder: Path) -> None:
    for path in (folder / "raw" / "sessions").glob("2021-0[23]-*"):
        path.unlink()


def remove_loaded_months(folder: Path) -> None:
    for path in (folder / "raw" / "loaded_months").iterdir():
        path.unlink()


def remove_books(folder: Path) -> None:
    shutil.rmtree(folder / "truth" / "monthly_kpis")


def cut_short(folder: Path) -> None:
    (path,) = (folder / "raw" / "sessions").glob("2021-02-*")
    path.write_bytes(path.read_bytes()[:-100])


def empty_a_file(folder: Path) -> None:
    (path,) = (folder / "raw" / "companies").iterdir()
    path.write_bytes(b"")


def exchange_a_file(folder: Path) -> None:
    other = folder.parent / "other"
    load(ParquetSink(other), Scenario(companies=21, months=3, seed=3))
    (path,) = (folder / "raw" / "companies").iterdir()
    (others,) = (other / "raw" / "companies").iterdir()
    shutil.copy(others, path)


def mix_in_another_simulation(folder: Path) -> None:
    other = folder.parent / "other"
    load(ParquetSink(other), Scenario(companies=20, months=3, seed=3))
    for path in (other / "raw" / "sessions").iterdir():
        shutil.copy(path, folder / "raw" / "sessions")


def leave_what_an_append_replaced(folder: Path) -> None:
    """As a copy does that only adds files."""
    before = folder.parent / "before"
    shutil.copytree(folder, before)
    assert seeded("--parquet", str(folder), "--append", "1", "--quiet").returncode == 0
    shutil.copytree(before, folder, dirs_exist_ok=True)


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (remove_months, "lacks files that its load wrote, raw/sessions/2021-02-{d}, raw/sessions/2021-03-{d}"),
    (remove_loaded_months, "lacks files that its load wrote, raw/loaded_months/loaded_months-{d}"),
    (remove_books, "lacks files that its load wrote, truth/monthly_kpis/monthly_kpis-{d}"),
    (cut_short, "holds files that its load wrote otherwise, raw/sessions/2021-02-{d}"),
    (empty_a_file, "holds files that its load wrote otherwise, raw/companies/companies-{d}"),
    (exchange_a_file, "holds files that its load wrote otherwise, raw/companies/companies-{d}"),
    (mix_in_another_simulation, "holds files that its load did not write, raw/sessions/2021-01-"),
    (leave_what_an_append_replaced, "holds files that its load did not write, "),
]


@pytest.mark.parametrize(("damage", "told"), DAMAGES, ids=[damage.__name__ for damage, _ in DAMAGES])
def test_a_simulation_that_is_not_as_it_was_loaded_is_neither_added_to_nor_checked(
    tmp_path: Path, damage: Callable[[Path], None], told: str
) -> None:
    folder = tmp_path / "folder"
    load(ParquetSink(folder), SMALL)
    (simulation,) = (folder / "raw" / "simulation").iterdir()
    told = told.format(d=simulation.name.removeprefix("simulation-"))
    damage(folder)
    before = contents(tmp_path)
    for options in (("--append", "1"), ("--grow", "5"), ("--checksum",)):
        refused = seeded("--parquet", str(folder), *options)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert f"error: --parquet: {folder} {told}" in refused.stderr
        assert refused.stderr.endswith("; load a simulation anew.\n")
        assert contents(tmp_path) == before
    # And that is what helps.
    assert seeded("--parquet", str(folder), "--companies", "20", "--months", "3", "--quiet").returncode == 0
    assert seeded("--parquet", str(folder), "--append", "1", "--quiet").returncode == 0
