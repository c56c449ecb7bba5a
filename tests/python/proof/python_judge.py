"""Whether the tests of a module notice a mistake in it: each mistake has a process of its own."""

import gc
import importlib
import importlib.util
import math
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import NoReturn

import hypothesis
import pytest

from python_mutation import Change

PROJECT = Path(__file__).parents[3]
TESTS = PROJECT / "tests" / "python"
WORKERS = 2
# What tests import and no mistake is in: imported once, before the processes part.
PRELOADED = (
    *("dbt.cli.main", "duckdb", "faker", "hypothesis.strategies", "jinja2", "numpy", "playwright.sync_api"),
    *("psycopg2", "pyarrow.dataset", "scipy.signal", "scipy.stats", "yaml"),
)
_SECONDS_TO_END = 10
_OPTIONS = (
    *("-x", "-q", "-m", "not slow", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-p", "no:faker"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


@dataclass(frozen=True)
class Mutant:
    """A module, as its file in the project, with a mistake or with none."""

    module: str
    change: Change | None

    @property
    def name(self) -> str:
        """The module and its mistake."""
        return f"{self.module} {self.change.name}" if self.change else self.module

    @property
    def operator(self) -> str:
        """The kind of the mistake."""
        return self.change.operator if self.change else ""

    def code(self) -> CodeType:
        """What Python runs in the place of the module."""
        file = PROJECT / self.module
        return self.change.code(str(file)) if self.change else compile(file.read_text(), str(file), "exec")


@dataclass
class Judge:
    """Runs the tests of a module against its mutants, the one that noticed the last mistake first.

    Parameters
    ----------
    folder : for what the tests write.
    tests : files below tests/python, or single tests in them.
    """

    folder: Path
    module: str
    tests: Sequence[str]
    _first: str = ""
    _seconds: float = math.inf  # that they take without a mistake
    _running: dict[int, tuple[Mutant, float]] = field(default_factory=dict)

    def verdicts(self, mutants: Sequence[Mutant]) -> Iterator[tuple[Mutant, str]]:
        """Each mutant with the test that noticed it, which is "" if none did."""
        began = time.monotonic()
        self._start(Mutant(self.module, None), began)
        assert [red for _, red in self._ended(0)] == [""], f"the tests of {self.module} are not green without a mistake"
        self._seconds = time.monotonic() - began
        for mutant in mutants:
            yield from self._ended(WORKERS - 1)
            self._start(mutant, time.monotonic())
        yield from self._ended(0)

    def _start(self, mutant: Mutant, now: float) -> None:
        if process := os.fork():
            self._running[process] = mutant, now
        else:
            os.setsid()
            self._run(mutant)

    def _ended(self, most: int) -> Iterator[tuple[Mutant, str]]:
        """The verdicts on those that have ended, once at most so many are left."""
        while len(self._running) > most:
            for process, (mutant, began) in list(self._running.items()):
                ended, status = os.waitpid(process, os.WNOHANG)
                late = time.monotonic() - began > 10 * self._seconds + _SECONDS_TO_END
                if ended:
                    otherwise = "" if status == 0 else "no test"
                elif late:
                    os.killpg(process, signal.SIGKILL)
                    os.waitpid(process, 0)
                    otherwise = "no end"
                else:
                    continue
                del self._running[process]
                yield mutant, self._red(process, otherwise)
            time.sleep(0.01)

    def _red(self, process: int, otherwise: str) -> str:
        said = self.folder / f"{process}.red"
        if said.exists():
            self._first = said.read_text()
            said.unlink()
            return self._first
        return otherwise

    def _run(self, mutant: Mutant) -> NoReturn:
        """In the process of a mutant: run the tests, say which is red."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        sys.meta_path.insert(0, Replaced(mutant))
        own = self.folder / str(os.getpid())
        pytest.main(
            [*_OPTIONS, f"--basetemp={own}", *(str(TESTS / test) for test in self.tests)],
            plugins=[Run(self._first, own.with_suffix(".red"))],
        )
        os._exit(1)  # pytest has not come to its end


class Replaced:
    """Gives Python a module with a mistake in the place of the one in its file."""

    def __init__(self, mutant: Mutant) -> None:
        self._name = mutant.module.removesuffix(".py").replace("/", ".")
        self._file = str(PROJECT / mutant.module)
        self._code = mutant.code()

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Where Python has the module from, which is here."""
        loader = _Loader(self._code, name, self._file)
        return importlib.util.spec_from_file_location(name, self._file, loader=loader) if name == self._name else None


class _Loader(SourceFileLoader):
    def __init__(self, code: CodeType, name: str, file: str) -> None:
        super().__init__(name, file)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        return self._code


class Run:
    """What pytest is told, and what it tells.

    Parameters
    ----------
    first : the test that comes first.
    file : for the name of the one that is red.
    """

    def __init__(self, first: str, file: Path) -> None:
        self._first = first
        self._file = file
        self._red = ""
        self._passed = 0

    def pytest_sessionstart(self) -> None:
        """That a rule is broken is enough; a shorter example of it is not looked for."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutants", hypothesis.settings(), phases=phases)
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """The test that noticed the last mistake comes first."""
        items.sort(key=lambda item: item.nodeid != self._first)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file of tests that cannot be read has noticed it."""
        self._red = self._red or (report.nodeid if report.failed else "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """The first test that is red has."""
        self._passed += report.passed
        self._red = self._red or (report.nodeid if report.failed else "")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """The process ends here: what pytest does beyond takes as long as a test."""
        if self._red:
            self._file.write_text(self._red)
        os._exit(0 if self._passed and not self._red else 1)


@contextmanager
def preloaded() -> Iterator[None]:
    """What is the same for all mutants is imported, and nothing of the project."""
    for name in PRELOADED:
        importlib.import_module(name)
    ours = [name for name in sys.modules if name.split(".")[0] in {"reporting", "saas_kpis", "seed_generator"}]
    assert not ours, f"a mistake in {ours} would not be seen"
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.callbacks.clear()  # else DuckDB's binding tells at length of what hypothesis holds
