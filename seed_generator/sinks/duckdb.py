"""A DuckDB file: all tables in one transaction, each from one Arrow stream."""

import fcntl
import functools
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import duckdb
import pyarrow as pa

from seed_generator.errors import EnvironmentFailure, InputError, SeedError
from seed_generator.interruption import undisturbed
from seed_generator.schemas import (
    COMPANIES,
    LOADED_MONTHS,
    REPRODUCIBLE,
    SESSIONS,
    SIMULATION,
    Batch,
    TableSchema,
)
from seed_generator.sinks.duckdb_messages import NO_ROOM, refused
from seed_generator.sinks.interruptible import interruptibly
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.sql import (
    MARK,
    Found,
    SqlNames,
    column_definitions,
    drop_statements,
    key_order,
    refuse_incomplete_tables,
    refuse_missing_months,
    refuse_older_version,
    refuse_tables_of_others,
)
from seed_generator.tables import Table

# DuckDB's own unit of storage: whole ones go straight to the file, others are put together first.
ROW_GROUP = 122_880

_SMALLEST_FILE = 12_288  # bytes: its three headers

_TABLES = {"table", "view"}

_SCHEMAS = "select schema_name from duckdb_schemas() where database_name = current_database()"

# All that a schema can hold, with what each kind is called; indexes belong to tables.
_CONTENTS = """
    select 'table' as kind, schema_name, table_name, coalesce(comment, '') as comment
    from duckdb_tables() where database_name = current_database()
    union all by name
    select 'view' as kind, schema_name, view_name as table_name, coalesce(comment, '') as comment
    from duckdb_views() where database_name = current_database() and not internal
    union all by name
    select 'sequence' as kind, schema_name, sequence_name as table_name, '' as comment
    from duckdb_sequences() where database_name = current_database()
    union all by name
    select 'type' as kind, schema_name, type_name as table_name, '' as comment
    from duckdb_types() where database_name = current_database() and not internal
    union all by name
    select distinct 'function' as kind, schema_name, function_name as table_name, '' as comment
    from duckdb_functions() where database_name = current_database() and not internal
"""

# The methods that cost the least to write, where DuckDB would choose the smallest: a company's sessions of a month
# stand together, the times of a month are random, and names are all different.
COMPRESSION = {
    SESSIONS: {"session_id": "bitpacking", "company_id": "rle", "created_at": "uncompressed"},
    COMPANIES: {"company_name": "zstd"},
}

# Those of them that not every file has, by the storage version that brought them.
_METHODS_SINCE = {"zstd": (1, 2, 0)}

