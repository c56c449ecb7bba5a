"""Whether the project notices a mutant: data tests in several warehouses first, then unit tests and contracts."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb
from sqlglot import exp

from month_branches import template
from rehearsal import Node, Project, Rehearsal
from scratch import Scratch
from sql_mutation import changes
from sql_operators import Types, render
from warehouses import THREE_SIZES, WITHOUT_TESTS, Warehouse

# A query that takes longer has no end; the slowest one of the project takes a tenth of a second.
SECONDS_TO_END = 30
LIFE = Path(__file__).parent / "gallery" / "scenarios" / "life.toml"
# A life beyond churn, a leap February, sizes that die out, one silent company, three sizes with cents for more than a
# year, the default. Small ones come first: they find a mistake sooner, and a lost condition joins fewer rows in them.
SCENARIOS = (
    ("--scenario", str(LIFE)),
    ("--companies", "60", "--first-month", "2020-02", "--months", "3"),
    ("--companies", "3", "--months", "40"),
    ("--companies", "1", "--seed", "3"),
    ("--scenario", str(THREE_SIZES), "--months", "14"),
    (),
)


@dataclass(frozen=True)
class Mutant:
    """A model with one mistake: its id, the kind of the mistake, the model and the query that replaces its own."""

    name: str
    operator: str
    model: str
    query: exp.Expr

    @property
    def sql(self) -> str:
        """The query as a template of the months, see `month_branches`."""
        return template(self.query)


class Bench:
    """A warehouse of one scenario, in which mutants are tried and nothing that they make stays."""

    def __init__(self, folder: Path, project: Project, options: Sequence[str]) -> None:
        self._project = project
        file = folder / "warehouse.duckdb"
        loaded = Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, folder, file=file).seed(*options)
        assert loaded.returncode == 0, loaded.stderr
        self._rehearsal = Rehearsal(file, project)
        self._rehearsal.make_schemas()
        self._rehearsal.make()
        assert [test["name"] for test in project.tests if self._rehearsal.is_red(test)] == []
        self._execute("create schema unchanged")
        for node in project.models:
            self._execute(f"create table unchanged.{node['name']} as from {node['relation_name']}")
        # Of each model the test that found the last mistake in it. It comes first, for it finds most of the others.
        self._last_red: dict[str, str] = {}

    def verdict(self, mutant: Mutant) -> str:
        """What notices the mutant, which is "database" if it refuses the query and "" if nothing does."""
        node = self._project.model(mutant.model)
        models, tests = self._project.after(mutant.model)
        with self._rehearsal.undone(), self._ended_if_endless():
            try:
                self._rehearsal.make_of(node, mutant.sql)
                # Who reads a model sees nothing of it but its rows and their types.
                if not self._has_other_types(node) and not self._has_other_rows(node):
                    return ""
            except duckdb.InterruptException:
                return "no end"
            except duckdb.Error:
                return "database"
            try:
                self._rehearsal.make(models)
            except duckdb.Error:
                return "models"
            for test in sorted(tests, key=lambda test: test["name"] != self._last_red.get(mutant.model)):
                if self._finds(test):
                    self._last_red[mutant.model] = test["name"]
                    return "data tests"
        return ""

    def changes_rows(self, mutant: Mutant) -> bool:
        """Whether the model has other rows with the mutant."""
        return self._with(mutant, self._has_other_rows)

    def changes_types(self, mutant: Mutant) -> bool:
        """Whether the model has columns of other types with the mutant."""
        return self._with(mutant, self._has_other_types)

    def _with(self, mutant: Mutant, is_other: Callable[[Node], bool]) -> bool:
        node = self._project.model(mutant.model)
        with self._rehearsal.undone():
            self._rehearsal.make_of(node, mutant.sql)
            return is_other(node)

    def _finds(self, test: Node) -> bool:
        try:
            return self._rehearsal.is_red(test)
        except duckdb.Error:  # red too: whichever test comes first, the verdict is the same
            return True

    def _has_other_types(self, node: Node) -> bool:
        described = (f"describe {node['relation_name']}", f"describe unchanged.{node['name']}")
        return self._execute(described[0]) != self._execute(described[1])

    def _has_other_rows(self, node: Node) -> bool:
        both = (f"from {node['relation_name']}", f"from unchanged.{node['name']}")
        return any(self._execute(f"({one}) except all ({other}) limit 1") for one, other in (both, both[::-1]))

    def _execute(self, sql: str) -> list[Any]:
        return self._rehearsal.connection.execute(sql).fetchall()

    @contextmanager
    def _ended_if_endless(self) -> Iterator[None]:
        timer = Timer(SECONDS_TO_END, self._rehearsal.connection.interrupt)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class Judge:
    """All that it takes to make and to judge mutants, in a folder of its own.

    Parameters
    ----------
    folder : empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scratch = Scratch(folder / "scratch", unit_tests=True)
        self._project = Project(self._scratch.manifest)
        self._benches: dict[int, Bench] = {}

    def mutants(self, models: Collection[str] = ()) -> list[Mutant]:
        """Every mutant of these models, or of every model."""
        return [
            Mutant(f"{node['name']}/{change.name}", change.operator, node["name"], change.query)
            for node in self._project.models
            if not models or node["name"] in models
            for query in [self._project.query(node)]
            for change in changes(query, self._types(query))
        ]

    def builds_unchanged(self) -> bool:
        """Whether `dbt build` is green on all models as they are after parsing and rendering."""
        for node in self._project.models:
            self._replace(node, self._project.sql(node))
        green = self._scratch.warehouse.build("--exclude", *self._project.of_increments)
        self._scratch.mend()
        return green

    def verdict(self, mutant: Mutant) -> str:
        """What notices the mutant: "" if nothing does, "database" if that refuses it, which does not count."""
        for number in range(len(SCENARIOS)):
            noticed = self._bench(number).verdict(mutant)
            if noticed == "database" and number > 0:
                return "models"
            if noticed:
                return noticed
        return self._dbt(mutant)

    def changes_rows(self, mutant: Mutant) -> bool:
        """Whether the model has other rows with the mutant in one of the scenarios."""
        return any(self._bench(number).changes_rows(mutant) for number in range(len(SCENARIOS)))

    def _dbt(self, mutant: Mutant) -> str:
        self._replace(self._project.model(mutant.model), mutant.sql)
        # The data tests have seen the mutant. Of other models dbt sees more only if they read other types.
        models = f"{mutant.model}+" if self._bench(0).changes_types(mutant) else mutant.model
        what = ("--select", models, "--exclude", *self._project.of_increments, *WITHOUT_TESTS)
        is_green = self._scratch.warehouse.build(*what)
        red = {name for name, status in self._scratch.warehouse.statuses.items() if status in {"fail", "error"}}
        self._scratch.mend()
        if is_green:
            return ""
        return "unit tests" if red & self._project.unit_tests else "models"

    def _replace(self, node: dict[str, Any], sql: str) -> None:
        """Put a query in the place of a model, with its relations as dbt knows them."""
        path = node["original_file_path"]
        original = (self._scratch.project / path).read_text()
        text = re.sub(r'"warehouse"\."(\w+)"\."(\w+)"', _reference, sql)
        # dbt looks for references when there is no month yet, and so no branch that has them.
        hints = dict.fromkeys(re.findall(r"{{ ref\('\w+'\) }}", text))
        self._scratch.patch(path, original, "".join(f"-- depends_on: {hint}\n" for hint in hints) + text)

    def _types(self, query: exp.Expr) -> Types:
        described = {table.alias_or_name: f"from {render(table)}" for table in query.find_all(exp.Table) if table.db}
        for cte in query.find_all(exp.CTE):
            alone = exp.select("*").from_(cte.alias)
            alone.set("with_", query.args["with_"].copy())
            described[cte.alias] = render(alone)
        with self._scratch.warehouse.cursor() as cursor:
            return {
                name: {row[0]: row[1] for row in cursor.execute(f"describe {sql}").fetchall()}
                for name, sql in described.items()
            }

    def _bench(self, number: int) -> Bench:
        if number not in self._benches:
            folder = self._folder / f"bench_{number}"
            folder.mkdir()
            self._benches[number] = Bench(folder, self._project, SCENARIOS[number])
        return self._benches[number]


def _reference(relation: re.Match[str]) -> str:
    schema, name = relation.groups()
    return f"{{{{ source('{schema}', '{name}') }}}}" if schema in {"raw", "truth"} else f"{{{{ ref('{name}') }}}}"
