"""`make claims`: every claim with the tests that keep it, made of the tests themselves.

A test's name is its claim. The promises that they belong to are the table of ARCHITECTURE.md, which says what proves
them. Fails if `make test` does not keep a promise or a claim, or keeps one on fewer engines than `make test-slow` does.
"""

import io
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[3]
TESTS = PROJECT / "tests" / "python"
ENGINES = ("duckdb", "postgres", "parquet")
BOTH = {"duckdb", "postgres"}
# Their environments are others, and so are their commands.
ELSEWHERE = ("spark/", "bi/test_superset.py")


@dataclass(frozen=True)
class Case:
    """A test with its parameters.

    Parameters
    ----------
    file : below `tests/python`.
    test : the function.
    engines : those that it runs on, none if it is about none.
    slow : why it is slow, None if it is not.
    keeps : of a slow test without a quick case, the file whose quick tests keep its claim.
    """

    file: str
    test: str
    engines: frozenset[str] = frozenset()
    slow: str | None = None
    keeps: str = ""


class Collected:
    """A plugin that takes down what pytest has found."""

    def __init__(self) -> None:
        self.cases: list[Case] = []
        self.about: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take down every test, slow or not."""
        for item in session.items:
            assert isinstance(item, pytest.Function)
            file = str(item.path.relative_to(TESTS))
            self.about[file] = (item.module.__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()
            mark = item.get_closest_marker("slow")
            slow, keeps = (mark.args[0], mark.kwargs.get("keeps", "")) if mark else (None, "")
            self.cases.append(Case(file, item.originalname, frozenset(engines(item)), slow, keeps))


def engines(item: pytest.Function) -> set[str]:
    """Those that a test runs on: its parameters say so, or else its fixtures."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    chosen = {parameter for parameter in parameters if isinstance(parameter, str) and parameter in ENGINES}
    return chosen or {engine for engine in ENGINES if f"{engine}_warehouse" in item.fixturenames}


def promises(page: str) -> dict[str, list[str]]:
    """The promises of ARCHITECTURE.md, each with the files of tests that prove it, as the page calls them."""
    _, table = page.split("| promise |", 1)
    rows = [line.strip("| ").split(" | ") for line in table.split("\n\n")[0].splitlines()[2:]]
    return {promise: re.findall(r"`([\w/]*test_\w+\.py)`", proofs) for promise, _, proofs in rows}


def complaints(cases: Sequence[Case], proofs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What `make test` lacks."""
    quick = [case for case in cases if case.slow is None]
    for (file, test), alike in _by_test(cases).items():
        name, slow = f"{file}::{test}", [case for case in alike if case.slow is not None]
        if any(not case.slow for case in slow):
            yield f"{name} is slow and does not say what it widens"
        kept = [case for case in alike if case.slow is None]
        if not kept:
            kept = [case for case in quick for each in slow if each.keeps and _is(case.file, each.keeps)]
            if not kept:
                yield f"{name} is slow and no quick test keeps its claim; name a file of some with keeps="
        missing = _engines(slow) - _engines(kept)
        if kept and missing:
            yield f"{name} is not kept by a quick test on {', '.join(sorted(missing))}"
    for promise, files in proofs.items():
        there = {name for name in files if any(_is(case.file, name) for case in cases) or name.startswith(ELSEWHERE)}
        yield from (
            f"“{promise}” is said to be proved by {name}, which is not there" for name in files if name not in there
        )
        kept = [case for case in quick if any(_is(case.file, name) for name in files)]
        if not kept:
            yield f"“{promise}” has no test in make test"
        elif _engines(kept) and BOTH - _engines(kept):
            yield f"“{promise}” is not kept on {', '.join(sorted(BOTH - _engines(kept)))}"


def lines(collected: Collected, proofs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The list, by promise; then the claims that belong to none."""
    promised = {name for files in proofs.values() for name in files}
    others = [file for file in collected.about if not any(_is(file, name) for name in promised)]
    for heading, names in [*proofs.items(), ("And in the documentation, of commands, pages and code:", others)]:
        yield f"\n{heading}"
        for name in names:
            if name.startswith(ELSEWHERE):
                yield f"  {name}: in a command of its own"
            for file in (file for file in collected.about if _is(file, name)):
                yield f"  {file}: {collected.about[file]}"
                tests = _by_test(case for case in collected.cases if case.file == file)
                yield from (f"    {_told(test, alike)}" for (_, test), alike in tests.items())


def _told(test: str, alike: Sequence[Case]) -> str:
    reasons = {case.slow: 0 for case in alike if case.slow is not None}
    for case in alike:
        if case.slow is not None:
            reasons[case.slow] += 1
    quick = sum(case.slow is None for case in alike)
    counts = [f"{quick} in make test"] if quick else []
    counts += [f"{number} in make test-slow, {reason}" for reason, number in reasons.items()]
    on = [engine for engine in ENGINES if engine in _engines(alike)]
    return f"{test.removeprefix('test_').replace('_', ' ')} [{'; '.join([*counts, ' '.join(on)]).rstrip('; ')}]"


def _by_test(cases: Iterable[Case]) -> dict[tuple[str, str], list[Case]]:
    found: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        found[case.file, case.test].append(case)
    return found


def _engines(cases: Iterable[Case]) -> set[str]:
    return {engine for case in cases for engine in case.engines}


def _is(file: str, name: str) -> bool:
    """Whether a page that says `test_golden.py` or `spark/test_spark.py` means this file."""
    return f"/{file}".endswith(f"/{name}")


def main() -> int:
    """Print the list; returns the exit code."""
    collected = Collected()
    with redirect_stdout(io.StringIO()) as told:
        ended = pytest.main(["--collect-only", "--quiet", "-p", "no:cacheprovider", str(TESTS)], plugins=[collected])
    if ended:
        print(f"{told.getvalue()}error: pytest can't collect the tests.", file=sys.stderr)
        return 2
    proofs = promises((PROJECT / "ARCHITECTURE.md").read_text())
    print("\n".join(lines(collected, proofs)).lstrip())
    found = list(complaints(collected.cases, proofs))
    print("".join(f"error: {complaint}.\n" for complaint in found), file=sys.stderr, end="")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
