"""The models and data tests of the project run without dbt, as dbt compiled them: in milliseconds, and undone at will.

What is proved of each of many mistakes is proved here. That dbt sees them the same way is proved of a few, and of
more in `make test-slow`.
"""

import functools
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb
from sqlglot import exp

from month_branches import BRANCHES, Months, first_branch, rendered, template
from sql_mutation import parse
from sql_operators import render

Node = dict[str, Any]
# A data test is red as soon as its query has a row; a test that is configured otherwise would be judged wrongly here.
PLAIN = {"severity": "ERROR", "fail_calc": "count(*)", "error_if": "!= 0", "limit": None}


class Project:
    """Models and data tests as dbt compiled them, parents first.

    Parameters
    ----------
    manifest : what a build with `--write-json` has left.
    """

    def __init__(self, manifest: Path) -> None:
        read = json.loads(manifest.read_text())
        nodes: dict[str, Node] = read["nodes"]
        order = TopologicalSorter({name: set(node["depends_on"]["nodes"]) & set(nodes) for name, node in nodes.items()})
        in_order = [nodes[name] for name in order.static_order()]
        self.models = [node for node in in_order if node["resource_type"] == "model"]
        # Those of the metrics are in the manifest too, not compiled unless somebody asks for metrics.
        self.tests = [node for node in in_order if node["resource_type"] == "test" and node.get("compiled_code")]
        unit_tests = read["unit_tests"].values()
        self.unit_tests = {test["name"] for test in unit_tests}
        # Those of an increment are of what stands in the template of a model alone: what is compiled here reads anew.
        self.of_increments = [
            test["name"] for test in unit_tests if (test["overrides"] or {}).get("macros", {}).get("is_incremental")
        ]
        # Of each model the ids of all that it reads, directly or not.
        self.before: dict[str, set[str]] = {}
        for node in self.models:
            parents = set(node["depends_on"]["nodes"])
            self.before[node["unique_id"]] = parents.union(*(self.before.get(parent, ()) for parent in parents))
        assert [test["name"] for test in self.tests if not _is_plain(test)] == []

    @functools.cached_property
    def templates(self) -> dict[str, str]:
        """Of each model, and of a data test that reads month by month, its query as a template of the months."""
        by_month = [test for test in self.tests if f"{BRANCHES} as" in test["compiled_code"]]
        return {node["name"]: self.sql(node) for node in (*self.models, *by_month)}

    @functools.cached_property
    def loaded_months(self) -> str:
        """The query by which a model asks for the loaded months."""
        ctes = parse(self.model("int_company_months")["compiled_code"]).find_all(exp.CTE)
        return next(render(cte.this) for cte in ctes if cte.alias == "loaded_months")

    def model(self, name: str) -> Node:
        """The model of that name."""
        return next(node for node in self.models if node["name"] == name)

    def query(self, node: Node) -> exp.Expr:
        """A model's query as a tree, with one branch where it has one for each month."""
        return first_branch(parse(node["compiled_code"]))

    def sql(self, node: Node) -> str:
        """A model's query as a template of the months."""
        return template(self.query(node))

    def after(self, name: str) -> tuple[list[Node], list[Node]]:
        """The models that read a model, directly or not, and the data tests of it and of them."""
        touched = {self.model(name)["unique_id"]}
        models = []
        for node in self.models:
            if touched & set(node["depends_on"]["nodes"]):
                touched.add(node["unique_id"])
                models.append(node)
        return models, [test for test in self.tests if touched & set(test["depends_on"]["nodes"])]


def _is_plain(test: Node) -> bool:
    config = test["config"]
    return {**config, **PLAIN} == {**config, "severity": config["severity"].upper()}


