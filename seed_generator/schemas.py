"""The contract of the tables that the simulator fills: names, columns, types, keys, and the order of loading."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import pyarrow as pa

RAW = "raw"
TRUTH = "truth"


@dataclass(frozen=True, eq=False)  # a table is the same as itself only, and can be the key of a dict
class TableSchema:
    """A table.

    Parameters
    ----------
    schema, name : where it stands.
    columns : their names and Arrow types, and whether they may be null.
    primary_key : its columns.
    foreign_keys : column -> the table whose one-column primary key it points to.
    clustered_by : the column whose order the rows keep; worth a block range index where there are such.
    """

    schema: str
    name: str
    columns: pa.Schema
    primary_key: tuple[str, ...]
    foreign_keys: dict[str, "TableSchema"] = field(default_factory=dict)
    clustered_by: str | None = None

    @property
    def full_name(self) -> str:
        """`schema.name`, as it is told to people."""
        return f"{self.schema}.{self.name}"


class Batch(NamedTuple):
    """Rows of a table, and the month that they were simulated for where a table's rows come month by month."""

    rows: pa.RecordBatch
    period: date | None = None


def _columns(**types: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, type_, nullable=False) for name, type_ in types.items()])


def with_nulls(columns: pa.Schema, *names: str) -> pa.Schema:
    """The columns, of which those with these names may be null; all of them where no name is given."""
    return pa.schema([column.with_nullable(not names or column.name in names) for column in columns])


TIMESTAMP = pa.timestamp("us")  # UTC, without a zone
EXPECTED = pa.decimal128(28, 8)  # wide enough for money, fine enough for rates

PLANS = TableSchema(
    RAW,
    "plans",
    _columns(company_size=pa.string(), monthly_price=pa.decimal128(10, 2)),
    primary_key=("company_size",),
)
COMPANIES = TableSchema(
    RAW,
    "companies",
    _columns(company_id=pa.int64(), company_name=pa.string(), company_size=pa.string(), created_at=TIMESTAMP),
    primary_key=("company_id",),
    foreign_keys={"company_size": PLANS},
)
PLAN_CHANGES = TableSchema(
    RAW,
    "plan_changes",
    _columns(company_id=pa.int64(), period=pa.date32(), company_size=pa.string()),
    primary_key=("company_id", "period"),
    foreign_keys={"company_id": COMPANIES, "company_size": PLANS},
)
PRICE_CHANGES = TableSchema(
    RAW,
    "price_changes",
    _columns(period=pa.date32(), company_size=pa.string(), monthly_price=pa.decimal128(10, 2)),
    primary_key=("period", "company_size"),
    foreign_keys={"company_size": PLANS},
)
SESSIONS = TableSchema(
    RAW,
    "sessions",
    _columns(session_id=pa.int64(), company_id=pa.int64(), created_at=TIMESTAMP),
    primary_key=("session_id",),
    foreign_keys={"company_id": COMPANIES},
    clustered_by="created_at",
)
MONTHLY_KPIS = TableSchema(
    TRUTH,
    "monthly_kpis",
    _columns(
        period=pa.date32(),
        company_size=pa.string(),
        acquired_companies=pa.int64(),
        opening_companies=pa.int64(),
        churned_companies=pa.int64(),
        active_companies=pa.int64(),
        sessions=pa.int64(),
        monthly_price=pa.decimal128(10, 2),
        revenue=pa.decimal128(18, 2),
        newly_acquired_companies=pa.int64(),
        kept_companies=pa.int64(),
        returned_companies=pa.int64(),
        moved_in_companies=pa.int64(),
        moved_out_companies=pa.int64(),
        active_of_acquired_companies=pa.int64(),
    ),
    primary_key=("period", "company_size"),
)
MRR_MOVEMENTS = TableSchema(
    TRUTH,
    "mrr_movements",
    _columns(
        period=pa.date32(),
        company_size=pa.string(),
        opening_mrr=pa.decimal128(18, 2),
        new_mrr=pa.decimal128(18, 2),
        reactivation_mrr=pa.decimal128(18, 2),
        expansion_mrr=pa.decimal128(18, 2),
        contraction_mrr=pa.decimal128(18, 2),
        churned_mrr=pa.decimal128(18, 2),
        moved_in_mrr=pa.decimal128(18, 2),
        moved_out_mrr=pa.decimal128(18, 2),
        closing_mrr=pa.decimal128(18, 2),
        new_paying_companies=pa.int64(),
        reactivated_companies=pa.int64(),
        expanded_companies=pa.int64(),
        contracted_companies=pa.int64(),
        lost_paying_companies=pa.int64(),
    ),
    primary_key=("period", "company_size"),
)
EXPECTED_KPIS = TableSchema(
    TRUTH,
    "expected_kpis",
    with_nulls(
        _columns(
            period=pa.date32(),
            company_size=pa.string(),
            kpi=pa.string(),
            expected=EXPECTED,
            standard_deviation=EXPECTED,
            lower_95=EXPECTED,
            upper_95=EXPECTED,
            lowest_plausible=EXPECTED,
            highest_plausible=EXPECTED,
        ),
        "standard_deviation",
    ),
    primary_key=("period", "company_size", "kpi"),
)
INJECTED_FAULTS = TableSchema(
    TRUTH,
    "injected_faults",
    with_nulls(
        _columns(
            fault_id=pa.int64(),
            table_name=pa.string(),
            row_key=pa.string(),
            kind=pa.string(),
            column_name=pa.string(),
            old_value=pa.string(),
            new_value=pa.string(),
        ),
        *("column_name", "old_value", "new_value"),
    ),
    primary_key=("fault_id",),
)
SIMULATION = TableSchema(
    RAW,
    "simulation",
    _columns(
        seed=pa.int64(),
        companies=pa.int64(),
        first_month=pa.date32(),
        months=pa.int64(),
        stream_version=pa.int64(),
        scenario=pa.string(),
        faults=pa.string(),
    ),
    primary_key=("seed",),
)

LOADED_MONTHS = TableSchema(
    RAW,
    "loaded_months",
    _columns(period=pa.date32(), loaded_at=TIMESTAMP),
    primary_key=("period",),
)

# What a simulation says of itself: the same one fills these with the same rows, whenever and in however many loads.
REPRODUCIBLE = (
    PLANS,
    PRICE_CHANGES,
    COMPANIES,
    PLAN_CHANGES,
    SESSIONS,
    MONTHLY_KPIS,
    MRR_MOVEMENTS,
    EXPECTED_KPIS,
    INJECTED_FAULTS,
    SIMULATION,
)
# Parents before children; the books and the description of the simulation last, when all rows are known.
TABLES = (*REPRODUCIBLE, LOADED_MONTHS)
