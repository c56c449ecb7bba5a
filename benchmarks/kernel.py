"""The simulation without a place to go: sessions a second against pandas, on one thread and on two; and the names."""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from faker import Faker

import measuring
from seed_generator.cli.memory import keep_freed_memory
from seed_generator.scenario import Scenario
from seed_generator.simulation.books import Books
from seed_generator.simulation.names import company_names
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import Manner, simulate_sessions

PANDAS_COMPANIES = 50_000
THREADS_COMPANIES = 900_000
NAMES, FAKER_NAMES = 1_000_000, 50_000


def main() -> int:
    options = _options()
    keep_freed_memory()
    pandas = (measuring.peers_python(), measuring.PEERS / "pandas_simulation.py", "generate", str(PANDAS_COMPANIES))
    fake = Faker()
    rates = measuring.interleaved(
        options.pairs,
        {
            "ours, 50,000 companies": lambda: _sessions_a_second(PANDAS_COMPANIES, 1),
            "pandas, 50,000 companies": lambda: _pandas_sessions_a_second(pandas),
            "ours, 900,000 companies": lambda: _sessions_a_second(THREADS_COMPANIES, 1),
            "ours, 900,000 companies, 2 threads": lambda: _sessions_a_second(THREADS_COMPANIES, 2),
            "names: ours": lambda: _rate(NAMES, lambda: company_names(42, 0, NAMES)),
            "names: fake.company()": lambda: _rate(FAKER_NAMES, lambda: [fake.company() for _ in range(FAKER_NAMES)]),
        },
    )
    rows = [(name, f"{statistics.median(v):,.0f}", f"{min(v):,.0f}", f"{max(v):,.0f}") for name, v in rates.items()]
    one, two = rates["ours, 900,000 companies"], rates["ours, 900,000 companies, 2 threads"]
    claims = [
        measuring.Claim(
            "sessions/s, ours / pandas",
            measuring.times(rates["ours, 50,000 companies"], rates["pandas, 50,000 companies"]),
            200,
            aim=500,
        ),
        measuring.Claim("two threads / one", measuring.times(two, one), 1.5, aim=1.9),
        measuring.Claim(
            "unique names/s / fake.company()",
            measuring.times(rates["names: ours"], rates["names: fake.company()"]),
            500,
            aim=1500,
        ),
    ]
    return measuring.report("The simulation alone", ("", "a second", "min", "max"), rows, claims)


def _sessions_a_second(companies: int, workers: int) -> float:
    scenario = Scenario(companies=companies)
    began = time.perf_counter()
    batches = simulate_sessions(Portion(scenario), Books(scenario), Manner(workers=workers))
    sessions = sum(len(batch.session_id) for batch in batches)
    return sessions / (time.perf_counter() - began)


def _pandas_sessions_a_second(command: tuple[object, ...]) -> float:
    output = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout
    sessions, seconds = output.split()
    return int(sessions) / float(seconds)


def _rate(number: int, make: Callable[[], object]) -> float:
    began = time.perf_counter()
    make()
    return number / (time.perf_counter() - began)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5, help="rounds of interleaved runs (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
