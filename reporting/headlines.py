"""The page's first sentence: how far the company has come, and what matters about that."""

from collections.abc import Sequence
from decimal import Decimal

from reporting.judgement import AS_EXPECTED
from reporting.kpis import Column
from reporting.movements import MOVEMENTS, summed
from reporting.rows import MonthlyKpis, place_a_year_before
from reporting.units import change
from reporting.words import before_noun, counted, month, month_and_year
from seed_generator.rounding import share


def headline(months: Sequence[MonthlyKpis], revenue: Column, judgement: str = "") -> str:
    """Of a company that only loses customers: how far its revenue is from where it was, and how many remain.

    Parameters
    ----------
    months : at least one row of one size, or of all, by period.
    revenue : the KPI in the company's currency.
    judgement : whether revenue is as expected, in words; empty where nothing is expected.
    """
    last = months[-1]
    size = before_noun(last.company_size)
    whose = f"Revenue of {size}companies" if size else "Revenue"
    judged = f"{judgement[:1].lower()}{judgement[1:]}"
    if judgement == AS_EXPECTED:
        judged = f", {judged}"
    elif judgement:  # of the amount, and not of how far it has come
        judged = f"; at {revenue.brief(last)} it is {judged}"
    return f"{whose} {_moved(months, revenue)}{judged}; {_remaining(last, size)}"


def headline_of_movements(metrics: Sequence[MonthlyKpis], mrr: Column) -> str:
    """Of a company whose customers come, return and change: how far its MRR has come, and what drove it.

    Parameters
    ----------
    metrics : at least one row of the subscription metrics of one size, or of all, by period.
    mrr : what it is at the end of a month, in the company's currency.
    """
    size = before_noun(metrics[-1].company_size)
    whose = f"MRR of {size}companies" if size else "MRR"
    sums = summed(metrics, metrics[place_a_year_before(metrics)].period)
    # The largest gain and the largest loss, the one in the direction of the change first.
    there = [one for one in MOVEMENTS if sums[one.name] and (size or not one.is_between_sizes)]
    sides = [[one for one in there if one.is_loss == is_loss] for is_loss in (False, True)]
    largest = [max(side, key=lambda one: abs(sums[one.name])) for side in sides if side]
    largest.sort(key=lambda one: one.is_loss == (sum(sums.values()) >= 0))
    drivers = ", ".join(f"{one.did} {mrr.unit.brief(abs(sums[one.name]))}" for one in largest)
    return f"{whose} {_moved(metrics, mrr)}{': ' if drivers else ''}{drivers}"


def deck_of_cohort(months: Sequence[MonthlyKpis]) -> str:
    """The sentence below that: how many customers were acquired in the first month, and which part of them is there.

    Parameters
    ----------
    months : at least one row of one size, or of all, by period; no company was acquired after the first month.
    """
    acquired, active = months[-1].count("acquired_companies"), months[-1].count("active_companies")
    if acquired <= 1:  # of whom the headline says all
        return ""
    part = share(Decimal(active) / acquired, 1, over="over ", under="under ")
    who = f"The cohort of {month_and_year(months[0].period)}: {_customers(months[-1])}"
    return f"{who}, of whom {part} were there in {month_and_year(months[-1].period)}."


def deck_of_acquired(months: Sequence[MonthlyKpis], active: int) -> str:
    """The same where customers come in every month.

    Parameters
    ----------
    active : how many companies acquired at this size are customers in the last month, at any size.
    """
    since = f"Of {_customers(months[-1])} acquired since {month_and_year(months[0].period)}"
    return f"{since}, {active:,} were there in {month_and_year(months[-1].period)}."


def _customers(last: MonthlyKpis) -> str:
    return counted(last.count("acquired_companies"), f"{before_noun(last.company_size)}customer")


def _moved(months: Sequence[MonthlyKpis], column: Column) -> str:
    """How the last month's figure differs from that of a year before, or of the first month."""
    first, last = months[place_a_year_before(months)], months[-1]
    figure, unit = column.of(last) or 0, column.unit
    if first is last:
        return f"was {unit.brief(figure)} in {month(last.period)}"
    then = month(first.period) if first.period.year == last.period.year else month_and_year(first.period)
    found = change(unit, figure, column.of(first) or 0)
    if found is None or found.direction == "level":
        return f"is as in {then}"
    if found.is_hidden:
        return f"is about as in {then}"
    if not found.amount:
        return f"is {unit.brief(figure)}, after nothing in {then}"
    return f"is {found.amount} {'above' if found.direction == 'up' else 'below'} {then}"


def _remaining(last: MonthlyKpis, size: str) -> str:
    acquired, active = last.count("acquired_companies"), last.count("active_companies")
    customers = f"{size}customer{'' if acquired == 1 else 's'}"
    if acquired == 0:
        return f"no {size}customer was acquired"
    if active == 0:
        return f"its one {customers} is gone" if acquired == 1 else f"none of the {acquired:,} {customers} remains"
    if active == acquired:
        return f"its one {customers} remains" if acquired == 1 else f"all {acquired:,} {customers} remain"
    return f"{active:,} of the {acquired:,} {customers} {'remains' if active == 1 else 'remain'}"
