"""DuckDB files: what a load that fails leaves of them, and which of them can be loaded and built."""

import os
import re
import resource
import shutil
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
from seed_generator.scenario import Scenario
from warehouses import PROJECT, Warehouse, seed_generator, seeded

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


ROOM = [350_000, 1_400_000]
MORE_ROOM = [*range(100_000, 4_000_000, 400_000)]


@pytest.mark.parametrize(
    "place",
    ["duckdb", "parquet", pytest.param("csv", marks=pytest.mark.slow("a folder of other files"))],
    indirect=True,
)
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


more_names = pytest.mark.slow("more names of files")
# Names that dbt reads otherwise than DuckDB, that it puts into its statements as they are, and those of schemas that
# views read.
NOT_BUILT = ["raw.duckdb", "SYSTEM.db", "it's.duckdb", "a\tb.duckdb", "folder#1/warehouse.duckdb"]
NOT_BUILT_EITHER = [
    *("Raw.db", "raw", "staging.duckdb", "intermediate.duckdb", "system.duckdb", "temp.duckdb", "main.duckdb"),
    *('a"b.duckdb', "a;b.duckdb", "a#b.duckdb", "a\nb.duckdb", " a.duckdb", "a .duckdb"),
    "a'; drop schema raw; --.duckdb",
]
BUILT = [
    *("truth.duckdb", "marts.duckdb", "pg_catalog.duckdb", "information_schema.duckdb", "memory.duckdb"),
    *("my file.duckdb", "my.file.db", "no_suffix", ".hidden.duckdb", "größe.duckdb", "日本.duckdb", "UPPER.duckdb"),
    *("select.duckdb", "123", "a-b.duckdb", "a$b.duckdb", "a?b.duckdb", "a%20b.duckdb", "[a]*.duckdb", "{{x}}.duckdb"),
]


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("loaded") / "loaded.duckdb"
    assert seed(file, "--companies", "5", "--months", "1").returncode == 0
    return file


@pytest.mark.parametrize("name", [*NOT_BUILT, *(pytest.param(name, marks=more_names) for name in NOT_BUILT_EITHER)])
def test_a_file_whose_name_dbt_cannot_build_in_is_refused_before_anything_is_written(
    tmp_path: Path, name: str, loaded: Path
) -> None:
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    for is_there, options in ((False, ()), (True, ("--append", "1"))):
        if is_there:
            shutil.copy(loaded, file)
        before = file.read_bytes() if is_there else None
        refused = seed(file, *options)
        assert refused.returncode == 2
        assert f"error: dbt can't build in {file}: " in refused.stderr
        assert refused.stderr.endswith("; choose another name, such as warehouse.duckdb.\n")
        assert (file.read_bytes() if file.exists() else None) == before
    # What an older version loaded is still read and removed.
    assert "raw.sessions" in seed(file, "--checksum").stdout
    assert "removed schema raw" in seed(file, "--drop").stdout


@pytest.mark.parametrize(
    "name",
    ["{{x}}.duckdb"]
    + [pytest.param(name, marks=more_names) for name in ("truth.duckdb", "information_schema.duckdb", "a?b.duckdb")],
)
def test_a_file_of_any_other_name_is_loaded_added_to_loaded_again_and_dropped(tmp_path: Path, name: str) -> None:
    file, few = tmp_path / name, ("--companies", "5", "--months", "1")
    for options in (few, ("--append", "1"), few, ("--checksum",)):
        done = seed(file, *options)
        assert done.returncode == 0, done.stderr
    assert seed(file, "--drop").stdout.splitlines()[:2] == ["removed schema raw", "removed schema truth"]


MOST_UNLIKE = "größe of a.my.db"


@pytest.mark.parametrize("name", [MOST_UNLIKE, *(pytest.param(name, marks=more_names) for name in BUILT)])
def test_what_is_loaded_is_built_whatever_the_file_is_called(tmp_path: Path, name: str) -> None:
    warehouse = Warehouse("duckdb", {"DUCKDB_PATH": str(tmp_path / name)}, tmp_path / "artifacts")
    warehouse.fill("--companies", "30", "--months", "2")


