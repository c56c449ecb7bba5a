"""Builds that cost what has changed: `dbt build`, tests included, of an appended month beside a full one of the commit
before builds did so; the SQL time of data tests beside that of models; and the memory of a build four times as large.

The other commit is taken out of this repository's history. Both build the same warehouse, in turns.
"""

import argparse
import contextlib
import statistics
import subprocess
import sys
import tarfile
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import measuring

sys.path.append(str(measuring.PROJECT / "tests" / "python" / "support"))
from postgres_server import own_server

BASE = "213b6a8517dd1ed41373e0dc0c6a3025dc5ccbd8"
SIZES = {"duckdb": 50, "postgres": 10}
# At most so much of the other commit's full build, and what we aim at; of the models' SQL time; of the smaller build.
MUST = {"duckdb": (0.25, 0.12), "postgres": (0.45, 0.3)}
MUST_OF_TESTS = {"duckdb": (1.0, 0.5), "postgres": (1.0, 0.6)}
MUST_OF_THE_DEFAULT, MUST_OF_MEMORY = (0.8, 0.6), (1.3, 1.0)


@dataclass(frozen=True)
class Builder:
    """A checkout that builds a warehouse.

    Parameters
    ----------
    project : its root.
    target : of profiles.yml.
    folder : where the warehouse is.
    own : empty; what dbt writes goes there.
    variables : of the environment, to find a server by.
    """

    project: Path
    target: str
    folder: Path
    own: Path
    variables: dict[str, str]

    def seed(self, *options: str) -> None:
        """`python -m seed_generator` with these options."""
        self._run(sys.executable, "-m", "seed_generator", "--quiet", "--target", self.target, *options)

    def build(self, *options: str) -> measuring.Run:
        """`dbt build` with these options."""
        (self.own / "logs" / "dbt.log").unlink(missing_ok=True)
        return self._run(Path(sys.executable).with_name("dbt"), "build", "--target", self.target, *options)

    def sql_seconds(self) -> dict[str, float]:
        """Seconds of SQL of all models and of all data tests, in the last build, which wrote them down."""
        return measuring.sql_seconds(self.own / "logs" / "dbt.log", by="resource_type")

    def _run(self, *command: str | Path) -> measuring.Run:
        environment = measuring.environment(
            self.folder,
            DBT_PROFILES_DIR=str(self.project),
            DBT_TARGET_PATH=str(self.own / "target"),
            DBT_LOG_PATH=str(self.own / "logs"),
            **self.variables,
        )
        return measuring.run(command, self.project, environment)


def main() -> int:
    options = _options()
    rows: list[tuple[str, ...]] = []
    claims: list[measuring.Claim] = []
    with measuring.scratch_folder() as folder, own_server(waits_for_disk=True) as server:
        base = folder / "base"
        _check_out(BASE, base)
        for target in options.targets:
            with _builders(base, target, folder / target, server.environment) as (now, before):
                seconds = _measure(now, before, SIZES[target] * 1e6 * options.scale, options.rounds)
            where = f"{target}, {SIZES[target]} million sessions"
            rows += [_row(f"{where}: {what}", figures) for what, figures in seconds.items()]
            appended = measuring.times(seconds["an appended month"], seconds["all, before"])
            tests = measuring.times(seconds["SQL of tests"], seconds["SQL of models"])
            (must, aim), (must_of_tests, aim_of_tests) = MUST[target], MUST_OF_TESTS[target]
            claims += [
                _ceiling(f"{where}: an appended month / all, before", appended, must, aim),
                _ceiling(f"{where}: SQL of data tests / of models", tests, must_of_tests, aim_of_tests),
            ]
        with _builders(base, "duckdb", folder / "default", {}) as (now, before):
            contenders = {"default, before": _default(before), "default": _default(now)}
            found = measuring.interleaved(options.rounds, contenders)
        rows += [_row(what, figures) for what, figures in found.items()]
        of_default = measuring.times(found["default"], found["default, before"])
        claims.append(_ceiling("the default company / before", of_default, *MUST_OF_THE_DEFAULT))
        with _builders(base, "duckdb", folder / "memory", {}) as (now, _):
            small, large = (_peak(now, millions * 1e6 * options.scale) for millions in (50, 200))
        rows.append(("peak GB at 50 and at 200 million", "", f"{small / 1e9:.2f}", f"{large / 1e9:.2f}"))
        claims.append(_ceiling("duckdb: peak memory at 200 million / at 50", large / small, *MUST_OF_MEMORY))
    return measuring.report("Builds, seconds", ("", "median s", "min", "max"), rows, claims)


def _check_out(commit: str, folder: Path) -> None:
    is_here = ("git", "cat-file", "-e", f"{commit}^{{commit}}")
    if subprocess.run(is_here, cwd=measuring.PROJECT, capture_output=True, check=False).returncode:
        sys.exit(f"error: the commit {commit} is not in this clone; git fetch --unshallow brings all of them.")
    folder.mkdir()
    archive = subprocess.Popen(("git", "archive", commit), cwd=measuring.PROJECT, stdout=subprocess.PIPE)
    with archive, tarfile.open(fileobj=archive.stdout, mode="r|") as files:
        files.extractall(folder, filter="data")


@contextlib.contextmanager
def _builders(base: Path, target: str, folder: Path, variables: dict[str, str]) -> Iterator[list[Builder]]:
    builders = []
    for name, project in (("now", measuring.PROJECT), ("before", base)):
        own = folder / name
        own.mkdir(parents=True)
        builders.append(Builder(project, target, folder, own, variables))
    try:
        yield builders
    finally:
        builders[0].seed("--drop")


def _measure(now: Builder, before: Builder, sessions: float, rounds: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):
        now.seed("--companies", str(measuring.companies_for(sessions)))
        full = now.build("--full-refresh", *measuring.WRITTEN_DOWN).seconds
        sql = now.sql_seconds()
        now.seed("--append", "1")
        appended = now.build().seconds
        all_before = before.build("--full-refresh").seconds
        if number:  # the first leaves compiled modules and what dbt has parsed
            figures = (appended, full, all_before, sql["model"], sql["test"])
            names = ("an appended month", "all", "all, before", "SQL of models", "SQL of tests")
            for name, figure in zip(names, figures, strict=True):
                seconds[name].append(figure)
            print(f"round {number} of {rounds}: {figures}", file=sys.stderr, flush=True)
    return dict(seconds)


def _default(builder: Builder) -> Callable[[], float]:
    builder.seed()
    builder.build()
    return lambda: builder.build().seconds


def _peak(builder: Builder, sessions: float) -> int:
    builder.seed("--companies", str(measuring.companies_for(sessions)))
    return builder.build("--full-refresh").peak_bytes


def _row(name: str, seconds: list[float]) -> tuple[str, ...]:
    return name, *(f"{figure:.2f}" for figure in (statistics.median(seconds), min(seconds), max(seconds)))


def _ceiling(name: str, value: float, must: float, aim: float) -> measuring.Claim:
    return measuring.Claim(name, value, must, is_ceiling=True, aim=aim)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: %(default)s)")
    parser.add_argument("--targets", nargs="+", choices=list(SIZES), default=list(SIZES), help="default: all")
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes, for a quick look (default: 1)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
