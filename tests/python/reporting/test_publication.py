"""The published marts: as they are in the warehouse, swapped in whole, and never in anybody's way."""

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import duckdb
import psycopg2
import pytest
from dbt.contracts.graph.nodes import ModelNode

from kpis_in_python import KEYS, actual_marts
from loads import hearing_ctrl_c
from reporting import cli, publication
from reporting import versions as versions_module
from reporting.project import Project
from reporting.publication import begun_publication
from reporting.versions import DATABASE
from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.profiles import read_target
from warehouses import PROJECT, Warehouse, seed_generator

# The oldest release that has wheels for every Python of ours.
OLD_DUCKDB = "duckdb==1.1.3"
Rows = list[tuple[object, ...]]


@pytest.fixture(scope="module")
def built(duckdb_warehouse: Warehouse) -> Warehouse:
    return build(duckdb_warehouse)


def build(warehouse: Warehouse, *options: str) -> Warehouse:
    warehouse.fill("--companies", "40", *options)
    return warehouse


@contextmanager
def project_on(warehouse: Warehouse) -> Iterator[Project]:
    """The project, its marts just read, as the command line has it before it publishes."""
    with warehouse.surroundings():
        project = Project(read_target(warehouse.target))
        assert project.monthly_kpis()
        yield project


def publish(project: Project, folder: Path) -> None:
    with begun_publication(folder, project.engine) as publication:
        publication.publish(project)


def read(folder: Path, table: str) -> Rows:
    with duckdb.connect(folder / DATABASE, read_only=True) as connection:
        return connection.sql(f"select * from {table}").fetchall()


def sessions(folder: Path) -> object:
    return read(folder, "(select sum(sessions) from marts.fct_monthly_usage)")[0][0]


def versions(folder: Path) -> list[str]:
    """What lies beside the link."""
    return sorted(path.name for path in folder.parent.iterdir() if path.name.startswith(f".{folder.name}-"))


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_it_holds_the_rows_types_and_comments_of_the_marts(
    engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    warehouse = build(request.getfixturevalue(f"{engine}_warehouse"))
    with project_on(warehouse) as project:
        publish(project, tmp_path / "it's published")
    folder = tmp_path / "it's published"
    marts = actual_marts(warehouse)
    assert marts.keys() == KEYS.keys()
    for mart in marts:
        rows = sorted(warehouse.query(f"select * from marts.{mart}"), key=repr)
        assert sorted(read(folder, f"marts.{mart}"), key=repr) == rows
        file = str(folder / "marts" / f"{mart}.parquet")
        assert sorted(duckdb.read_parquet(file).fetchall(), key=repr) == rows
    types = set(read(folder, "(select column_name, data_type from duckdb_columns() where schema_name = 'marts')"))
    expected: set[tuple[object, ...]] = {
        ("period", "DATE"),
        ("sessions", "BIGINT"),
        ("company_size", "VARCHAR"),
        ("revenue", "DECIMAL(18,2)"),
    }
    assert expected - types == set()
    comments = read(folder, "(select comment from duckdb_columns() where schema_name = 'marts')")
    comments += read(folder, "(select comment from duckdb_tables())")
    assert len(comments) > 40
    assert [comment for (comment,) in comments if not comment] == []


@pytest.mark.parametrize(
    "name",
    [
        "published",
        *(pytest.param(name, marks=pytest.mark.slow("another name")) for name in ("snapshot", "marts", "saas_kpis")),
    ],
)
def test_a_warehouse_s_file_may_be_called_like_anything_of_the_publication(
    built: Warehouse, tmp_path: Path, name: str
) -> None:
    file = tmp_path / f"{name}.duckdb"
    assert built.file
    shutil.copy(built.file, file)
    named = Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, tmp_path / "artifacts", file=file)
    with project_on(named) as project:
        publish(project, tmp_path / "kpis")
    assert read(tmp_path / "kpis", "marts.rpt_monthly_kpis") == built.query(
        "select * from marts.rpt_monthly_kpis order by all"
    )


def test_tools_with_duckdb_1_read_it(built: Warehouse, tmp_path: Path) -> None:
    with project_on(built) as project:
        publish(project, tmp_path / "published")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    packages = tmp_path / "packages"
    subprocess.run([*pip, "--only-binary=:all:", "--target", packages, OLD_DUCKDB], check=True, timeout=300)
    program = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=True);"
        "print(duckdb.__version__, c.sql('select sum(sessions) from marts.fct_monthly_usage').fetchone()[0],"
        "c.sql(f\"select sum(sessions) from '{sys.argv[2]}'\").fetchone()[0])"
    )
    files = [tmp_path / "published" / name for name in (DATABASE, "marts/fct_monthly_usage.parquet")]
    done = subprocess.run(
        [sys.executable, "-c", program, *files],
        env={**os.environ, "PYTHONPATH": str(packages)},
        capture_output=True,
        text=True,
        check=True,
    )
    expected = sessions(tmp_path / "published")
    assert done.stdout.split() == [OLD_DUCKDB.partition("==")[2], str(expected), str(expected)]