# The schemas whose tables dbt's views read: DuckDB stores no catalog in a view, and would read the schema for one.
_READ_BY_VIEWS = ("raw", "staging", "intermediate")


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Give a connection the settings of a load.

    DuckDB would take four fifths of the machine's memory for buffers, where a load is as fast with this much, and draw
    a bar where something takes long, even into a pipe. In a notebook that can't draw one the setting itself would fail.
    """
    connection.execute("set memory_limit = '512MB'")
    if connection.execute("select current_setting('enable_progress_bar')").fetchall() == [(True,)]:
        connection.execute("set enable_progress_bar = false")


class DuckDBSink:
    """The tables in a DuckDB file.

    There is no primary key: it would cost six times the load; a dbt test proves that ids are unique.
    """

    months_at_a_time = 1
    takes_faults = True

    def __init__(self, path: Path, prefix: str = "", label: str = "", next_command: str = "dbt build") -> None:
        self._given = path
        self._path = path.absolute()
        self._wal = self._path.with_name(f"{path.name}.wal")  # DuckDB's log of changes that are not in the file yet
        self._names = SqlNames(prefix)
        self.has_changed = False
        self.description = f"{label}{self._path}"
        self.next_command = next_command

    @contextmanager
    def change(self) -> Iterator["_DuckDBChange"]:
        """A transaction; a file that was not there before it is removed if it fails."""
        with self._transaction() as connection:
            self._refuse_files_that_dbt_cannot_build_in(connection)
            found = self._found(connection)
            refuse_tables_of_others(found, self._names, str(self._path))
            yield _DuckDBChange(connection, self._names_in(connection), found, str(self._path))

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key."""
        if not self._path.exists():
            raise InputError(f"{self._path} does not exist; load a simulation first.")
        with self._transaction(changes=False) as connection:
            refuse_incomplete_tables(self._found(connection), self._names, str(self._path))
            for table in REPRODUCIBLE:
                interruptibly(functools.partial(self._read, connection, table, take), connection.interrupt)

    def drop(self) -> list[str]:
        """Remove the tables and the schemas that then are empty; what dbt built stays in the file."""
        if not self._path.exists():
            return [f"nothing to remove: there is no {self._path}"]
        with self._transaction() as connection:
            found = self._found(connection)
            refuse_tables_of_others(found, self._names, str(self._path))
            drop = drop_statements(found, self._names_in(connection))
            for statement in (*drop.tables, *drop.schemas):
                connection.execute(statement)
        return drop.lines

    def _refuse_files_that_dbt_cannot_build_in(self, connection: duckdb.DuckDBPyConnection) -> None:
        """A file gives DuckDB's catalog its name, which dbt puts into every statement, as it makes it of the path.

        Raises
        ------
        InputError : the two disagree, dbt gets the name wrong, or DuckDB takes it for a schema's in a view.
        """
        catalog = _catalog(connection)
        dbt_s = Path(urlparse(str(self._given)).path).name.lstrip(".").partition(".")[0]
        schemas = {self._names.schema(name) for name in _READ_BY_VIEWS}
        if catalog != dbt_s or re.search("[\"']", catalog) or not catalog.isprintable() or catalog.strip() != catalog:
            reason = f"DuckDB calls its catalog {catalog!r}, and dbt can't"
        elif catalog.lower() in schemas:
            reason = f"its catalog is called like the schema {catalog.lower()}"
        else:
            return
        raise InputError(f"dbt can't build in {self._path}: {reason}; choose another name, such as warehouse.duckdb.")

    def _read(self, connection: duckdb.DuckDBPyConnection, table: TableSchema, take: Take) -> None:
        rows = connection.sql(f"from {self._names_in(connection).quoted(table)} order by {key_order(table)}")
        for batch in rows.to_arrow_reader(ROW_GROUP):
            take(table, batch)

    @contextmanager
    def _transaction(self, *, changes: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
        """A transaction that `changes` the file, or only reads it."""
        self.has_changed = False
        try:
            with self._opened() as connection:
                settle(connection)
                connection.begin()
                yield connection
                with undisturbed():
                    connection.commit()
                    self.has_changed = changes
        except (duckdb.Error, RuntimeError) as error:
            # What DuckDB makes of Ctrl-C in a short statement.
            if "interrupted" in str(error):
                raise KeyboardInterrupt from error
            if isinstance(error, duckdb.Error):
                raise self._told(error) from error
            raise

    @contextmanager
    def _opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The file, which no other process can open; one that was not there before is removed if it stays empty."""
        was_absent = not self._path.exists()
        if was_absent and self._wal.exists():  # DuckDB would take it for a leftover, and remove it
            raise InputError(f"{self._wal} is there, and {self._path} is not; move it away.")
        connection = None
        is_made_here = False
        try:
            with undisturbed():
                connection, file = self._connected()
                # Another load may have made the file since, and may even have filled it.
                is_made_here = was_absent and not connection.execute("from duckdb_tables() limit 1").fetchall()
            yield connection
        finally:
            if connection:
                if is_made_here and not self.has_changed:
                    self._remove(file)
                connection.close()
            elif was_absent:
                self._remove_beginning()

    def _connected(self) -> tuple[duckdb.DuckDBPyConnection, os.stat_result]:
        """A connection, and which file it holds."""
        while True:
            connection = duckdb.connect(self._path)
            with suppress(FileNotFoundError):
                return connection, self._path.stat()
            connection.close()  # a load that failed removed the file between the two steps of our opening it

    def _remove(self, file: os.stat_result) -> None:
        """A load that failed leaves no empty file behind; as long as we hold it, no other load can fill it."""
        with suppress(OSError):
            path = self._path.resolve()  # of a link, the file that it leads to
            if os.path.samestat(path.stat(), file):
                path.unlink()

    def _remove_beginning(self) -> None:
        """Of a file that could not be made on a full disk: it would be no DuckDB file to the next load."""
        with suppress(OSError), self._path.resolve().open("r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as DuckDB does: another load may be making it
            if os.fstat(file.fileno()).st_size < _SMALLEST_FILE:
                self._path.resolve().unlink()

    def _told(self, error: duckdb.Error) -> SeedError:
        message = " ".join(str(error).split())
        if self.has_changed:
            return EnvironmentFailure(
                f"the change of {self._path} is complete, but DuckDB could not close the file; keep {self._wal.name}"
                f" beside it, if it is there. ({message})"
            )
        if told := refused(self._path, message):
            return told
        if any(sign in message for sign in NO_ROOM):
            return EnvironmentFailure(f"there is no room left to write {self._path}; nothing was changed. ({message})")
        if "Cannot open file" in message:
            return EnvironmentFailure(f"{self._path} can't be written: {message.rsplit(': ', 1)[-1]}.")
        return EnvironmentFailure(f"DuckDB could not use {self._path}; nothing was changed. ({message})")

    def _names_in(self, connection: duckdb.DuckDBPyConnection) -> SqlNames:
        """With the catalog in front: in a file called like a schema, such as `truth.duckdb`, they are ambiguous."""
        return self._names.within(_catalog(connection))

    def _found(self, connection: duckdb.DuckDBPyConnection) -> Found:
        rows = connection.execute(
            f"from ({_CONTENTS}) where list_contains($schemas, schema_name)", {"schemas": self._names.schemas}
        ).fetchall()
        tables = {(schema, name): comment for kind, schema, name, comment in rows if kind in _TABLES}
        others = defaultdict[str, set[str]](set)
        for kind, schema, name, _ in rows:
            if kind not in _TABLES:
                others[schema].add(f"{kind} {name}")
        return Found(tables.keys(), {pair for pair, comment in tables.items() if comment == MARK}, others)


class _DuckDBChange:
    """A change in a transaction; `found` is what the file held before it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, names: SqlNames, found: Found, file: str) -> None:
        self._connection = connection
        self._names = names
        self._found = found
        self._file = file

    def simulation(self) -> Sequence[Mapping[str, Any]]:
        """The rows of `raw.simulation`."""
        refuse_older_version(self._columns, self._file)
        refuse_incomplete_tables(self._found, self._names, self._file)
        rows: list[dict[str, Any]] = (
            self._connection.sql(f"from {self._names.quoted(SIMULATION)}").to_arrow_table().to_pylist()
        )
        loaded = self._connection.execute(f"select period from {self._names.quoted(LOADED_MONTHS)}").fetchall()
        refuse_missing_months(rows, [period for (period,) in loaded], self._file)
        return rows

    def _columns(self, table: TableSchema) -> list[str]:
        """The columns of a table; none where it is not there."""
        if self._names.pair(table) not in self._found.tables:
            return []
        return self._connection.sql(f"from {self._names.quoted(table)}").columns

    def write(self, tables: Sequence[Table]) -> None:
        """Each table from one Arrow stream."""
        there = {name for (name,) in self._connection.execute(_SCHEMAS).fetchall()}
        for schema in sorted(set(self._names.schemas) - there):
            self._connection.execute(f"create schema {self._names.in_quotes(schema)}")
        for table in tables:
            name = self._names.quoted(table.schema)
            if not table.adds_rows:
                columns = column_definitions(table.columns, _compression(self._connection, table.schema))
                self._connection.execute(f"create or replace table {name} ({columns})")
                self._connection.execute(f"comment on table {name} is '{MARK}'")
            reader = pa.RecordBatchReader.from_batches(table.columns, _row_groups(table.batches))
            self._connection.register("incoming", reader)
            insert = functools.partial(self._connection.execute, f"insert into {name} select * from incoming")
            interruptibly(insert, self._connection.interrupt)
            self._connection.unregister("incoming")


