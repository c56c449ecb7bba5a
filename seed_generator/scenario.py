"""The scenario: every assumption of the simulation in one validated object. Its default is the assignment."""

import json
import math
import re
from dataclasses import dataclass, field, fields, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from seed_generator.errors import InvalidValueError
from seed_generator.life import (
    MAX_ACQUIRED_IN_A_MONTH,
    Acquisition,
    PlanChange,
    PriceChange,
    Reactivation,
    Usage,
    plan_changes_among,
    price_changes_after,
)
from seed_generator.validation import LAST_YEAR, finite_number, first_of_month, price, whole_number

MAX_COMPANIES = 10_000_000_000
MAX_MONTHS = 1_200
MAX_SIZES = 50
MAX_SEED = 2**63 - 1
SHARE_TOLERANCE = 1e-9  # thirds, written in decimals, do not add to 1 exactly
# Session counts are kept in one byte, and ids leave room for as many sessions of every company in a month.
MAX_SESSIONS_PER_COMPANY = 255
# The marts hold money as decimal(18,2), and divide sessions as decimal(18,6).
MAX_REVENUE = Decimal(10) ** 16
MAX_SESSIONS_PER_MONTH = 10**12

_EPOCH = date(1970, 1, 1)
_MICROSECONDS_A_DAY = 86_400_000_000
_SIZE_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
ALL_SIZES = "all"  # the total in marts.rpt_monthly_kpis, and so no name of a size


@dataclass(frozen=True)
class CompanySize:
    """One kind of company.

    Parameters
    ----------
    name : `company_size` in every table.
    share : the probability that a company is of this size.
    monthly_price : of the subscription, in dollars and whole cents.
    base_sessions, spread : sessions in a month are `base_sessions` plus or minus a uniform integer of 0 to `spread`.

    Examples
    --------
    >>> from decimal import Decimal
    >>> from saas_kpis import CompanySize, Scenario, simulate
    >>> medium = CompanySize("medium", share=1.0, monthly_price=Decimal("49.00"), base_sessions=8, spread=4)
    >>> simulate(scenario=Scenario(sizes=(medium,))).plans.to_arrow().to_pylist()
    [{'company_size': 'medium', 'monthly_price': Decimal('49.00')}]
    """

    name: str
    share: float
    monthly_price: Decimal
    base_sessions: int
    spread: int

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _SIZE_NAME.fullmatch(self.name) or self.name == ALL_SIZES:
            raise InvalidValueError(
                "the name of a size",
                repr(self.name),
                f"lower-case letters, digits and underscores, at most 32, and not {ALL_SIZES!r}",
            )
        where = f"sizes.{self.name}."
        share = finite_number(where + "share", self.share, "a number from 0 to 1")
        if not 0 <= share <= 1:
            raise InvalidValueError(where + "share", self.share, "a number from 0 to 1")
        object.__setattr__(self, "share", float(share))
        object.__setattr__(self, "monthly_price", price(where + "monthly_price", self.monthly_price))
        for name in ("base_sessions", "spread"):
            number = whole_number(where + name, getattr(self, name), 0, MAX_SESSIONS_PER_COMPANY)
            object.__setattr__(self, name, number)
        if self.spread > self.base_sessions:
            raise InvalidValueError(
                where + "spread", self.spread, f"at most base_sessions, {self.base_sessions} (no negative sessions)"
            )
        if self.base_sessions + self.spread > MAX_SESSIONS_PER_COMPANY:
            raise InvalidValueError(
                where + "base_sessions + spread",
                self.base_sessions + self.spread,
                f"at most {MAX_SESSIONS_PER_COMPANY}",
            )


SIZE_KEYS = {item.name: item.default for item in fields(CompanySize) if item.name != "name"}

SMALL = CompanySize("small", 0.7, Decimal("19.00"), base_sessions=5, spread=5)
LARGE = CompanySize("large", 0.3, Decimal("99.00"), base_sessions=10, spread=10)


