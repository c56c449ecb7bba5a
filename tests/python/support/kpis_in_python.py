"""The marts once more, computed from the rows in plain Python by docs/model/decisions: a second opinion.

Nothing here is shared with the models, the macros or the simulator's books.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from cohorts_in_python import cohorts, survival
from reporting.kpis import KPIS
from subscriptions_in_python import RATES, Payments, subscription_marts
from warehouses import Warehouse

Row = dict[str, Any]
Mart = dict[tuple[Any, ...], Row]
# What each size costs in each month; nothing, where subscriptions have amounts of their own.
Prices = dict[date, dict[str, Decimal | None]]

KEYS = {
    "fct_monthly_usage": ("period", "company_size"),
    "fct_retention": ("period", "company_size"),
    "fct_revenue": ("period", "company_size"),
    "rpt_monthly_kpis": ("period", "company_size"),
    "rpt_leadership_page": ("period", "company_size"),
    "dim_companies": ("company_id",),
    "fct_mrr_movements": ("period", "company_size"),
    "fct_revenue_retention": ("period", "company_size"),
    "rpt_subscription_metrics": ("period", "company_size"),
    "fct_cohorts": ("cohort_period", "company_size", "period"),
    "fct_survival": ("company_size", "age_months"),
}
MOVEMENTS = (
    "newly_acquired_companies",
    "kept_companies",
    "returned_companies",
    "moved_in_companies",
    "moved_out_companies",
    "active_of_acquired_companies",
)
PAGE_KPIS = tuple(kpi.name for kpi in KPIS)
RATIOS = {
    *("retention_rate", "churn_rate", "cohort_retention_rate", "avg_sessions_per_company", "survival_rate"),
    *RATES,
}


@dataclass
class Company:
    """A company as its rows tell of it.

    Parameters
    ----------
    sessions : by month. They make it a customer of the month, unless it has amounts.
    changes : the size that it holds from a month on.
    amounts : what it pays by its subscriptions in each month in which these make it a customer.
    """

    name: str
    first_size: str
    acquired: date
    sessions: Counter[date] = field(default_factory=Counter)
    changes: dict[date, str] = field(default_factory=dict)
    amounts: dict[date, Decimal] | None = None

    def size(self, period: date) -> str:
        changed = [month for month in self.changes if month <= period]
        return self.changes[max(changed)] if changed else self.first_size

    def is_active(self, period: date) -> bool:
        return self.sessions[period] > 0 if self.amounts is None else period in self.amounts

    def pays(self, period: date, prices: Prices) -> Decimal:
        """In a month in which it is active."""
        amount = prices[period][self.size(period)] if self.amounts is None else self.amounts[period]
        assert amount is not None
        return amount

    def was_customer_of(self, period: date, before: date | None) -> str | None:
        """The size of which it was a customer when a month began, if it was one."""
        if before is not None and self.is_active(before):
            return self.size(before)
        return self.first_size if self.acquired == period else None

    def life(self, periods: list[date], prices: Prices) -> Row:
        active = [period for period in periods if self.is_active(period)]
        since_last = [p for p in periods if p > active[-1]] if active else [self.acquired]
        months = zip([None, *periods], periods, strict=False)
        returns = [now for before, now in months if self.is_active(now) and self.was_customer_of(now, before) is None]
        return {
            "company_name": self.name,
            "company_size": self.first_size,
            "monthly_price": prices[periods[-1]][self.size(periods[-1])],
            "first_active_period": active[0] if active else None,
            "last_active_period": active[-1] if active else None,
            "churned_period": since_last[0] if since_last else None,
            "active_months": len(active),
            "sessions": self.sessions.total(),
            "lifetime_revenue": sum((self.pays(month, prices) for month in active), Decimal("0.00")),
            "acquired_period": self.acquired,
            "current_company_size": self.size(periods[-1]),
            "reactivations": len(returns),
            "plan_changes": len(self.changes),
        }


def expected_marts(warehouse: Warehouse) -> dict[str, Mart]:
    """Every mart, as rows by their key."""
    ((_, companies, first_month, months),) = warehouse.query(
        "select seed, companies, first_month, months from raw.simulation"
    )
    periods = [
        date(first_month.year + (first_month.month - 1 + n) // 12, (first_month.month - 1 + n) % 12 + 1, 1)
        for n in range(months)
    ]
    companies_of = _companies(warehouse)
    assert sum(company.acquired == periods[0] for company in companies_of.values()) == companies
    plans = dict(warehouse.query("select company_size, monthly_price from raw.plans"))
    changes = warehouse.query("select period, company_size, monthly_price from raw.price_changes")
    marts = marts_of(companies_of, periods, price_list(plans, changes, periods))
    return marts | {"rpt_leadership_page": _with_bands_and_books(warehouse, marts["rpt_monthly_kpis"])}


def price_list(
    plans: dict[str, Decimal | None], changes: Iterable[tuple[date, str, Decimal]], periods: list[date]
) -> Prices:
    """What the last change up to each month says of a size, or its plan."""
    in_order = sorted(changes)
    return {
        period: plans | {size: price for since, size, price in in_order if since <= period and size in plans}
        for period in periods
    }


def marts_of(companies_of: Mapping[Any, Company], periods: list[date], prices: Prices) -> dict[str, Mart]:
    """Every mart but the leadership page, as rows by their key."""
    cells: Mart = {}
    for number, period in enumerate(periods):
        before = periods[number - 1] if number else None
        for size, price in prices[period].items():
            there = [company for company in companies_of.values() if company.acquired <= period]
            acquired = [company for company in there if company.first_size == size]
            active = [company for company in there if company.is_active(period) and company.size(period) == size]
            opening = [company for company in there if company.was_customer_of(period, before) == size]
            kept = [company for company in opening if company.is_active(period)]
            cells[period, size] = {
                "acquired_companies": len(acquired),
                "opening_companies": len(opening),
                "churned_companies": len(opening) - len(kept),
                "active_companies": len(active),
                "sessions": sum(company.sessions[period] for company in active),
                "monthly_price": price,
                "revenue": sum((company.pays(period, prices) for company in active), Decimal("0.00")),
                "newly_acquired_companies": sum(company.acquired == period for company in acquired),
                "kept_companies": len(kept),
                "returned_companies": sum(company.was_customer_of(period, before) is None for company in active),
                "moved_in_companies": sum(
                    company.was_customer_of(period, before) not in {None, size} for company in active
                ),
                "moved_out_companies": sum(company.size(period) != size for company in kept),
                "active_of_acquired_companies": sum(company.is_active(period) for company in acquired),
            }
        of_month = [cells[period, size] for size in prices[period]]
        cells[period, "all"] = {
            name: None if name == "monthly_price" else sum(cell[name] for cell in of_month) for name in of_month[0]
        }
    for cell in cells.values():
        cell["retention_rate"] = _ratio(cell["kept_companies"], cell["opening_companies"])
        cell["churn_rate"] = _ratio(cell["churned_companies"], cell["opening_companies"])
        cell["cohort_retention_rate"] = _ratio(cell["active_of_acquired_companies"], cell["acquired_companies"])
        cell["avg_sessions_per_company"] = _ratio(cell["sessions"], cell["active_companies"])
    by_size = {key: cell for key, cell in cells.items() if key[1] != "all"}
    return {
        "fct_monthly_usage": _chosen(by_size, "active_companies", "sessions", "avg_sessions_per_company"),
        "fct_retention": _chosen(
            by_size,
            *("acquired_companies", "opening_companies", "churned_companies", "active_companies"),
            *("retention_rate", "churn_rate", "cohort_retention_rate"),
            *MOVEMENTS,
        ),
        "fct_revenue": _chosen(by_size, "active_companies", "monthly_price", "revenue"),
        "rpt_monthly_kpis": cells,
        "dim_companies": {(number,): company.life(periods, prices) for number, company in companies_of.items()},
        **subscription_marts(_payments(companies_of, prices), periods, list(prices[periods[0]])),
        "fct_cohorts": cohorts(companies_of.values(), periods, prices),
        "fct_survival": survival(companies_of.values(), periods),
    }


def actual_marts(warehouse: Warehouse) -> dict[str, Mart]:
    """Every mart as dbt built it, as rows by their key."""
    with warehouse.cursor() as cursor:
        return marts_read_by(cursor)


def marts_read_by(cursor: Any) -> dict[str, Mart]:
    """Every mart that a cursor of any engine finds, as rows by their key."""
    marts: dict[str, Mart] = {}
    for mart, key in KEYS.items():
        cursor.execute(f"select * from marts.{mart}")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        marts[mart] = {tuple(row.pop(name) for name in key): row for row in rows}
        assert len(marts[mart]) == len(rows), f"{mart} has two rows of one key"
    return marts


def differences(expected: dict[str, Mart], actual: dict[str, Mart]) -> list[str]:
    """Every cell in which two sets of marts differ; ratios may by a millionth, because engines round differently."""
    found = []
    for mart, rows in expected.items():
        for name in _columns(rows) ^ _columns(actual[mart]):
            found += [f"{mart} has {'no' if name in _columns(rows) else 'another'} column {name}"]
        for key in rows.keys() ^ actual[mart].keys():
            found += [f"{mart} {key} is {'missing' if key in rows else 'too much'}"]
        for key in rows.keys() & actual[mart].keys():
            found += [
                f"{mart} {key} {name}: {rows[key][name]} expected, {actual[mart][key][name]} found"
                for name in rows[key].keys() & actual[mart][key].keys()
                if not _same(name, rows[key][name], actual[mart][key][name])
            ]
    return found


def _columns(rows: Mart) -> set[str]:
    return {name for row in rows.values() for name in row}


def _same(name: str, expected: Any, actual: Any) -> bool:
    if name in RATIOS and expected is not None and actual is not None:
        return bool(abs(expected - actual) <= Decimal("0.000001"))
    return type(expected) is type(actual) and bool(expected == actual)


def _companies(warehouse: Warehouse) -> dict[int, Company]:
    rows = warehouse.query("select company_id, company_name, company_size, created_at from raw.companies")
    companies = {number: Company(name, size, month_of(acquired_at)) for number, name, size, acquired_at in rows}
    for number, created_at in warehouse.query("select company_id, created_at from raw.sessions"):
        companies[number].sessions[month_of(created_at)] += 1
    for number, period, size in warehouse.query("select company_id, period, company_size from raw.plan_changes"):
        companies[number].changes[period] = size
    return companies


def _payments(companies: Mapping[Any, Company], prices: Prices) -> Payments:
    """What each company pays for which size, month by month."""
    return {
        period: {
            number: (company.size(period), company.pays(period, prices))
            for number, company in companies.items()
            if company.is_active(period) and company.pays(period, prices)
        }
        for period in prices
    }


def month_of(instant: date) -> date:
    return date(instant.year, instant.month, 1)


def _ratio(numerator: int, denominator: int) -> Decimal | None:
    return Decimal(numerator) / Decimal(denominator) if denominator else None


def _chosen(cells: Mart, *names: str) -> Mart:
    return {key: {name: cell[name] for name in names} for key, cell in cells.items()}


def _with_bands_and_books(warehouse: Warehouse, cells: Mart) -> Mart:
    """What the leadership page shows of the cells, beside what was to be expected and what the simulator noted down."""
    ((seed,),) = warehouse.query("select seed from raw.simulation")
    expected = "select period, company_size, kpi, lower_95, upper_95 from truth.expected_kpis"
    bands: dict[tuple[Any, ...], tuple[Decimal, Decimal]] = {row[:3]: row[3:] for row in warehouse.query(expected)}
    shown = ("acquired_companies", "opening_companies", "churned_companies", "active_companies", "sessions")
    noted = (*shown, "monthly_price", "revenue", *MOVEMENTS)
    entries = warehouse.query(f"select period, company_size, {', '.join(noted)} from truth.monthly_kpis")
    books = {row[:2]: row[2:] for row in entries}
    proof = {
        "cells_as_in_the_books": sum(tuple(cells[key][name] for name in noted) == book for key, book in books.items()),
        "cells_in_the_books": len(books),
        "seed": seed,
    }
    page = _chosen(cells, *shown, "kept_companies", "monthly_price", *PAGE_KPIS)
    for (period, size), cell in page.items():
        for kpi in PAGE_KPIS:
            cell[f"{kpi}_lower_95"], cell[f"{kpi}_upper_95"] = bands.get((period, size, kpi), (None, None))
        cell.update(proof)
    return page
