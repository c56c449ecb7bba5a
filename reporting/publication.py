"""The published marts: a DuckDB file and Parquet files, which BI tools may hold open as long as they like.

    published -> .published-k3x9/      a link, put in place of the old one in one step
        saas_kpis.duckdb               the schema marts with its comments, in a format that DuckDB 1.x reads too
        marts/rpt_monthly_kpis.parquet and so on

Whoever has an old file open goes on with it. The version before the last one stays too, for those who have listed its
files and not opened them yet.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
from dbt.contracts.graph.nodes import ModelNode

from reporting.project import Project
from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.sinks.duckdb_messages import NO_ROOM

# Not `marts.duckdb`: a file called like a schema in it would make `marts.fct_revenue` ambiguous.
DATABASE = "saas_kpis.duckdb"
SCHEMA = "marts"

_STORAGE_VERSION = "v1.0.0"
_READ_ONLY = 0o444
Sources = Mapping[str, str]


def publish(project: Project, folder: Path) -> None:
    """Publish the marts in the place of those before; completely or not at all.

    Call it after a green build in the same process. On DuckDB nobody can have changed the marts since, because dbt has
    not let go of the file; on PostgreSQL nobody can while they are copied.

    Parameters
    ----------
    folder : where the published marts are found; a link that an earlier run made, or nothing yet.

    Raises
    ------
    InputError : something else is there, or the engine is neither DuckDB nor PostgreSQL.
    EnvironmentFailure : another process publishes there, or it can't be written.
    """
    if project.engine not in {"duckdb", "postgres"}:
        raise InputError(
            f"marts are published from duckdb or postgres, not from a target of type {project.engine}.", key="folder"
        )
    try:
        with _new_version(folder) as version, project.cursor() as cursor:
            if project.engine == "duckdb":
                tables = {mart.name: str(mart.relation_name) for mart in project.marts}
                _write(cursor, version, project.marts, tables)
            else:
                _write_from_postgres(cursor, version, project.marts)
    except (OSError, duckdb.Error, psycopg2.Error) as error:
        reason = " ".join(str(error).split())
        what = "there is no room left to write" if any(sign in reason for sign in NO_ROOM) else "can't write"
        raise EnvironmentFailure(f"{what} the published marts {folder}; those before stay. ({reason})") from error


def _write_from_postgres(cursor: Any, version: Path, marts: Sequence[ModelNode]) -> None:  # noqa: ANN401 - psycopg2's
    """All marts as of one moment, by way of files that are gone at the end."""
    cursor.connection.rollback()
    cursor.connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
    # Before the first query, which fixes what the transaction sees: a mart that was replaced after it would be empty.
    cursor.execute(f"lock table {', '.join(str(mart.relation_name) for mart in marts)} in access share mode")
    with tempfile.TemporaryDirectory(dir=version) as copies, duckdb.connect() as connection:
        connection.execute(f"set temp_directory = {_quoted(copies)}")
        sources = {}
        for mart in marts:
            path = Path(copies) / f"{mart.name}.csv"
            with path.open("w", encoding="utf-8") as file:
                cursor.copy_expert(f"copy (table {mart.relation_name}) to stdout (format csv, header)", file)
            types = ", ".join(f"{_quoted(name)}: {_quoted(type_)}" for name, type_ in _columns(mart).items())
            sources[mart.name] = f"read_csv({_quoted(path)}, header = true, columns = {{{types}}})"
        _write(connection, version, marts, sources)


def _write(connection: Any, version: Path, marts: Sequence[ModelNode], sources: Sources) -> None:  # noqa: ANN401
    """Fill the folder from what a connection, DuckDB's or dbt's to it, can read as each mart."""
    (version / SCHEMA).mkdir()
    connection.execute(f"attach {_quoted(version / DATABASE)} as published (storage_version '{_STORAGE_VERSION}')")
    try:
        connection.execute(f"create schema published.{SCHEMA}")
        for mart in marts:
            table = f'published.{SCHEMA}."{mart.name}"'
            columns = _columns(mart)
            names = ", ".join(f'"{name}"' for name in columns)
            definitions = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
            connection.execute(f"create table {table} ({definitions})")
            connection.execute(f"insert into {table} select {names} from {sources[mart.name]} order by all")
            connection.execute(f"comment on table {table} is {_quoted(mart.description)}")
            for column in mart.columns.values():
                connection.execute(f'comment on column {table}."{column.name}" is {_quoted(column.description)}')
            file = version / SCHEMA / f"{mart.name}.parquet"
            connection.execute(f"copy (from {table}) to {_quoted(file)} (format parquet, compression zstd)")
    finally:
        connection.execute("detach published")


def _columns(mart: ModelNode) -> dict[str, str]:
    """The types that the mart's contract promises."""
    return {column.name: str(column.data_type) for column in mart.columns.values()}


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


@contextmanager
def _new_version(folder: Path) -> Iterator[Path]:
    """An empty folder that takes the place of the published marts when it is filled."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _only_publisher(folder):
        if not folder.is_symlink() and folder.exists():
            raise InputError(f"{folder} is there and was not published; give a folder that is not there.", key="folder")
        version = Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=folder.parent))
        try:
            yield version
            for path in version.rglob("*.*"):
                path.chmod(_READ_ONLY)
            version.chmod(0o755)
            before = folder.readlink().name if folder.is_symlink() else None
            _point(folder, version)
        except BaseException:
            shutil.rmtree(version, ignore_errors=True)
            raise
        for other in folder.parent.glob(f"{_prefix(folder)}*"):
            if other.name not in {version.name, before}:
                shutil.rmtree(other, ignore_errors=True)


def _prefix(folder: Path) -> str:
    return f".{folder.name}-"


def _point(folder: Path, version: Path) -> None:
    link = folder.with_name(f".{folder.name}.link")
    link.unlink(missing_ok=True)  # of a run that was killed between these lines
    link.symlink_to(version.name)
    link.replace(folder)


@contextmanager
def _only_publisher(folder: Path) -> Iterator[None]:
    """A lock on the folder around, so that nothing is left behind by a process that is killed."""
    lock = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise EnvironmentFailure(f"another process is publishing {folder}; nothing was changed.") from None
    finally:
        os.close(lock)