@dataclass(frozen=True)
class Scenario:
    """What is simulated.

    Parameters
    ----------
    companies : how many are acquired in the first month.
    months : how many, from the first.
    first_month : the first day of the first month (a date, or text as `2021-01`).
    seed : the same seed gives the same rows.
    sizes : the kinds of companies; their order belongs to the scenario.
    acquisition, reactivation, plan_changes, price_changes, usage : the life beyond churn; by default there is none.

    Raises
    ------
    InvalidValueError : naming the key, what was given and what is allowed.

    Examples
    --------
    >>> from saas_kpis import Scenario
    >>> scenario = Scenario(companies=40, months=3, first_month="2024-11")
    >>> print(*scenario.periods)
    2024-11-01 2024-12-01 2025-01-01
    """

    companies: int = 500
    months: int = 12
    first_month: date = date(2021, 1, 1)
    seed: int = 42
    sizes: tuple[CompanySize, ...] = field(default=(SMALL, LARGE))
    acquisition: Acquisition = field(default=Acquisition())
    reactivation: Reactivation = field(default=Reactivation())
    plan_changes: tuple[PlanChange, ...] = ()
    price_changes: tuple[PriceChange, ...] = ()
    usage: Usage = field(default=Usage())

    def __post_init__(self) -> None:
        object.__setattr__(self, "companies", whole_number("companies", self.companies, 1, MAX_COMPANIES))
        object.__setattr__(self, "months", whole_number("months", self.months, 1, MAX_MONTHS))
        object.__setattr__(self, "seed", whole_number("seed", self.seed, 0, MAX_SEED))
        object.__setattr__(self, "first_month", first_of_month("first_month", self.first_month))
        object.__setattr__(self, "sizes", tuple(self.sizes))
        if add_months(self.first_month, self.months - 1).year > LAST_YEAR:
            raise InvalidValueError("months", self.months, f"so few that the last month is not after {LAST_YEAR}-12")
        self._check_sizes()
        names = [size.name for size in self.sizes]
        object.__setattr__(self, "plan_changes", plan_changes_among(names, self.plan_changes))
        object.__setattr__(self, "price_changes", price_changes_after(self.first_month, names, self.price_changes))
        self._check_usage()
        self._check_totals()

    def _check_sizes(self) -> None:
        if not 1 <= len(self.sizes) <= MAX_SIZES:
            raise InvalidValueError("the number of sizes", len(self.sizes), f"from 1 to {MAX_SIZES}")
        names = [size.name for size in self.sizes]
        if len(set(names)) < len(names):
            raise InvalidValueError("the names of sizes", ", ".join(names), "different from one another")
        total = math.fsum(size.share for size in self.sizes)
        if abs(total - 1) > SHARE_TOLERANCE:
            raise InvalidValueError("the sum of the shares of all sizes", f"{total:.12g}", "1")

    def _check_usage(self) -> None:
        for size in self.sizes:
            for factor in self.usage.season:
                most = _most_sessions(size, factor)
                if most > MAX_SESSIONS_PER_COMPANY:
                    key = f"usage.season x (base_sessions + spread) of {size.name}"
                    raise InvalidValueError(key, most, f"at most {MAX_SESSIONS_PER_COMPANY}")

    def _check_totals(self) -> None:
        """What companies add up to fits into the ids, and into the columns of the marts."""
        for month, number in enumerate(self.acquired_companies[1:], 1):
            if number > MAX_ACQUIRED_IN_A_MONTH:
                key = f"the number of companies acquired in {add_months(self.first_month, month):%Y-%m}"
                raise InvalidValueError(key, f"{number:,}", f"at most {MAX_ACQUIRED_IN_A_MONTH:,}")
        companies = sum(self.acquired_companies)
        highest = max(
            [*(size.monthly_price for size in self.sizes), *(new.monthly_price for new in self.price_changes)]
        )
        if companies * highest * self.months >= MAX_REVENUE:
            raise InvalidValueError(
                "companies x months x monthly_price",
                f"{companies * highest * self.months:,}",
                f"below {MAX_REVENUE:,}",
            )
        factor = max(self.usage.season)
        most = max(_most_sessions(size, factor) for size in self.sizes)
        if companies * most >= MAX_SESSIONS_PER_MONTH:
            raise InvalidValueError(
                "companies x (base_sessions + spread)",
                f"{companies * most:,}",
                f"below {MAX_SESSIONS_PER_MONTH:,}",
            )

    @property
    def has_life(self) -> bool:
        """Whether there is anything beside churn: without it, all that is known of a company is when it ends."""
        return any(getattr(self, key) != default for key, default in _LIFE.items())

    @cached_property
    def acquired_companies(self) -> tuple[int, ...]:
        """How many companies are acquired in each month, whatever else happens."""
        later = range(1, self.months)
        numbers = [self.acquisition.number(month - 1, add_months(self.first_month, month).month) for month in later]
        return (self.companies, *numbers)

    def sizes_in(self, month: int) -> tuple[CompanySize, ...]:
        """The sizes as they are in a month, counted from 0: with the usage of its season, and its prices."""
        period = add_months(self.first_month, month)
        factor = self.usage.season[period.month - 1]
        prices = {change.company_size: change.monthly_price for change in self.price_changes if change.month <= period}
        return tuple(
            replace(
                size,
                monthly_price=prices.get(size.name, size.monthly_price),
                base_sessions=_half_up(size.base_sessions * factor),
                spread=_half_up(size.spread * factor),
            )
            for size in self.sizes
        )

    @property
    def periods(self) -> list[date]:
        """The first day of every month, ascending."""
        return [add_months(self.first_month, offset) for offset in range(self.months)]

    def first_instant(self, month: int) -> int:
        """Of a month counted from 0, before the first and after the last too: microseconds since 1970-01-01, UTC."""
        return (add_months(self.first_month, month) - _EPOCH).days * _MICROSECONDS_A_DAY

    def to_json(self) -> str:
        """All of the scenario as one line of JSON, enough to make it again; of its life, what there is of it."""
        life: dict[str, Any] = {
            **{key: _given(getattr(self, key), default) for key, default in LIFE_TABLES.items()},
            "plan_changes": {
                name: {change.to_size: change.probability for change in self.plan_changes if change.from_size == name}
                for name in dict.fromkeys(change.from_size for change in self.plan_changes)
            },
            "price_changes": [{**vars(change), "month": f"{change.month:%Y-%m}"} for change in self.price_changes],
        }
        return json.dumps(
            {
                "companies": self.companies,
                "months": self.months,
                "first_month": f"{self.first_month:%Y-%m}",
                "seed": self.seed,
                "sizes": {size.name: _size_given(size) for size in self.sizes},
                **{key: values for key, values in life.items() if values},
            },
            default=str,  # decimals
        )


_LIFE: dict[str, Any] = {
    "acquisition": Acquisition(),
    "reactivation": Reactivation(),
    "plan_changes": (),
    "price_changes": (),
    "usage": Usage(),
}
# Those that are a table of single values.
LIFE_TABLES = {key: default for key, default in _LIFE.items() if default}


def add_months(period: date, count: int) -> date:
    """The first day of the month that comes `count` months after that of `period`."""
    years, index = divmod(period.month - 1 + count, 12)
    return date(period.year + years, index + 1, 1)


def _size_given(size: CompanySize) -> dict[str, Any]:
    """What a scenario has to say of a size, without what it leaves at a default."""
    return {key: getattr(size, key) for key, default in SIZE_KEYS.items() if getattr(size, key) != default}


def _given(table: object, default: object) -> dict[str, Any]:
    """The values of a table of the scenario that are not its default's."""
    return {key: value for key, value in vars(table).items() if value != vars(default)[key]}


def _most_sessions(size: CompanySize, factor: Decimal) -> int:
    """Of a company in a month with that factor of its season."""
    return _half_up(size.base_sessions * factor) + _half_up(size.spread * factor)


def _half_up(number: Decimal) -> int:
    return int(number.to_integral_value(ROUND_HALF_UP))
