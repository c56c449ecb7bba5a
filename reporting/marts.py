"""Building and reading the marts through dbt itself, so that whatever target can be built can be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult

from seed_generator.errors import EnvironmentFailure

_QUERY = "select * from {{ ref('rpt_monthly_kpis') }} order by period, monthly_price nulls last, company_size"
_SILENTLY = ("--quiet", "--log-level", "none")


class MartsError(EnvironmentFailure):
    """dbt could not build or read the marts, in its own words."""


@dataclass(frozen=True)
class MonthlyKpis:
    """What is shown of a row of `rpt_monthly_kpis`, of a size or of `all`. What has no denominator is None."""

    period: date
    company_size: str
    active_companies: int
    retention_rate: Decimal | None
    avg_sessions_per_company: Decimal | None
    revenue: Decimal


def build_marts(target: Sequence[str]) -> None:
    """Build and test everything, with dbt's output as it is.

    `target` is empty or dbt's own option, `("--target", name)`.

    Raises
    ------
    MartsError : something is not green.
    """
    if not dbtRunner().invoke(["build", *target]).success:
        raise MartsError("dbt build was not green; what it printed says why.")


def read_monthly_kpis(target: Sequence[str]) -> list[MonthlyKpis]:
    """All rows of the wide mart: by period, the cheapest size first, the total last.

    Raises
    ------
    MartsError : there is no such mart yet, or its place can't be reached.
    """
    result = dbtRunner().invoke([*_SILENTLY, "show", "--inline", _QUERY, "--limit", "-1", *target])
    table = result.result.results[0].agate_table if isinstance(result.result, RunExecutionResult) else None
    if not result.success or table is None:
        raise MartsError(f"the marts can't be read; has dbt build made them? ({_reason(result)})")
    return [MonthlyKpis(**{name: row[name] for name in MonthlyKpis.__dataclass_fields__}) for row in table.rows]


def _reason(result: dbtRunnerResult) -> str:
    message = result.result.results[0].message if isinstance(result.result, RunExecutionResult) else None
    return " ".join(str(result.exception or message or "dbt gave no reason").split())
