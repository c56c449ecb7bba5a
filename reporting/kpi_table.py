"""Figures as a table that a leader can read: a row a month, and for each figure the sizes and their total."""

from collections.abc import Callable, Sequence

from reporting.kpis import KPIS, Column
from reporting.rows import MonthlyKpis
from reporting.units import COUNT, MEAN, MONEY, SHARE
from seed_generator.scenario import ALL_SIZES

_ACTIVE = Column("active_companies", "Active companies", COUNT)
_TOTAL = "total"
_UNITS = (COUNT, SHARE, MEAN, MONEY)  # from left to right: who was there first, what they paid last


def kpi_table(rows: Sequence[MonthlyKpis], width: int) -> str:
    """The KPIs, as `monthly_table`."""
    return monthly_table(rows, sorted((_ACTIVE, *KPIS), key=lambda column: _UNITS.index(column.unit)), width)


def monthly_table(rows: Sequence[MonthlyKpis], columns: Sequence[Column], width: int) -> str:
    """Columns of the rows as text, side by side as far as `width` characters reach and else below one another."""
    sizes = [size for size in dict.fromkeys(row.company_size for row in rows) if size != ALL_SIZES]
    periods = list(dict.fromkeys(row.period for row in rows))
    months = _column(["", "Month", *(f"{period:%Y-%m}" for period in periods)], str.ljust)
    cells = {(row.period, row.company_size): row for row in rows}
    # `all` is the name of no size, as `total` may be.
    headings = {size: size for size in sizes} | {ALL_SIZES: ALL_SIZES if _TOTAL in sizes else _TOTAL}
    groups = [
        _group(
            column.title,
            [
                [heading, *(column.shown(cells[period, size]) for period in periods)]
                for size, heading in headings.items()
            ],
        )
        for column in columns
    ]
    bands: list[list[list[str]]] = [[months]]
    for group in groups:
        if len(bands[-1]) > 1 and sum(len(block[0]) + 3 for block in [*bands[-1], group]) - 3 > width:
            bands.append([months])
        bands[-1].append(group)
    return "\n\n".join("\n".join("   ".join(line).rstrip() for line in zip(*band, strict=True)) for band in bands)


def _group(title: str, columns: Sequence[Sequence[str]]) -> list[str]:
    """The sizes of a column under its title, as lines of one width."""
    blocks = [_column(column, str.rjust) for column in columns]
    lines = [" ".join(line) for line in zip(*blocks, strict=True)]
    return _column([title, *lines], str.rjust) if len(title) > len(lines[0]) else [title.center(len(lines[0])), *lines]


def _column(cells: Sequence[str], align: Callable[[str, int], str]) -> list[str]:
    width = max(map(len, cells))
    return [align(cell, width) for cell in cells]
