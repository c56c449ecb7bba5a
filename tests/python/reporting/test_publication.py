"""The published marts: as they are in the warehouse, swapped in whole, and never in anybody's way."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psycopg2
import pytest
from dbt.contracts.graph.nodes import ModelNode

from kpis_in_python import KEYS, actual_marts
from reporting import publication
from reporting.project import Project
from reporting.publication import DATABASE, publish
from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.profiles import read_target
from warehouses import PROJECT, WITHOUT_TESTS, Warehouse, seed_generator

# The oldest release that has wheels for every Python of ours.
OLD_DUCKDB = "duckdb==1.1.3"
Rows = list[tuple[object, ...]]


@pytest.fixture(scope="module")
def built(duckdb_warehouse: Warehouse) -> Warehouse:
    return build(duckdb_warehouse)


def build(warehouse: Warehouse, *options: str) -> Warehouse:
    assert warehouse.seed("--companies", "40", *options).returncode == 0
    assert warehouse.build(*WITHOUT_TESTS)
    return warehouse


@contextmanager
def project_on(warehouse: Warehouse) -> Iterator[Project]:
    """The project, its marts just read, as the command line has it before it publishes."""
    with warehouse.surroundings():
        project = Project(read_target(warehouse.target))
        assert project.monthly_kpis()
        yield project


def read(folder: Path, table: str) -> Rows:
    with duckdb.connect(folder / DATABASE, read_only=True) as connection:
        return connection.sql(f"select * from {table}").fetchall()


def sessions(folder: Path) -> object:
    return read(folder, "(select sum(sessions) from marts.fct_monthly_usage)")[0][0]


def versions(folder: Path) -> list[str]:
    """What lies beside the link."""
    return sorted(path.name for path in folder.parent.iterdir() if path.name.startswith(f".{folder.name}"))


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
publication.publish(project, Path(sys.argv[2]))
"""


@pytest.mark.parametrize("step", ["_point", pytest.param("_write", marks=pytest.mark.slow("another step"))])
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


def test_a_folder_of_somebody_else_stays_as_it_is(built: Warehouse, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").write_text("theirs")
    with project_on(built) as project, pytest.raises(InputError, match="was not published"):
        publish(project, theirs)
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]
    assert (theirs / "file").read_text() == "theirs"


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
    assert "error: dbt build was not green" in capsys.readouterr().err
    assert sessions(folder) == before
    assert len(versions(folder)) == 1
