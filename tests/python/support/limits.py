"""Scenarios that reach every limit of `scenario.py` that a warehouse of a test has room for.

Two of them, because the exact laws of many months, sizes and session counts together take minutes.
"""

from decimal import Decimal

from seed_generator.scenario import (
    MAX_MONTHS,
    MAX_SEED,
    MAX_SESSIONS_PER_COMPANY,
    MAX_SIZES,
    CompanySize,
    Scenario,
)
from seed_generator.validation import FIRST_YEAR, LAST_YEAR, MAX_PRICE

_LONGEST_NAME = 32
_HALF = MAX_SESSIONS_PER_COMPANY // 2

# From the first month that there may be, and to the last one.
WIDEST = Scenario(
    companies=60,
    months=2,
    first_month=f"{FIRST_YEAR}-01",  # type: ignore[arg-type]
    seed=MAX_SEED,
    sizes=tuple(
        CompanySize(f"s{number:0{_LONGEST_NAME - 1}}", 1 / MAX_SIZES, MAX_PRICE, _HALF + 1, _HALF)
        for number in range(MAX_SIZES)
    ),
)
LONGEST = Scenario(
    companies=8,
    months=MAX_MONTHS,
    first_month=f"{LAST_YEAR - MAX_MONTHS // 12 + 1}-01",  # type: ignore[arg-type]
    seed=MAX_SEED,
    sizes=(CompanySize("always", 0.5, MAX_PRICE, 1, 0), CompanySize("free", 0.5, Decimal(0), 2, 2)),
)
LIMITS = {"1,200 months up to the last one": LONGEST, "50 sizes from the first month on": WIDEST}


def as_toml(scenario: Scenario) -> str:
    """A scenario file."""
    lines = [
        f"companies = {scenario.companies}",
        f"months = {scenario.months}",
        f'first_month = "{scenario.first_month:%Y-%m}"',
        f"seed = {scenario.seed}",
    ]
    for size in scenario.sizes:
        lines += [
            f"[sizes.{size.name}]",
            f"share = {size.share}",
            f"monthly_price = {size.monthly_price}",
            f"base_sessions = {size.base_sessions}",
            f"spread = {size.spread}",
        ]
    return "\n".join(lines)
