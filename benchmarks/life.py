"""A company with a life of its own, at a million first companies: simulation, load and marts on DuckDB.

The peer is the same scenario without its life: the sizes of scenarios/growing.toml, and customers who only churn.
"""

import argparse
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path

import measuring
from seed_generator.cli.memory import keep_freed_memory
from seed_generator.scenario import Scenario
from seed_generator.scenario_file import read_scenario
from seed_generator.simulation.books import Books
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import simulate_sessions

FILE = measuring.PROJECT / "scenarios" / "growing.toml"


def main() -> int:
    options = _options()
    keep_freed_memory()
    life = Scenario(**{**read_scenario(FILE), "companies": options.companies})
    brief = Scenario(companies=life.companies, months=life.months, first_month=life.first_month, sizes=life.sizes)
    rates = measuring.interleaved(
        options.pairs,
        {"with its life": lambda: _sessions_a_second(life), "customers only churn": lambda: _sessions_a_second(brief)},
    )
    rows = [(f"simulation, {name}: sessions/s", f"{statistics.median(v):,.0f}") for name, v in rates.items()]
    ratio = measuring.times(rates["with its life"], rates["customers only churn"])
    claims = [measuring.Claim("sessions/s, with a life / without", ratio, 0.5)]
    with measuring.scratch_folder() as folder:
        environment = measuring.environment(folder)
        peaks = {}
        for companies in (options.companies // 10, options.companies):
            command = [sys.executable, "-m", "seed_generator", "--quiet", "--scenario", str(FILE)]
            load = measuring.run([*command, "--companies", str(companies)], folder, environment)
            peaks[companies] = load.peak_bytes
            sessions = _sessions(replace(life, companies=companies))
            rows.append((f"load, {companies:,} first companies: sessions", f"{sessions:,}"))
            rows.append((f"load, {companies:,} first companies: sessions/s", f"{sessions / load.seconds:,.0f}"))
            rows.append((f"load, {companies:,} first companies: peak", f"{load.peak_bytes / 1e6:,.0f} MB"))
        dbt = (Path(sys.executable).parent / "dbt", "run", "--project-dir", measuring.PROJECT)
        build = measuring.run(
            (*dbt, "--target-path", folder / "target", "--log-path", folder / "logs"), folder, environment
        )
        rows.append(("dbt run of it", f"{build.seconds:.1f} s"))
    claims.append(
        measuring.Claim(
            "peak of ten times the companies / peak", max(peaks.values()) / min(peaks.values()), 2, is_ceiling=True
        )
    )
    return measuring.report("A company with a life of its own", ("", ""), rows, claims)


def _sessions_a_second(scenario: Scenario) -> float:
    began = time.perf_counter()
    sessions = _sessions(scenario)
    return sessions / (time.perf_counter() - began)


def _sessions(scenario: Scenario) -> int:
    return sum(len(batch.session_id) for batch in simulate_sessions(Portion(scenario), Books(scenario)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=1_000_000, help="in the first month (default: %(default)s)")
    parser.add_argument("--pairs", type=int, default=3, help="rounds of interleaved runs (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
