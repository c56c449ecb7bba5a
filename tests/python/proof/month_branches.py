"""What reads month by month has a branch for each month in its compiled SQL, all made from one text.

A mistake in that text is in every branch. So the query is reduced to its first branch before it is changed, and made a
template afterwards, which dbt and `rendered` give a branch for each month of the simulation. Where it lists the months,
the template does so too.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date

import jinja2
from sqlglot import exp

from sql_operators import render

Months = Sequence[tuple[date, date]]

BRANCHES = "sessions_by_month"  # the CTE that has them
_PLACEHOLDER = exp.column("the_branch")
_PERIODS = exp.column("the_periods")
_DATE = r"'\d{4}-\d{2}-\d{2}'"
_LOOP = """
{{% for period, next_period in months_to_read() %}}
{branch}
{{% if not loop.last %}}union all{{% endif %}}
{{% endfor %}}
"""
_LIST = "cast(null as date){% for period, _ in months_to_read() %}, cast('{{ period }}' as date){% endfor %}"


def first_branch(query: exp.Expr) -> exp.Expr:
    """The query with the first of its branches only."""
    for cte in query.find_all(exp.CTE):
        if cte.alias == BRANCHES:
            cte.set("this", next(cte.this.find_all(exp.Select, bfs=False)))
    return query


def template(query: exp.Expr) -> str:
    """The query with its one branch in a loop over the months, and with a list of them; any other query as it is."""
    query = query.copy()
    for condition in query.find_all(exp.In):
        if any(re.search(_DATE, render(listed)) for listed in condition.expressions):
            condition.set("expressions", [_PERIODS.copy()])
    return _with_a_loop(query).replace(render(_PERIODS), _LIST)


def _with_a_loop(query: exp.Expr) -> str:
    for cte in query.find_all(exp.CTE):
        if cte.alias == BRANCHES:
            branch = render(cte.this)
            dates = sorted(set(re.findall(_DATE, branch)))
            for found, name in zip(dates, ("period", "next_period"), strict=False):
                branch = branch.replace(found, f"'{{{{ {name} }}}}'")
            cte.set("this", exp.select(_PLACEHOLDER))
            loop = _LOOP.format(branch=branch)
            return render(query).replace(render(exp.select(_PLACEHOLDER)), loop)
    return render(query)


def rendered(sql: str, months: Callable[[], Months]) -> str:
    """The SQL with a branch for each of these months, which nothing asks for where it has none."""
    return jinja2.Template(sql).render(months_to_read=months)
