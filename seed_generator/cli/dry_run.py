"""What a person reads of the expected figures before anything is made."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import groupby

from seed_generator.expectations.kpis import Expectation, expected_kpis, expected_sessions
from seed_generator.scenario import Scenario

_NOTHING = "-"

# Title, figure, and how its expected value and an end of its band are written.
_COLUMNS: tuple[tuple[str, str, Callable[[Decimal], str], Callable[[Decimal], str]], ...] = (
    ("active", "active_companies", "{:,.2f}".format, "{:,.0f}".format),
    ("sessions", "sessions", "{:,.2f}".format, "{:,.0f}".format),
    ("per company", "avg_sessions_per_company", "{:.4f}".format, "{:.2f}".format),
    ("revenue", "revenue", "{:,.2f}".format, "{:,.0f}".format),
    ("churned", "churned_companies", "{:,.2f}".format, "{:,.0f}".format),
    ("retention", "retention_rate", "{:.2%}".format, "{:.1%}".format),
)


def expectation_lines(scenario: Scenario) -> Iterator[str]:
    """The expected figures of every month and size, each with its band of 95 % below it."""
    yield f"  {scenario.companies:,} companies and about {expected_sessions(scenario):,.0f} sessions"
    yield "Expected, and below it the band that holds 95 of 100 simulations:"
    table = [["month", "size", *(title for title, *_ in _COLUMNS)]]
    for (period, company_size), rows in groupby(expected_kpis(scenario), lambda row: (row.period, row.company_size)):
        of_kpi = {row.kpi: row for row in rows}
        cells = [_cells(of_kpi.get(kpi), value, end) for _, kpi, value, end in _COLUMNS]
        table.append([f"{period:%Y-%m}", company_size, *(value for value, _ in cells)])
        table.append(["", "", *(band for _, band in cells)])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for month, size, *figures in table:
        line = [month.ljust(widths[0]), size.ljust(widths[1])]
        line += [figure.rjust(width + 1) for figure, width in zip(figures, widths[2:], strict=True)]
        yield f"  {' '.join(line)}".rstrip()


def _cells(row: Expectation | None, value: Callable[[Decimal], str], end: Callable[[Decimal], str]) -> tuple[str, str]:
    """The expected value and the band below it; nothing is expected of a mean that can have no denominator."""
    return (_NOTHING, "") if row is None else (value(row.expected), f"{end(row.lower_95)}-{end(row.upper_95)}")
