"""The page of faults: what each kind of fault does, which tests see it, and the error that each KPI would have had."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from seed_generator import schemas
from seed_generator.faults.kinds import FAULT_KINDS
from warehouses import PROJECT
from wrong_definitions import scenario_file

PAGE = PROJECT / "docs" / "proof" / "faults.md"
LIFE_FILE = scenario_file("life")
KPIS = {
    "active_companies": "active companies",
    "retention_rate": "retention",
    "avg_sessions_per_company": "sessions per company",
    "revenue": "revenue",
}
Totals = Mapping[date, Mapping[str, Any]]
Shares = Mapping[schemas.TableSchema, Decimal]
SHARES = {
    schemas.SESSIONS: Decimal("0.01"),
    schemas.COMPANIES: Decimal("0.01"),
    schemas.PLANS: Decimal(1),
    schemas.PLAN_CHANGES: Decimal("0.1"),
    schemas.PRICE_CHANGES: Decimal(1),
}
# There are fewer companies.
SHARES_IN_A_LIFE = {**SHARES, schemas.COMPANIES: Decimal("0.05")}
# Some month has to be hit; and no company may lose its only session of a month, which would be seen in the rows.
OTHER_SHARES = {"deleted_months": Decimal("0.1"), "deleted_sessions": Decimal("0.001")}


@dataclass(frozen=True)
class Outcome:
    """What a kind of fault led to.

    Parameters
    ----------
    share : of rows that were hit.
    fired : the tests that `dbt build` saw fail.
    replaced : the marts that it replaced.
    right : the rows of all sizes, by month, as they are in the marts of a load without faults.
    totals : those in the marts that were built regardless.
    """

    share: Decimal
    fired: Sequence[str]
    replaced: Collection[str]
    right: Totals
    totals: Totals

    @property
    def stopped(self) -> bool:
        """Whether the build ended before a mart was replaced."""
        return not self.replaced


def share_of(kind: str, shares: Shares) -> Decimal:
    """How many of the rows that a kind is about are hit."""
    return OTHER_SHARES.get(kind, shares[FAULT_KINDS[kind].table])


def render(outcomes: Mapping[str, Outcome]) -> str:
    """The page."""
    life = f"../../{LIFE_FILE.relative_to(PROJECT)}"
    lines = INTRODUCTION.format(count=len(outcomes), life=life).splitlines()
    lines += ["", "## What a row becomes", "", "| kind | rows of | a row that is hit … |", "| --- | --- | --- |"]
    lines += [f"| `{kind.name}` | `{kind.table.full_name}` | {kind.meaning} |" for kind in FAULT_KINDS.values()]
    lines += ["", *ERRORS.format(life=life).splitlines(), "", f"| fault | {' | '.join(KPIS.values())} | the build |"]
    lines += ["| --- |" + " ---: |" * len(KPIS) + " --- |"]
    for kind, outcome in outcomes.items():
        errors = [_largest_error(kpi, outcome.right, outcome.totals) for kpi in KPIS]
        build = "stops before the marts" if outcome.stopped else "turns red behind them"
        lines.append(f"| `{kind}={outcome.share}` | {' | '.join(errors)} | {build} |")
    lines += ["", *TESTS.splitlines(), "", "| fault | tests |", "| --- | --- |"]
    lines += [
        f"| `{kind}={outcome.share}` | {'<br>'.join(f'`{test}`' for test in outcome.fired)} |"
        for kind, outcome in outcomes.items()
    ]
    return "\n".join(lines) + "\n"


def _largest_error(kpi: str, clean: Totals, dirty: Totals) -> str:
    """Of all months, that of the largest: in per cent, for a rate in percentage points."""
    if not dirty:
        return "no rows"
    if any(row[kpi] is None for row in dirty.values()):
        return "null"
    errors = [
        (dirty[period][kpi] - right[kpi]) * 100 / (1 if kpi == "retention_rate" else right[kpi])
        for period, right in clean.items()
    ]
    largest = max(errors, key=abs)
    if not largest:
        return "right"
    return f"{largest:+,.1f} {'points' if kpi == 'retention_rate' else '%'}"


INTRODUCTION = """\
# Faults

`python -m seed_generator --fault KIND=SHARE` puts faults into the raw tables that it loads, for people who test or
teach data quality. There are {count} kinds. Each row is hit with the chance `SHARE`, above 0 and up to 1, on its own
and always the same for a seed; `deleted_company_months` and `deleted_months` hit all sessions of a company's month or
of a month together. `--fault` can be repeated, and `--faults FILE.toml` takes a file of lines such as
`duplicate_sessions = 0.01`.

```console
$ python -m seed_generator --fault duplicate_sessions=0.01
$ dbt build
```

What was done stands in `truth.injected_faults`, a row for each fault: table, key of the row (of two columns as
`17, 2021-03-01`), kind, column, old and new value. Rows that are not hit are those of a load without faults, and the
books in `truth.monthly_kpis` stay right: so the error of every KPI is known too. `raw.simulation` says in `faults` what
was asked for.

Kinds can be asked for together. What is listed is there all the same: an old value is that of a load without faults, a
new value is what the table holds. So where two kinds would hit the same row, the first of the table below comes before
the second, and one that takes rows away before any other; the second then hits the row only if both can be seen in it,
which is so where they change different columns and none of the key. A row that is missing or stands twice has no
other fault.

On PostgreSQL a load with faults has no primary and foreign keys, and no `not null` in the tables that were asked to be
dirty; the next load without faults has them again.

`raw.plan_changes` and `raw.price_changes` have rows only in a scenario in which plans and prices change: elsewhere
their kinds hit nothing.

This page is made by `tests/python/proof/test_faults.py`, which loads each kind into the default simulation, those of
changes into [a life]({life}), and runs `dbt build`. Make it again with

```console
$ UPDATE_PAGES=1 .venv/bin/python -m pytest tests/python/proof/test_faults.py
```"""
ERRORS = """\
## The error that each KPI would have had

The largest error of any month in the row `all` of `marts.rpt_monthly_kpis`, had nobody tested. A build that stops
leaves the marts of the build before as they are. What no look at the rows can tell from a right simulation only the
books show: then the marts are built, and the build turns red. The kinds of `raw.plan_changes` and `raw.price_changes`
are measured in [a life]({life}), all others in the default simulation.

With `[reactivation]` companies may come back, and `assert_nobody_comes_back_where_nobody_can` has nothing to say. A
kind that no other test sees before the marts, such as `sessions_after_churn`, then turns the build red behind them."""
TESTS = """\
## The tests that see it

Those that fail in `dbt build`. Where it stops, tests of the marts that were not built do not run."""
