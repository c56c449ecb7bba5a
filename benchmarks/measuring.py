"""What the benchmarks share: interleaved runs, children that are measured, and the report.

This module imports nothing heavy. On Linux the peak memory of a child is never told as less than that of the process
that started it, so a parent that has loaded numpy could not see a small child.
"""

import contextlib
import importlib.metadata
import json
import os
import platform
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent

PEERS = PROJECT / "benchmarks" / "peers"
_PEERS_ENVIRONMENT = PROJECT / "benchmarks" / ".peers"
_PACKAGES = ("numpy", "pyarrow", "duckdb", "psycopg2-binary", "pyspark")


@dataclass(frozen=True)
class Run:
    """A process that has ended well: wall and processor time, peak resident memory, and what it printed."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int
    output: str


@dataclass(frozen=True)
class Claim:
    """A figure with what it must be and what we aim at; `must` is None where nothing is promised.

    `is_ceiling` says that the figure may be at most `must`, else it must be at least that.
    """

    name: str
    value: float
    must: float | None = None
    unit: str = "x"
    is_ceiling: bool = False
    aim: float | None = None

    @property
    def is_met(self) -> bool:
        """Whether it is what it must be."""
        return self.must is None or (self.value <= self.must if self.is_ceiling else self.value >= self.must)

    @property
    def row(self) -> tuple[str, ...]:
        """As the report shows it."""
        sign = "<=" if self.is_ceiling else ">="
        must = "-" if self.must is None else f"{sign} {self.must:g}{self.unit}"
        aim = "-" if self.aim is None else f"{self.aim:g}{self.unit}"
        verdict = "-" if self.must is None else "met" if self.is_met else "MISSED"
        return self.name, f"{self.value:.2f}{self.unit}", must, aim, verdict


def sessions_per_company(months: int = 12) -> float:
    """The expected sessions of a company of the default scenario in its first `months` months: 55.45 in twelve.

    A company draws its base count on average in every month that it begins as a customer, and it begins month m with
    probability q**(m - 1), where q = 11/12 for a small and 21/22 for a large company; see docs/model/simulation.md.
    """
    return sum(0.7 * 5 * (11 / 12) ** month + 0.3 * 10 * (21 / 22) ** month for month in range(months))


def companies_for(sessions: float) -> int:
    """How many companies of the default scenario have about so many sessions in twelve months."""
    return max(round(sessions / sessions_per_company()), 1)


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for the data, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="saas_kpis_benchmark_") as folder:
        yield Path(folder)


def environment(folder: Path, **changes: str) -> dict[str, str]:
    """The environment of a measured child, the same wherever this is run from.

    Compiled modules are kept in the scratch folder: a user has them too, but an environment that forbids to write them
    would have every run compile the sources again.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "DBT_", "DUCKDB_"))}
    inherited.pop("PYTHONDONTWRITEBYTECODE", None)
    inherited.pop("SCHEMA_PREFIX", None)
    return {
        **inherited,
        "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DUCKDB_PATH": str(folder / "warehouse.duckdb"),
        **changes,
    }


def run(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> Run:
    """Run a child in the folder to its end and measure it.

    Raises
    ------
    RuntimeError : it failed; with all that it said.
    """
    with tempfile.TemporaryFile("w+") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            # The usage of this one child; RUSAGE_CHILDREN would tell the largest of all so far.
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        said = output.read()
    if process.returncode:
        raise RuntimeError(f"{shlex.join(map(str, command))} ended with {process.returncode}:\n{said}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, said)


def interleaved(rounds: int, contenders: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """The figures of each contender, run in turns (A B A B …), so that a busy spell of the machine hits all of them."""
    figures: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(1, rounds + 1):
        for name, measure in contenders.items():
            figures[name].append(measure())
        line = ", ".join(f"{name} {values[-1]:.2f}" for name, values in figures.items())
        print(f"round {number} of {rounds}: {line}", file=sys.stderr, flush=True)
    return figures


# Options of dbt with which it writes down what `sql_seconds` reads.
WRITTEN_DOWN = ("--log-level-file", "debug", "--log-format-file", "json")


def sql_seconds(log: Path, by: str) -> dict[str, float]:
    """Seconds of SQL that dbt wrote down, by what it says of a node: its `node_name`, or its `resource_type`."""
    seconds: dict[str, float] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        node = entry["data"].get("node_info", {}).get(by)
        if entry["info"]["name"] == "SQLQueryStatus" and node:
            seconds[node] = seconds.get(node, 0.0) + entry["data"]["elapsed"]
    return seconds


def speed(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times as fast as they we are: the median of the ratios of their seconds to ours, pair by pair."""
    return statistics.median(their / our for our, their in zip(ours, theirs, strict=True))


def times(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How many times theirs our figures are: the median of the ratios, pair by pair."""
    return statistics.median(our / their for our, their in zip(ours, theirs, strict=True))


def peers_python() -> Path:
    """The Python of the peers' own environment, which is made when it is first asked for."""
    python = _PEERS_ENVIRONMENT / "bin" / "python"
    wanted = (PEERS / "requirements.txt").read_text(encoding="utf-8")
    installed = _PEERS_ENVIRONMENT / "installed.txt"
    if not installed.exists() or installed.read_text(encoding="utf-8") != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", _PEERS_ENVIRONMENT], check=True)
        requirements = ("--requirement", PEERS / "requirements.txt")
        subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements], check=True
        )
        installed.write_text(wanted, encoding="utf-8")
    return python


def timing_row(name: str, seconds: Sequence[float], rows: float) -> tuple[str, ...]:
    """A line of the report on runs that made so many rows each; give it `TIMING_COLUMNS`."""
    median = statistics.median(seconds)
    return name, f"{median:.2f}", f"{min(seconds):.2f}", f"{max(seconds):.2f}", f"{rows / median / 1e6:.2f}"


TIMING_COLUMNS = ("", "median s", "min", "max", "M rows/s")


def report(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], claims: Sequence[Claim], *notes: str
) -> int:
    """Print the measured rows, the claims, the machine and the command; returns the exit code, 1 if one is missed."""
    print(f"\n{title}\n")
    print_table(columns, rows)
    print()
    if claims:
        print_table(("claim", "measured", "must be", "aim", ""), [claim.row for claim in claims])
        print()
    # Where a folder is on this machine says nothing elsewhere.
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.orig_argv[1:]]
    print(*notes, f"machine: {machine()}", f"command: python {shlex.join(words)}", sep="\n")
    return int(not all(claim.is_met for claim in claims))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns of equal width, the first to the left and the others to the right."""
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    for cells in (columns, *rows):
        first, *others = (
            cell.ljust(width) if position == 0 else cell.rjust(width)
            for position, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        print("  ".join((first, *others)).rstrip())


def machine() -> str:
    """The processor, its cores, how busy they were in the last minute, and the versions of what was measured."""
    versions = []
    for package in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{package} {importlib.metadata.version(package)}")
    if postgres := _postgres_programs():
        versions.append(_output(postgres / "postgres", "--version"))
    load = os.getloadavg()[0]
    return (
        f"{_processor()}, {len(os.sched_getaffinity(0))} cores (load {load:.1f}), {_memory_gib():.0f} GiB;"
        f" {platform.system()} {platform.release()}; Python {platform.python_version()}, {', '.join(versions)}"
    )


def _postgres_programs() -> Path | None:
    """The folder of the newest server's programs; also distributions that keep them off the PATH have them."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    return next((folder for folder in candidates if (folder / "pg_ctl").exists()), None)


def _output(*command: str | Path) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
