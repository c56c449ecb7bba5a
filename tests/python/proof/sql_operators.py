"""Small mistakes in a query, as pure functions on its tree: each operator makes all of its kind at one node."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from sqlglot import exp

DIALECT = "duckdb"
# The columns of each CTE of a query, with their types.
Types = Mapping[str, Mapping[str, str]]
# What a mistake says, and what stands in the node's place; None takes the node away.
Mistakes = Iterator[tuple[str, exp.Expr | None]]
# Each operation of two with its sign, and those that a mistake puts in its place.
Signs = Mapping[type[exp.Expr], tuple[str, Sequence[type[exp.Expr]]]]


def render(node: exp.Expr) -> str:
    """A tree as SQL. The generator changes nothing in it, so it needs no copy."""
    return str(node.sql(dialect=DIALECT, comments=False, copy=False))


def group_keys(select: exp.Select) -> list[exp.Expr]:
    """What a select groups by."""
    group = select.args.get("group")
    return group.expressions if group else []


def joins(node: exp.Expr, _types: Types) -> Mistakes:
    """Another kind of join, or a cross join, whose condition is lost; without a condition all kinds are the same."""
    if not isinstance(node, exp.Join) or not node.args.get("on"):
        return
    kind = (node.side or node.kind or "inner").lower()
    for other in ("inner", "left", "full"):
        if other != kind:
            side = None if other == "inner" else other.upper()
            yield f"{kind} join {node.alias_or_name} → {other}", _with(node, side=side, kind=None)
    yield f"{kind} join {node.alias_or_name} → cross", _with(node, side=None, kind="CROSS", on=None)


# In the place of each stand one that is true in one more or one fewer of the cases less, equal and greater, one that is
# true in all the others, and one that takes nulls another way. To an equality less and greater are alike: one will do.
COMPARISONS: Signs = {
    exp.EQ: ("=", (exp.GTE, exp.NEQ, exp.NullSafeEQ)),
    exp.NEQ: ("<>", (exp.GT, exp.EQ, exp.NullSafeNEQ)),
    exp.LT: ("<", (exp.LTE, exp.NEQ, exp.GTE)),
    exp.LTE: ("<=", (exp.LT, exp.EQ, exp.GT)),
    exp.GT: (">", (exp.GTE, exp.NEQ, exp.LTE)),
    exp.GTE: (">=", (exp.GT, exp.EQ, exp.LT)),
    exp.NullSafeEQ: ("is not distinct from", (exp.EQ, exp.NullSafeNEQ)),
    exp.NullSafeNEQ: ("is distinct from", (exp.NEQ, exp.NullSafeEQ)),
}
ARITHMETIC: Signs = {
    exp.Add: ("+", (exp.Sub,)),
    exp.Sub: ("-", (exp.Add,)),
    exp.Mul: ("*", (exp.Div,)),
    exp.Div: ("/", (exp.Mul,)),
}
LOGIC: Signs = {
    exp.And: ("and", (exp.Or,)),
    exp.Or: ("or", (exp.And,)),
}


def comparisons(node: exp.Expr, _types: Types) -> Mistakes:
    """A neighbouring comparison of the same two or the opposite; null and not null the other way round."""
    yield from _other_sign(node, COMPARISONS)
    if isinstance(node, exp.Is) and not isinstance(node.parent, exp.Not):
        yield f"{_text(node)} → is not null", exp.not_(node.copy())
    elif isinstance(node, exp.Not) and isinstance(node.this, exp.Is):
        yield f"{_text(node.this)} → is null", node.this.copy()


def arithmetic(node: exp.Expr, _types: Types) -> Mistakes:
    """The operation that undoes it, on the same two."""
    yield from _other_sign(node, ARITHMETIC)


# What a mistake takes of a column in place of each aggregate.
AGGREGATES: Mapping[type[exp.Expr], Sequence[type[exp.Expr]]] = {
    exp.Sum: (exp.Max, exp.Count),
    exp.Count: (exp.Sum, exp.Max),
    exp.Avg: (exp.Sum, exp.Max),
    exp.Max: (exp.Sum, exp.Min),
    exp.Min: (exp.Sum, exp.Max),
}


def aggregates(node: exp.Expr, types: Types) -> Mistakes:
    """Another aggregate, or one of different values; where rows are counted, their first or last column is."""
    if type(node) not in AGGREGATES:
        return
    if isinstance(node.this, exp.Star):
        names = list(_columns(node, types))
        counted = [exp.column(name) for name in (*names[:1], *names[-1:])]
        others: list[exp.Expr] = [exp.Count(this=column) for column in counted]
    else:
        counted = [node.this]
        others = [kind(this=node.this.copy()) for kind in AGGREGATES[type(node)]]
    for other in others:
        yield from _told(node, other)
    if isinstance(node, exp.Sum | exp.Count) and not isinstance(node.this, exp.Distinct):
        for column in counted:
            yield from _told(node, type(node)(this=exp.Distinct(expressions=[column.copy()])))


def dates(node: exp.Expr, _types: Types) -> Mistakes:
    """Another unit of a truncation or an interval, and an interval of another length."""
    if isinstance(node, exp.Interval | exp.TimestampTrunc | exp.DateTrunc):
        for unit in ("day", "week", "month", "quarter", "year"):
            yield from _told(node, _with(node, unit=exp.var(unit.upper())))
    if isinstance(node, exp.Interval):
        for number in (int(node.name) + 1, int(node.name) - 1):
            yield from _told(node, _with(node, this=exp.Literal.string(number)))


def constants(node: exp.Expr, _types: Types) -> Mistakes:
    """One more, or one less if it is not 0, no text, 0 where null stands."""
    if isinstance(node.parent, exp.DataTypeParam | exp.Group | exp.Interval | exp.Is):
        return
    if isinstance(node, exp.Literal) and node.is_number:
        value = float(node.name)
        for number in (value + 1, value - 1) if value else (1,):
            yield from _told(node, exp.Literal.number(f"{number:g}"))
    elif isinstance(node, exp.Literal):
        yield from _told(node, exp.Literal.string(""))
    elif isinstance(node, exp.Null):
        yield from _told(node, exp.Literal.number(0))


def nulls(node: exp.Expr, _types: Types) -> Mistakes:
    """One argument of a coalesce or a nullif in its place."""
    if isinstance(node, exp.Coalesce):
        for argument in (node.this, *node.expressions):
            yield from _told(node, argument.copy())
    elif isinstance(node, exp.Nullif):
        yield from _told(node, node.this.copy())


def branches(node: exp.Expr, _types: Types) -> Mistakes:
    """A case without one of its branches."""
    if not isinstance(node, exp.Case):
        return
    for branch in node.args["ifs"]:
        others = [other.copy() for other in node.args["ifs"] if other is not branch]
        rest = _with(node, ifs=others) if others else node.args.get("default") or exp.null()
        yield f"when {_text(branch.this)} dropped", rest
    if node.args.get("default"):
        yield "else dropped", _with(node, default=None)


def filters(node: exp.Expr, _types: Types) -> Mistakes:
    """No filter, or one half of its condition; or in place of and."""
    if isinstance(node, exp.Where):
        yield f"{_text(node)} dropped", None
    elif isinstance(node, exp.And | exp.Or):
        yield f"{_text(node.this)} dropped", node.expression.copy()
        yield f"{_text(node.expression)} dropped", node.this.copy()
        yield from _other_sign(node, LOGIC)


def groups(node: exp.Expr, _types: Types) -> Mistakes:
    """One key fewer; what was selected by it is then the least of its values."""
    if not isinstance(node, exp.Select):
        return
    for number, key in enumerate(group_keys(node)):
        select = node.copy()
        group_keys(select)[number].pop()
        if not group_keys(select):
            select.set("group", None)
        dropped = key
        if key.is_int:
            column = select.expressions[int(key.name) - 1]
            least = exp.Min(this=column.unalias().copy())
            column.replace(exp.alias_(least, column.alias_or_name))
            dropped = node.expressions[int(key.name) - 1].unalias()
        yield f"group by {_text(dropped)} dropped", select


def windows(node: exp.Expr, _types: Types) -> Mistakes:
    """A window over everything, without or against its order; one that looks the other way or a row too far."""
    if not isinstance(node, exp.Window):
        return
    if node.args.get("partition_by"):
        yield "partition by dropped", _with(node, partition_by=None)
    if order := node.args.get("order"):
        back = order.copy()
        for ordered in back.expressions:
            ordered.set("desc", not ordered.args.get("desc"))
        yield f"{_text(order)} turned round", _with(node, order=back)
        yield f"{_text(order)} dropped", _with(node, order=None)
    if isinstance(node.this, exp.Lag | exp.Lead):
        column = node.this.this
        other = exp.Lead if isinstance(node.this, exp.Lag) else exp.Lag
        for function in (other(this=column.copy()), _with(node.this, offset=exp.Literal.number(2))):
            yield f"{_text(node.this)} → {_text(function)}", _with(node, this=function)


def unions(node: exp.Expr, _types: Types) -> Mistakes:
    """Equal rows once or as often as they come; one half alone."""
    if isinstance(node, exp.Union):
        once = bool(node.args.get("distinct"))
        yield "union → union all" if once else "union all → union", _with(node, distinct=not once)
        yield "second half of the union dropped", node.this.copy()
        yield "first half of the union dropped", node.expression.copy()


def distincts(node: exp.Expr, _types: Types) -> Mistakes:
    """Equal rows once or as often as they come; a select of everything is left to the query that it reads."""
    if isinstance(node, exp.Select) and not node.is_star:
        once = bool(node.args.get("distinct"))
        label = "distinct dropped" if once else "select → select distinct"
        yield label, _with(node, distinct=None if once else exp.Distinct())


CASTS = {"bigint": "int", "date": "timestamp", "timestamp": "date"}


def casts(node: exp.Expr, _types: Types) -> Mistakes:
    """No cast, or one to a neighbouring type; a decimal with half its digits."""
    if not isinstance(node, exp.Cast):
        return
    name = _text(node.to)
    other = CASTS.get(name)
    if node.to.is_type("decimal"):
        precision, scale = (int(parameter.name) for parameter in node.to.expressions)
        other = f"decimal({precision}, {scale // 2})"
    yield f"cast as {name} dropped", node.this.copy()
    if other:
        yield f"cast as {name} → {other}", exp.cast(node.this.copy(), other, dialect=DIALECT)


def columns(node: exp.Expr, types: Types) -> Mistakes:
    """The one before or after it, of the columns of its type in the same CTE or of those of its name in other CTEs."""
    if not isinstance(node, exp.Column) or isinstance(node.this, exp.Star):
        return
    own = _columns(node, types)
    like_it = [name for name in own if own[name] == own.get(node.name)]
    others = [exp.column(there, node.table or None) for there in _neighbours(node.name, like_it)]
    namesakes = [source for source in _sources(node) if node.name in types.get(source, {})]
    others += [exp.column(node.name, there) for there in _neighbours(node.table, namesakes)]
    selected = isinstance(node.parent, exp.Select)
    for other in others:
        # A selected column keeps its name.
        yield f"{_text(node)} → {_text(other)}", exp.alias_(other, node.name) if selected and other != node else other


OPERATORS: Mapping[str, Callable[[exp.Expr, Types], Mistakes]] = {
    "join": joins,
    "comparison": comparisons,
    "filter": filters,
    "group by": groups,
    "aggregate": aggregates,
    "distinct": distincts,
    "union": unions,
    "window": windows,
    "date part": dates,
    "arithmetic": arithmetic,
    "constant": constants,
    "null handling": nulls,
    "case branch": branches,
    "cast": casts,
    "column": columns,
}


def _text(node: exp.Expr) -> str:
    return render(node).strip().lower()


def _with(node: exp.Expr, **arguments: object) -> exp.Expr:
    """A copy of a node with other arguments."""
    copy = node.copy()
    for name, value in arguments.items():
        copy.set(name, value.copy() if isinstance(value, exp.Expr) else value)
    return copy


def _told(node: exp.Expr, other: exp.Expr) -> Mistakes:
    """A mistake that is told by what stood there and what stands there now."""
    yield f"{_text(node)} → {_text(other)}", other


def _other_sign(node: exp.Expr, signs: Signs) -> Mistakes:
    """Another sign between the same two."""
    for other in signs[type(node)][1] if type(node) in signs else ():
        yield f"{_text(node)} → {signs[other][0]}", other(this=node.this.copy(), expression=node.expression.copy())


def _neighbours(name: str, names: Sequence[str]) -> list[str]:
    """What stands before and after one of some names."""
    return [there for pair in pairwise(names) if name in pair for there in pair if there != name]


def _sources(node: exp.Expr) -> list[str]:
    """What the select around a node reads, by name."""
    select = node.find_ancestor(exp.Select)
    tables = [select.args["from_"].this, *(join.this for join in select.args.get("joins") or ())] if select else []
    return [table.alias_or_name for table in tables]


def _columns(node: exp.Expr, types: Types) -> Mapping[str, str]:
    """The columns of what a column is of; one that names no table is of the first."""
    return types.get(getattr(node, "table", "") or _sources(node)[0], {})
