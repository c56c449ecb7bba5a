"""What the page shows of a company whose customers come, return and change: bridge, customers, cohorts, survival."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from reporting.bars import Columns, Step, bridge, columns
from reporting.charts import Chart, Series, StepChart, Steps, line_chart, longest_name, step_chart
from reporting.kpis import FEW_COMPANIES, Column
from reporting.life import CohortMonth, Life, SurvivalAge
from reporting.movements import CLOSING_MRR, MOVEMENTS, REVENUE_PER_COMPANY, summed
from reporting.rows import MonthlyKpis, place_a_year_before
from reporting.views import MOST_LINES, Company
from reporting.wording import Wording
from reporting.words import companies, companies_within, counted, month_and_year, size_name, width
from seed_generator.rounding import share
from seed_generator.scenario import ALL_SIZES

_MOST_COHORTS = 24
_SHADES = 8  # of the heat map's cells
_KINDS = {"acquired": "New", "returned": "Returned", "lost": "Churned"}


@dataclass(frozen=True)
class BridgeRow:
    """A level or a movement of MRR, its amount, and its bar."""

    title: str
    shown: str
    exact: str
    step: Step


@dataclass(frozen=True)
class SizeView:
    """What there is of one size, or of all."""

    name: str
    bridge_caption: str
    bridge: Sequence[BridgeRow]
    customers_caption: str
    customers: Columns
    kinds: Sequence[tuple[str, str]]
    revenue_caption: str
    revenue: Chart
    longest_name: int


@dataclass(frozen=True)
class HeatCell:
    """The share of a cohort that was there at an age; `shade` is 0 where it is of few."""

    shown: str
    exact: str
    shade: int


@dataclass(frozen=True)
class HeatRow:
    """A cohort: its month, how many were acquired in it, and its cells by age."""

    period: date
    acquired: int
    cells: Sequence[HeatCell]


@dataclass(frozen=True)
class LifeView:
    """All of it."""

    views: Sequence[SizeView]
    cohorts_caption: str
    ages: range
    cohorts: Sequence[HeatRow]
    survival_caption: str
    survival: StepChart
    longest_name: int


def life_view(company: Company, life: Life, wording: Wording) -> LifeView:
    """What the page shows."""
    every = _cohorts(life.cohorts)
    cohorts = every[-_MOST_COHORTS:]
    survival = _survival(life, company)
    hidden = len(every) - len(cohorts)
    left_out = f"; {counted(hidden, 'earlier month')} left out" if hidden else ""
    return LifeView(
        views=[_of_size(life, size, company, wording) for size in company.sizes],
        cohorts_caption="All sizes together: of the customers acquired in a month, how many percent were there so many"
        f" months later, up to {_MOST_COHORTS - 1}; no colour where they were fewer than {FEW_COMPANIES}{left_out}.",
        ages=range(max(len(row.cells) for row in cohorts)),
        cohorts=cohorts,
        survival_caption="The share of customers that had not left so many months after they came, by Kaplan and Meier:"
        " who is still there counts as long as it is known.",
        survival=survival,
        longest_name=longest_name(survival.lines, with_values=True),
    )


def _of_size(life: Life, size: str, company: Company, wording: Wording) -> SizeView:
    metrics = [row for row in life.metrics if row.company_size == size]
    customers = [row for row in life.customers if row.company_size == size]
    since, last = metrics[place_a_year_before(metrics)], metrics[-1]
    rows = _bridge(metrics, since, wording)
    first = customers[0]
    kinds, drawn = _customers(customers)
    per_company = wording.told(REVENUE_PER_COMPANY)
    values = [per_company.of(row) for row in metrics]
    revenue = Series(
        label="",
        value="" if values[-1] is None else per_company.unit.brief(values[-1]),
        style=company.style(size),
        values=[None if value is None else float(value) for value in values],
        few=[False] * len(values),
    )
    whose = companies_within(size)
    return SizeView(
        name=companies(size),
        bridge_caption=f"How the MRR of {whose} went from {month_and_year(since.period)} to"
        f" {month_and_year(last.period)}.",
        bridge=rows,
        customers_caption=f"{companies(size)} that came, came back and left, month by month, without the"
        f" {first.count('newly_acquired_companies'):,} of {month_and_year(first.period)}.",
        customers=drawn,
        kinds=kinds,
        revenue_caption=f"What {whose} pay on average, of those that pay.",
        revenue=line_chart(company.periods, [revenue], are_shares=False),
        longest_name=width(revenue.value),
    )


def _bridge(metrics: Sequence[MonthlyKpis], since: MonthlyKpis, wording: Wording) -> list[BridgeRow]:
    """The opening level, each movement that there is, and the closing one."""
    mrr = wording.told(CLOSING_MRR)
    sums = summed(metrics, since.period)
    # From size to size is no movement of all.
    is_of_all = since.company_size == ALL_SIZES
    there = [one for one in MOVEMENTS if sums[one.name] and not (is_of_all and one.is_between_sizes)]
    there.sort(key=lambda one: one.is_loss)  # gains first, so that no level is below 0
    opening, closing = (Decimal(row.figures[mrr.name] or 0) for row in (since, metrics[-1]))
    amounts: list[tuple[str, Decimal]] = [
        (month_and_year(since.period), opening),
        *((one.title, sums[one.name]) for one in there),
        (month_and_year(metrics[-1].period), closing),
    ]
    steps = bridge(float(opening), [float(sums[one.name]) for one in there])
    return [
        BridgeRow(title, _signed(amount, mrr, step), str(amount), step)
        for (title, amount), step in zip(amounts, steps, strict=True)
    ]


def _signed(amount: Decimal, mrr: Column, step: Step) -> str:
    sign = {"level": "", "gain": "+", "loss": "\N{MINUS SIGN}"}[step.kind]
    return f"{sign}{mrr.unit.brief(abs(amount))}"


def _customers(rows: Sequence[MonthlyKpis]) -> tuple[list[tuple[str, str]], Columns]:
    """Which kinds of columns there are, each with its name, and the columns."""
    numbers = {
        "acquired": [row.count("newly_acquired_companies") for row in rows],
        "returned": [row.count("returned_companies") for row in rows],
        "lost": [row.count("churned_companies") for row in rows],
    }
    # Those of the first month are who was there from the start, beside whom the others would not be seen.
    numbers["acquired"][0] = 0
    drawn = columns(
        [row.period for row in rows],
        [(kind, numbers[kind]) for kind in ("acquired", "returned")],
        numbers["lost"],
    )
    return [(kind, _KINDS[kind]) for kind, of_months in numbers.items() if any(of_months)], drawn


def _cohorts(rows: Sequence[CohortMonth]) -> list[HeatRow]:
    """The cohorts, of all sizes together, each with its first ages."""
    numbers: dict[date, dict[int, tuple[int, int]]] = defaultdict(dict)
    for row in filter(lambda row: row.acquired_companies, rows):
        acquired, active = numbers[row.cohort_period].get(row.age_months, (0, 0))
        numbers[row.cohort_period][row.age_months] = (
            acquired + row.acquired_companies,
            active + row.active_companies,
        )
    return [
        HeatRow(period, ages[0][0], [_heat_cell(*ages[age]) for age in sorted(ages) if age < _MOST_COHORTS])
        for period, ages in sorted(numbers.items())
    ]


def _heat_cell(acquired: int, active: int) -> HeatCell:
    part = Decimal(active) / acquired
    return HeatCell(
        share(part, 0).removesuffix("%"),
        f"{active:,} of {counted(acquired, 'customer')}",
        0 if acquired < FEW_COMPANIES else 1 + min(int(part * _SHADES), _SHADES - 1),
    )


def _survival(life: Life, company: Company) -> StepChart:
    """A line of all, and one of each size where there are some and not too many."""
    of_sizes = [[row for row in life.survival if row.company_size == size] for size in company.sizes[1:]]
    shown = [_of_all(life.survival), *(rows for rows in of_sizes if rows and 1 < len(of_sizes) <= MOST_LINES)]
    return step_chart(
        [
            Steps(
                label=size_name(rows[0].company_size),
                value=share(rows[-1].survival_rate, 0),
                style=company.style(rows[0].company_size),
                shares=[float(row.survival_rate) for row in rows],
                many=sum(row.companies_at_risk >= FEW_COMPANIES for row in rows),  # they are fewer at each age
            )
            for rows in shown
        ]
    )


def _of_all(rows: Sequence[SurvivalAge]) -> list[SurvivalAge]:
    """Kaplan and Meier's product for the companies of all sizes."""
    survival, found = Decimal(1), []
    for age in sorted({row.age_months for row in rows}):
        at_risk, churned = (
            sum(getattr(row, name) for row in rows if row.age_months == age)
            for name in ("companies_at_risk", "churned_companies")
        )
        survival *= 1 - Decimal(churned) / at_risk
        found.append(SurvivalAge(ALL_SIZES, age, at_risk, churned, survival))
    return found
