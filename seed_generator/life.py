"""What the life of a company has beyond churn: acquisition, return, changes of plan and price, seasons of usage.

All of it is optional. The values that a user gives are checked here one by one; what they are together with the sizes,
the scenario checks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from seed_generator.errors import InvalidValueError
from seed_generator.validation import finite_number, first_of_month, price, whole_number

CALENDAR_MONTHS = 12
# Ids have room for so many blocks of a later month's companies.
MAX_ACQUIRED_IN_A_MONTH = 5_963_776

MAX_FACTOR = 1_000  # of growth and season

_DIGITS = 16  # after the point: what a float has, and exact powers of more would take long
_LAST_DIGIT = Decimal(1).scaleb(-_DIGITS)
_ALWAYS = (Decimal(1),) * CALENDAR_MONTHS


@dataclass(frozen=True)
class Acquisition:
    """How many companies are acquired in each month after the first.

    Parameters
    ----------
    companies : in the second month.
    growth : by which share the number grows from month to month; -0.1 is a decline of a tenth.
    season : a factor for each month of the calendar, January first.

    Examples
    --------
    >>> from saas_kpis import Acquisition, Scenario
    >>> scenario = Scenario(companies=100, months=4, acquisition=Acquisition(companies=20, growth="0.5"))
    >>> print(*scenario.acquired_companies)
    100 20 30 45
    """

    companies: int = 0
    growth: Decimal = Decimal(0)
    season: tuple[Decimal, ...] = _ALWAYS

    def __post_init__(self) -> None:
        number = whole_number("acquisition.companies", self.companies, 0, MAX_ACQUIRED_IN_A_MONTH)
        object.__setattr__(self, "companies", number)
        object.__setattr__(self, "growth", _exact("acquisition.growth", self.growth, -1, MAX_FACTOR))
        object.__setattr__(self, "season", _season("acquisition.season", self.season))

    def number(self, months_after_the_second: int, calendar_month: int) -> int:
        """How many are acquired so many months after the second, in a month of the calendar counted from 1."""
        grown, part = (1 + self.growth).as_integer_ratio()
        factor, parts = self.season[calendar_month - 1].as_integer_ratio()
        k = months_after_the_second
        exact: int = self.companies * grown**k * factor // (part**k * parts)
        return exact


@dataclass(frozen=True)
class Reactivation:
    """The return of companies that have churned.

    Parameters
    ----------
    probability : that a company that was not active in the month before tries again in this one.

    Examples
    --------
    >>> from saas_kpis import Reactivation, Scenario, simulate
    >>> books = simulate(scenario=Scenario(months=3, reactivation=Reactivation("0.25"))).truth.monthly_kpis
    >>> books.to_arrow()["returned_companies"].to_pylist()
    [0, 0, 12, 2, 7, 5]
    """

    probability: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "probability", _probability("reactivation.probability", self.probability))


@dataclass(frozen=True)
class PlanChange:
    """The change of a customer from one size to another.

    Parameters
    ----------
    from_size, to_size : the names of the two.
    probability : that a customer of the one becomes one of the other, in a month.

    Examples
    --------
    >>> from saas_kpis import PlanChange, Scenario, simulate
    >>> upgrade = PlanChange("small", "large", probability="0.02")
    >>> simulate(scenario=Scenario(months=2, plan_changes=(upgrade,))).plan_changes.to_arrow().num_rows
    5
    """

    from_size: str
    to_size: str
    probability: Decimal

    def __post_init__(self) -> None:
        where = f"plan_changes.{self.from_size}.{self.to_size}"
        object.__setattr__(self, "probability", _probability(where, self.probability))


@dataclass(frozen=True)
class PriceChange:
    """A new price, for all companies of a size.

    Parameters
    ----------
    month : from which on (a date, or text as `2021-07`).
    company_size : the name of the size.
    monthly_price : in dollars and whole cents.

    Examples
    --------
    >>> from saas_kpis import PriceChange, Scenario
    >>> dearer = PriceChange("2021-07", "small", "21.00")
    >>> scenario = Scenario(price_changes=(dearer,))
    >>> [str(scenario.sizes_in(month)[0].monthly_price) for month in (5, 6)]
    ['19.00', '21.00']
    """

    month: date
    company_size: str
    monthly_price: Decimal

    def __post_init__(self) -> None:
        object.__setattr__(self, "month", first_of_month("price_changes.month", self.month))
        object.__setattr__(self, "monthly_price", price("price_changes.monthly_price", self.monthly_price))


@dataclass(frozen=True)
class Usage:
    """How usage goes with the calendar.

    Parameters
    ----------
    season : a factor of the base and the spread of sessions for each month of the calendar, January first.

    Examples
    --------
    >>> from saas_kpis import Scenario, Usage
    >>> quiet = Usage(season=[1, 1, 1, 1, 1, 1, 0.5, 0.5, 1, 1, 1, 1])
    >>> [size.base_sessions for size in Scenario(usage=quiet).sizes_in(6)]
    [3, 5]
    """

    season: tuple[Decimal, ...] = _ALWAYS

    def __post_init__(self) -> None:
        object.__setattr__(self, "season", _season("usage.season", self.season))


def plan_changes_among(names: Sequence[str], changes: Iterable[PlanChange]) -> tuple[PlanChange, ...]:
    """The changes between sizes with these names, in their order; those that never happen are left out.

    Raises
    ------
    InvalidValueError : a size is unknown, a pair stands twice, or more than all would change.
    """
    found: dict[tuple[int, int], PlanChange] = {}
    for change in changes:
        place = _place("the size in plan_changes", change.from_size, names)
        where = f"plan_changes.{change.from_size}"
        other = _place(f"the size in {where}", change.to_size, names)
        if place == other:
            raise InvalidValueError(f"the size in {where}", change.to_size, "another one: who stays is not named")
        if (place, other) in found:
            raise InvalidValueError(f"{where}.{change.to_size}", "twice", "given once")
        found[place, other] = change
        total = sum(one.probability for (of, _), one in found.items() if of == place)
        if total > 1:
            raise InvalidValueError(f"the sum of the probabilities in {where}", total, "at most 1")
    return tuple(found[key] for key in sorted(found) if found[key].probability)


def price_changes_after(
    first_month: date, names: Sequence[str], changes: Iterable[PriceChange]
) -> tuple[PriceChange, ...]:
    """The changes of the prices of sizes with these names, by month.

    Raises
    ------
    InvalidValueError : a size is unknown, a month is not after the first, or a size changes twice in one.
    """
    found: dict[tuple[date, int], PriceChange] = {}
    for change in changes:
        place = _place("price_changes.company_size", change.company_size, names)
        if change.month <= first_month:
            allowed = f"after the first month, {first_month:%Y-%m}, whose price is the size's own"
            raise InvalidValueError("price_changes.month", f"{change.month:%Y-%m}", allowed)
        if (change.month, place) in found:
            given = f"{change.month:%Y-%m} twice for {change.company_size}"
            raise InvalidValueError("price_changes.month", given, "given once for a size")
        found[change.month, place] = change
    return tuple(found[key] for key in sorted(found))


def _place(key: str, name: object, names: Sequence[str]) -> int:
    if not isinstance(name, str) or name not in names:
        raise InvalidValueError(key, repr(name), f"one of the scenario's sizes, {', '.join(names)}")
    return names.index(name)


def _exact(key: str, given: object, lowest: int, highest: int) -> Decimal:
    allowed = f"a number from {lowest} to {highest:,}, with at most {_DIGITS} digits after the point"
    number = finite_number(key, given, allowed)
    if not lowest <= number <= highest or number != number.quantize(_LAST_DIGIT):
        raise InvalidValueError(key, given, allowed)
    return number.normalize() + 0  # no minus zero


def _probability(key: str, given: object) -> Decimal:
    return _exact(key, given, 0, 1)


def _season(key: str, given: Sequence[object]) -> tuple[Decimal, ...]:
    if isinstance(given, str) or not isinstance(given, Sequence) or len(given) != CALENDAR_MONTHS:
        raise InvalidValueError(key, given, "twelve factors, one for each month of the calendar")
    return tuple(_exact(key, factor, 0, MAX_FACTOR) for factor in given)
