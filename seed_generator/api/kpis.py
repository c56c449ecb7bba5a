"""The KPIs of a target that dbt has built."""

import os
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from seed_generator.marts.reading import read_marts
from seed_generator.profiles import read_target


@dataclass(frozen=True)
class Kpis:
    """The three KPIs, each as a table with a row a month and size: `period` date32, `company_size` text, and more.

    Parameters
    ----------
    usage : `marts.fct_monthly_usage`: `active_companies` and `sessions` int64, `avg_sessions_per_company`.
    retention : `marts.fct_retention`: `acquired_companies`, `opening_companies`, `churned_companies`,
        `active_companies`, `newly_acquired_companies`, `kept_companies`, `returned_companies`, `moved_in_companies`,
        `moved_out_companies` and `active_of_acquired_companies` int64; `retention_rate`, `churn_rate` and
        `cohort_retention_rate`.
    revenue : `marts.fct_revenue`: `active_companies` int64, `monthly_price` and `revenue` in dollars.

    Rates and amounts are decimals, and a rate is null where its denominator is 0.

    Examples
    --------
    >>> from saas_kpis import kpis
    >>> found = kpis("duckdb")
    >>> [table.num_rows for table in (found.usage, found.retention, found.revenue)]
    [24, 24, 24]
    """

    usage: pa.Table
    retention: pa.Table
    revenue: pa.Table


def kpis(target: str | None = None, *, profiles_dir: str | os.PathLike[str] | None = None) -> Kpis:
    """Read usage, retention and revenue from the marts of a target, as `dbt build` left them; nothing is built.

    Parameters
    ----------
    target : of `profiles.yml`, by its name; None for the profile's own.
    profiles_dir : where `profiles.yml` is; None for where dbt looks.

    Returns
    -------
    Kpis : three Arrow tables, by month and size.

    Raises
    ------
    InputError : there is no such target, or it has no such marts yet.
    EnvironmentFailure : the surroundings say no: a server, a lock.

    Examples
    --------
    >>> from saas_kpis import kpis
    >>> kpis("duckdb").revenue["revenue"].to_pylist()[:2]
    [Decimal('15048.00'), Decimal('5909.00')]
    """
    chosen = read_target(target, Path(profiles_dir) if profiles_dir else None)
    return Kpis(*read_marts(chosen, ("fct_monthly_usage", "fct_retention", "fct_revenue")))
