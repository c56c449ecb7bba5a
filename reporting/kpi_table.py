"""Figures as a table that a leader can read: a row a month, and for each figure the sizes and their total."""

from collections.abc import Callable, Sequence

from reporting import words
from reporting.kpis import KPIS, Column
from reporting.rows import MonthlyKpis
from reporting.units import COUNT, MEAN, MONEY, SHARE
from reporting.wording import Wording
from seed_generator.scenario import ALL_SIZES

_ACTIVE = Column("active_companies", "Active companies", COUNT, of_subscribers={"title": "Customers"})
_TOTAL = "total"
_LONGEST = 32  # letters of a heading
_UNITS = (COUNT, SHARE, MEAN, MONEY)  # from left to right: who was there first, what they paid last


def kpi_table(rows: Sequence[MonthlyKpis], wording: Wording, width: int) -> str:
    """The KPIs, as `monthly_table`."""
    columns = sorted((_ACTIVE, *KPIS), key=lambda column: _UNITS.index(column.unit))
    return monthly_table(rows, list(map(wording.told, columns)), width)


def monthly_table(rows: Sequence[MonthlyKpis], columns: Sequence[Column], width: int) -> str:
    """Columns of the rows as text, side by side as far as `width` characters reach and else below one another."""
    sizes = [size for size in dict.fromkeys(row.company_size for row in rows) if size != ALL_SIZES]
    periods = list(dict.fromkeys(row.period for row in rows))
    months = _column(["", "Month", *(f"{period:%Y-%m}" for period in periods)], str.ljust)
    cells = {(row.period, row.company_size): row for row in rows}
    # `all` is the name of no size, as `total` may be.
    is_taken = _TOTAL in map(str.casefold, sizes)
    headings = _headings(sizes) | {ALL_SIZES: ALL_SIZES if is_taken else _TOTAL}
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
        if len(bands[-1]) > 1 and words.width(_side_by_side([*bands[-1], group])[0]) > width:
            bands.append([months])
        bands[-1].append(group)
    return "\n\n".join("\n".join(map(str.rstrip, _side_by_side(band))) for band in bands)


def _side_by_side(blocks: Sequence[Sequence[str]]) -> list[str]:
    """The lines of blocks that have as many each."""
    return ["   ".join(line) for line in zip(*blocks, strict=True)]


def _headings(sizes: Sequence[str]) -> dict[str, str]:
    """The sizes on one line each; long names are cut where they are not the same then."""
    names = {size: words.on_one_line(size) or "“”" for size in sizes}
    cut = {size: name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…" for size, name in names.items()}
    return cut if len(set(cut.values())) == len(cut) else names


def _group(title: str, columns: Sequence[Sequence[str]]) -> list[str]:
    """The sizes of a column under its title, as lines of one width."""
    blocks = [_column(column, str.rjust) for column in columns]
    lines = [" ".join(line) for line in zip(*blocks, strict=True)]
    return _column([title.center(words.width(lines[0])), *lines], str.rjust)


def _column(cells: Sequence[str], align: Callable[[str, int], str]) -> list[str]:
    """The cells of one width; a letter may take two columns, or none."""
    room = max(map(words.width, cells))
    return [align(cell, room - words.width(cell) + len(cell)) for cell in cells]
