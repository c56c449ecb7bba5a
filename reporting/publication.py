"""The published marts: a DuckDB file and Parquet files, which BI tools may hold open as long as they like.

    published -> .published-3f09c2d1e4b57a68/   a link, put in place of the old one in one step
        saas_kpis.duckdb                        the schema marts with its comments; DuckDB 1.x reads the format too
        marts/rpt_monthly_kpis.parquet          and so on
        .saas_kpis_version                      the mark: whose version this is

A reader that has an old file open goes on with it. The version before the last one stays too, for readers that have
listed its files and not opened them yet.
"""

import fcntl
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import duckdb
import psycopg2
from dbt.contracts.graph.nodes import ModelNode

from reporting.project import Project
from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.interruption import undisturbed
from seed_generator.sinks.duckdb_messages import NO_ROOM

# Not `marts.duckdb`: a file called like a schema in it would make `marts.fct_revenue` ambiguous.
DATABASE = "saas_kpis.duckdb"
SCHEMA = "marts"

_MARK = ".saas_kpis_version"
_UNUSED_LINK = ".link"
_STORAGE_VERSION = "v1.0.0"
_READ_ONLY, _OPEN_TO_READERS, _OURS_ALONE = 0o444, 0o755, 0o700
Sources = Mapping[str, str]


def publish(project: Project, folder: Path) -> None:
    """Publish the marts in the place of those before; completely or not at all.

    Call it after a green build in the same process. On DuckDB nobody can have changed the marts since, because dbt has
    not let go of the file; on PostgreSQL nobody can while they are copied.

    Raises
    ------
    InputError, EnvironmentFailure : as `begun_publication`, or the marts can't be written.
    """
    with begun_publication(folder, project.engine) as publication:
        publication.publish(project)


