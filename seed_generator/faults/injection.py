"""Dirty data on demand: faults put into the simulated tables, and the list of all that were.

Every draw belongs to a row's key and a kind of fault, so that a row that is not hit stays as it is, whatever else is
asked for.
"""

import difflib
import heapq
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seed_generator.errors import InvalidValueError
from seed_generator.faults.kinds import FAULT_KINDS, Effect, FaultContext, FaultKind
from seed_generator.scenario import MAX_MONTHS, MAX_SESSIONS_PER_COMPANY, MAX_SIZES, Scenario
from seed_generator.schemas import INJECTED_FAULTS, SESSIONS, TIMESTAMP, Batch, TableSchema, with_nulls
from seed_generator.simulation.counts import simulate_churned
from seed_generator.simulation.portion import BLOCK_COMPANIES, FIRST_COHORT_BLOCKS, Block
from seed_generator.simulation.sessions import first_session_id
from seed_generator.simulation.streams import Purpose, keyed_draw, uniform_integers
from seed_generator.toml_file import read_toml
from seed_generator.validation import finite_number

Hit = NDArray[np.bool_]  # of each row whether it is hit


@dataclass(frozen=True)
class Faults:
    """Which kinds of faults are asked for: each with the chance, above 0 and up to 1, that a row is hit.

    Raises
    ------
    InvalidValueError : naming the kind or its chance.

    Examples
    --------
    >>> from saas_kpis import Faults, Scenario, Simulation
    >>> dirty = Simulation(Scenario(companies=100), Faults({"companies_without_size": 0.05}))
    >>> dirty.truth.injected_faults.to_arrow()["column_name"].unique().to_pylist()
    ['company_size']
    """

    shares: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        allowed = "a share above 0 and up to 1"
        for kind, given in self.shares.items():
            if kind not in FAULT_KINDS:
                raise InvalidValueError("the kind of a fault", kind, _kinds_like(kind))
            if not 0 < finite_number(kind, given, allowed) <= 1:
                raise InvalidValueError(kind, given, allowed)
        in_order = {kind: float(self.shares[kind]) for kind in FAULT_KINDS if kind in self.shares}
        object.__setattr__(self, "shares", in_order)

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.shares)

    def to_json(self) -> str:
        """The kinds and their shares as one line of JSON."""
        return json.dumps(self.shares)

    def of(self, table: TableSchema) -> dict[FaultKind, float]:
        """Those that hit a table."""
        return {FAULT_KINDS[name]: share for name, share in self.shares.items() if FAULT_KINDS[name].table is table}


def _kinds_like(given: object) -> str:
    """Those that the user may have meant: all of them would be a page."""
    close = difflib.get_close_matches(str(given), FAULT_KINDS, n=3, cutoff=0.5) or list(FAULT_KINDS)[:1]
    return f"one of {len(FAULT_KINDS)}, such as {' or '.join(close)} (docs/proof/faults.md)"


def read_faults(path: Path) -> dict[str, Any]:
    """The kinds and shares of a TOML file, to be given to `Faults`.

    Raises
    ------
    InputError : the file can't be read or is not TOML; its key is `faults`.
    """
    return read_toml(path, "faults")


def with_faults(
    table: TableSchema, batches: Iterable[Batch], scenario: Scenario, faults: Faults
) -> Iterator[tuple[Batch, list[pa.RecordBatch]]]:
    """A table's batches with the faults in them, each beside what was done to it, as rows of `INJECTED_FAULTS`.

    The rows do not depend on how they are cut into batches.
    """
    kinds = faults.of(table)
    spoiled: Iterable[tuple[Batch, list[pa.RecordBatch]]] = (_spoiled(batch, kinds, scenario) for batch in batches)
    for kind, share in kinds.items():
        if kind.effect is Effect.RETURN:
            returns = _returns(kind, share, scenario)
            spoiled = heapq.merge(spoiled, returns, key=lambda pair: _month(pair[0], scenario))
    return iter(spoiled)


def _spoiled(batch: Batch, kinds: Mapping[FaultKind, float], scenario: Scenario) -> tuple[Batch, list[pa.RecordBatch]]:
    """A batch with the faults in it that hit its rows, and what was done."""
    rows = _Rows(batch.rows, FaultContext(scenario, _month(batch, scenario)))
    of_rows = [kind for kind in kinds if kind.effect is not Effect.RETURN]
    # What is missing comes first, so that of a month that is missing no row is left with another fault.
    of_rows.sort(key=lambda kind: kind.effect is not Effect.REMOVE)
    entries = [rows.inject(kind, kinds[kind]) for kind in of_rows]
    return Batch(rows.dirty(), batch.period), entries


