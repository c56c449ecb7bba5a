"""Superset as `docker compose --profile bi` starts it, in its own environment instead of a container."""

import http.client
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from postgres_server import Database, psql
from warehouses import PROJECT

FOLDER = PROJECT / "bi" / "superset"
# As somebody could choose them.
ADMIN_PASSWORD = "an admin's: 100% password/"
READER_PASSWORD = "a reader's: 100% password/"
DATABASE_PASSWORD = "superset's: 100% password/@"


@dataclass(frozen=True)
class Superset:
    """A Superset beside a server that has marts."""

    programs: Path
    environment: dict[str, str]
    log: Path

    @classmethod
    def beside(cls, server: Database, folder: Path) -> "Superset":
        """With the roles and the database that compose's first step makes."""
        for file, password in (("bi_reader", READER_PASSWORD), ("superset", DATABASE_PASSWORD)):
            variable = "BI_READER_PASSWORD" if file == "bi_reader" else "SUPERSET_DATABASE_PASSWORD"
            statements = PROJECT / "bi" / "postgres" / f"{file}.sql"
            made = psql(server, "--quiet", "--file", str(statements), **{variable: password})
            assert made.returncode == 0, made.stderr
        programs = Path(os.environ["SUPERSET_BIN"]).resolve()
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        return cls(
            programs,
            {
                **inherited,
                "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
                "PYTHONPATH": str(FOLDER),
                "PYTHONDONTWRITEBYTECODE": "1",
                "FLASK_APP": "superset",
                "SUPERSET_HOME": str(folder),
                "SUPERSET_SECRET_KEY": secrets.token_urlsafe(32),
                "SUPERSET_ADMIN_PASSWORD": ADMIN_PASSWORD,
                "SUPERSET_DATABASE_PASSWORD": DATABASE_PASSWORD,
                "PGHOST": server.host,
                "PGPORT": str(server.port),
                "PGPASSWORD": READER_PASSWORD,
            },
            folder / "log",
        )

    def set_up(
        self, changes: Mapping[str, str] | None = None, folder: Path = FOLDER
    ) -> subprocess.CompletedProcess[str]:
        """What compose's second step runs, in an environment with changes or on another folder."""
        return subprocess.run(
            ["bash", folder / "set_up.sh"],
            env=self.environment | dict(changes or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    @contextmanager
    def running(self) -> Iterator[str]:
        """The server on a free port; gives its address."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [self.programs / "gunicorn", "--bind", f"127.0.0.1:{port}", "superset.app:create_app()"],
                cwd=FOLDER,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                _wait_for(process, port)
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(timeout=60)


def _wait_for(process: "subprocess.Popen[bytes]", port: int) -> None:
    for _ in range(600):
        assert process.poll() is None, "the server has ended"
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.HTTPStatus.OK:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    raise AssertionError(f"nothing answers on port {port}")
