"""The marts: SQL time of the KPIs' models against three queries with count(distinct), of one appended month against
all, and of the subscription metrics against the KPIs.

SQL time is what dbt tells of each statement that it sends for a model, its own queries included. The naive queries read
the same tables, one query a KPI, as one writes them at first.
"""

import argparse
import contextlib
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

import measuring

sys.path.append(str(measuring.PROJECT / "tests" / "python" / "support"))
from postgres_server import Server, own_server

HEART = "int_company_months"
MODELS = (HEART, "int_company_lifetimes", "int_month_sizes", "fct_monthly_usage", "fct_retention", "fct_revenue")
SUBSCRIPTIONS = (
    *("int_company_mrr", "int_mrr_steps", "int_cohort_months", "fct_mrr_movements", "fct_revenue_retention"),
    *("fct_cohorts", "fct_survival", "rpt_subscription_metrics"),
)
JOINED = "raw.sessions as s inner join raw.companies as c on c.company_id = s.company_id"
PERIOD = "cast(date_trunc('month', s.created_at) as date)"
USAGE = "cast(count(distinct s.session_id) as numeric(18, 6)) / count(distinct s.company_id)"
REVENUE = "count(distinct s.company_id) * min(p.monthly_price)"
PRICED = f"{JOINED} inner join raw.plans as p on p.company_size = c.company_size"
NAIVE = (
    f"select {PERIOD}, c.company_size, {USAGE} from {JOINED} group by 1, 2",
    f"select {PERIOD}, c.company_size, count(distinct s.company_id) from {JOINED} group by 1, 2",
    f"select {PERIOD}, c.company_size, {REVENUE} from {PRICED} group by 1, 2",
)
# For each engine and size what the ratio to the naive queries must be, and what we aim at.
MUST: dict[str, dict[int, tuple[float, float]]] = {"duckdb": {50: (6, 10)}, "postgres": {10: (3, 5), 50: (2.5, 5)}}
MUST_OF_A_MONTH = {"duckdb": (10, 20), "postgres": (8, 15)}
# The KPIs of all months against the subscription metrics of all months, and of one that was appended.
MUST_OF_SUBSCRIPTIONS, MUST_OF_A_MONTH_OF_THEM = 1, 5


@dataclass(frozen=True)
class Engine:
    """A target with a warehouse that has been loaded."""

    name: str
    folder: Path
    server: Server

    def seed(self, *options: str) -> None:
        """`python -m seed_generator` with these options."""
        command = (sys.executable, "-m", "seed_generator", "--quiet", "--target", self.name, *options)
        measuring.run(command, self.folder, self._environment)

    def run(self, *options: str) -> dict[str, float]:
        """Run the models; seconds of SQL of the KPIs, of the subscription metrics, and of what reads the sessions."""
        seconds = self._run(*options)
        return {
            "models": sum(map(seconds.__getitem__, MODELS)),
            "subscriptions": sum(map(seconds.__getitem__, SUBSCRIPTIONS)),
            "heart": seconds[HEART],
        }

    def naive(self) -> float:
        """The three queries; the seconds that they take together."""
        if self.name == "duckdb":
            with duckdb.connect(self.folder / "warehouse.duckdb") as file:
                return _seconds(file)
        with contextlib.closing(self.server.connect()) as connection, connection.cursor() as cursor:
            return _seconds(cursor)

    @property
    def _environment(self) -> dict[str, str]:
        return measuring.environment(self.folder, **self.server.environment)

    def _run(self, *options: str) -> dict[str, float]:
        logs = self.folder / "logs"
        (logs / "dbt.log").unlink(missing_ok=True)
        command: tuple[str | Path, ...] = (
            *(Path(sys.executable).parent / "dbt", "run", "--target", self.name, "--log-path", logs),
            *("--project-dir", measuring.PROJECT, "--target-path", self.folder / "target"),
            *(*measuring.WRITTEN_DOWN, "--threads", "1", *options),
        )
        measuring.run(command, self.folder, self._environment)
        return measuring.sql_seconds(logs / "dbt.log", by="node_name")


def main() -> int:
    options = _options()
    rows: list[tuple[str, ...]] = []
    claims: list[measuring.Claim] = []
    with own_server(waits_for_disk=True) as server:
        for name in options.targets:
            for millions in MUST[name]:
                with measuring.scratch_folder() as folder:
                    engine = Engine(name, folder, server)
                    engine.seed("--companies", str(measuring.companies_for(millions * 1e6 * options.scale)))
                    engine.run()
                    seconds = _measure(engine, options.pairs)
                    engine.seed("--drop")
                where = f"{name}, {millions} million sessions"
                rows += [
                    (f"{where}: {what}", f"{statistics.median(v):.2f}", f"{min(v):.2f}", f"{max(v):.2f}")
                    for what, v in seconds.items()
                ]
                claims += _claims(name, millions, where, seconds)
    return measuring.report("The marts, seconds of SQL", ("", "median s", "min", "max"), rows, claims)


def _measure(engine: Engine, pairs: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = defaultdict(list)
    for number in range(1, pairs + 1):
        found = engine.run("--full-refresh")
        seconds["models"].append(found["models"])
        seconds["naive queries"].append(engine.naive())
        seconds["subscription metrics"].append(found["subscriptions"])
        print(f"round {number} of {pairs}: {found}", file=sys.stderr, flush=True)
    for _ in range(pairs):
        engine.seed("--append", "1")
        found = engine.run()
        seconds["one appended month"].append(found["heart"])
        seconds["its subscription metrics"].append(found["subscriptions"])
        seconds["all months"].append(engine.run("--full-refresh")["heart"])
    return dict(seconds)


def _claims(name: str, millions: int, where: str, seconds: dict[str, list[float]]) -> list[measuring.Claim]:
    against_naive = measuring.speed(seconds["models"], seconds["naive queries"])
    a_month = measuring.speed(seconds["one appended month"], seconds["all months"])
    of_all = measuring.speed(seconds["subscription metrics"], seconds["models"])
    of_one = measuring.speed(seconds["its subscription metrics"], seconds["models"])
    must, aim = MUST[name][millions]
    must_of_a_month, aim_of_a_month = MUST_OF_A_MONTH[name]
    return [
        measuring.Claim(f"{where}: speed / the naive queries'", against_naive, must, aim=aim),
        measuring.Claim(f"{where}: all months / one appended", a_month, must_of_a_month, aim=aim_of_a_month),
        measuring.Claim(f"{where}: models / subscription metrics", of_all, MUST_OF_SUBSCRIPTIONS),
        measuring.Claim(f"{where}: models / the metrics of one appended", of_one, MUST_OF_A_MONTH_OF_THEM),
    ]


def _seconds(cursor: Any) -> float:  # noqa: ANN401 - a connection of DuckDB or a cursor of psycopg2
    began = time.perf_counter()
    for query in NAIVE:
        cursor.execute(query)
        cursor.fetchall()
    return time.perf_counter() - began


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="rounds of interleaved runs (default: %(default)s)")
    parser.add_argument("--targets", nargs="+", choices=list(MUST), default=list(MUST), help="default: all")
    parser.add_argument("--scale", type=float, default=1.0, help="of the sizes, for a quick look (default: 1)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
