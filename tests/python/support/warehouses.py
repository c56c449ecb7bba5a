"""The warehouses that tests fill, build and read: one of each engine, through the project's own commands."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import extended_mashumaro_encoder
from dbt_common.events.base_types import BaseEvent
from dbt_common.events.event_manager import EventManager

from parsed_once import PARTIAL_PARSE, parsed_by_every_command
from postgres_server import Database
from reporting.cli import main
from reporting.project import close_duckdb
from seed_generator.cli.main import main as seed_generator_main
from seed_generator.schemas import REPRODUCIBLE
from shared import share, shared_file, take

PROJECT = Path(__file__).resolve().parents[3]
# A scenario unlike the default in everything.
THREE_SIZES = Path(__file__).parent / "three_sizes.toml"
WITH_UNIT_TESTS = ("--vars", "unit_tests: true")
WITHOUT_TESTS = ("--exclude-resource-type", "test")
WITH_METRICS = ("--vars", "metrics: true")
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
        if self.file:
            prefix = self.environment.get("SCHEMA_PREFIX")
            shared = shared_file(".duckdb", self.file.stem, prefix, self.project, options)
            if take(shared, self.file):
                return
        loaded = self.seed(*options)
        assert loaded.returncode == 0, loaded.stderr
        assert self.build(*WITHOUT_TESTS), self.messages
        if self.file:
            share(self.file, shared)

    def compile(self) -> Path:
        """The manifest of all that dbt compiles for what is built anew, unit tests among it; once in a test run."""
        manifest = self.artifacts / "manifest.json"
        place = (self.file and self.file.stem, self.environment.get("SCHEMA_PREFIX"))
        shared = shared_file(".json", self.target, *place, self.project)
        if not take(shared, manifest):
            assert self.dbt("compile", "--full-refresh", "--write-json", *WITH_UNIT_TESTS), self.messages
            share(manifest, shared)
        return manifest

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
        with (
            mock.patch.dict(os.environ, self.environment),
            mock.patch.object(BaseEvent, "__init__", _nothing),
            mock.patch.object(EventManager, "fire_event", _nothing),
        ):
            result = dbtRunner().invoke(
                [
                    *("--quiet", "--log-level", "none", "--log-path", str(self.artifacts)),
                    *(command, "--target", self.target, "--target-path", str(self.artifacts)),
                    *("--project-dir", str(self.project), "--profiles-dir", str(self.project)),
                    # All is in this process on DuckDB, where more threads do no more.
                    *("--no-write-json", *(("--threads", "1") if self.file else ()), *self.options),
                    *options,
                ]
            )
            close_duckdb()
        assert result.exception is None, result.exception
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
        with self.surroundings(), parsed_by_every_command(), chdir(self.project):
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
