"""A pytest fixture, `saas_company`: companies with a known right answer, for tests of KPI code.

pytest imports this module at every start wherever the package is installed, so the libraries wait until they are used.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import saas_kpis

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


@dataclass(frozen=True)
class SimulatedCompany:
    """A company whose tables are made once, when a test first asks for them, and kept until the tests end.

    Parameters
    ----------
    simulation : what it is of: `simulation.truth` has the right answer.
    folder : where its DuckDB file goes.
    """

    simulation: "saas_kpis.Simulation"
    folder: Path

    @cached_property
    def tables(self) -> "dict[str, pa.Table]":
        """Each table as an Arrow table, by its name, such as `raw.sessions` or `truth.monthly_kpis`."""
        return {name: rows.to_arrow() for name, rows in self.simulation.tables.items()}

    @cached_property
    def duckdb_file(self) -> Path:
        """A DuckDB file with the tables, in the schemas `raw` and `truth`. Copy it if a test is to change it."""
        file = self.folder / "company.duckdb"
        self.simulation.load(saas_kpis.Place(duckdb=file))
        return file

    def connect(self) -> "duckdb.DuckDBPyConnection":
        """A connection to the file that only reads."""
        import duckdb  # noqa: PLC0415 - pytest imports this module at every start

        return duckdb.connect(self.duckdb_file, read_only=True)


@pytest.fixture(scope="session")
def saas_company(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., SimulatedCompany]:
    """`saas_company(companies=100, months=6)`: the company that `simulate` makes of these arguments, once a session."""
    made: dict[object, SimulatedCompany] = {}

    def company(*arguments: object, **options: object) -> SimulatedCompany:
        simulation = saas_kpis.simulate(*arguments, **options)  # type: ignore[arg-type]  # it validates them itself
        key = (simulation.scenario, simulation.faults.to_json())
        if key not in made:
            made[key] = SimulatedCompany(simulation, tmp_path_factory.mktemp("saas_company"))
        return made[key]

    return company