def test_a_tilde_is_the_home_folder_to_both_tools(tmp_path: Path) -> None:
    environment = {"DUCKDB_PATH": "~/warehouse.duckdb", "HOME": str(tmp_path)}
    warehouse = Warehouse("duckdb", environment, tmp_path / "artifacts")
    assert warehouse.seed("--companies", "30").returncode == 0
    assert warehouse.dbt("run", "--select", "stg_companies")
    with duckdb.connect(tmp_path / "warehouse.duckdb") as file:
        assert file.execute("select count(*) from staging.stg_companies").fetchall() == [(30,)]


@pytest.mark.parametrize("home", ["{tmp}", ""])
@pytest.mark.parametrize(
    "path", ["~", "~x.duckdb", "~root/my.duckdb", "~/", "", "/", ".", "..", "sub/", "sub/..", "a:b.duckdb", "md:x"]
)
def test_a_path_that_leads_elsewhere_for_dbt_is_refused(tmp_path: Path, path: str, home: str) -> None:
    environment = {"DUCKDB_PATH": path, "HOME": home.format(tmp=tmp_path)}
    for options in ((), ("--drop",)):
        refused = seeded(*options, environment=environment)
        assert refused.returncode == 2
        assert refused.stderr.startswith("error: the target duckdb has ")
        assert refused.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_without_a_home_a_tilde_leads_nowhere() -> None:
    refused = seeded(environment={"DUCKDB_PATH": "~/my.duckdb", "HOME": ""})
    assert refused.returncode == 2
    assert "must begin with ~/, where HOME is set" in refused.stderr


STORAGE = ["v0.10.2", "v1.0.0", "v1.1.0", "v1.2.0", "v1.4.0", "v2.0.0"]


@pytest.mark.parametrize("version", STORAGE)
def test_a_file_that_an_older_duckdb_can_read_is_loaded_and_still_can_be(tmp_path: Path, version: str) -> None:
    file = tmp_path / "old.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{file}' as old (storage_version '{version}')")
        connection.execute("create table old.theirs as select 7 as a")
        readable_since = connection.execute(
            "select tags from duckdb_databases() where path = ?", [str(file)]
        ).fetchall()
    for options in (("--companies", "30", "--months", "2"), ("--append", "1")):
        done = seed(file, *options)
        assert done.returncode == 0, done.stderr
    rows = made_rows(Scenario(companies=30, months=3))
    with duckdb.connect(file) as connection:
        assert connection.execute("from theirs").fetchall() == [(7,)]
        assert connection.execute("from raw.companies").fetchall() == rows["raw.companies"]
        assert connection.execute("select tags from duckdb_databases() where not internal").fetchall() == readable_since
    assert seed(file, "--drop").stdout.splitlines()[:2] == ["removed schema raw", "removed schema truth"]


OLD_DUCKDB = """
import sys, duckdb
with duckdb.connect(sys.argv[1]) as connection:
    connection.execute("create table if not exists theirs as select 7 as a")
    print(duckdb.__version__, connection.execute(sys.argv[2]).fetchall())
"""


@pytest.mark.slow(
    "the release itself, where its storage version is tried without", keeps="seed_generator/test_duckdb_files.py"
)
def test_a_file_that_duckdb_1_made_is_loaded_and_built_and_duckdb_1_reads_it(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    packages, file = tmp_path / "packages", tmp_path / "warehouse.duckdb"
    subprocess.run([*pip, "--only-binary=:all:", "--target", packages, "duckdb==1.1.3"], check=True, timeout=300)

    def in_duckdb_1(query: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(packages)}
        command = [sys.executable, "-c", OLD_DUCKDB, str(file), query]
        return subprocess.check_output(command, env=environment, text=True)

    assert in_duckdb_1("select 1") == "1.1.3 [(1,)]\n"
    warehouse = Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, tmp_path / "artifacts")
    assert warehouse.seed("--companies", "30", "--months", "2").returncode == 0
    assert warehouse.build(), warehouse.messages
    assert in_duckdb_1("select count(*), min(company_id) from raw.companies") == "1.1.3 [(30, 1)]\n"
    assert in_duckdb_1("select count(*) > 0 from marts.fct_revenue") == "1.1.3 [(True,)]\n"


def seed(file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return seeded(*options, environment={"DUCKDB_PATH": str(file)})