def test_a_tool_may_hold_it_open_while_seeding_building_and_publishing_go_on(built: Warehouse, tmp_path: Path) -> None:
    folder = tmp_path / "published"
    with project_on(built) as project:
        publish(project, folder)
    before = sessions(folder)
    with duckdb.connect(folder / DATABASE, read_only=True) as holder:
        build(built, "--seed", "1")
        with project_on(built) as project:
            publish(project, folder)
        assert holder.sql("select sum(sessions) from marts.fct_monthly_usage").fetchall() == [(before,)]
    assert [(sessions(folder),)] == built.query("select count(*) from raw.sessions")
    assert sessions(folder) != before
    assert len(versions(folder)) == 2


def test_nobody_can_change_a_duckdb_file_between_its_build_and_its_publication(
    built: Warehouse, tmp_path: Path
) -> None:
    with project_on(built) as project:
        done = seed_generator("--target", "duckdb", "--companies", "7", environment=built.environment)
        assert (done.returncode, "is in use by process" in done.stderr) == (1, True)
        publish(project, tmp_path / "published")
    assert built.query("select count(*) from raw.companies") == [(40,)]


def test_no_build_replaces_a_mart_on_postgres_while_they_are_copied(
    postgres_warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = build(postgres_warehouse)
    columns = publication._columns

    def meanwhile(copied: ModelNode) -> dict[str, str]:
        for mart in KEYS:
            with pytest.raises(psycopg2.errors.LockNotAvailable), warehouse.cursor() as cursor:
                cursor.execute(f"set lock_timeout = 10; alter table marts.{mart} rename to replaced")
        return columns(copied)

    monkeypatch.setattr(publication, "_columns", meanwhile)
    with project_on(warehouse) as project:
        publish(project, tmp_path / "published")
    assert read(tmp_path / "published", "marts.rpt_monthly_kpis")


# Publishes what is in the warehouse, and stops where it is told to.
STOPPED = """
import sys
from pathlib import Path
from reporting import publication
from reporting.project import Project
from seed_generator.profiles import read_target
def stop(*_):
    print("stopped", flush=True)
    sys.stdin.readline()
setattr(publication, sys.argv[1], stop)
project = Project(read_target("duckdb"))
project.monthly_kpis()
with publication.begun_publication(Path(sys.argv[2]), project.engine) as begun:
    begun.publish(project)
"""


@pytest.mark.parametrize("step", ["point", pytest.param("_write", marks=pytest.mark.slow("another step"))])
def test_a_killed_run_leaves_the_old_marts_and_the_next_one_tidies_up(
    built: Warehouse, tmp_path: Path, step: str
) -> None:
    folder = tmp_path / "published"
    with project_on(built) as project:
        publish(project, folder)
    before = read(folder, "marts.dim_companies")
    built.parse_for_processes()
    with (
        built.surroundings(),
        subprocess.Popen(
            [sys.executable, "-c", STOPPED, step, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=PROJECT,
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == b"stopped\n"
        process.kill()
    assert read(folder, "marts.dim_companies") == before
    assert len(versions(folder)) == 2
    with project_on(built) as project:
        publish(project, tmp_path / "other")  # which leaves alone what is not its own
        assert len(versions(folder)) == 2
        publish(project, folder)
        assert read(folder, "marts.dim_companies") == before
        assert len(versions(folder)) == 2
        publish(project, folder)
    assert len(versions(folder)) == 2


def test_two_runs_at_once_do_not_mix(built: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "published"
    with project_on(built) as project:
        told = []

        def meanwhile(*_: object) -> None:
            with pytest.raises(EnvironmentFailure, match="another process is publishing") as error:
                publish(project, folder)
            told.append(error)

        monkeypatch.setattr(publication, "_write", meanwhile)
        publish(project, folder)
        assert len(told) == 1


def found_in(folder: Path) -> dict[str, str]:
    """All that lies in a folder: what each link leads to, and what is in each file."""
    return {
        str(path.relative_to(folder)): str(path.readlink()) if path.is_symlink() else path.read_bytes().hex()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def test_a_publication_removes_only_versions_of_its_own_link(built: Warehouse, tmp_path: Path) -> None:
    ours, other = tmp_path / "kpis", tmp_path / "kpis-eu"
    notes, copy, renamed = tmp_path / ".kpis-notes", tmp_path / ".kpis-0123456789abcdef", tmp_path / "renamed"
    notes.mkdir()
    (notes / "saas_kpis.duckdb").write_text("a user's")
    (tmp_path / ".kpis-list").write_text("a user's")
    (tmp_path / ".kpis.link").write_text("a user's")
    (tmp_path / ".kpis-loop").symlink_to(".kpis-loop")
    with project_on(built) as project:
        publish(project, other)
        publish(project, other)
        publish(project, ours)
        shutil.copytree(ours, copy)  # a copy of a version, with its mark
        ours.rename(renamed)
        (tmp_path / "reports").symlink_to(renamed.readlink() / "marts")
        before = found_in(tmp_path)
        for number in range(4):
            publish(project, ours)
            (ours / "notes.txt").write_text(f"a user's, in version {number}")
    now = found_in(tmp_path)
    assert {name: now.get(name) for name in before} == before
    first, *_ = notes_of = sorted(tmp_path.glob(".kpis-*/notes.txt"), key=Path.read_text)
    assert len(notes_of) == 4
    assert list(first.parent.iterdir()) == [first]  # nothing else is left of what this link owned
    assert len(list(tmp_path.glob(".kpis-*/saas_kpis.duckdb"))) == len([notes, copy, renamed, ours, ours, other, other])


def made_by_a_user(link: Path, kind: str) -> None:
    """Something that a user may have where the marts are to be published."""
    own = link.with_name(f".{link.name}-own")
    own.mkdir()
    (own / "saas_kpis.duckdb").write_text("a user's")
    (own / "marts").mkdir()
    if kind == "folder":
        own.rename(link)
    elif kind == "file":
        link.write_text("a user's")
    else:
        link.symlink_to({"link": str(own), "relative link": own.name, "dangling link": "gone", "loop": link.name}[kind])


@pytest.mark.parametrize("kind", ["folder", "file", "link", "relative link", "dangling link", "loop"])
def test_what_a_user_made_is_refused_and_stays_as_it_is(tmp_path: Path, kind: str) -> None:
    made_by_a_user(tmp_path / "kpis", kind)
    before = found_in(tmp_path)
    with pytest.raises(InputError, match="not published"), begun_publication(tmp_path / "kpis", "duckdb"):
        pass
    assert found_in(tmp_path) == before


def test_what_a_user_made_while_the_marts_were_built_stays_too(built: Warehouse, tmp_path: Path) -> None:
    with project_on(built) as project, begun_publication(tmp_path / "kpis", "duckdb") as publication:
        (tmp_path / "kpis").write_text("a user's")
        with pytest.raises(InputError, match="not published"):
            publication.publish(project)
    assert [path.name for path in tmp_path.iterdir()] == ["kpis"]
    assert (tmp_path / "kpis").read_text() == "a user's"


@pytest.mark.parametrize("name", [".", "..", "/", "sub/.."])
def test_a_folder_around_is_no_place_to_publish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "sub").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="was not published"), begun_publication(Path(name), "duckdb"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["sub"]


def test_a_link_to_another_link_s_version_is_a_user_s(built: Warehouse, tmp_path: Path) -> None:
    with project_on(built) as project:
        publish(project, tmp_path / "kpis")
        (tmp_path / "stable").symlink_to((tmp_path / "kpis").readlink())
        (tmp_path / "absolute").symlink_to((tmp_path / "kpis").resolve())
        before = found_in(tmp_path)
        for name in ("stable", "absolute"):
            with pytest.raises(InputError, match="was not published under this name"):
                publish(project, tmp_path / name)
    assert found_in(tmp_path) == before


def test_a_link_whose_version_was_deleted_is_published_anew(built: Warehouse, tmp_path: Path) -> None:
    folder = tmp_path / "kpis"
    with project_on(built) as project:
        publish(project, folder)
        shutil.rmtree(folder.resolve())
        publish(project, folder)
    assert len(versions(folder)) == 1
    assert read(folder, "marts.rpt_monthly_kpis")


def test_a_release_without_marks_is_replaced_and_its_folders_stay(built: Warehouse, tmp_path: Path) -> None:
    folder, old = tmp_path / "kpis", tmp_path / ".kpis-k3x9_abc"
    with project_on(built) as project:
        publish(project, folder)
        (folder / versions_module.MARK).unlink()
        folder.resolve().rename(old)
        folder.unlink()
        folder.symlink_to(old.name)
        for _ in range(3):
            publish(project, folder)
    assert (old / DATABASE).exists()
    assert len(versions(folder)) == 3


def test_everyone_may_read_it_whatever_the_umask(built: Warehouse, tmp_path: Path) -> None:
    folder, page = tmp_path / "shared" / "deep" / "kpis", tmp_path / "kpis.html"
    tmp_path.chmod(0o755)
    before = os.umask(0o077)
    try:
        assert built.dbt("run")
        with project_on(built) as project:
            publish(project, folder)
        assert built.report("--page", str(page)) == 0
    finally:
        os.umask(before)
    parents = [folder.parent, folder.parent.parent]
    found = [folder.resolve(), *folder.resolve().rglob("*"), *parents, page]
    assert len(found) > 10
    needed = {True: 0o055, False: 0o044}
    assert [path for path in found if path.stat().st_mode & needed[path.is_dir()] != needed[path.is_dir()]] == []
    assert [path for path in folder.resolve().rglob("*") if path.is_file() and path.stat().st_mode & 0o222] == []


def test_a_place_that_cannot_be_written_and_a_full_disk_are_told_in_one_sentence(
    built: Warehouse, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    before = sorted(path.name for path in tmp_path.iterdir())
    with project_on(built) as project:
        with pytest.raises(EnvironmentFailure, match=r"^can't write the published marts [^\n]+$"):
            publish(project, tmp_path / "file" / "published")
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
        try:
            with pytest.raises(
                EnvironmentFailure, match=r"^there is no room left to write the published marts [^\n]+$"
            ):
                publish(project, tmp_path / "published")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_nothing_is_published_unless_all_is_green(
    built: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "published"
    with project_on(built) as project:
        publish(project, folder)
    before = sessions(folder)
    with built.cursor() as cursor:
        cursor.execute("insert into raw.sessions select * from raw.sessions limit 1")
    capsys.readouterr()
    assert built.report("--publish", str(folder)) == 1
    printed = capsys.readouterr()
    assert "error: dbt build was not green" in printed.err
    assert "Got 1 result, configured to fail if != 0" in printed.out  # what dbt says of the test
    assert "/assert_every_raw_session_was_read.sql" in printed.out  # its query
    counts = r"dbt build: \d+ tables and views built, \d+ tests passed, 1 failed, \d+ skipped\.\n"
    assert re.search(rf"{counts}\Z", printed.out)
    assert sessions(folder) == before
    assert len(versions(folder)) == 1


@pytest.fixture
def as_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """The marts are built; what a command does after its build is what these tests are about."""
    monkeypatch.setattr(Project, "build", lambda _: None)


@pytest.mark.usefixtures("as_built")
@pytest.mark.parametrize("step", ["point", "remove_old_versions"])
def test_ctrl_c_once_the_marts_are_published_leaves_them_and_says_so(
    built: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], step: str
) -> None:
    real = getattr(publication, step)

    def interrupted(*arguments: object) -> None:
        real(*arguments)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(publication, step, interrupted)
    with hearing_ctrl_c():
        assert built.report("--publish", str(tmp_path / "kpis")) == 130
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"interrupted; {tmp_path / 'kpis'} is published.\n")
    assert read(tmp_path / "kpis", "marts.rpt_monthly_kpis")


@pytest.mark.usefixtures("as_built")
def test_ctrl_c_before_leaves_nothing(
    built: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(publication, "complete", lambda _: signal.raise_signal(signal.SIGINT))
    with hearing_ctrl_c():
        assert built.report("--publish", str(tmp_path / "new" / "kpis")) == 130
    assert capsys.readouterr().err == "interrupted.\n"
    assert list(tmp_path.iterdir()) == []


def test_what_can_not_be_tidied_up_is_no_error(
    built: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(versions_module, "_remove", refuses)
    with project_on(built) as project:
        for _ in range(3):
            publish(project, tmp_path / "kpis")
    assert read(tmp_path / "kpis", "marts.rpt_monthly_kpis")


@pytest.mark.usefixtures("as_built")
def test_an_output_or_a_page_that_fails_after_a_publication_does_not_hide_it(
    built: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--publish", str(tmp_path / "kpis"), "--page", str(tmp_path / "kpis.html"))
    is_published = f"{tmp_path / 'kpis'} is published.\n"
    with Path("/dev/full").open("w") as full, redirect_stdout(full):
        assert built.report(*options) == 1
    said = capsys.readouterr().err
    assert said == f"error: the output can't be written: No space left on device; {is_published}"
    assert (tmp_path / "kpis.html").exists()

    def full_disk(*_: object) -> None:
        raise EnvironmentFailure("kpis.html can't be written: No space left on device.")

    monkeypatch.setattr(cli, "write_whole", full_disk)
    assert built.report(*options) == 1
    said = capsys.readouterr().err
    assert said == f"error: kpis.html can't be written: No space left on device. {is_published}"


def test_a_reader_of_the_output_that_leaves_does_not_cost_the_page(built: Warehouse, tmp_path: Path) -> None:
    page = tmp_path / "kpis.html"
    reader, output = os.pipe()
    os.close(reader)
    with os.fdopen(output, "w", buffering=1) as closed, redirect_stdout(closed):
        assert built.report("--page", str(page)) == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
