"""The movements of MRR: which there are, and what they add up to over months."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reporting.kpis import Column
from reporting.rows import MonthlyKpis
from reporting.units import MONEY
from seed_generator.scenario import ALL_SIZES


@dataclass(frozen=True)
class Movement(Column):
    """A column of `rpt_subscription_metrics` with an amount that comes or goes.

    Parameters
    ----------
    did : what caused it, as the beginning of `new customers brought $12`.
    is_loss : whether its amounts are negative.
    is_between_sizes : whether what one size loses by it another one gains.
    """

    did: str
    is_loss: bool = False
    is_between_sizes: bool = False


# In the order of the mart.
MOVEMENTS = (
    Movement("new_mrr", "New", MONEY, did="new customers brought"),
    Movement("reactivation_mrr", "Reactivation", MONEY, did="returning customers brought"),
    Movement("expansion_mrr", "Expansion", MONEY, did="upgrades and price rises brought"),
    Movement("contraction_mrr", "Contraction", MONEY, did="downgrades and price cuts took", is_loss=True),
    Movement("churned_mrr", "Churned", MONEY, did="churn took", is_loss=True),
    Movement("moved_in_mrr", "Moved in", MONEY, did="customers of other sizes brought", is_between_sizes=True),
    Movement(
        "moved_out_mrr",
        "Moved out",
        MONEY,
        did="customers that changed to other sizes took",
        is_loss=True,
        is_between_sizes=True,
    ),
)
CLOSING_MRR = Column("closing_mrr", "Closing MRR", MONEY)
REVENUE_PER_COMPANY = Column("avg_revenue_per_company", "Revenue per company", MONEY)


def summed(metrics: Sequence[MonthlyKpis], after: date) -> Mapping[str, Decimal]:
    """The sum of each movement over the months after one.

    Parameters
    ----------
    metrics : rows of the subscription metrics, of one size.
    """
    rows = [row for row in metrics if row.period > after]
    return {one.name: sum((Decimal(row.figures[one.name] or 0) for row in rows), Decimal(0)) for one in MOVEMENTS}


def has_only_churn(metrics: Sequence[MonthlyKpis], customers: Sequence[MonthlyKpis]) -> bool:
    """Whether no company came after the first month, came back or changed what it pays.

    Parameters
    ----------
    metrics : rows of the subscription metrics, by period; those of all sizes are among them.
    customers : rows of `rpt_monthly_kpis`, the same.
    """
    return not any(
        row.figures[name]
        for rows, names in ((metrics, _OTHER_MOVEMENTS), (customers, _OTHER_CUSTOMERS))
        for row in rows
        if row.company_size == ALL_SIZES
        for name in names
        if row.period > rows[0].period or name not in _OF_THE_FIRST_MONTH
    )


_OTHER_MOVEMENTS = tuple(one.name for one in MOVEMENTS if one.name != "churned_mrr")
_OTHER_CUSTOMERS = ("newly_acquired_companies", "returned_companies")
_OF_THE_FIRST_MONTH = {"new_mrr", "newly_acquired_companies"}
