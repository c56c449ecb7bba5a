"""A model that reads month by month has a branch for each month in its compiled SQL, all made from one text.

A mistake in that text is in every branch. So the query is reduced to its first branch before it is changed, and made a
template afterwards, which dbt and `rendered` give a branch for each month of the simulation.
"""

import re
from collections.abc import Sequence
from datetime import date

import jinja2
from sqlglot import exp

from mutation_operators import render

Months = Sequence[tuple[date, date]]

_BRANCHES = "sessions_by_month"  # the CTE that has them
_PLACEHOLDER = exp.column("the_branch")
_DATE = r"'\d{4}-\d{2}-\d{2}'"
_LOOP = """
{{% for period, next_period in months_to_read() %}}
{branch}
{{% if not loop.last %}}union all{{% endif %}}
{{% endfor %}}
"""


def first_branch(query: exp.Expr) -> exp.Expr:
    """The query with the first of its branches only."""
    for cte in query.find_all(exp.CTE):
        if cte.alias == _BRANCHES:
            cte.set("this", next(cte.this.find_all(exp.Select, bfs=False)))
    return query


def template(query: exp.Expr) -> str:
    """The query with its one branch in a loop over the months; any other query as it is."""
    query = query.copy()
    for cte in query.find_all(exp.CTE):
        if cte.alias == _BRANCHES:
            branch = render(cte.this)
            dates = sorted(set(re.findall(_DATE, branch)))
            for found, name in zip(dates, ("period", "next_period"), strict=False):
                branch = branch.replace(found, f"'{{{{ {name} }}}}'")
            cte.set("this", exp.select(_PLACEHOLDER))
            loop = _LOOP.format(branch=branch)
            return render(query).replace(render(exp.select(_PLACEHOLDER)), loop)
    return render(query)


def rendered(sql: str, months: Months) -> str:
    """The SQL with a branch for each of these months."""
    return jinja2.Template(sql).render(months_to_read=lambda: months)
