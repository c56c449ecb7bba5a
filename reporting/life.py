"""What the marts tell of a company whose customers come, return and change, beside its KPIs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from reporting.rows import MonthlyKpis


@dataclass(frozen=True)
class CohortMonth:
    """A row of `fct_cohorts`: how many of the companies acquired in a month were customers so many months later."""

    cohort_period: date
    age_months: int
    acquired_companies: int
    active_companies: int

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> "CohortMonth":
        """The row with these columns, among others."""
        age, acquired, active = (
            int(columns[name]) for name in ("age_months", "acquired_companies", "active_companies")
        )
        return cls(columns["cohort_period"], age, acquired, active)


@dataclass(frozen=True)
class SurvivalAge:
    """A row of `fct_survival`: how many companies of a size churned at an age, of how many that could have.

    Parameters
    ----------
    survival_rate : the share that had not churned after it.
    """

    company_size: str
    age_months: int
    companies_at_risk: int
    churned_companies: int
    survival_rate: Decimal

    @classmethod
    def of(cls, columns: Mapping[str, Any]) -> "SurvivalAge":
        """The row with these columns, among others."""
        age, at_risk, churned = (
            int(columns[name]) for name in ("age_months", "companies_at_risk", "churned_companies")
        )
        return cls(columns["company_size"], age, at_risk, churned, columns["survival_rate"])


@dataclass(frozen=True)
class Life:
    """Rows of four marts, of every month and size that they have.

    Parameters
    ----------
    metrics : of `rpt_subscription_metrics`, in the order of the page's rows.
    customers : of `rpt_monthly_kpis`, in the same order.
    """

    metrics: Sequence[MonthlyKpis]
    customers: Sequence[MonthlyKpis]
    cohorts: Sequence[CohortMonth]
    survival: Sequence[SurvivalAge]
