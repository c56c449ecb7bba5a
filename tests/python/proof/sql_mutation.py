"""Queries with one small mistake each: every mistake that stands one step away from the text."""

from collections import Counter
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

from sql_operators import DIALECT, OPERATORS, Types, group_keys, render


@dataclass(frozen=True)
class Change:
    """A query with one mistake.

    Parameters
    ----------
    operator : the kind of the mistake.
    name : where and what it is, unique in the query: "CTE/column: before → after".
    query : the query with it.
    """

    operator: str
    name: str
    query: exp.Expr


def parse(sql: str) -> exp.Expr:
    """A query as a tree; it groups by positions, so that a mistake in a key is made where the key is selected too."""
    query = sqlglot.parse_one(sql, dialect=DIALECT)
    for select in query.find_all(exp.Select):
        selected = [column.unalias() for column in select.expressions]
        for key in group_keys(select):
            if key in selected:
                key.replace(exp.Literal.number(selected.index(key) + 1))
    return query


def changes(query: exp.Expr, types: Types) -> list[Change]:
    """Every mistake of every operator, each text once, in the order of the query."""
    found: list[Change] = []
    texts = {render(query)}
    names: Counter[str] = Counter()
    for index, node in enumerate(query.dfs()):
        for operator, mistakes in OPERATORS.items():
            for label, replacement in mistakes(node, types):
                changed = _replaced(query, index, replacement)
                if (text := render(changed)) in texts:
                    continue
                texts.add(text)
                name = f"{_place(node)}: {label}"
                names[name] += 1
                number = f" ({names[name]})" if names[name] > 1 else ""
                found.append(Change(operator, name + number, changed))
    return found


def _replaced(query: exp.Expr, index: int, replacement: exp.Expr | None) -> exp.Expr:
    """A copy of the query with another node in the place of the one that is walked to at that index."""
    changed = query.copy()
    target = next(node for number, node in enumerate(changed.dfs()) if number == index)
    if target is changed and replacement is not None:
        return replacement
    target.replace(replacement)
    return changed


def _place(node: exp.Expr) -> str:
    """The CTE that a node is in, and the column of it if the node is in what computes one."""
    cte = node.find_ancestor(exp.CTE)
    column = node
    while column.parent and not isinstance(column.parent, exp.Select):
        column = column.parent
    names = [cte.alias] if cte else []
    if column.parent and column.arg_key == "expressions" and column.alias_or_name:
        names.append(column.alias_or_name)
    return "/".join(names) or "result"
