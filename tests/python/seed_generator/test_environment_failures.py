"""When the surroundings say no: one sentence, exit code 1, and nothing written or lost."""

import re
import resource
import socket
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest

from places import Place, made_rows
from postgres_server import Database
from seed_generator.scenario import Scenario
from warehouses import seed_generator, seeded

OLD = Scenario(companies=50, months=2)


def assert_told(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert (done.returncode, done.stdout) == (code, "")
    assert re.fullmatch(r"error: [^\n]+\n", done.stderr)
    assert [word for word in words if word not in done.stderr] == []


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_server_that_is_down(database: Database) -> None:
    port = str(closed_port())
    done = seeded("--target", "postgres", environment={**database.environment, "PGHOST": "127.0.0.1", "PGPORT": port})
    assert_told(done, 1, "can't connect", f"127.0.0.1:{port}", "refused")


def test_a_user_that_may_not_log_in(database: Database) -> None:
    environment = {**database.environment, "PGUSER": "saas_kpis_nobody", "PGPASSWORD": "wrong"}
    assert_told(seeded("--target", "postgres", environment=environment), 1, "can't connect", "saas_kpis_nobody")


def test_a_wrong_password(database: Database) -> None:
    try:
        database.connect(password="wrong").close()
    except psycopg2.OperationalError:
        environment = {**database.environment, "PGPASSWORD": "wrong"}
        assert_told(seeded("--target", "postgres", environment=environment), 1, "can't connect")
    else:
        pytest.skip("the server of PGHOST asks nobody for a password")


def test_a_database_that_does_not_exist(database: Database) -> None:
    environment = {**database.environment, "PGDATABASE": "saas_kpis_missing"}
    done = seeded("--target", "postgres", environment=environment)
    assert_told(done, 1, "database saas_kpis_missing", "does not exist")


@pytest.mark.parametrize("place", ["postgres"], indirect=True)
def test_a_server_that_lets_nobody_write(place: Place) -> None:
    place.load(OLD)
    environment = {**place.environment, "PGOPTIONS": "-c default_transaction_read_only=on"}
    done = seeded("--target", "postgres", environment=environment)
    assert_told(done, 1, "read-only transaction", "nothing was changed")
    assert place.rows() == made_rows(OLD)


def test_a_duckdb_file_that_another_process_holds(tmp_path: Path) -> None:
    file = tmp_path / "warehouse.duckdb"
    program = f"import duckdb; c = duckdb.connect({str(file)!r}); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        done = seeded(environment={"DUCKDB_PATH": str(file)})
        assert_told(done, 1, str(file), f"in use by process {holder.pid}")
        holder.communicate(b"\n")


def test_a_file_that_is_not_duckdb_s_stays_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("theirs\n" * 5_000)
    assert_told(seeded(environment={"DUCKDB_PATH": str(file)}), 2, str(file), "is not a DuckDB file")
    assert file.read_text() == "theirs\n" * 5_000


# Root may write everywhere, but not below a file, into a folder that is not there, or into the kernel's own.
@pytest.mark.parametrize("folder", ["{tmp}/file", "{tmp}/missing", "/proc"])
def test_a_duckdb_file_in_a_folder_that_cannot_be_written(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    path = f"{folder.format(tmp=tmp_path)}/warehouse.duckdb"
    assert_told(seeded(environment={"DUCKDB_PATH": path}), 1, path, "can't be written")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("folder", ["{tmp}/file/simulation", "/proc/simulation"])
def test_a_parquet_folder_that_cannot_be_written(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").write_text("")
    path = folder.format(tmp=tmp_path)
    assert_told(seeded("--parquet", path), 1, path, "can't be written")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("place", ["duckdb", "parquet"], indirect=True)
@pytest.mark.parametrize("is_first", [True, False], ids=["first load", "later load"])
def test_no_room_left(place: Place, is_first: bool) -> None:  # noqa: FBT001 - a case
    if not is_first:
        place.load(OLD)
    before = sorted(path.name for path in place.folder.iterdir())
    done = seed_generator(
        *place.options,
        *("--companies", "200000"),
        environment=place.environment,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000)),
    )
    assert_told(done, 1, "no room left", "nothing was changed")
    assert sorted(path.name for path in place.folder.iterdir()) == before
    if not is_first:
        assert place.rows() == made_rows(OLD)
