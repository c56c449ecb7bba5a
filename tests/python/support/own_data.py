"""Random tables of a user's own companies, and the marts of them in plain Python by docs/use/own-data.md."""

import random
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kpis_in_python import Company, Mart, marts_of, month_of, price_list
from seed_generator.scenario import add_months

INSTANT = timedelta(microseconds=1)
DAY = timedelta(days=1)
STAMP = datetime(2025, 1, 1)  # noqa: DTZ001 - UTC
SIZES = ("small", "large", "Extra large", "größer")
PRICES = ("0", "0.01", "9.50", "19", "19", "99.99", "1200")
# Those of subscriptions, of which a year's can be no whole number of cents a month; a discount is below 0.
AMOUNTS = ("0", "0", "10", "19.99", "19.99", "8.3333", "41.6650", "1200")
LONGEST = 16


@dataclass(frozen=True)
class OwnData:
    """Rows of each table of the schema app, and the months of the calendar."""

    periods: list[date]
    end: date
    tables: dict[str, list[tuple[Any, ...]]]


class Generator:
    """What a seed makes of everything that a company may have done.

    Parameters
    ----------
    is_careless : there are rows too that the contract does not allow.
    """

    def __init__(self, seed: int, id_type: str, *, is_careless: bool) -> None:
        self._random = random.Random(f"{seed} {id_type} {is_careless}")  # noqa: S311 - the same in every run
        self._is_careless = is_careless
        months = self._random.choice((1, 2, 5, 13, 14, LONGEST))
        self._first = add_months(date(2022, 12, 1), self._random.randrange(15))
        self._periods = [add_months(self._first, number) for number in range(months)]
        self._end = add_months(self._first, months)
        self._sizes = self._random.sample(SIZES, self._random.choice((1, 2, 2, 3)))
        self._ids = [self._id(id_type) for _ in range(self._random.choice((0, 1, 5, 10, 25, 25)))]
        self._nobody = self._id(id_type)

    def made(self) -> OwnData:
        """The tables."""
        companies = list(self._companies())
        tables: dict[str, list[tuple[Any, ...]]] = {
            "companies": companies,
            "plans": list(self._plans()),
            "price_changes": list(self._price_changes()),
            "plan_changes": [],
            "sessions": [],
            "subscriptions": [],
            "calendar": [(self._first, len(self._periods))],
            "loaded_months": [(period, STAMP) for period in self._periods],
        }
        acquired_at = {company_id: instant or self._first for company_id, _, _, instant in reversed(companies)}
        for company_id, instant in acquired_at.items():
            acquired = month_of(instant)
            tables["plan_changes"] += self._plan_changes(company_id, acquired)
            tables["sessions"] += self._sessions(company_id, acquired)
            tables["subscriptions"] += self._subscriptions(company_id, acquired)
        if self._is_careless:
            tables["sessions"] += self._sessions(self._nobody, self._first)
            tables["sessions"] += self._sessions(None, self._first)
            tables["sessions"] += [(None, company_id, None) for company_id in self._ids]
            tables["subscriptions"] += self._subscriptions(self._nobody, self._first)
            tables["plan_changes"] += self._plan_changes(self._nobody, self._first)
        for rows in tables.values():
            self._random.shuffle(rows)
        return OwnData(self._periods, self._end, tables)

    def _companies(self) -> Iterator[tuple[Any, ...]]:
        sizes = [*self._sizes, *(["unknown", "all", "", None] if self._is_careless else [])]
        for company_id in self._ids:
            months = [0, 0, self._random.randrange(len(self._periods) + 2)]
            acquired = self._one([self._first, add_months(self._first, self._one(months))])
            names = ["Acme", "O'Neill & Söhne", "Globex", *([None] if self._is_careless else [])]
            if self._is_careless and self._is_so(0.1):
                acquired = add_months(self._first, -1)
            size = self._one(sizes if self._is_so(0.3) else self._sizes)
            acquired_at = None if self._is_careless and self._is_so(0.05) else self._instant(acquired)
            yield company_id, self._one(names), size, acquired_at
            if self._is_careless and self._is_so(0.1):
                yield company_id, "Twice", self._one(sizes), self._instant(add_months(acquired, 1))
        if self._is_careless:
            yield None, "Nobody", self._one(self._sizes), self._instant(self._first)

    def _plans(self) -> Iterator[tuple[Any, ...]]:
        for size in self._sizes:
            yield size, self._one(["-1", None, *PRICES] if self._is_careless else PRICES)
        if self._is_careless:
            yield from ((size, "7") for size in (self._one(self._sizes), "all", "", None))

    def _price_changes(self) -> Iterator[tuple[Any, ...]]:
        for size in self._sizes:
            for month in self._random.sample(range(-2, LONGEST + 2), self._one((0, 0, 1, 4))):
                yield size, self._one(PRICES), add_months(self._first, month)
        if self._is_careless:
            yield "unknown", "1", self._first
            yield self._one(self._sizes), "-1", self._first
            yield self._one(self._sizes), None, self._first

    def _plan_changes(self, company_id: Any, acquired: date) -> Iterator[tuple[Any, ...]]:
        earliest = -2 if self._is_careless else 0
        months = self._random.sample(range(earliest, LONGEST), self._one((0, 0, 0, 1, 2, 6)))
        if 0 not in months and self._is_so(0.15):
            months.append(0)
        for month in months:
            period = add_months(acquired, month)
            yield company_id, self._one(self._sizes), period
            if self._is_careless and self._is_so(0.2):
                yield company_id, self._one([*self._sizes, "unknown", None]), period + self._one(range(1, 28)) * DAY

    def _sessions(self, company_id: Any, acquired: date) -> Iterator[tuple[Any, ...]]:
        is_active, stays, returns = True, self._one((0, 0.6, 0.9, 1)), self._one((0, 0, 0.4))
        earliest = -2 if self._is_careless and self._is_so(0.3) else 0
        for month in range(earliest, LONGEST):
            is_active = self._is_so(stays if is_active else returns)
            for _ in range(self._one((1, 1, 2, 5)) if is_active else 0):
                yield self._id("string"), company_id, self._instant(add_months(acquired, month))

    def _subscriptions(self, company_id: Any, acquired: date) -> Iterator[tuple[Any, ...]]:
        begins = self._day(acquired)
        if self._is_careless and self._is_so(0.2):
            begins = self._day(add_months(acquired, -2))
        for _ in range(self._one((0, 1, 1, 2, 3, 6))):
            ends = self._one([begins, begins + DAY, self._edge(begins), self._edge(begins), None])
            amount = self._one(["-5", *AMOUNTS] if self._is_careless else AMOUNTS)
            yield company_id, begins, ends, amount
            # The next begins with the end of this one, after a gap or before it ends.
            begins = self._one([ends or self._edge(begins), begins, self._edge(begins)])
        if self._is_careless:
            yield company_id, begins, begins - 40 * DAY, "7"
            yield company_id, None, None, "11"
            yield company_id, begins, None, None

    def _edge(self, begins: date) -> date:
        """A first, last or other day, at some time after a day or in its month."""
        day = self._day(add_months(month_of(begins), self._one((0, 1, 1, 2, 3, 12))))
        return max(day, begins)

    def _day(self, period: date) -> date:
        last = add_months(period, 1) - DAY
        day: date = self._one([period, last, period + self._one(range(last.day)) * DAY])
        return day

    def _instant(self, period: date) -> datetime:
        begins, ends = (datetime.combine(day, datetime.min.time()) for day in (period, add_months(period, 1)))
        between = begins + self._random.randrange((ends - begins) // INSTANT) * INSTANT
        instant: datetime = self._one([begins, ends - INSTANT, between, between])
        return instant

    def _id(self, id_type: str) -> Any:
        number = self._random.getrandbits(128)
        return str(uuid.UUID(int=number)) if id_type == "string" else number % 2**63

    def _is_so(self, probability: float) -> bool:
        return self._random.random() < probability

    def _one(self, values: Any) -> Any:
        return self._random.choice(values)


def expected_marts(data: OwnData, *, is_subscribed: bool) -> dict[str, Mart]:
    """Every mart but the leadership page, as rows by their key, without what the contract leaves out."""
    plans: dict[str, Decimal | None] = {}
    for size in sizes_of(data):
        prices = [Decimal(price) for of, price in data.tables["plans"] if of == size and price is not None]
        plans[size] = None if is_subscribed else max([*prices, Decimal("0.00")])
    changes = [
        (period, size, Decimal(price))
        for size, price, period in data.tables["price_changes"]
        if price is not None and Decimal(price) >= 0 and not is_subscribed
    ]
    companies = _companies(data)
    for _, company_id, created_at in data.tables["sessions"]:
        company = companies.get(company_id)
        if company and created_at and company.acquired <= month_of(created_at) < data.end:
            company.sessions[month_of(created_at)] += 1
    if is_subscribed:
        _subscribe(companies, data)
    return marts_of(companies, data.periods, price_list(plans, changes, data.periods))


def sizes_of(data: OwnData) -> set[str]:
    """Those that are listed and can be told from all of them."""
    return {size for size, _ in data.tables["plans"] if size not in {"all", "", None}}


def _companies(data: OwnData) -> dict[Any, Company]:
    """Each with the first of its rows, if that is of a month of the calendar, and the last change of each month."""
    sizes = sizes_of(data)
    known = [row for row in data.tables["companies"] if row[2] in sizes and None not in {row[0], row[3]}]
    companies: dict[Any, Company] = {}
    for company_id, name, size, acquired_at in sorted(known, key=lambda row: row[3]):
        acquired = month_of(acquired_at)
        if acquired in data.periods and company_id not in companies:
            companies[company_id] = Company(name or str(company_id), size, acquired)
    for company_id, size, day in sorted(data.tables["plan_changes"], key=lambda row: row[2]):
        if company_id in companies and size in sizes and day < data.end:
            companies[company_id].changes[month_of(day)] = size
    return companies


def _subscribe(companies: dict[Any, Company], data: OwnData) -> None:
    """A subscription counts for each month of which the last day is in it."""
    amounts: dict[Any, dict[date, Decimal]] = {company_id: {} for company_id in companies}
    for company_id, begins, ends, amount in data.tables["subscriptions"]:
        if company_id not in companies or begins is None or amount is None:
            continue
        cents = Decimal(amount).quantize(Decimal("0.01"), ROUND_HALF_UP)
        for period in data.periods:
            last_day = add_months(period, 1) - DAY
            is_in_force = begins <= last_day and (ends is None or last_day < ends)
            if is_in_force and period >= companies[company_id].acquired:
                amounts[company_id][period] = amounts[company_id].get(period, Decimal("0.00")) + cents
    for company_id, company in companies.items():
        company.amounts = {period: max(amount, Decimal("0.00")) for period, amount in amounts[company_id].items()}
        company.sessions = Counter({period: company.sessions[period] for period in company.amounts})
