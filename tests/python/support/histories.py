"""What happens to a warehouse over time, load after load and build after build, and what its incremental models hold.

Expected is what the raw rows say at once, whatever was loaded before.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from lives import ALL_KINDS
from places import PREFIX, Place
from seed_generator.scenario import Scenario, add_months
from warehouses import PROJECT, Warehouse

MONTHS, COHORTS, STEPS, SESSIONS = "int_company_months", "int_cohort_months", "int_mrr_steps", "int_session_months"
MODELS = ("--select", f"+{COHORTS}", f"+{STEPS}")
# Staging is views on tables that stay.
AGAIN = (*MODELS, "--exclude", "staging")

COMPANY_MONTHS = """
with company_months as (
    select
        sessions.company_id, loaded_months.period, cast(companies.created_at as date) as acquired_period,
        companies.company_size as acquired_company_size, coalesce(plan_changes.company_size, companies.company_size)
        as company_size, count(*) as sessions, loaded_at
    from {raw}.sessions
    inner join {raw}.loaded_months on loaded_months.period = cast(date_trunc('month', sessions.created_at) as date)
    inner join {raw}.companies on sessions.company_id = companies.company_id
    left join {raw}.plan_changes
        on plan_changes.company_id = sessions.company_id and plan_changes.period = (
            select max(period) from {raw}.plan_changes as until
            where until.company_id = sessions.company_id and until.period <= loaded_months.period
        )
    group by 1, 2, 3, 4, 5, loaded_at
)
"""
EXPECTED = {
    MONTHS: f"""{COMPANY_MONTHS}
        select
            company_months.company_id, company_months.period, company_months.company_size, company_months.sessions,
            company_months.loaded_at, coalesce(before.company_size, case
                when company_months.period = company_months.acquired_period then company_months.acquired_company_size
            end)
        from company_months
        left join company_months as before
            on company_months.company_id = before.company_id
            and company_months.period = before.period + interval '1 month'
    """,
    COHORTS: f"""{COMPANY_MONTHS}
        select period, acquired_period, acquired_company_size, company_size, count(*), loaded_at
        from company_months
        group by 1, 2, 3, 4, 6
    """,
    SESSIONS: """
        select
            period, count(*), count(distinct session_id), min(session_id), max(session_id), count(distinct company_id),
            sum((session_id % 2147483647) * (company_id % 2147483647) % 2147483647), sum(company_id % 2147483647),
            loaded_at
        from {raw}.sessions
        inner join {raw}.loaded_months on period = cast(date_trunc('month', created_at) as date)
        group by period, loaded_at
    """,
    # What a company pays is a view, which knows nothing of increments.
    STEPS: f"""
        select
            company_mrr.period, movement, company_size, company_size_1m, company_size_12m, count(*), sum(mrr),
            sum(mrr_1m), sum(least(mrr, mrr_1m)), sum(least(mrr, mrr_12m)), loaded_at
        from {PREFIX}intermediate.int_company_mrr as company_mrr
        inner join {{raw}}.loaded_months on company_mrr.period = loaded_months.period
        group by 1, 2, 3, 4, 5, 11
    """,
}
COLUMNS = {
    MONTHS: "company_id, period, company_size, sessions, loaded_at, opening_company_size",
    COHORTS: "period, acquired_period, acquired_company_size, company_size, active_companies, loaded_at",
    STEPS: "*",
    SESSIONS: "*",
}
SILENT = """
select period from {raw}.loaded_months
where period not in (select cast(date_trunc('month', created_at) as date) from {raw}.sessions)
"""
LATE = "date_trunc('month', created_at) = '{period}' and company_id % {every} = 0"


@dataclass
class History:
    """A place with its dbt warehouse, and what happens there.

    Parameters
    ----------
    place : empty.
    project : whose models are built.
    life : of the companies.
    """

    place: Place
    project: Path = PROJECT
    life: Mapping[str, Any] = field(default_factory=lambda: ALL_KINDS)
    scenario: Scenario = field(default_factory=Scenario)
    withheld: date | None = None
    written: set[date] = field(default_factory=set)

    def warehouse(self, project: Path) -> Warehouse:
        """The dbt warehouse with the models of a project."""
        place = self.place
        file = place.file if place.kind == "duckdb" else None
        # A folder of artifacts for each project: dbt parses it once, then again only what has changed.
        artifacts = place.folder / f"artifacts of {project.name}"
        return Warehouse(place.kind, place.environment, artifacts, place.database, file, project)

    def load(self, companies: int, months: int, seed: int) -> None:
        """Load another simulation."""
        self.scenario = Scenario(companies=companies, months=months, seed=seed, **self.life)
        self.place.load(self.scenario)
        self.place.execute("drop table if exists {raw}.late")
        self.withheld = None
        self.written = set(self.scenario.periods)

    def extend(self, months: int, companies: int) -> None:
        """Load more months, or more companies, which have sessions in every month."""
        self.deliver()
        before = set(self.scenario.periods)
        self.scenario = self.place.extend(months, companies)
        self.written |= set(self.scenario.periods) - (set() if companies else before)

    def withhold(self, month: int, every: int) -> None:
        """Load a month anew, without the sessions of some companies."""
        self.deliver()
        period = self.scenario.periods[month % self.scenario.months]
        where = LATE.format(period=period, every=every)
        self._reload(
            period,
            f"create table {{raw}}.late as select * from {{raw}}.sessions where {where}",
            f"delete from {{raw}}.sessions where {where}",
        )
        self.withheld = period

    def deliver(self) -> None:
        """Load it anew, with all of them."""
        if self.withheld:
            insert = "insert into {raw}.sessions select * from {raw}.late"
            self._reload(self.withheld, insert, "drop table {raw}.late")
            self.withheld = None

    def _reload(self, period: date, *statements: str) -> None:
        stamp = "update {{raw}}.loaded_months set loaded_at = now() at time zone 'UTC' where period = '{}'"
        self.place.execute(*statements, stamp.format(period))
        self.written.add(period)

    def build(self) -> None:
        """A plain build reads what was written since, and then all models are what a full refresh makes of them."""
        was_there = self.has_been_built()
        warehouse = self._run(*(AGAIN if was_there else MODELS))
        self._has_read(warehouse, MONTHS, *([COHORTS] if was_there else []))
        self._is_right(*EXPECTED)

    def build_in_parts(self) -> None:
        """The same of the cohorts where they come before what they read, at first: they remember how old that was."""
        for model in (COHORTS, MONTHS, COHORTS):
            warehouse = self._run("--select", model)
        self._has_read(warehouse, MONTHS, COHORTS)
        self._is_right(MONTHS, COHORTS)

    def fail(self, broken: Path) -> None:
        """A build fails after it has removed what is outdated and before it has brought what is new."""
        warehouse = self.warehouse(broken)
        if self.has_been_built():
            assert not warehouse.dbt("run", "--select", MONTHS)
            assert warehouse.statuses[MONTHS] == "error"

    def full_refresh(self) -> None:
        """To make all tables anew changes nothing."""
        before = {model: self.rows(model) for model in EXPECTED}
        self._run("--full-refresh", *AGAIN)
        assert {model: self.rows(model) for model in EXPECTED} == before

    def has_been_built(self) -> bool:
        """Whether the models are there."""
        tables = f"select * from information_schema.tables where table_name = '{STEPS}'"
        return bool(self.place.execute(f"{tables} and table_schema = '{PREFIX}intermediate'"))

    def rows(self, model: str) -> list[Any]:
        """What a model holds."""
        return _in_order(self.place.execute(f"select {COLUMNS[model]} from {PREFIX}intermediate.{model}"))

    def _run(self, *options: str) -> Warehouse:
        warehouse = self.warehouse(self.project)
        assert warehouse.dbt("run", *options), warehouse.messages
        return warehouse

    def _is_right(self, *models: str) -> None:
        for model in models:
            assert self.rows(model) == _in_order(self.place.execute(EXPECTED[model])), model

    def _has_read(self, warehouse: Warehouse, *models: str) -> None:
        """What was written since the last time, and no other month."""
        # No row can remember that a month without a session was read; to look again costs nothing. The month after one
        # that is read tells of it too.
        silent = {date.fromisoformat(str(period)) for (period,) in self.place.execute(SILENT)}
        after = {add_months(period, 1) for period in self.written | silent} & set(self.scenario.periods)
        for model in models:
            (compiled,) = warehouse.artifacts.glob(f"compiled/*/models/intermediate/{model}.sql")
            days = re.findall(r"cast\('(.+?)' as date\)(?: as period| - interval '0 month')", compiled.read_text())
            assert {date.fromisoformat(day) for day in days} - silent == (self.written | after) - silent, model
        self.written.clear()


def _in_order(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: tuple(map(str, row[:5])))
