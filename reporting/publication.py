"""The published marts: a DuckDB file and Parquet files, which BI tools may hold open as long as they like.

    published -> .published-3f09c2d1e4b57a68/   a link, put in place of the old one in one step
        saas_kpis.duckdb                        the schema marts with its comments; DuckDB 1.x reads the format too
        marts/rpt_monthly_kpis.parquet          and so on
        .saas_kpis_version                      the mark: whose version this is

A reader that has an old file open goes on with it. The version before the last one stays too, for readers that have
listed its files and not opened them yet.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import psycopg2
from dbt.contracts.graph.nodes import ModelNode

from reporting.project import Project
from reporting.versions import (
    DATABASE,
    SCHEMA,
    complete,
    leads_to,
    made_parents,
    new_version,
    only_here,
    point,
    refuse_what_is_not_ours,
    remove_empty,
    remove_old_versions,
)
from reporting.wording import Wording
from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.interruption import undisturbed
from seed_generator.sinks.duckdb_messages import NO_ROOM

_STORAGE_VERSION = "v1.0.0"
Sources = Mapping[str, str]


@contextmanager
def begun_publication(folder: Path, engine: str) -> Iterator["Publication"]:
    """A place for the marts that are to be published, so that what is wrong with it is told before they are built.

    Publish after a green build in the same process. On DuckDB no other process can have changed the marts since: dbt
    has not let go of the file. On PostgreSQL none can while they are copied. At the end nothing of it is left, unless
    the marts have been published.

    Parameters
    ----------
    folder : where the published marts are found; a link that an earlier run made, or nothing yet.
    engine : the type of the target that has the marts.

    Raises
    ------
    InputError : something else is there, or the engine is neither DuckDB nor PostgreSQL.
    EnvironmentFailure : another process publishes there, or it can't be written.
    """
    if engine not in {"duckdb", "postgres"}:
        raise InputError(
            f"marts are published from duckdb or postgres, not from a target of type {engine}.", key="folder"
        )
    with _told(folder):
        folder = Path(os.path.realpath(folder.parent), folder.name)
        made = made_parents(folder)
        try:
            with only_here(folder):
                refuse_what_is_not_ours(folder)
                version, lock = new_version(folder)
        except BaseException:
            remove_empty(made)
            raise
    publication = Publication(folder, version)
    try:
        yield publication
    finally:
        os.close(lock)
        if not publication.is_complete:
            shutil.rmtree(version, ignore_errors=True)
            remove_empty(made)


@dataclass(frozen=True)
class Publication:
    """A publication that has begun: the link, and the new version that it is to lead to."""

    folder: Path
    version: Path

    @property
    def is_complete(self) -> bool:
        """Whether the marts have been published.

        Asked of the link itself: Ctrl-C may come between the step that publishes and any note of it.
        """
        return leads_to(self.folder, self.version)

    def publish(self, project: Project) -> None:
        """Fill the new version with the marts, and put it in the place of the one before.

        Raises
        ------
        EnvironmentFailure : it can't be written, or the link is another one by now; nothing was changed.
        """
        with _told(self.folder):
            with project.cursor() as cursor:
                marts = project.published_marts
                if project.engine == "duckdb":
                    tables = {mart.name: str(mart.relation_name) for mart in marts}
                    _write(cursor, self.version, marts, project.wording, tables)
                else:
                    _write_from_postgres(cursor, self.version, marts, project.wording)
            complete(self.version)
            with only_here(self.folder):
                refuse_what_is_not_ours(self.folder)
                before = self.folder.readlink().name if self.folder.is_symlink() else ""
                with undisturbed():
                    point(self.folder, self.version)
        # The marts are published: nothing from here on is an error.
        with suppress(OSError):
            remove_old_versions(self.folder, {self.version.name, before})


def _write_from_postgres(
    cursor: Any,  # noqa: ANN401 - psycopg2's
    version: Path,
    marts: Sequence[ModelNode],
    wording: Wording,
) -> None:
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
        _write(connection, version, marts, wording, sources)


def _write(
    connection: Any,  # noqa: ANN401 - DuckDB's, or dbt's to it
    version: Path,
    marts: Sequence[ModelNode],
    wording: Wording,
    sources: Sources,
) -> None:
    """Fill the folder from what a connection can read as each mart."""
    (version / SCHEMA).mkdir()
    published = f"published_{secrets.token_hex(8)}"  # a catalog that no warehouse's file is called like
    connection.execute(f"attach {_quoted(version / DATABASE)} as {published} (storage_version '{_STORAGE_VERSION}')")
    try:
        connection.execute(f"create schema {published}.{SCHEMA}")
        for mart in marts:
            table = f'{published}.{SCHEMA}."{mart.name}"'
            columns = _columns(mart)
            names = ", ".join(f'"{name}"' for name in columns)
            definitions = ", ".join(f'"{name}" {type_}' for name, type_ in columns.items())
            connection.execute(f"create table {table} ({definitions})")
            connection.execute(f"insert into {table} select {names} from {sources[mart.name]} order by all")
            connection.execute(f"comment on table {table} is {_quoted(wording.description(mart.description))}")
            for column in mart.columns.values():
                described = _quoted(wording.description(column.description))
                connection.execute(f'comment on column {table}."{column.name}" is {described}')
            file = version / SCHEMA / f"{mart.name}.parquet"
            connection.execute(f"copy (from {table}) to {_quoted(file)} (format parquet, compression zstd)")
    finally:
        connection.execute(f"detach {published}")


def _columns(mart: ModelNode) -> dict[str, str]:
    """The types that the mart's contract promises."""
    return {column.name: str(column.data_type) for column in mart.columns.values()}


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What goes wrong before the marts are published, in one sentence."""
    try:
        yield
    except (OSError, duckdb.Error, psycopg2.Error) as error:
        reason = " ".join(str(error).split())
        what = "there is no room left to write" if any(sign in reason for sign in NO_ROOM) else "can't write"
        raise EnvironmentFailure(f"{what} the published marts {folder}; nothing was changed. ({reason})") from error
