"""The warehouses that tests fill, build and read: one of each engine, through the project's own commands."""

import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import duckdb
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import ManifestLoader, extended_mashumaro_encoder
from dbt_common.events.base_types import BaseEvent
from dbt_common.events.event_manager import EventManager

from postgres_server import Database
from reporting.cli import main
from reporting.project import close_duckdb
from seed_generator.cli.main import main as seed_generator_main
from seed_generator.schemas import REPRODUCIBLE

PROJECT = Path(__file__).resolve().parents[3]
# A scenario unlike the default in everything.
THREE_SIZES = Path(__file__).parent / "three_sizes.toml"
WITH_UNIT_TESTS = ("--vars", "unit_tests: true")
WITHOUT_TESTS = ("--exclude-resource-type", "test")
WITH_METRICS = ("--vars", "metrics: true")
PARTIAL_PARSE = "partial_parse.msgpack"
RAW = tuple(table.full_name for table in REPRODUCIBLE)


@dataclass(frozen=True)
class Warehouse:
    """A target of profiles.yml, with the environment that makes it a scratch one, and options of all its commands."""

    target: str
    environment: Mapping[str, str]
    artifacts: Path
    database: Database | None = None
    file: Path | None = None
    project: Path = PROJECT
    options: tuple[str, ...] = ()
    statuses: dict[str, str] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)

    def seed(self, *options: str) -> subprocess.CompletedProcess[str]:
        """`python -m seed_generator` with these options, in this process."""
        return seeded("--target", self.target, *options, environment=self.environment)

    def fill(self, *options: str) -> None:
        """Load a simulation and build the models of it, without tests; a test run makes each DuckDB file once."""
        kept = self._made_before(options)
        if self.file and kept and kept.exists():
            shutil.copy(kept, self.file)
            return
        loaded = self.seed(*options)
        assert loaded.returncode == 0, loaded.stderr
        assert self.build(*WITHOUT_TESTS), self.messages
        if self.file and kept:
            share(self.file, kept)

    def _made_before(self, options: tuple[str, ...]) -> Path | None:
        """Where a file with all that is, or will be."""
        if not (self.file and Shared.folder):
            return None
        what = _digits(self.file.stem, self.environment.get("SCHEMA_PREFIX"), self.project, options)
        return Shared.folder / f"{what}.duckdb"

    def build(self, *options: str) -> bool:
        """`dbt build`, in this process; returns whether all is green."""
        return self.dbt("build", *options)

    def dbt(self, command: str, *options: str) -> bool:
        """A command of dbt, in this process; returns whether all is green.

        Each node's status stays in `statuses`, and what dbt says of it in `messages`. Nobody reads what dbt would log
        and write of a command, which is half the time of a small one: it makes no events to log, and writes its JSON
        only where `--write-json` is among the options.
        """
        self.statuses.clear()
        self.messages.clear()
        options = (*self.options, *options)
        shared = begin_as_parsed(self, options)
        # A copy of the project may change between two commands; and dbt writes only what it has parsed itself.
        manifest = Shared.manifests.get(shared) if self.project == PROJECT and "--write-json" not in options else None
        with (
            mock.patch.dict(os.environ, self.environment),
            mock.patch.object(BaseEvent, "__init__", _nothing),
            mock.patch.object(EventManager, "fire_event", _nothing),
        ):
            result = dbtRunner(manifest).invoke(
                [
                    *("--quiet", "--log-level", "none", "--log-path", str(self.artifacts)),
                    *(command, "--target", self.target, "--target-path", str(self.artifacts)),
                    *("--project-dir", str(self.project), "--profiles-dir", str(self.project)),
                    # All is in this process on DuckDB, where more threads do no more.
                    *("--no-write-json", *(("--threads", "1") if self.file else ()), *options),
                ]
            )
            close_duckdb()
        assert result.exception is None, result.exception
        if manifest is None:
            leave_as_parsed(self, shared)
        for node in getattr(result.result, "results", []):
            if node.node.resource_type == "operation":  # the hook after a run
                continue
            self.statuses[node.node.name] = str(node.status)
            self.messages[node.node.name] = str(node.message)
        return result.success

    def invoke(self, *command: str) -> dbtRunnerResult:
        """The result of a command of dbt, which prints as it does for a user."""
        with self.surroundings():
            folders = ("--project-dir", str(self.project), "--profiles-dir", str(self.project))
            return dbtRunner().invoke([*command, "--target", self.target, *folders, *self.options])

    def told_by(self, *command: str) -> tuple[bool, str]:
        """Whether a command of dbt succeeds, and what it says on a terminal."""
        with redirect_stdout(io.StringIO()) as said:
            result = self.invoke("--no-use-colors", *command)
        return result.success, said.getvalue()

    def parse_for_processes(self) -> None:
        """Parse the project, for processes of dbt on this warehouse, which takes each of them seconds otherwise."""
        with self.surroundings(), chdir(self.project):
            arguments = ("--quiet", "--log-level", "none", "parse", "--target", self.target, "--no-write-json")
            parsed = dbtRunner().invoke(list(arguments)).result
        assert isinstance(parsed, Manifest)
        (self.artifacts / PARTIAL_PARSE).write_bytes(parsed.to_msgpack(extended_mashumaro_encoder))

    def report(self, *options: str) -> int:
        """`python -m reporting`, in this process; returns its exit code."""
        with self.surroundings():
            return main(["--target", self.target, *options])

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """The environment in which dbt finds this warehouse and leaves nothing in the project."""
        artifacts = {"DBT_TARGET_PATH": str(self.artifacts), "DBT_LOG_PATH": str(self.artifacts)}
        begin_as_parsed(self)
        with mock.patch.dict(os.environ, {**self.environment, **artifacts}):
            try:
                yield
            finally:
                close_duckdb()

    @property
    def red(self) -> set[str]:
        """The tests that the last command of dbt saw fail."""
        return {name for name, status in self.statuses.items() if status == "fail"}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        with self.cursor() as cursor:
            cursor.execute(sql)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """A cursor in a transaction that is committed at the end."""
        if self.file:
            with duckdb.connect(self.file) as file:
                yield file
            return
        assert self.database is not None
        connection = self.database.connect()
        try:
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            connection.close()

    def table(self, name: str) -> list[tuple[Any, ...]]:
        """All rows of a table, sorted."""
        return sorted(self.query(f"select * from {name}"), key=repr)