class Rehearsal:
    """A DuckDB warehouse in which models and data tests run without dbt.

    Parameters
    ----------
    file : called as the one that dbt compiled for, in a folder of its own; raw tables are in there.
    project : what dbt compiled.
    loaded_months : where the months are that are loaded, if not in the simulator's table.
    """

    def __init__(self, file: Path, project: Project, loaded_months: str = "raw.loaded_months") -> None:
        self._project = project
        self._loaded_months = loaded_months
        self._file = file
        self._connect()

    def _connect(self) -> None:
        self.connection = duckdb.connect(self._file)
        # On so few rows a second thread costs more than it does; a mutant without an end would draw a bar.
        self.connection.execute("set threads = 1; set enable_progress_bar = false")

    def close(self) -> None:
        """Let others have the file."""
        self.connection.close()

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Nothing of what is done stays."""
        self.connection.execute("begin")
        try:
            yield
        finally:
            try:
                self.connection.execute("rollback")
            except duckdb.FatalException:  # DuckDB has given the database up, in which nothing was committed
                self.connection.close()
                self._connect()

    def make_schemas(self) -> None:
        """Those of the models, where dbt has not built."""
        for schema in {node["schema"] for node in self._project.models}:
            self.connection.execute(f"create schema if not exists {schema}")

    def make(self, nodes: Iterable[Node] | None = None) -> None:
        """Build models anew, all of them unless some are named."""
        for node in self._project.models if nodes is None else nodes:
            self.make_of(node, self._project.templates[node["name"]])

    def make_of(self, node: Node, sql: str) -> None:
        """Build a model anew of another query, a template of the months."""
        kind = "view" if node["config"]["materialized"] == "view" else "table"
        self.connection.execute(f"create or replace {kind} {node['relation_name']} as {rendered(sql, self.months)}")

    def months(self) -> Months:
        """Those that are loaded, each with its first day and that of the next; if there are none, one without a day."""
        months = f"select period, cast(period + interval '1 month' as date) from {self._loaded_months} order by all"
        return self.connection.execute(months).fetchall() or [(date.min, date.min)]

    def is_red(self, test: Node) -> bool:
        """Whether a data test finds something."""
        sql = self._project.templates.get(test["name"])
        query = rendered(sql, self.months) if sql else test["compiled_code"]
        return self.connection.execute(query).fetchone() is not None

    def red(self, names: Iterable[str]) -> set[str]:
        """Which of these data tests find something."""
        tests = {test["name"]: test for test in self._project.tests}
        return {name for name in names if self.is_red(tests[name])}

    def build(self) -> dict[str, str]:
        """Models and tests in the order of `dbt build`; returns what it says of each.

        A model is not built on what a test found red. A test runs before a model that reads all that the test reads.
        """
        statuses: dict[str, str] = {}
        unbuilt: set[str] = set()
        read_by_red: list[set[str]] = []
        for node in self._project.models:
            read_by_red += self._test_what_is_there(statuses, unbuilt)
            above = self._project.before[node["unique_id"]]
            if unbuilt & above or any(read <= above for read in read_by_red):
                statuses[node["name"]] = "skipped"
                unbuilt.add(node["unique_id"])
            else:
                self.make([node])
                statuses[node["name"]] = "success"
        self._test_what_is_there(statuses, unbuilt)
        return statuses

    def _test_what_is_there(self, statuses: dict[str, str], unbuilt: set[str]) -> list[set[str]]:
        """Run the data tests that did not run and all of whose models are built; returns what the red ones read."""
        built = {node["unique_id"] for node in self._project.models if statuses.get(node["name"]) == "success"}
        read_by_red = []
        for test in self._project.tests:
            reads = set(test["depends_on"]["nodes"])
            models = {name for name in reads if name.startswith("model.")}
            if test["name"] in statuses or not models <= built | unbuilt:
                continue
            if models & unbuilt:
                statuses[test["name"]] = "skipped"
            elif self.is_red(test):
                statuses[test["name"]] = "fail"
                read_by_red.append(reads)
            else:
                statuses[test["name"]] = "pass"
        return read_by_red
