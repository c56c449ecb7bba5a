"""Rows as `python -m reporting` gets them from the marts, written by hand."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from reporting.project import MonthlyKpis

_DIGITS = Decimal("0.00000001")
Band = tuple[object, object]


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
    """A month of a size, its rates as the marts compute them; bands by the name of their figure."""
    ends = {
        f"{kpi}_{end}": Decimal(str(value))
        for kpi, band in (bands or {}).items()
        for end, value in zip(("lower_95", "upper_95"), band, strict=True)
    }
    return MonthlyKpis(
        period=period,
        company_size=company_size,
        opening_companies=opening,
        active_companies=active,
        retention_rate=(Decimal(active) / opening).quantize(_DIGITS) if opening else None,
        sessions=sessions,
        avg_sessions_per_company=(Decimal(sessions) / active).quantize(_DIGITS) if active else None,
        revenue=Decimal(str(revenue)).quantize(Decimal("0.01")),
        cells_as_in_the_books=books[0],
        cells_in_the_books=books[1],
        seed=42,
        **ends,
    )