def _nothing(*_: object, **__: object) -> None:
    """What is done for an event of dbt."""


class Shared:
    """Where the warehouses of a test run share what dbt parsed and built; nowhere without `made_once`."""

    folder: Path | None = None
    # What dbt parsed in this process, by where other workers find it.
    manifests: ClassVar[dict[Path | None, Manifest]] = {}
    parsed_last: Manifest | None = None


@contextmanager
def made_once(folder: Path) -> Iterator[None]:
    """dbt parses the project once for all warehouses of a kind, and then only what is new in it.

    To dbt it is another project on another file or server, though nothing in ours asks for their names.
    """
    is_parsable = ManifestLoader.is_partial_parsable
    full_manifest = ManifestLoader.get_full_manifest

    def wherever_it_is(loader: ManifestLoader, parsed: Manifest) -> tuple[bool, str | None]:
        parsed.state_check.profile_hash = loader.manifest.state_check.profile_hash
        return is_parsable(loader, parsed)

    def remembered(*arguments: Any, **options: Any) -> Manifest:
        Shared.parsed_last = full_manifest(*arguments, **options)
        return Shared.parsed_last

    with (
        mock.patch.object(Shared, "folder", folder),
        mock.patch.object(ManifestLoader, "is_partial_parsable", wherever_it_is),
        mock.patch.object(ManifestLoader, "get_full_manifest", remembered),
    ):
        yield


def begin_as_parsed(warehouse: Warehouse, options: tuple[str, ...] = ()) -> Path | None:
    """Give a warehouse what another one of its kind left; returns where that is, or is to be."""
    if Shared.folder is None:
        return None
    Shared.parsed_last = None  # of another command, which this one may not follow with a parse of its own
    # All that names of relations and the nodes that are switched on depend on.
    prefix, file, database = map(warehouse.environment.get, ("SCHEMA_PREFIX", "DUCKDB_PATH", "PGDATABASE"))
    catalog = database if warehouse.target == "postgres" else Path(file or "").stem
    variables = [options[at + 1] for at, option in enumerate(options) if option == "--vars"]
    files = (warehouse.project / "dbt_project.yml", warehouse.project / "packages.yml")
    project = [file.read_text() for file in files if file.exists()]
    shared = Shared.folder / f"{_digits(warehouse.target, prefix, catalog, variables, project)}.msgpack"
    own = warehouse.artifacts / PARTIAL_PARSE
    if shared.exists() and not own.exists():
        own.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shared, own)
    return shared


def leave_as_parsed(warehouse: Warehouse, shared: Path | None) -> None:
    """Leave it for other workers, if this is the first warehouse of its kind, and for later commands of this one."""
    if shared is None:
        return
    if not shared.exists():
        share(warehouse.artifacts / PARTIAL_PARSE, shared)
    if warehouse.project == PROJECT and Shared.parsed_last is not None:
        Shared.manifests[shared] = Shared.parsed_last


def share(own: Path, shared: Path) -> None:
    """Others see all of it or nothing."""
    unfinished = shared.with_suffix(f".{os.getpid()}")
    shutil.copy(own, unfinished)
    unfinished.rename(shared)


def _digits(*what: object) -> str:
    return hashlib.sha256(repr(what).encode()).hexdigest()


def seeded(*options: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """What `python -m seed_generator` does, in this process, which saves most of the time of a small load.

    `seed_generator` is for what is about the process: signals, terminals, limits, files that it holds.
    """
    output, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, environment or {}),
        mock.patch.object(sys, "stdin", io.StringIO()),
        chdir(PROJECT),
        redirect_stdout(output),
        redirect_stderr(errors),
    ):
        code = seed_generator_main(options)
    return subprocess.CompletedProcess(options, code, output.getvalue(), errors.getvalue())


def seed_generator(
    *options: str, environment: Mapping[str, str] | None = None, **settings: Any
) -> subprocess.CompletedProcess[str]:
    """`python -m seed_generator` as a process of its own, in the project's folder."""
    return subprocess.run(
        [sys.executable, "-m", "seed_generator", *options],
        **{"cwd": PROJECT, "env": {**os.environ, **(environment or {})}, "timeout": 120, **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def read_terminal(terminal: int) -> bytes:
    """What stands to be read from a pseudo-terminal; nothing when its other end is closed."""
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says EIO then
        return b""
