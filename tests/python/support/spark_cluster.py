"""Spark's own standalone cluster on loopback: a master and two workers, each a process that can be killed."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyspark

SPARK_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
_SECONDS_TO_START = 60


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@dataclass
class Cluster:
    """A running master, and its workers with their executors."""

    folder: Path
    address: str
    master: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_worker(self) -> None:
        """One more worker of one core, registered with the master."""
        number = len(list(self.folder.glob("worker*.log")))
        log = self.folder / f"worker{number}.log"
        # Of a port of its own for a page that nobody looks at, one that is free.
        arguments = ["--cores", "1", "--memory", "2g", "--webui-port", "0", "--work-dir", str(self.folder / "work")]
        self.workers.append(_start("worker.Worker", [*arguments, self.address], log))
        _wait_for(log, "Successfully registered with master")

    def kill_worker(self) -> None:
        """The first worker and its executor, at once and without a word."""
        worker = self.workers.pop(0)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def stop(self) -> None:
        for process in (*self.workers, self.master):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster of two workers."""
    port = free_port()
    log = folder / "master.log"
    master = _start("master.Master", ["--host", "127.0.0.1", "--port", str(port), "--webui-port", "0"], log)
    cluster = Cluster(folder, f"spark://127.0.0.1:{port}", master)
    try:
        _wait_for(log, "I have been elected leader")
        cluster.start_worker()
        cluster.start_worker()
        yield cluster
    finally:
        cluster.stop()


def _start(daemon: str, arguments: list[str], log: Path) -> subprocess.Popen[bytes]:
    # A group of its own, which its executors belong to.
    with log.open("wb") as file:
        return subprocess.Popen(
            [str(SPARK_CLASS), f"org.apache.spark.deploy.{daemon}", *arguments],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"},
            start_new_session=True,
        )


def _wait_for(log: Path, words: str) -> None:
    gives_up = time.monotonic() + _SECONDS_TO_START
    while not re.search(words, log.read_text(errors="replace")):
        assert time.monotonic() < gives_up, log.read_text(errors="replace")
        time.sleep(0.1)
