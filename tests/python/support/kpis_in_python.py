"""The marts once more, computed from the raw rows in plain Python by docs/model/decisions: a second opinion.

Nothing here is shared with the models, the macros or the simulator's books.
"""

from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from reporting.kpis import KPIS
from warehouses import Warehouse

Row = dict[str, Any]
Mart = dict[tuple[Any, ...], Row]

KEYS = {
    "fct_monthly_usage": ("period", "company_size"),
    "fct_retention": ("period", "company_size"),
    "fct_revenue": ("period", "company_size"),
    "rpt_monthly_kpis": ("period", "company_size"),
    "rpt_leadership_page": ("period", "company_size"),
    "dim_companies": ("company_id",),
}
PAGE_KPIS = tuple(kpi.name for kpi in KPIS)
RATIOS = {"retention_rate", "churn_rate", "cohort_retention_rate", "avg_sessions_per_company"}


def expected_marts(warehouse: Warehouse) -> dict[str, Mart]:
    """Every mart, as rows by their key."""
    ((_, companies, first_month, months),) = warehouse.query(
        "select seed, companies, first_month, months from raw.simulation"
    )
    periods = [
        date(first_month.year + (first_month.month - 1 + n) // 12, (first_month.month - 1 + n) % 12 + 1, 1)
        for n in range(months)
    ]
    prices: dict[str, Decimal] = dict(warehouse.query("select company_size, monthly_price from raw.plans"))
    people = {
        row[0]: row[1:] for row in warehouse.query("select company_id, company_name, company_size from raw.companies")
    }
    assert len(people) == companies
    sessions: dict[int, Counter[date]] = defaultdict(Counter)
    for company_id, created_at in warehouse.query("select company_id, created_at from raw.sessions"):
        sessions[company_id][_month_of(created_at)] += 1

    cells: Mart = {}
    for number, period in enumerate(periods):
        for size, price in prices.items():
            members = [company for company, (_, of_size) in people.items() if of_size == size]
            active = [company for company in members if sessions[company][period] > 0]
            opening = members if number == 0 else [c for c in members if sessions[c][periods[number - 1]] > 0]
            cells[period, size] = {
                "acquired_companies": len(members),
                "opening_companies": len(opening),
                "churned_companies": len(set(opening) - set(active)),
                "active_companies": len(active),
                "sessions": sum(sessions[company][period] for company in members),
                "monthly_price": price,
                "revenue": len(active) * price,
            }
        of_month = [cells[period, size] for size in prices]
        cells[period, "all"] = {name: sum(cell[name] for cell in of_month) for name in of_month[0]} | {
            "monthly_price": None
        }
    for cell in cells.values():
        cell["retention_rate"] = _ratio(cell["active_companies"], cell["opening_companies"])
        cell["churn_rate"] = _ratio(cell["churned_companies"], cell["opening_companies"])
        cell["cohort_retention_rate"] = _ratio(cell["active_companies"], cell["acquired_companies"])
        cell["avg_sessions_per_company"] = _ratio(cell["sessions"], cell["active_companies"])
    by_size = {key: cell for key, cell in cells.items() if key[1] != "all"}
    return {
        "fct_monthly_usage": _chosen(by_size, "active_companies", "sessions", "avg_sessions_per_company"),
        "fct_retention": _chosen(
            by_size,
            *("acquired_companies", "opening_companies", "churned_companies", "active_companies"),
            *("retention_rate", "churn_rate", "cohort_retention_rate"),
        ),
        "fct_revenue": _chosen(by_size, "active_companies", "monthly_price", "revenue"),
        "rpt_monthly_kpis": cells,
        "rpt_leadership_page": _with_bands_and_books(warehouse, cells),
        "dim_companies": {
            (company,): {"company_name": name, "company_size": size, "monthly_price": prices[size]}
            | _life(prices[size], sessions[company], periods)
            for company, (name, size) in people.items()
        },
    }


def actual_marts(warehouse: Warehouse) -> dict[str, Mart]:
    """Every mart as dbt built it, as rows by their key."""
    marts: dict[str, Mart] = {}
    for mart, key in KEYS.items():
        with warehouse.cursor() as cursor:
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


def _month_of(instant: datetime) -> date:
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
    noted = ("acquired_companies", "opening_companies", "churned_companies", "active_companies", "sessions", "revenue")
    entries = warehouse.query(f"select period, company_size, {', '.join(noted)} from truth.monthly_kpis")
    books = {row[:2]: row[2:] for row in entries}
    proof = {
        "cells_as_in_the_books": sum(tuple(cells[key][name] for name in noted) == book for key, book in books.items()),
        "cells_in_the_books": len(books),
        "seed": seed,
    }
    page = _chosen(cells, *noted, "monthly_price", *PAGE_KPIS)
    for (period, size), cell in page.items():
        for kpi in PAGE_KPIS:
            cell[f"{kpi}_lower_95"], cell[f"{kpi}_upper_95"] = bands.get((period, size, kpi), (None, None))
        cell.update(proof)
    return page


def _life(price: Decimal, sessions: Counter[date], periods: list[date]) -> Row:
    active = sorted(+sessions)
    after_last = [period for period in periods if not active or period > active[-1]]
    return {
        "first_active_period": active[0] if active else None,
        "last_active_period": active[-1] if active else None,
        "churned_period": after_last[0] if after_last else None,
        "active_months": len(active),
        "sessions": sessions.total(),
        "lifetime_revenue": len(active) * price,
    }
