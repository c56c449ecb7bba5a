"""The subscription metrics of a target that dbt has built."""

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from seed_generator.marts.reading import read_marts
from seed_generator.profiles import read_target


@dataclass(frozen=True)
class SubscriptionMetrics:
    """What a SaaS company tells of its subscriptions, as tables.

    Parameters
    ----------
    report : `marts.rpt_subscription_metrics`, a row a month (`period` date32) and size (`company_size` text), and one
        for `all`: `opening_mrr`, the movements from `new_mrr` to `moved_out_mrr`, `closing_mrr`, how many companies
        moved; `net_revenue_retention_1m`, `gross_revenue_retention_1m`, the same of twelve months (`_12m`) and the
        amounts they are ratios of; `quick_ratio`, `avg_revenue_per_company`, `revenue_churn_rate`, `lifetime_value`.
    cohorts : `marts.fct_cohorts`, a row a month of acquisition (`cohort_period`), size at acquisition and month.
    survival : `marts.fct_survival`, a row a size at acquisition and age in months (`age_months`).

    Companies are int64, rates and amounts decimals, in dollars; a rate is null where its denominator is 0.

    Examples
    --------
    >>> from saas_kpis import subscription_metrics
    >>> found = subscription_metrics("duckdb")
    >>> [table.num_rows for table in (found.report, found.cohorts, found.survival)]
    [36, 24, 24]
    """

    report: pa.Table
    cohorts: pa.Table
    survival: pa.Table


def subscription_metrics(
    target: str | None = None, *, profiles_dir: str | os.PathLike[str] | None = None
) -> SubscriptionMetrics:
    """Read MRR, its movements and what follows from them in a target, as `dbt build` left them; nothing is built.

    Parameters
    ----------
    target : of `profiles.yml`, by its name; None for the profile's own.
    profiles_dir : where `profiles.yml` is; None for where dbt looks.

    Returns
    -------
    SubscriptionMetrics : three Arrow tables.

    Raises
    ------
    InputError : there is no such target, or it has no such marts yet.
    EnvironmentFailure : the surroundings say no: a server, a lock.

    Examples
    --------
    >>> from saas_kpis import subscription_metrics
    >>> subscription_metrics("duckdb").report["closing_mrr"].to_pylist()[:3]
    [Decimal('20957.00'), Decimal('15048.00'), Decimal('5909.00')]
    """
    chosen = read_target(target, Path(profiles_dir) if profiles_dir else None)
    return SubscriptionMetrics(*read_marts(chosen, ("rpt_subscription_metrics", "fct_cohorts", "fct_survival")))
