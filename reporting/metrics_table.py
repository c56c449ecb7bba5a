"""The subscription metrics as a table: those of the movements that there are, and what follows from them."""

from collections.abc import Sequence

from reporting.kpi_table import monthly_table
from reporting.kpis import Column
from reporting.movements import CLOSING_MRR, MOVEMENTS, REVENUE_PER_COMPANY
from reporting.rows import MonthlyKpis
from reporting.units import MEAN, MONEY, SHARE
from reporting.wording import Wording

_METRICS = (
    Column("opening_mrr", "Opening MRR", MONEY),
    *MOVEMENTS,
    CLOSING_MRR,
    Column("net_revenue_retention_1m", "Net retention, 1 month", SHARE),
    Column("gross_revenue_retention_1m", "Gross retention, 1 month", SHARE),
    Column("net_revenue_retention_12m", "Net retention, 12 months", SHARE),
    Column("gross_revenue_retention_12m", "Gross retention, 12 months", SHARE),
    Column("revenue_churn_rate", "Revenue churn", SHARE),
    Column("quick_ratio", "Quick ratio", MEAN),
    REVENUE_PER_COMPANY,
    Column("lifetime_value", "Lifetime value", MONEY),
)


def metrics_table(rows: Sequence[MonthlyKpis], wording: Wording, width: int) -> str:
    """The table as text, without the columns that have no figure but 0 in any month."""
    return monthly_table(rows, [wording.told(column) for column in _METRICS if any(map(column.of, rows))], width)
