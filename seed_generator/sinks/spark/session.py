"""A session of Apache Spark for a target of `profiles.yml`, and what it says in one sentence."""

import fcntl
import logging
import os
import re
import shutil
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from seed_generator.errors import EnvironmentFailure, InputError, SeedError
from seed_generator.profiles import Target

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NO_CHANGE = "nothing was changed"
OLDEST_JAVA = 17
_PACKAGE = Path(__file__).resolve().parents[2]
_SECONDS_TO_ANSWER = 5
_SECONDS_TO_END = 5
_SECONDS_BETWEEN_TRIES = 0.05
_PORTS = {"spark": 7077, "sc": 15002}

# What the JVM says where it can't use the catalog, and the file that the process holds which uses one in a folder.
_NO_CATALOG = "SessionHiveMetaStoreClient"
_CATALOG_LOCK = "dbex.lck"
_CATALOG_FOLDER = re.compile(r"jdbc:derby:;databaseName=(?P<folder>[^;]+)")
_FLOCK = "hhqqi"  # type, whence, start, length and process, as Linux has them


@contextmanager
def spark_session(target: Target, outcome: Callable[[], str] = lambda: NO_CHANGE) -> Iterator["SparkSession"]:
    """A session as dbt has it on this target, whose workers know this package; stopped at the end.

    Where this process has a session already, it is that one, and stays.

    Parameters
    ----------
    outcome : says what has been changed so far, in the words that a failure is told with.

    Raises
    ------
    InputError : the target, Java or the Python environment is not one in which Spark can start.
    EnvironmentFailure : Spark says no, at the start or later.
    """
    _refuse_what_cannot_start(target)
    from py4j.protocol import Py4JError, Py4JNetworkError  # noqa: PLC0415 - this and pyspark are an extra, and heavy
    from pyspark.errors import PySparkException  # noqa: PLC0415 - see above
    from pyspark.sql import SparkSession  # noqa: PLC0415 - see above

    try:
        with _no_tracebacks_of_others():
            is_somebody_else_s = SparkSession.getActiveSession() is not None
            spark = _started(_settings(target))
            try:
                with tempfile.TemporaryDirectory() as folder:  # workers come for the package while the session lasts
                    spark.addArtifacts(str(_zipped_package(Path(folder))), pyfile=True)
                    yield spark
            finally:
                if not is_somebody_else_s:
                    spark.stop()
    except (Py4JNetworkError, ConnectionRefusedError, ConnectionResetError) as error:
        raise EnvironmentFailure(
            f"Spark's Java ended in the middle, perhaps for want of memory (spark.driver.memory); {outcome()}."
        ) from error
    except (PySparkException, Py4JError) as error:
        raise _told(target, str(error), outcome()) from error


def _refuse_what_cannot_start(target: Target) -> None:
    """Say in a sentence what Spark itself would say in a hundred lines, or not at all.

    Raises
    ------
    InputError : see `spark_session`.
    EnvironmentFailure : nobody answers at the address of the cluster.
    """
    method = str(target.settings.get("method", "session"))
    if method != "session":
        raise InputError(
            f"the target {target.name} connects by the method {method}, which takes SQL only; seed_generator needs the"
            " method session (SPARK_METHOD), with SPARK_REMOTE for a Spark Connect server."
        )
    try:
        import pyspark.sql  # noqa: F401, PLC0415 - an extra
    except ImportError as error:
        raise InputError(
            f"the target {target.name} needs Spark, which is not installed ({error}): pip install 'saas-kpis[spark]'."
        ) from None
    remote = os.environ.get("SPARK_REMOTE", "")
    if not remote:
        _refuse_other_java(target)
        _refuse_catalog_in_use(target)
    _refuse_silent_address(remote or _settings(target).get("spark.master") or os.environ.get("MASTER", ""))


def _settings(target: Target) -> Mapping[str, str]:
    given: Mapping[str, Any] = target.settings.get("server_side_parameters", {})
    return {name: str(value) for name, value in given.items()}


def _started(settings: Mapping[str, str]) -> "SparkSession":
    from pyspark.sql import SparkSession  # noqa: PLC0415 - see above

    # Else workers take the Python that the PATH of their machine leads to.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.enableHiveSupport()
    for name, value in settings.items():
        builder = builder.config(name, value)
    is_watched = sys.stderr.isatty()
    with nullcontext() if is_watched else _silence():
        return builder.config("spark.ui.showConsoleProgress", str(is_watched).lower()).getOrCreate()


