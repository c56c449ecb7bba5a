"""Rows as `python -m reporting` gets them from the marts, written by hand."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from reporting.rows import Figure, MonthlyKpis
from reporting.wording import Wording

_DIGITS = Decimal("0.00000001")
_ENDS = ("lower_95", "upper_95")
Band = tuple[object, object]
WORDING = Wording("ABC Enterprises", "$")  # the simulated company's


def month(number: int) -> date:
    """The first day of a month; 0 is January 2021."""
    return date(2021 + number // 12, number % 12 + 1, 1)


def row(
    period: date,
    company_size: str,
    *,
    opening: int,
    active: int = 0,
    sessions: int = 0,
    revenue: object = 0,
    bands: Mapping[str, Band] | None = None,
    books: tuple[int, int] = (0, 0),
) -> MonthlyKpis:
    """The first month of a size, its rates as the marts compute them; bands by the name of their figure."""
    figures: dict[str, Figure | None] = {
        "acquired_companies": opening,
        "opening_companies": opening,
        "kept_companies": active,
        "churned_companies": opening - active,
        "active_companies": active,
        "retention_rate": _ratio(active, opening),
        "churn_rate": _ratio(opening - active, opening),
        "cohort_retention_rate": _ratio(active, opening),
        "sessions": sessions,
        "avg_sessions_per_company": _ratio(sessions, active),
        "revenue": Decimal(str(revenue)).quantize(Decimal("0.01")),
        "cells_as_in_the_books": books[0],
        "cells_in_the_books": books[1],
        "seed": 42,
    }
    ends = dict.fromkeys(f"{figure}_{end}" for figure in figures for end in _ENDS) | {
        f"{kpi}_{end}": Decimal(str(value))
        for kpi, band in (bands or {}).items()
        for end, value in zip(_ENDS, band, strict=True)
    }
    return MonthlyKpis(period, company_size, figures | ends)


def _ratio(numerator: int, denominator: int) -> Decimal | None:
    return (Decimal(numerator) / denominator).quantize(_DIGITS) if denominator else None
