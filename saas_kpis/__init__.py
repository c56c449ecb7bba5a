"""A SaaS company that you can generate at any size, with a known right answer.

>>> from saas_kpis import simulate
>>> company = simulate(companies=500, months=12, seed=42)
>>> company.sessions.to_arrow().num_rows
28008

Each name is imported when it is first asked for. The package has the simulation and all places for it, and no dbt
project: the models, their tests and `profiles.yml` are in the repository that it was built from, and in its source
distribution.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seed_generator.api.kpis import Kpis, kpis
    from seed_generator.api.place import Place, Watch
    from seed_generator.api.rows import Rows
    from seed_generator.api.simulation import Simulation, Truth, simulate
    from seed_generator.api.subscriptions import SubscriptionMetrics, subscription_metrics
    from seed_generator.errors import EnvironmentFailure, InputError, SeedError
    from seed_generator.faults.injection import Faults
    from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation, Usage
    from seed_generator.scenario import CompanySize, Scenario

_HOMES = {
    "seed_generator.api.kpis": ("Kpis", "kpis"),
    "seed_generator.api.place": ("Place", "Watch"),
    "seed_generator.api.rows": ("Rows",),
    "seed_generator.api.simulation": ("Simulation", "Truth", "simulate"),
    "seed_generator.api.subscriptions": ("SubscriptionMetrics", "subscription_metrics"),
    "seed_generator.errors": ("EnvironmentFailure", "InputError", "SeedError"),
    "seed_generator.faults.injection": ("Faults",),
    "seed_generator.life": ("Acquisition", "PlanChange", "PriceChange", "Reactivation", "Usage"),
    "seed_generator.scenario": ("CompanySize", "Scenario"),
}

__all__ = [
    "Acquisition",
    "CompanySize",
    "EnvironmentFailure",
    "Faults",
    "InputError",
    "Kpis",
    "Place",
    "PlanChange",
    "PriceChange",
    "Reactivation",
    "Rows",
    "Scenario",
    "SeedError",
    "Simulation",
    "SubscriptionMetrics",
    "Truth",
    "Usage",
    "Watch",
    "kpis",
    "simulate",
    "subscription_metrics",
]


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
