"""`dbt build` of the default company and `make demo`, beside those of another checkout of this project.

The two take turns in one run, so that a busy spell of the machine hits both. Each has a warehouse, a page, a snapshot
and dbt's files of its own, in a scratch folder. A build and a demo are those of somebody who has run them before; the
first demo is that of a new clone, where dbt has to parse everything.
"""

import argparse
import functools
import shutil
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import measuring

AT_MOST = 0.7
COLUMNS = ("", "base median s", "min", "max", "now median s", "min", "max", "base CPU s", "now CPU s")


class Checkout:
    """A checkout of the project whose commands run in it and write elsewhere.

    Parameters
    ----------
    project : its root.
    folder : empty; all that its commands write is in there.
    """

    def __init__(self, project: Path, folder: Path) -> None:
        self._project, self._folder = project, folder
        self.cpu_seconds: dict[str, list[float]] = {}
        folder.mkdir()

    def build(self) -> float:
        """Seconds of `dbt build` after a load."""
        self._run("build", sys.executable, "-m", "seed_generator", "--quiet")
        return self._measured("build", (Path(sys.executable).with_name("dbt"), "build"))

    def demo(self, name: str = "demo") -> float:
        """Seconds of the commands of `make demo`."""
        outputs = ("--publish", self._folder / "published", "--page", self._folder / "kpis.html")
        return self._measured(
            name,
            (sys.executable, "-m", "seed_generator"),
            (sys.executable, "-m", "reporting", *outputs),
        )

    def first_demo(self) -> float:
        """Seconds of `make demo` where nothing was built before."""
        shutil.rmtree(self._folder / "first demo", ignore_errors=True)
        return self.demo("first demo")

    def _measured(self, name: str, *commands: tuple[str | Path, ...]) -> float:
        runs = [self._run(name, *command) for command in commands]
        self.cpu_seconds.setdefault(name, []).append(sum(run.cpu_seconds for run in runs))
        return sum(run.seconds for run in runs)

    def _run(self, name: str, *command: str | Path) -> measuring.Run:
        own = self._folder / name
        own.mkdir(exist_ok=True)
        environment = measuring.environment(
            self._folder,
            DBT_PROFILES_DIR=str(self._project),
            DBT_TARGET_PATH=str(own / "target"),
            DBT_LOG_PATH=str(own / "logs"),
            DUCKDB_PATH=str(own / "warehouse.duckdb"),
        )
        return measuring.run(command, self._project, environment)


MEASURES: dict[str, Callable[[Checkout], float]] = {
    "build": Checkout.build,
    "demo": Checkout.demo,
    "first demo": Checkout.first_demo,
}


def main() -> int:
    options = _options()
    with measuring.scratch_folder() as folder:
        checkouts = {
            "base": Checkout(options.base.resolve(), folder / "base"),
            "now": Checkout(measuring.PROJECT, folder / "now"),
        }
        for checkout in checkouts.values():
            for measure in MEASURES.values():
                measure(checkout)  # leaves compiled modules and what dbt has parsed
            checkout.cpu_seconds.clear()
        contenders = {
            f"{of} {name}": functools.partial(measure, checkout)
            for name, measure in MEASURES.items()
            for of, checkout in checkouts.items()
        }
        seconds = measuring.interleaved(options.rounds, contenders)
    rows, claims = [], []
    for name in MEASURES:
        of_base, of_now = seconds[f"base {name}"], seconds[f"now {name}"]
        cpu = [f"{statistics.median(checkout.cpu_seconds[name]):.2f}" for checkout in checkouts.values()]
        rows.append((name, *_figures(of_base), *_figures(of_now), *cpu))
        ratio = statistics.median(of_now) / statistics.median(of_base)
        claims.append(measuring.Claim(f"{name}, now / base", ratio, AT_MOST, is_ceiling=True))
    return measuring.report("The default company, beside another checkout", COLUMNS, rows, claims)


def _figures(seconds: list[float]) -> tuple[str, ...]:
    return tuple(f"{figure:.2f}" for figure in (statistics.median(seconds), min(seconds), max(seconds)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", type=Path, help="the folder of the other checkout, e.g. a worktree of an older commit")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
