"""Python source with one small mistake: in a comparison, a calculation, a number, a condition or a choice."""

import ast
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import CodeType

# What a mistake puts in the place of an expression or a statement.
Mistakes = Iterator[ast.AST]

_LONGEST = 90
# Types do nothing when a program runs, and a decorator that is wrong shows at once.
_NOT_RUN = {"annotation", "returns", "decorator_list"}


@dataclass(frozen=True)
class Place:
    """Where a node stands in a tree.

    Parameters
    ----------
    field, index : of the parent; no index where the field is no list.
    inside : the class and function around it.
    """

    parent: ast.AST
    field: str
    index: int | None
    inside: str

    @property
    def node(self) -> ast.AST:
        """What stands there now."""
        there = getattr(self.parent, self.field)
        found: ast.AST = there if self.index is None else there[self.index]
        return found

    @contextmanager
    def instead(self, node: ast.AST) -> Iterator[None]:
        """Another node stands there for a while."""
        before = self.node
        self._put(node)
        try:
            yield
        finally:
            self._put(before)

    def _put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node

    def source(self, *, with_parent: bool) -> str:
        """What stands there as text, on one line."""
        return " ".join(ast.unparse(self.parent if with_parent else self.node).split())


@dataclass(frozen=True)
class Change:
    """A module with one mistake.

    Parameters
    ----------
    operator : the kind of the mistake.
    name : where and what it is, unique in the module: "function: before → after".
    """

    operator: str
    name: str
    _tree: ast.Module
    _place: Place
    _mistake: ast.AST

    def code(self, file: str) -> CodeType:
        """The module with it; `file` is the name that tracebacks show."""
        with self._place.instead(self._mistake):
            return compile(ast.fix_missing_locations(self._tree), file, "exec")


# In the place of each stands its neighbour, which is right for one case more or less, and its opposite.
COMPARISONS: Mapping[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
ARITHMETIC: Mapping[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
}
_PAIRS = (("min", "max"), ("any", "all"), ("floor", "ceil"), ("minimum", "maximum"))
FUNCTIONS = dict(_PAIRS) | {right: left for left, right in _PAIRS}


def comparisons(node: ast.AST) -> Mistakes:
    """Another comparison of the same two."""
    if isinstance(node, ast.Compare):
        for place, sign in enumerate(node.ops):
            for other in COMPARISONS[type(sign)]:
                yield ast.Compare(node.left, [*node.ops[:place], other(), *node.ops[place + 1 :]], node.comparators)


def arithmetic(node: ast.AST) -> Mistakes:
    """Another calculation of the same two; no minus."""
    if isinstance(node, ast.BinOp) and not _is_type(node):
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    if isinstance(node, ast.AugAssign):
        yield ast.AugAssign(node.target, ARITHMETIC[type(node.op)](), node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield node.operand


def numbers(node: ast.AST) -> Mistakes:
    """One more, if that is another number: next to a very large one is itself."""
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and value + 1 != value:
        yield ast.Constant(value + 1)


def logic(node: ast.AST) -> Mistakes:
    """Both for one of two and the reverse, no `not`, true for false; a condition turned round."""
    if isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)
    if isinstance(node, ast.If) and _is_plain(node.test):
        yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)
    if isinstance(node, ast.comprehension):
        for place, test in enumerate(node.ifs):
            if _is_plain(test):
                others = [*node.ifs[:place], ast.UnaryOp(ast.Not(), test), *node.ifs[place + 1 :]]
                yield ast.comprehension(node.target, node.iter, others, node.is_async)


def choices(node: ast.AST) -> Mistakes:
    """Each of the two that a condition chooses from, whatever the condition."""
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse


def functions(node: ast.AST) -> Mistakes:
    """The least for the most, all for any, down for up; what is turned round as it is."""
    if not isinstance(node, ast.Call):
        return
    if isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS:
        yield ast.Call(ast.Name(FUNCTIONS[node.func.id], ast.Load()), node.args, node.keywords)
    if isinstance(node.func, ast.Attribute) and node.func.attr in FUNCTIONS:
        other = ast.Attribute(node.func.value, FUNCTIONS[node.func.attr], ast.Load())
        yield ast.Call(other, node.args, node.keywords)
    if isinstance(node.func, ast.Name) and node.func.id == "reversed":
        yield node.args[0]


OPERATORS: Mapping[str, Callable[[ast.AST], Mistakes]] = {
    "comparison": comparisons,
    "arithmetic": arithmetic,
    "number": numbers,
    "logic": logic,
    "choice": choices,
    "function": functions,
}


def changes(source: str) -> list[Change]:
    """Every mistake of every operator, in the order of the source."""
    tree = ast.parse(source)
    found: list[Change] = []
    names: Counter[str] = Counter()
    for place in _places(tree, ""):
        node = place.node
        # A bare value says little: it is told with what is around it, if that is short.
        with_parent = isinstance(node, ast.Constant | ast.UnaryOp) and len(ast.unparse(place.parent)) <= _LONGEST
        for operator, mistakes in OPERATORS.items():
            for mistake in mistakes(node):
                before = place.source(with_parent=with_parent)
                with place.instead(mistake):
                    name = f"{place.inside}: {before} → {place.source(with_parent=with_parent)}"
                names[name] += 1
                number = f" ({names[name]})" if names[name] > 1 else ""
                found.append(Change(operator, name + number, tree, place, mistake))
    return found


def _places(node: ast.AST, inside: str) -> Iterator[Place]:
    """Every place of a tree whose node runs, from the root to the leaves."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        inside = f"{inside}.{node.name}".lstrip(".")
    for field, value in ast.iter_fields(node):
        if field in _NOT_RUN:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_no_step(child) and not _is_digits(node, index):
                yield Place(node, field, index, inside or "module")
                yield from _places(child, inside)


def _is_plain(test: ast.expr) -> bool:
    """Whether no other operator turns a condition round."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.UnaryOp | ast.Constant)


def _is_type(node: ast.BinOp) -> bool:
    """Whether it is a type that may be none."""
    return isinstance(node.op, ast.BitOr) and isinstance(node.right, ast.Constant) and node.right.value is None


def _is_digits(node: ast.AST, index: int | None) -> bool:
    """Whether it is to how many digits a figure is rounded, which is a matter of the size of a page."""
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "round" and index == 1


def _is_no_step(node: ast.AST) -> bool:
    """Whether nothing that a module computes depends on it: what is for the type checker, and zip's own check."""
    is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    return is_for_types or (isinstance(node, ast.keyword) and node.arg == "strict")