def _catalog(connection: duckdb.DuckDBPyConnection) -> str:
    ((catalog,),) = connection.execute("select current_database()").fetchall()
    return str(catalog)


def _compression(connection: duckdb.DuckDBPyConnection, table: TableSchema) -> Mapping[str, str]:
    """The methods for a table's columns, without those that came after the oldest DuckDB that is to read the file."""
    ((since,),) = connection.execute(
        "select tags['storage_version'] from duckdb_databases() where database_name = current_database()"
    ).fetchall()
    version = tuple(map(int, re.findall(r"\d+", since or "")))
    return {
        column: method
        for column, method in COMPRESSION.get(table, {}).items()
        if version >= _METHODS_SINCE.get(method, ())
    }


def _row_groups(batches: Iterator[Batch]) -> Iterator[pa.RecordBatch]:
    """The same rows in the same order, in batches of a row group each."""
    held: list[pa.RecordBatch] = []
    rows = 0
    for batch in batches:
        held.append(batch.rows)
        rows += batch.rows.num_rows
        if rows >= ROW_GROUP:
            whole = rows - rows % ROW_GROUP
            table = pa.Table.from_batches(held)
            yield from table.slice(0, whole).combine_chunks().to_batches(ROW_GROUP)
            held = table.slice(whole).to_batches()
            rows -= whole
    yield from held
