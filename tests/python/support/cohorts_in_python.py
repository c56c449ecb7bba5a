"""Cohorts and survival once more, company by company in plain Python: the part of `kpis_in_python` that is theirs."""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kpis_in_python import Company, Prices

Mart = dict[tuple[Any, ...], dict[str, Any]]


def cohorts(companies: Collection["Company"], periods: Sequence[date], prices: "Prices") -> Mart:
    """The companies of each month and size of acquisition, in each month since then."""
    cells: Mart = {}
    for acquired, size in {(company.acquired, company.first_size) for company in companies}:
        cohort = [company for company in companies if (company.acquired, company.first_size) == (acquired, size)]
        paid = Decimal("0.00")
        for age, period in enumerate(periods[periods.index(acquired) :]):
            active = [company for company in cohort if company.is_active(period)]
            revenue = sum((company.pays(period, prices) for company in active), Decimal("0.00"))
            paid += revenue
            cells[acquired, size, period] = {
                "age_months": age,
                "acquired_companies": len(cohort),
                "active_companies": len(active),
                "cohort_retention_rate": _decimal(Fraction(len(active), len(cohort))),
                "revenue": revenue,
                "cumulative_revenue": paid,
            }
    return cells


def survival(companies: Collection["Company"], periods: Sequence[date]) -> Mart:
    """How many companies reach each age, and what becomes of them there, as Kaplan and Meier count it."""
    ages: Mart = {}
    for size in {company.first_size for company in companies}:
        histories = [_months(company, periods) for company in companies if company.first_size == size]
        rate = Fraction(1)
        for age in range(len(periods)):
            # Active in each of the first months, as many as the age, and seen in the one after them.
            at_risk = [history for history in histories if len(history) > age and all(history[:age])]
            if not at_risk:
                break
            churned = sum(not history[age] for history in at_risk)
            rate *= 1 - Fraction(churned, len(at_risk))
            ages[size, age] = {
                "companies_at_risk": len(at_risk),
                "churned_companies": churned,
                "censored_companies": sum(history[age] and len(history) == age + 1 for history in at_risk),
                "survival_rate": _decimal(rate),
            }
    return ages


def _months(company: "Company", periods: Sequence[date]) -> list[bool]:
    """Whether a company was active, in each month from its acquisition to the last one."""
    return [company.is_active(period) for period in periods if period >= company.acquired]


def _decimal(fraction: Fraction) -> Decimal:
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)
