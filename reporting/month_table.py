"""The figures of every month: a table of each size, years summed up where months are many, and all of it as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from urllib.parse import quote

from reporting.kpis import Column, Kpi, Part
from reporting.movements import CLOSING_MRR, MOVEMENTS, REVENUE_PER_COMPANY
from reporting.rows import MonthlyKpis
from reporting.views import Company
from reporting.words import counted, short_month

_MOST_WITHOUT_YEARS = 24
_YEAR = 12
_OF_A_LIFE = [
    *("newly_acquired_companies", "returned_companies", "churned_companies"),
    *(one.name for one in MOVEMENTS),
    *(CLOSING_MRR.name, REVENUE_PER_COMPANY.name),
]
_COMMA_SEPARATED = "data:text/csv;charset=utf-8,"


@dataclass(frozen=True)
class Cell:
    """A cell, and whether it is a share that says little."""

    shown: str
    is_of_few: bool = False


@dataclass(frozen=True)
class Row:
    """A month, or a year: its name in two parts, and its cells."""

    name: str
    year: int
    cells: Sequence[Cell]
    is_year: bool = False


@dataclass(frozen=True)
class MonthTable:
    """The table of one size, or of all: the titles of its columns, and its rows."""

    size: str
    titles: Sequence[str]
    rows: Sequence[Row]


def month_tables(kpis: Sequence[Kpi], company: Company) -> list[MonthTable]:
    """A table of each size, that of the total first."""
    columns = [column for kpi in kpis for column in kpi.columns]
    titles = [column.title for column in columns]
    return [MonthTable(size, titles, _rows(columns, company.months[size])) for size in company.sizes]


def comma_separated(kpis: Sequence[Kpi], company: Company) -> str:
    """An address that holds all of the tables as a CSV file, and of a life what its charts show by month.

    Each figure is as its mart has it.
    """
    names = [column.name for kpi in kpis for column in kpi.columns]
    names += [column.whole for kpi in kpis for column in kpi.columns if isinstance(column, Part)]
    names = list(dict.fromkeys((*names, *(kpi.companies for kpi in kpis))))
    figures = {(row.period, row.company_size): dict(row.figures) for row in chain(*company.months.values())}
    if company.life:
        names += _OF_A_LIFE
        for row in (*company.life.metrics, *company.life.customers):
            figures[row.period, row.company_size] |= row.figures
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["period", "company_size", *names])
    for period in company.periods:
        for size in company.sizes:
            writer.writerow([period, size, *(figures[period, size][name] for name in names)])
    return f"{_COMMA_SEPARATED}{quote(file.getvalue(), safe=',:')}"


def _rows(columns: Sequence[Column], months: Sequence[MonthlyKpis]) -> list[Row]:
    rows = []
    for year, of_year in groupby(months, key=lambda row: row.period.year):
        some = list(of_year)
        rows += [Row(short_month(row.period), year, [_cell(column, row) for column in columns]) for row in some]
        if len(months) > _MOST_WITHOUT_YEARS:
            name = "All of" if len(some) == _YEAR else f"{counted(len(some), 'month')} of"
            rows.append(Row(name, year, [_sum(column, some) for column in columns], is_year=True))
    return rows


def _cell(column: Column, row: MonthlyKpis) -> Cell:
    return Cell(column.shown(row), isinstance(column, Part) and column.is_of_few(row))


def _sum(column: Column, months: Sequence[MonthlyKpis]) -> Cell:
    """What the months of a year have together; of a rate there is no sum."""
    if isinstance(column, Part) or column.unit.is_ratio:
        return Cell("")
    return Cell(column.unit.full(sum(row.figures[column.name] or 0 for row in months)))