@contextmanager
def _no_tracebacks_of_others() -> Iterator[None]:
    """Where Java ends first, Spark's Python would print tracebacks from threads of its own, beside our sentence."""
    prints = socketserver.BaseServer.handle_error
    disabled = logging.root.manager.disable
    logging.disable()
    socketserver.BaseServer.handle_error = lambda *_: None  # type: ignore[method-assign]
    try:
        yield
    finally:
        socketserver.BaseServer.handle_error = prints  # type: ignore[method-assign]
        logging.disable(disabled)


@contextmanager
def _silence() -> Iterator[None]:
    """What is started meanwhile, the JVM, has nothing to say: its errors come to us, and the rest is for nobody."""
    stderr = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nowhere)


def _zipped_package(folder: Path) -> Path:
    archive = folder / f"{_PACKAGE.name}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for path in sorted(_PACKAGE.rglob("*.py")):
            files.write(path, path.relative_to(_PACKAGE.parent))
    return archive


def _refuse_other_java(target: Target) -> None:
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin") if home else None)
    needs = f"the target {target.name} needs Java {OLDEST_JAVA} or later (Debian: openjdk-17-jre-headless)"
    if java is None:
        raise InputError(f"{needs}; there is no java in {f'JAVA_HOME, {home}' if home else 'the PATH'}.")
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)
    version = re.search(r'version "(?:1\.)?(\d+)', said.stderr + said.stdout)
    if said.returncode or not version:
        raise InputError(f"{needs}; {java} does not tell its version.")
    if int(version[1]) < OLDEST_JAVA:
        raise InputError(f"{needs}; {java} is Java {version[1]}.")


def _refuse_catalog_in_use(target: Target) -> None:
    """A catalog in a folder has one user at a time; another one would find out after half a minute."""
    place = _CATALOG_FOLDER.search(_settings(target).get("spark.hadoop.javax.jdo.option.ConnectionURL", ""))
    if place is None or not (lock := Path(place["folder"]) / _CATALOG_LOCK).exists():
        return
    with lock.open("r+b") as file:
        # The JVM of a process that was killed ends a moment after it.
        gives_up = time.monotonic() + _SECONDS_TO_END
        while (is_in_use := not _is_free(file)) and time.monotonic() < gives_up:
            time.sleep(_SECONDS_BETWEEN_TRIES)
        if is_in_use:
            holder = "another process"
            if sys.platform == "linux":
                asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
                holder = f"process {struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, asked))[-1]}"
            raise EnvironmentFailure(
                f"the catalog {place['folder']} of the target {target.name} is in use by {holder}, and a folder has one"
                " user at a time: wait for it or end it, or use a catalog server (HIVE_METASTORE_URIS)."
            )


def _is_free(file: IO[bytes]) -> bool:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_silent_address(address: str) -> None:
    """A client of Spark would try for a minute, and then complain of something else."""
    scheme, _, places = address.partition("://")
    if scheme not in _PORTS:
        return
    reasons = []
    for place in places.partition("/")[0].split(","):
        host, _, port = place.rpartition(":") if ":" in place else (place, "", str(_PORTS[scheme]))
        try:
            with socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER):
                return
        except (OSError, ValueError) as error:
            reasons.append(getattr(error, "strerror", None) or str(error))
    variable = "SPARK_REMOTE" if scheme == "sc" else "MASTER"
    raise EnvironmentFailure(f"no Spark answers at {address} ({variable}): {' and '.join(dict.fromkeys(reasons))}.")


def _told(target: Target, message: str, outcome: str) -> SeedError:
    if _NO_CATALOG in message:
        where = os.environ.get("HIVE_METASTORE_URIS") or os.environ.get("SPARK_METASTORE", "its folder")
        return EnvironmentFailure(f"the target {target.name} can't use its catalog, {where}; {outcome}.")
    causes = re.findall(r"^(?:Caused by: )?[\w.$]*(?:Exception|Error): (.+)$", message, re.MULTILINE)
    reason = " ".join((causes[-1] if causes else message.partition("\n")[0]).split())
    return EnvironmentFailure(f"Spark said no; {outcome}. ({reason})")
