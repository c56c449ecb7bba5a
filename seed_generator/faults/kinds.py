"""The kinds of faults that dirty data can have: whose rows they hit, and what becomes of such a row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seed_generator.scenario import MAX_COMPANIES, MAX_MONTHS, Scenario
from seed_generator.schemas import COMPANIES, PLAN_CHANGES, PLANS, PRICE_CHANGES, SESSIONS, TIMESTAMP, TableSchema
from seed_generator.validation import MAX_PRICE

_A_LITTLE = 3_000_000  # microseconds
_NO_SIZE = "n/a"  # what no scenario can call a size
_A_DOLLAR = Decimal(1)


@dataclass(frozen=True)
class FaultContext:
    """What a fault may depend on beside its row: the scenario and the month, counted from 0."""

    scenario: Scenario
    month: int


class Effect(Enum):
    """What happens to a row that is hit; a return is a row of its own, for a company that has churned."""

    CHANGE = "change"
    REPEAT = "repeat"
    REMOVE = "remove"
    RETURN = "return"


Values = Callable[[pa.RecordBatch, FaultContext], pa.Array]
Keys = Callable[[pa.RecordBatch, FaultContext], NDArray[np.int64]]


@dataclass(frozen=True, eq=False)
class FaultKind:
    """A kind of fault.

    Parameters
    ----------
    number : its own for ever, because its draws depend on it.
    name : how it is asked for.
    table : whose rows it hits.
    effect : what happens to such a row.
    meaning : what becomes of it, for people, as the end of "the row …".
    values : the columns that a changed row, or the second of two, has anew, computed for all rows that are hit.
    keys : what is hit together, as whole numbers; by default every row alone.
    """

    number: int
    name: str
    table: TableSchema
    effect: Effect
    meaning: str
    values: Mapping[str, Values] = field(default_factory=dict)
    keys: Keys | None = None


def _null(column: str) -> Values:
    return lambda rows, _: pa.nulls(rows.num_rows, rows.column(column).type)


def _unknown_company(rows: pa.RecordBatch, _: FaultContext) -> pa.Array:
    """Ids of the first month end at `MAX_COMPANIES`, those of later ones begin after twice that."""
    ids = rows.column("company_id")
    beyond = pc.if_else(pc.greater(ids, MAX_COMPANIES), MAX_MONTHS * MAX_COMPANIES, MAX_COMPANIES)
    return pc.add(ids, beyond)


def _id_of_its_own(rows: pa.RecordBatch, _: FaultContext) -> pa.Array:
    return pc.negate(rows.column("session_id"))


def _a_little_later(rows: pa.RecordBatch, context: FaultContext) -> pa.Array:
    last = context.scenario.first_instant(context.month + 1) - 1
    later = pc.add(rows.column("created_at").cast(pa.int64()), _A_LITTLE)
    return pc.min_element_wise(later, last).cast(TIMESTAMP)


def _moved_to(month_of: Callable[[FaultContext], int]) -> Values:
    """As long after the beginning of another month, or its last instant where that is too short."""

    def moved(rows: pa.RecordBatch, context: FaultContext) -> pa.Array:
        month = month_of(context)
        begins, ends = (context.scenario.first_instant(number) for number in (month, month + 1))
        into = pc.subtract(rows.column("created_at").cast(pa.int64()), context.scenario.first_instant(context.month))
        return pc.min_element_wise(pc.add(into, begins), ends - 1).cast(TIMESTAMP)

    return moved


def _neighbour(context: FaultContext) -> int:
    return context.month + 1 if context.month + 1 < context.scenario.months else context.month - 1


def _end(rows: pa.RecordBatch, context: FaultContext) -> pa.Array:
    end = pa.scalar(context.scenario.first_instant(context.scenario.months), pa.int64())
    return pa.repeat(end, rows.num_rows).cast(TIMESTAMP)


def _company_months(rows: pa.RecordBatch, context: FaultContext) -> NDArray[np.int64]:
    ids: NDArray[np.int64] = rows.column("company_id").to_numpy()
    return ids * MAX_MONTHS + context.month


def _months(rows: pa.RecordBatch, context: FaultContext) -> NDArray[np.int64]:
    return np.full(rows.num_rows, context.month)


def _second_name(rows: pa.RecordBatch, _: FaultContext) -> pa.Array:
    return pc.binary_join_element_wise(rows.column("company_name"), "(2)", " ")


def _unknown_size(rows: pa.RecordBatch, _: FaultContext) -> pa.Array:
    return pa.repeat(_NO_SIZE, rows.num_rows)


def _upper_case(rows: pa.RecordBatch, _: FaultContext) -> pa.Array:
    return pc.utf8_upper(rows.column("company_size"))


def _with_a_blank(rows: pa.RecordBatch, _: FaultContext) -> pa.Array:
    return pc.binary_join_element_wise(rows.column("company_size"), "", " ")


def _next_size(rows: pa.RecordBatch, context: FaultContext) -> pa.Array:
    names = [size.name for size in context.scenario.sizes]
    following = pa.array([*names[1:], names[0]])
    return following.take(pc.index_in(rows.column("company_size"), pa.array(names)))


def _a_month_later(rows: pa.RecordBatch, context: FaultContext) -> pa.Array:
    created_at = rows.column("created_at").dictionary_encode()
    months = [context.scenario.periods.index(instant.date()) for instant in created_at.dictionary.to_pylist()]
    later = [context.scenario.first_instant(month + 1) for month in months]
    return pa.array(later, pa.int64()).cast(TIMESTAMP).take(created_at.indices)


def _prices(price: Callable[[Decimal], Decimal]) -> Values:
    return lambda rows, _: pa.array(
        [price(value) for value in rows.column("monthly_price").to_pylist()], rows.column("monthly_price").type
    )


def _price_of_the_next_size(rows: pa.RecordBatch, context: FaultContext) -> pa.Array:
    prices = {size.name: size.monthly_price for size in context.scenario.sizes}
    return pa.array([prices[name] for name in _next_size(rows, context).to_pylist()], rows.column("monthly_price").type)


def _dearer(price: Decimal) -> Decimal:
    return price + _A_DOLLAR if price + _A_DOLLAR <= MAX_PRICE else price - _A_DOLLAR


def _named(*kinds: FaultKind) -> dict[str, FaultKind]:
    return {kind.name: kind for kind in kinds}


# A number is never given to another kind: what a kind hits depends on it.
FAULT_KINDS = _named(
    FaultKind(1, "duplicate_sessions", SESSIONS, Effect.REPEAT, "stands twice"),
    FaultKind(
        *(2, "near_duplicate_sessions", SESSIONS, Effect.REPEAT, "comes again 3 seconds later, with another id"),
        {"session_id": _id_of_its_own, "created_at": _a_little_later},
    ),
    FaultKind(
        *(3, "orphan_sessions", SESSIONS, Effect.CHANGE, "is of a company that does not exist"),
        {"company_id": _unknown_company},
    ),
    FaultKind(
        *(4, "sessions_without_id", SESSIONS, Effect.CHANGE, "has no id"),
        {"session_id": _null("session_id")},
    ),
    FaultKind(
        *(5, "sessions_without_company", SESSIONS, Effect.CHANGE, "has no company"),
        {"company_id": _null("company_id")},
    ),
    FaultKind(
        *(6, "sessions_without_time", SESSIONS, Effect.CHANGE, "has no time"),
        {"created_at": _null("created_at")},
    ),
    FaultKind(
        *(7, "sessions_before_the_first_month", SESSIONS, Effect.CHANGE, "moves to the month before the first"),
        {"created_at": _moved_to(lambda _: -1)},
    ),
    FaultKind(
        *(8, "sessions_after_the_last_month", SESSIONS, Effect.CHANGE, "moves to the month after the last"),
        {"created_at": _moved_to(lambda context: context.scenario.months)},
    ),
    FaultKind(
        *(9, "sessions_at_the_end", SESSIONS, Effect.CHANGE, "moves to the instant that ends the last month"),
        {"created_at": _end},
    ),
    FaultKind(
        *(10, "sessions_in_the_wrong_month", SESSIONS, Effect.CHANGE, "moves to the next month, or from the last back"),
        {"created_at": _moved_to(_neighbour)},
    ),
    FaultKind(11, "sessions_after_churn", SESSIONS, Effect.RETURN, "a company that has churned has one in a month"),
    FaultKind(12, "deleted_sessions", SESSIONS, Effect.REMOVE, "is missing"),
    FaultKind(
        *(13, "deleted_company_months", SESSIONS, Effect.REMOVE, "is missing with all of its company's in the month"),
        keys=_company_months,
    ),
    FaultKind(
        *(14, "deleted_months", SESSIONS, Effect.REMOVE, "is missing with all of the month"),
        keys=_months,
    ),
    FaultKind(15, "duplicate_companies", COMPANIES, Effect.REPEAT, "stands twice"),
    FaultKind(16, "deleted_companies", COMPANIES, Effect.REMOVE, "is missing, though its sessions are not"),
    FaultKind(
        *(17, "added_companies", COMPANIES, Effect.REPEAT, "comes again with another id and name, and no sessions"),
        {"company_id": _unknown_company, "company_name": _second_name},
    ),
    FaultKind(
        *(18, "companies_without_size", COMPANIES, Effect.CHANGE, "has no size"),
        {"company_size": _null("company_size")},
    ),
    FaultKind(
        *(19, "companies_of_unknown_size", COMPANIES, Effect.CHANGE, f"has the size {_NO_SIZE}"),
        {"company_size": _unknown_size},
    ),
    FaultKind(
        *(20, "sizes_in_wrong_case", COMPANIES, Effect.CHANGE, "has its size in capitals"),
        {"company_size": _upper_case},
    ),
    FaultKind(
        *(21, "sizes_with_blanks", COMPANIES, Effect.CHANGE, "has a blank after its size"),
        {"company_size": _with_a_blank},
    ),
    FaultKind(
        *(22, "companies_of_wrong_size", COMPANIES, Effect.CHANGE, "has the size that comes next in the scenario"),
        {"company_size": _next_size},
    ),
    FaultKind(
        *(23, "changed_prices", PLANS, Effect.CHANGE, "costs a dollar more"),
        {"monthly_price": _prices(_dearer)},
    ),
    FaultKind(
        *(24, "swapped_prices", PLANS, Effect.CHANGE, "has the price of the size that comes next in the scenario"),
        {"monthly_price": _price_of_the_next_size},
    ),
    FaultKind(
        *(25, "negative_prices", PLANS, Effect.CHANGE, "has its price with a minus"),
        {"monthly_price": _prices(lambda price: -price)},
    ),
    FaultKind(
        *(26, "plans_without_price", PLANS, Effect.CHANGE, "has no price"),
        {"monthly_price": _null("monthly_price")},
    ),
    FaultKind(27, "duplicate_plans", PLANS, Effect.REPEAT, "stands twice"),
    FaultKind(28, "deleted_plans", PLANS, Effect.REMOVE, "is missing"),
    FaultKind(
        *(29, "orphan_plan_changes", PLAN_CHANGES, Effect.CHANGE, "is of a company that does not exist"),
        {"company_id": _unknown_company},
    ),
    FaultKind(
        *(30, "conflicting_plan_changes", PLAN_CHANGES, Effect.REPEAT, "comes again with the size that comes next"),
        {"company_size": _next_size},
    ),
    FaultKind(
        *(31, "price_changes_of_unknown_size", PRICE_CHANGES, Effect.CHANGE, f"has the size {_NO_SIZE}"),
        {"company_size": _unknown_size},
    ),
    FaultKind(
        *(32, "late_acquisitions", COMPANIES, Effect.CHANGE, "is acquired a month later, though its sessions are not"),
        {"created_at": _a_month_later},
    ),
)