@contextmanager
def begun_publication(folder: Path, engine: str) -> Iterator["Publication"]:
    """A place for the marts that are to be published, so that what is wrong with it is told before they are built.

    At the end nothing of it is left, unless the marts have been published.

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
        made = _made_parents(folder)
        try:
            with _only_here(folder):
                _refuse_what_is_not_ours(folder)
                version, lock = _new_version(folder)
        except BaseException:
            _remove_empty(made)
            raise
    try:
        yield Publication(folder, version)
    finally:
        os.close(lock)
        # Asked of the link itself: Ctrl-C may come between the step that publishes and any note of it.
        if not _leads_to(folder, version):
            shutil.rmtree(version, ignore_errors=True)
            _remove_empty(made)


@dataclass(frozen=True)
class Publication:
    """A publication that has begun: the link, and the new version that it is to lead to."""

    folder: Path
    version: Path

    def publish(self, project: Project) -> None:
        """Fill the new version with the marts, and put it in the place of the one before.

        Raises
        ------
        EnvironmentFailure : it can't be written, or the link is another one by now; nothing was changed.
        """
        with _told(self.folder):
            with project.cursor() as cursor:
                if project.engine == "duckdb":
                    tables = {mart.name: str(mart.relation_name) for mart in project.marts}
                    _write(cursor, self.version, project.marts, tables)
                else:
                    _write_from_postgres(cursor, self.version, project.marts)
            _complete(self.version)
            with _only_here(self.folder):
                _refuse_what_is_not_ours(self.folder)
                before = self.folder.readlink().name if self.folder.is_symlink() else ""
                with undisturbed():
                    _point(self.folder, self.version)
        # The marts are published: nothing from here on is an error.
        with suppress(OSError):
            _remove_old_versions(self.folder, {self.version.name, before})


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
            connection.execute(f"comment on table {table} is {_quoted(mart.description)}")
            for column in mart.columns.values():
                connection.execute(f'comment on column {table}."{column.name}" is {_quoted(column.description)}')
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


# --- Versions: folders beside the link, each with a mark that says whose it is.


@dataclass(frozen=True)
class _Mark:
    """What a version says of itself.

    Parameters
    ----------
    link : the name of the link that owns it.
    version : its own name, so that a copy of it, which a user made, is not taken for one.
    files : what was published in it; None until it is complete.
    """

    link: str
    version: str
    files: Sequence[str] | None = None

    def write(self) -> str:
        """As a text that also tells a person what it is."""
        about = f"A version of the published marts {self.link}. A later publication of {self.link} removes it."
        return json.dumps({"about": about, "link": self.link, "version": self.version, "files": self.files}, indent=2)


def _mark_of(version: Path) -> _Mark | None:
    """The mark of a folder; None where it has none that we wrote for it."""
    path = version / _MARK
    try:
        if version.is_symlink() or path.is_symlink() or not path.is_file():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        mark = _Mark(found["link"], found["version"], found["files"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return mark if mark.version == version.name else None


def _put_mark(folder: Path, mark: _Mark) -> None:
    unfinished = folder / f"{_MARK}.new"
    unfinished.write_text(mark.write(), encoding="utf-8")
    unfinished.replace(folder / _MARK)


def _new_version(folder: Path) -> tuple[Path, int]:
    """An empty version that no other process takes for one of a killed run, and the lock that keeps it so."""
    for version, _ in _versions(folder):
        if _is_in_work(version):
            raise EnvironmentFailure(f"another process is publishing {folder}; nothing was changed.")
    version = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}")
    version.mkdir(mode=_OURS_ALONE)
    lock = os.open(version, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _put_mark(version, _Mark(folder.name, version.name))
    except BaseException:
        os.close(lock)
        shutil.rmtree(version, ignore_errors=True)
        raise
    return version, lock


def _complete(version: Path) -> None:
    """Everyone may read it, whatever this process makes its files for; and the mark lists what is in it."""
    files = sorted(path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file())
    mark = _mark_of(version)
    if mark is None:
        raise FileNotFoundError(f"{version / _MARK} is gone")
    _put_mark(version, replace(mark, files=[file for file in files if file != _MARK]))
    for path in version.rglob("*"):
        path.chmod(_OPEN_TO_READERS if path.is_dir() else _READ_ONLY)
    version.chmod(_OPEN_TO_READERS)


def _versions(folder: Path) -> Iterator[tuple[Path, _Mark]]:
    """The versions that the link owns."""
    for path in folder.parent.iterdir():
        mark = _mark_of(path)
        if mark and mark.link == folder.name:
            yield path, mark


def _is_in_work(version: Path) -> bool:
    """Whether a process that lives is filling it."""
    lock = os.open(version, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def _remove_old_versions(folder: Path, kept: set[str]) -> None:
    """Remove what this link owned, and what runs that were killed left of it."""
    with _only_here(folder):
        beside = list(folder.parent.iterdir())
        linked = [Path(os.path.realpath(path)) for path in beside if path.is_symlink() and path != folder]
        for version, mark in list(_versions(folder)):
            is_linked = any(version in (at, *at.parents) for at in linked)  # by a link that a user made
            if version.name not in kept and not is_linked and not _is_in_work(version):
                _remove(version, mark)
        for path in beside:
            # Of a run that was killed before it wrote the mark; only an empty folder is removed.
            if path.name not in kept and _is_name_of_version(path.name, folder) and not path.is_symlink():
                _remove_empty([path])


def _remove(version: Path, mark: _Mark) -> None:
    """Remove a version, but no file that a user has put into it."""
    if mark.files is None:
        shutil.rmtree(version, ignore_errors=True)
        return
    with suppress(OSError):
        for file in map(PurePosixPath, mark.files):
            if not file.is_absolute() and ".." not in file.parts:
                (version / file).unlink(missing_ok=True)
        _remove_empty([version / SCHEMA])
        (version / _UNUSED_LINK).unlink(missing_ok=True)
        (version / _MARK).unlink(missing_ok=True)  # so late that the next run finds what a killed one leaves
        version.rmdir()


# --- The link, and the folder around it.


def _refuse_what_is_not_ours(folder: Path) -> None:
    """Refuse whatever is there but a link that an earlier publication made under this name."""
    if not os.path.lexists(folder):
        return
    if not folder.is_symlink():
        raise InputError(f"{folder} is there and was not published; give a folder that is not there.", key="folder")
    target = folder.readlink()
    version = folder.with_name(target.name)
    mark = _mark_of(version)
    is_ours = target == Path(target.name) and (
        (mark is not None and mark.link == folder.name)
        or (not os.path.lexists(version) and _is_name_of_version(version.name, folder))
        or _was_published_without_a_mark(version, folder)
    )
    if not is_ours:
        raise InputError(
            f"{folder} is a link to {target}, which was not published under this name; give a folder that is not"
            " there, or remove the link.",
            key="folder",
        )


def _is_name_of_version(name: str, folder: Path) -> bool:
    return re.fullmatch(rf"\.{re.escape(folder.name)}-[0-9a-f]{{16}}", name) is not None


def _was_published_without_a_mark(version: Path, folder: Path) -> bool:
    """Whether a release that made no marks published it. The link to it is replaced, the folder never removed."""
    is_named_so = re.fullmatch(rf"\.{re.escape(folder.name)}-[a-z0-9_]{{8}}", version.name) is not None
    return is_named_so and not version.is_symlink() and (version / DATABASE).is_file() and (version / SCHEMA).is_dir()


def _point(folder: Path, version: Path) -> None:
    """Let the link lead to the version, in one step."""
    if not folder.is_symlink():
        folder.symlink_to(version.name)  # which never replaces anything
        return
    # Made inside the version, where no file of a user is.
    link = version / _UNUSED_LINK
    link.symlink_to(version.name)
    link.replace(folder)


def _leads_to(folder: Path, version: Path) -> bool:
    return folder.is_symlink() and folder.readlink() == Path(version.name)


@contextmanager
def _only_here(folder: Path) -> Iterator[None]:
    """A lock on the folder around, for moments; nothing is left behind by a process that is killed."""
    lock = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _made_parents(folder: Path) -> list[Path]:
    """Make the folders around that are not there, for everyone to read; returns them, the inmost last."""
    missing = [parent for parent in folder.parents if not parent.exists()][::-1]
    made: list[Path] = []
    try:
        for parent in missing:
            parent.mkdir()
            made += [parent]
            parent.chmod(_OPEN_TO_READERS)
    except BaseException:
        _remove_empty(made)
        raise
    return made


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()
