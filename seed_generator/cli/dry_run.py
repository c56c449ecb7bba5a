"""What a person reads of the expected figures before anything is made."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import groupby

from seed_generator.expectations.expectation import Expectation
from seed_generator.expectations.kpis import expected_kpis, expected_sessions
from seed_generator.rounding import share, written
from seed_generator.scenario import Scenario

_NOTHING = "-"
_MANY = 10_000  # from which on a mean number of things is told without parts of one


def _digits(digits: int) -> Callable[[Decimal], str]:
    return lambda figure: written(figure, digits)


def _percents(digits: int) -> Callable[[Decimal], str]:
    return lambda figure: share(figure, digits)


def _mean_count(figure: Decimal) -> str:
    return written(figure, 0 if figure >= _MANY else 2)


# Title, figure, and how its expected value and an end of its band are written.
_COLUMNS: tuple[tuple[str, str, Callable[[Decimal], str], Callable[[Decimal], str]], ...] = (
    ("active", "active_companies", _mean_count, _digits(0)),
    ("sessions", "sessions", _mean_count, _digits(0)),
    ("per company", "avg_sessions_per_company", _digits(4), _digits(2)),
    ("revenue", "revenue", _digits(2), _digits(0)),
    ("churned", "churned_companies", _mean_count, _digits(0)),
    ("retention", "retention_rate", _percents(2), _percents(1)),
)


def expectation_lines(scenario: Scenario) -> Iterator[str]:
    """The expected figures of every month and size, each with its band of 95 % below it."""
    companies = f"{scenario.companies:,} {'company' if scenario.companies == 1 else 'companies'}"
    if (acquired := sum(scenario.acquired_companies)) > scenario.companies:
        companies += f", {acquired:,} by the last month,"
    sessions = written(expected_sessions(scenario), 0)
    yield f"  {companies} and about {sessions} {'session' if sessions == '1' else 'sessions'}"
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
