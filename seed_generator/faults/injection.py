"""Dirty data on demand: faults put into the simulated tables, and the list of all that were.

Every draw belongs to a row's key and a kind of fault, so that a row that is not hit stays as it is, whatever else is
asked for.
"""

import difflib
import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seed_generator.errors import InvalidValueError
from seed_generator.faults.kinds import FAULT_KINDS, Effect, FaultContext, FaultKind
from seed_generator.scenario import MAX_COMPANIES, MAX_MONTHS, Scenario
from seed_generator.schemas import INJECTED_FAULTS, SESSIONS, TIMESTAMP, Batch, TableSchema, with_nulls
from seed_generator.simulation.counts import simulate_churned
from seed_generator.simulation.portion import BLOCK_COMPANIES
from seed_generator.simulation.sessions import first_session_id
from seed_generator.simulation.streams import Purpose, keyed_draw
from seed_generator.toml_file import read_toml
from seed_generator.validation import finite_number

# A block that no company is in, for the ids of sessions that were never simulated.
_NO_BLOCK = -(-MAX_COMPANIES // BLOCK_COMPANIES)


@dataclass(frozen=True)
class Faults:
    """Which kinds of faults are asked for: each with the chance, above 0 and up to 1, that a row is hit.

    Raises
    ------
    InvalidValueError : naming the kind or its chance.
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
    returning = [kind for kind in kinds if kind.effect is Effect.RETURN]
    clean: Iterable[tuple[Batch, list[pa.RecordBatch]]] = ((batch, []) for batch in batches)
    for kind in returning:
        clean = heapq.merge(clean, _returns(kind, kinds[kind], scenario), key=lambda pair: _month(pair[0], scenario))
    for batch, entries in clean:
        context = FaultContext(scenario, _month(batch, scenario))
        dirty = _with(batch.rows, {})
        for kind in (kind for kind in kinds if kind.effect is not Effect.RETURN):
            dirty, entry = _inject(kind, kinds[kind], dirty, context)
            entries.append(entry)
        yield Batch(dirty, batch.period), entries


def _inject(
    kind: FaultKind, share: float, batch: pa.RecordBatch, context: FaultContext
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    keys = kind.keys(batch, context) if kind.keys else _row_keys(kind.table, batch, context)
    hit = keyed_draw(context.scenario.seed, Purpose.FAULT, kind.number, keys) < share
    # Without its key a row can't be told from others, and an earlier fault may have taken that.
    hit &= batch.column(0).is_valid().to_numpy(zero_copy_only=False)
    rows = batch.filter(pa.array(hit))
    values = {name: value(rows, context) for name, value in kind.values.items()}
    if kind.effect is Effect.REMOVE:
        return batch.filter(pa.array(~hit)), _entries(kind, rows, old=_as_text(rows))
    if kind.effect is Effect.REPEAT:
        second = _with(rows, values)
        both = pa.Table.from_batches([batch, second]).combine_chunks().to_batches()[0]
        order = np.argsort(np.concatenate([np.arange(len(hit)), np.flatnonzero(hit)]), kind="stable")
        return both.take(pa.array(order)), _entries(kind, rows, new=_as_text(second))
    ((name, new),) = values.items()
    # What would be changed into what it is already, such as a price of zero into minus zero, is not hit.
    changes = pc.fill_null(pc.not_equal(rows.column(name), new), pa.scalar(True))  # noqa: FBT003 - Arrow's way
    rows, new = rows.filter(changes), new.filter(changes)
    hit[np.flatnonzero(hit)] = changes.to_numpy(zero_copy_only=False)
    column = pc.replace_with_mask(batch.column(name), pa.array(hit), new)
    entries = _entries(kind, rows, name, rows.column(name).cast(pa.string()), new.cast(pa.string()))
    return _with(batch, {name: column}), entries


def _returns(kind: FaultKind, share: float, scenario: Scenario) -> Iterator[tuple[Batch, list[pa.RecordBatch]]]:
    """Sessions of companies that have churned, a batch a month and block."""
    for month, churned in simulate_churned(scenario):
        drawn = keyed_draw(scenario.seed, Purpose.FAULT, kind.number, churned * MAX_MONTHS + month)
        hit = drawn < share
        begins, ends = scenario.first_instant(month), scenario.first_instant(month + 1)
        created_at = begins + (drawn[hit] / share * (ends - begins)).astype(np.int64)
        rows = pa.RecordBatch.from_arrays(
            [
                pa.array(-(first_session_id(month, _NO_BLOCK) + churned[hit])),
                pa.array(churned[hit]),
                pa.array(np.minimum(created_at, ends - 1)).view(TIMESTAMP),
            ],
            schema=SESSIONS.columns,
        )
        if rows.num_rows:
            yield Batch(rows, scenario.periods[month]), [_entries(kind, rows, new=_as_text(rows))]


def _month(batch: Batch, scenario: Scenario) -> int:
    """The month that a batch was simulated for, counted from 0; companies and plans are of the first."""
    first, period = scenario.first_month, batch.period or scenario.first_month
    return (period.year - first.year) * 12 + period.month - first.month


def _row_keys(table: TableSchema, batch: pa.RecordBatch, context: FaultContext) -> NDArray[np.int64]:
    """A number for each row: its id, or the place of its size in the scenario."""
    column = batch.column(table.primary_key[0])
    if column.type == pa.string():
        column = pc.index_in(column, pa.array([size.name for size in context.scenario.sizes])).cast(pa.int64())
    keys: NDArray[np.int64] = column.fill_null(0).to_numpy(zero_copy_only=False)
    return keys


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
        rows.column(kind.table.primary_key[0]).cast(pa.string()),
        pa.repeat(kind.name, number),
        nothing if column is None else pa.repeat(column, number),
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
