"""A user's own tables, of which the models and data tests run without dbt."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from duckdb import DuckDBPyConnection

from kpis_in_python import Mart, marts_read_by
from own_projects import Rows, compiled, inserts, own_warehouse
from rehearsal import Node, Project, Rehearsal

# Each rule in the other of the types that ids may have, and one of them with stamps of loads.
VARIABLES: Mapping[str, Mapping[str, object]] = {
    "active": {"customers_are": "active", "company_id_type": "bigint", "has_loaded_months": True},
    "subscribed": {"customers_are": "subscribed", "company_id_type": "string"},
}


class OwnStage:
    """A warehouse with empty tables, to be filled, built and tested, and empty again afterwards.

    Parameters
    ----------
    folder : for all of it.
    variables : of our project.

    Attributes
    ----------
    connection : for more than rows that are written down.
    """

    def __init__(self, folder: Path, variables: Mapping[str, object]) -> None:
        self.is_subscribed = variables["customers_are"] == "subscribed"
        self.id_type = str(variables["company_id_type"])
        warehouse = own_warehouse(folder, variables)
        assert warehouse.file
        self._project = Project(compiled(warehouse))
        self._rehearsal = Rehearsal(warehouse.file, self._project, f"({self._project.loaded_months})")
        self.connection = self._rehearsal.connection
        self._rehearsal.make_schemas()
        self.connection.execute("delete from app.calendar; delete from app.loaded_months")
        self.connection.execute("set threads = 1")  # the quickest for so few rows

    @contextmanager
    def undone(self) -> Iterator[DuckDBPyConnection]:
        """Nothing of what is done stays."""
        with self._rehearsal.undone():
            yield self.connection

    def fill(self, rows: Rows) -> None:
        """Add rows to tables."""
        for statement in inserts(rows):
            self.connection.execute(statement)

    def make(self) -> None:
        """Build the models of the tables."""
        self._rehearsal.make()

    def make_for(self, tag: str) -> None:
        """Build the models that the tests with a tag read."""
        read = {name for test in self._tests(tag) for name in test["depends_on"]["nodes"]}
        read = read.union(*(self._project.before.get(name, ()) for name in read))
        self._rehearsal.make(model for model in self._project.models if model["unique_id"] in read)

    def red(self, tag: str) -> set[str]:
        """The tests with a tag that find something."""
        return self._rehearsal.red(test["name"] for test in self._tests(tag))

    def _tests(self, tag: str) -> list[Node]:
        return [test for test in self._project.tests if tag in test["tags"]]

    def marts(self) -> dict[str, Mart]:
        """As rows by their key."""
        return marts_read_by(self.connection)