class _Rows:
    """The rows of a batch, into which one kind of fault is put after another.

    Every fault is one of a row as it was simulated, so that each is there at the end as it was listed: none hits what
    an earlier one has taken. A change takes its column. The whole row is taken by what removes or repeats it, and by a
    change of its key, without which it can't be told from others.

    Parameters
    ----------
    rows : as they were simulated.
    context : what faults depend on beside the rows.
    """

    def __init__(self, rows: pa.RecordBatch, context: FaultContext) -> None:
        self._rows = rows
        self._context = context
        self._taken = {name: np.zeros(rows.num_rows, bool) for name in rows.schema.names}
        self._changed: dict[str, pa.Array] = {}
        self._place = [np.arange(rows.num_rows)]  # of each row of the result the row that it stands at or behind
        self._second: list[pa.RecordBatch] = []
        self._is_left = np.ones(rows.num_rows, bool)

    def inject(self, kind: FaultKind, share: float) -> pa.RecordBatch:
        """Put a kind of fault in; returns what was done."""
        changes_column = kind.effect is Effect.CHANGE and kind.values.keys().isdisjoint(kind.table.primary_key)
        takes = list(kind.values) if changes_column else list(self._taken)
        if kind.keys:
            keys = kind.keys(self._rows, self._context)
        else:
            keys = _row_keys(self._rows, self._context, kind.table.primary_key)
        hit = keyed_draw(self._context.scenario.seed, Purpose.FAULT, kind.number, keys) < share
        hit &= ~np.logical_or.reduce([self._taken[name] for name in takes])
        put_in = {Effect.CHANGE: self._change, Effect.REPEAT: self._repeat, Effect.REMOVE: self._remove}
        hit, entries = put_in[kind.effect](kind, hit)
        for name in takes:
            self._taken[name] |= hit
        return entries

    def _change(self, kind: FaultKind, hit: Hit) -> tuple[Hit, pa.RecordBatch]:
        rows = self._rows.filter(pa.array(hit))
        ((name, value),) = kind.values.items()
        new = value(rows, self._context)
        # What would be changed into what it is already, such as a price of zero into minus zero, is not hit.
        differs = pc.fill_null(pc.not_equal(rows.column(name), new), pa.scalar(True))  # noqa: FBT003 - Arrow's way
        rows, new = rows.filter(differs), new.filter(differs)
        hit[np.flatnonzero(hit)] = differs.to_numpy(zero_copy_only=False)
        column = self._changed.get(name, self._rows.column(name))
        self._changed[name] = pc.replace_with_mask(column, pa.array(hit), new)
        return hit, _entries(kind, rows, name, rows.column(name).cast(pa.string()), new.cast(pa.string()))

    def _repeat(self, kind: FaultKind, hit: Hit) -> tuple[Hit, pa.RecordBatch]:
        rows = self._rows.filter(pa.array(hit))
        second = _with(rows, {name: value(rows, self._context) for name, value in kind.values.items()})
        self._second.append(second)
        self._place.append(np.flatnonzero(hit))
        return hit, _entries(kind, rows, new=_as_text(second))

    def _remove(self, kind: FaultKind, hit: Hit) -> tuple[Hit, pa.RecordBatch]:
        rows = self._rows.filter(pa.array(hit))
        self._is_left &= ~hit
        return hit, _entries(kind, rows, old=_as_text(rows))

    def dirty(self) -> pa.RecordBatch:
        """The rows with the faults in them, in their order, the second of two behind the first."""
        rows = _with(self._rows, self._changed)
        if not self._second:
            return rows.filter(pa.array(self._is_left))
        all_rows = pa.Table.from_batches([rows, *self._second]).combine_chunks().to_batches()[0]
        place = np.concatenate(self._place)
        order = np.argsort(place, kind="stable")
        return all_rows.take(pa.array(order[self._is_left[place[order]]]))


