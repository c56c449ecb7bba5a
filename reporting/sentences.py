"""What the figures say, in words, so that the page can be read aloud."""

from collections.abc import Sequence
from datetime import date

from reporting.kpis import RETENTION, REVENUE, USAGE, Change, Kpi, change
from reporting.project import ALL_SIZES, MonthlyKpis


def month_name(period: date) -> str:
    """As `December 2021`, whatever the language of the machine."""
    return f"{_MONTHS[period.month - 1]} {period.year}"


def short_month(period: date) -> str:
    """As `Dec`."""
    return _MONTHS[period.month - 1][:3]


def size_name(company_size: str) -> str:
    """As `Small`, `Mid market`, and `All` for the total."""
    return company_size.replace("_", " ").capitalize()


def companies(company_size: str) -> str:
    """As `Small companies`."""
    return f"{size_name(company_size)} companies"


def counted(number: int, noun: str) -> str:
    """A number of things: `1 company`, `1,200 companies`."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def headline(months: Sequence[MonthlyKpis]) -> str:
    """The last month of all sizes in one line.

    Parameters
    ----------
    months : at least one row of `all`, by period.
    """
    last = months[-1]
    name = _MONTHS[last.period.month - 1]
    revenue = _change_since_last_month(REVENUE, months)
    paid = REVENUE.brief(last.revenue)
    moved = {"up": f"rose to {paid}", "down": f"fell to {paid}", "level": f"stayed at {paid}"}
    first = f"Revenue {moved[revenue.direction] if revenue else f'was {paid}'} in {name}"
    kept = last.retention_rate
    return f"{first}; no customer was left to keep" if kept is None else f"{first}; {kept:.1%} of customers stayed"


def sentence(kpi: Kpi, months: Sequence[MonthlyKpis]) -> str:
    """One sentence on the last month.

    Parameters
    ----------
    months : at least one row of one size, by period.
    """
    last = months[-1]
    when = month_name(last.period)
    whose = "" if last.company_size == ALL_SIZES else f"{last.company_size.replace('_', ' ')} "
    if kpi is RETENTION and last.retention_rate is None:
        return f"There was no {whose}customer to keep when {when} began."
    if kpi is USAGE and last.avg_sessions_per_company is None:
        return f"No {whose}company was active in {when}."
    if last.active_companies == 0 and kpi is REVENUE:
        return f"No {whose}company paid in {when}{_compared(kpi, months)}."
    parts = {
        REVENUE: f"{counted(last.active_companies, f'{whose}company')} paid {REVENUE.brief(last.revenue)} in {when}",
        RETENTION: f"Of {counted(last.opening_companies, f'{whose}customer')} at the start of {when},"
        f" {last.active_companies:,} stayed: {RETENTION.shown(last)}",
        USAGE: f"{counted(last.active_companies, f'active {whose}company')} had {counted(last.sessions, 'session')}"
        f" in {when}, {USAGE.brief(last.avg_sessions_per_company or 0)} each",
    }
    return f"{parts[kpi]}{_compared(kpi, months)}{_rank(kpi, months)}."


def _compared(kpi: Kpi, months: Sequence[MonthlyKpis]) -> str:
    """How the last month differs from the one before, as the end of a sentence."""
    found = _change_since_last_month(kpi, months)
    if found is None:
        return ""
    before = _MONTHS[months[-2].period.month - 1]
    if found.direction == "level":
        return f", the same as in {before}"
    if not found.amount:
        return f", after nothing in {before}"
    more = "more" if found.direction == "up" else "less" if kpi is not USAGE else "fewer"
    return f", {found.amount} {more} than in {before}"


def _rank(kpi: Kpi, months: Sequence[MonthlyKpis]) -> str:
    """Whether the last month is the best or the worst of them, where there are enough of them to care."""
    figures = [figure for figure in map(kpi.of, months) if figure is not None]
    if len(figures) < _ENOUGH_TO_RANK or figures.count(figures[-1]) > 1:
        return ""
    if figures[-1] == max(figures):
        return f" and the most of {len(figures)} months"
    if figures[-1] == min(figures):
        return f" and the least of {len(figures)} months"
    return ""


def _change_since_last_month(kpi: Kpi, months: Sequence[MonthlyKpis]) -> Change | None:
    return change(kpi, kpi.of(months[-1]), kpi.of(months[-2])) if len(months) > 1 else None


_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_ENOUGH_TO_RANK = 3
