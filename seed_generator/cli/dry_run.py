"""What a person reads of the expected figures before anything is made."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby

from seed_generator.expectations.expectation import Expectation
from seed_generator.expectations.kpis import expected_kpis, expected_sessions
from seed_generator.rounding import share, written
from seed_generator.scenario import Scenario

_NOTHING = "-"
_MANY = 10_000  # from which on a mean number of things is told without parts of one
# From this end of a band on a column is in thousands, millions and so on, with so many digits: a line fits 100 columns.
_LARGEST_END, _DIGITS = 100_000, 5
_UNITS = ("", " (K)", " (M)", " (B)", " (T)", " (Q)")
# So many months are all shown; of more the first and the last.
_ALL_MONTHS, _FIRST_MONTHS = 24, 6

_Write = Callable[[Decimal], str]


@dataclass(frozen=True)
class _Column:
    """A figure, and how its expected value and an end of its band are written."""

    title: str
    kpi: str
    value: _Write
    end: _Write
    is_an_amount: bool = True

    def scaled_to(self, largest: Decimal) -> "_Column":
        """In a unit of which the largest end is less than a thousand, where it has too many digits."""
        if not self.is_an_amount or largest < _LARGEST_END:
            return self
        thousands = largest.adjusted() // 3
        unit, digits = Decimal(1000) ** thousands, _DIGITS - 1 - largest.adjusted() % 3
        write = _digits(digits)
        return replace(
            self,
            title=f"{self.title}{_UNITS[thousands]}",
            value=lambda figure: write(figure / unit),
            end=lambda figure: write(figure / unit),
        )

    def cells(self, row: Expectation | None) -> tuple[str, str]:
        """The expected value and the band below it; nothing is expected of a mean that can have no denominator."""
        if row is None:
            return _NOTHING, ""
        return self.value(row.expected), f"{self.end(row.lower_95)}-{self.end(row.upper_95)}"


def _digits(digits: int) -> _Write:
    return lambda figure: written(figure, digits)


def _percents(digits: int) -> _Write:
    return lambda figure: share(figure, digits)


def _mean_count(figure: Decimal) -> str:
    return written(figure, 0 if figure >= _MANY else 2)


_COLUMNS = (
    _Column("active", "active_companies", _mean_count, _digits(0)),
    _Column("sessions", "sessions", _mean_count, _digits(0)),
    _Column("per company", "avg_sessions_per_company", _digits(4), _digits(2), is_an_amount=False),
    _Column("revenue", "revenue", _digits(2), _digits(0)),
    _Column("churned", "churned_companies", _mean_count, _digits(0)),
    _Column("retention", "retention_rate", _percents(2), _percents(1), is_an_amount=False),
)


def expectation_lines(scenario: Scenario) -> Iterator[str]:
    """The expected figures of months and sizes, each with its band of 95 % below it."""
    companies = f"{scenario.companies:,} {'company' if scenario.companies == 1 else 'companies'}"
    if (acquired := sum(scenario.acquired_companies)) > scenario.companies:
        companies += f", {acquired:,} by the last month,"
    sessions = written(expected_sessions(scenario), 0)
    yield f"  {companies} and about {sessions} {'session' if sessions == '1' else 'sessions'}"
    yield "Expected, and below it the band that holds 95 of 100 simulations:"
    expected = list(expected_kpis(scenario))
    columns = [
        column.scaled_to(max((row.upper_95 for row in expected if row.kpi == column.kpi), default=Decimal(0)))
        for column in _COLUMNS
    ]
    periods = sorted({row.period for row in expected})
    left_out = periods[_FIRST_MONTHS:-_FIRST_MONTHS] if len(periods) > _ALL_MONTHS else []
    table = [["month", "size", *(column.title for column in columns)]]
    for (period, company_size), rows in groupby(expected, lambda row: (row.period, row.company_size)):
        if period in left_out:
            continue
        of_kpi = {row.kpi: row for row in rows}
        cells = [column.cells(of_kpi.get(column.kpi)) for column in columns]
        table.append([f"{period:%Y-%m}", company_size, *(value for value, _ in cells)])
        table.append(["", "", *(band for _, band in cells)])
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    last_shown = len(table) - (len(table) - 1) // 2
    for number, (month, size, first, *others) in enumerate(table):
        if left_out and number == last_shown:
            yield f"  … {len(left_out)} months"
        line = [month.ljust(widths[0]), size.ljust(widths[1]), first.rjust(widths[2])]
        line += [figure.rjust(width + 1) for figure, width in zip(others, widths[3:], strict=True)]
        yield f"  {' '.join(line)}".rstrip()