def _returns(kind: FaultKind, share: float, scenario: Scenario) -> Iterator[tuple[Batch, list[pa.RecordBatch]]]:
    """Sessions of companies that have churned, a batch a month and block."""
    for month, block, churned in simulate_churned(scenario):
        company_id = churned + block.first_company
        drawn = keyed_draw(scenario.seed, Purpose.FAULT, kind.number, company_id * MAX_MONTHS + month)
        hit = drawn < share
        begins, ends = scenario.first_instant(month), scenario.first_instant(month + 1)
        created_at = begins + uniform_integers(drawn[hit] / share, float(ends - begins))
        rows = pa.RecordBatch.from_arrays(
            [
                pa.array(-_never_simulated(scenario, month, block, churned[hit])),
                pa.array(company_id[hit]),
                pa.array(created_at).view(TIMESTAMP),
            ],
            schema=with_nulls(SESSIONS.columns),
        )
        if rows.num_rows:
            yield Batch(rows, scenario.periods[month]), [_entries(kind, rows, new=_as_text(rows))]


def _never_simulated(scenario: Scenario, month: int, block: Block, companies: NDArray[np.int64]) -> NDArray[np.int64]:
    """An id for a session of each of these companies of a block, in a month, that no simulated session has."""
    if any(scenario.acquired_companies[1:]):
        # A block's month has an id for each session that its companies can have, and one for each company after these.
        return first_session_id(month, block.number) + BLOCK_COMPANIES * MAX_SESSIONS_PER_COMPANY + companies
    return first_session_id(month, FIRST_COHORT_BLOCKS) + block.first_company + companies  # a block without companies


def _month(batch: Batch, scenario: Scenario) -> int:
    """The month that a batch was simulated for, counted from 0; where none is named, it is the first."""
    first, period = scenario.first_month, batch.period or scenario.first_month
    return (period.year - first.year) * 12 + period.month - first.month


def _row_keys(rows: pa.RecordBatch, context: FaultContext, key: Sequence[str]) -> NDArray[np.int64]:
    """A number for each row, from the columns of its key: ids, months, and sizes by their place in the scenario."""
    numbers = np.zeros(rows.num_rows, np.int64)
    for name in key:
        column = rows.column(name)
        if column.type == pa.string():
            place = pc.index_in(column, pa.array([size.name for size in context.scenario.sizes]))
            numbers = numbers * MAX_SIZES + place.to_numpy()
        elif column.type == pa.date32():
            place = pc.index_in(column, pa.array(context.scenario.periods))
            numbers = numbers * MAX_MONTHS + place.to_numpy()
        else:
            numbers = column.to_numpy()
    return numbers


def _with(rows: pa.RecordBatch, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """The rows with these columns in place of their own; any may have nulls."""
    arrays = [columns.get(name, rows.column(name)) for name in rows.schema.names]
    return pa.RecordBatch.from_arrays(arrays, schema=with_nulls(rows.schema))


def _as_text(rows: pa.RecordBatch) -> pa.Array:
    """Each row as `column=value, column=value`."""
    values = [pc.fill_null(column.cast(pa.string()), "null") for column in rows.columns]
    named = [
        pc.binary_join_element_wise(name, value, "=") for name, value in zip(rows.schema.names, values, strict=True)
    ]
    return pc.binary_join_element_wise(*named, ", ")


def _entries(
    kind: FaultKind,
    rows: pa.RecordBatch,
    column: str | None = None,
    old: pa.Array | None = None,
    new: pa.Array | None = None,
) -> pa.RecordBatch:
    """What was done to these rows, without the numbers of the entries."""
    number = rows.num_rows
    nothing = pa.nulls(number, pa.string())
    arrays = [
        pa.nulls(number, pa.int64()),
        pa.repeat(kind.table.full_name, number),
        pc.binary_join_element_wise(*(rows.column(name).cast(pa.string()) for name in kind.table.primary_key), ", "),
        pa.repeat(kind.name, number),
        pa.repeat(pa.scalar(column, pa.string()), number),
        nothing if old is None else old,
        nothing if new is None else new,
    ]
    return pa.RecordBatch.from_arrays(arrays, names=INJECTED_FAULTS.columns.names)


def numbered(entries: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The rows of `INJECTED_FAULTS`, with their numbers from 1 on."""
    first = 1
    for batch in entries:
        numbers = pa.array(np.arange(first, first + batch.num_rows))
        yield pa.RecordBatch.from_arrays([numbers, *batch.columns[1:]], schema=INJECTED_FAULTS.columns)
        first += batch.num_rows
