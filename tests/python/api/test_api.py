"""What Python programs are given: streams of the rows that a load stores, and places to load into."""

import dataclasses
import doctest
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

import places
import saas_kpis
from saas_kpis import InputError, Place, Rows, Scenario, Simulation, Watch, simulate
from seed_generator.api.simulation import STREAMS
from seed_generator.schemas import TableSchema
from seed_generator.simulation.portion import Portion
from warehouses import PROJECT, THREE_SIZES, Warehouse

SMALL = Scenario(companies=60, months=4, seed=7)
OPTIONS = ("--companies", "60", "--months", "4", "--seed", "7")
FAULTS = {"duplicate_sessions": 0.1, "companies_without_size": 0.2}
OF_MARTS = {"Kpis", "SubscriptionMetrics", "kpis", "subscription_metrics"}
by_table = pytest.mark.parametrize("table", STREAMS, ids=[table.full_name for table in STREAMS])


def stream(simulation: Simulation, table: TableSchema) -> Rows:
    rows = getattr(simulation.truth if table.schema == "truth" else simulation, table.name)
    assert isinstance(rows, Rows)
    return rows


def tuples(rows: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in rows.to_pylist()]


@pytest.fixture
def _default_marts(duckdb_warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """What examples of `kpis` and `subscription_metrics` read."""
    duckdb_warehouse.fill()
    monkeypatch.setenv("DUCKDB_PATH", str(duckdb_warehouse.file))
    monkeypatch.chdir(PROJECT)


@pytest.mark.parametrize("name", sorted(set(saas_kpis.__all__) - OF_MARTS))
def test_every_name_has_an_example_that_is_right(name: str) -> None:
    run_examples(name)


@pytest.mark.usefixtures("_default_marts")
def test_the_examples_of_the_kpis_and_of_the_page_are_right() -> None:
    for name in OF_MARTS:
        run_examples(name)
    page = PROJECT / "docs" / "use" / "python.md"
    assert doctest.testfile(str(page), module_relative=False) == (0, 25)


def run_examples(name: str) -> None:
    thing = getattr(saas_kpis, name)
    module = sys.modules[thing.__module__]
    found = {test.name: test for test in doctest.DocTestFinder().find(thing, name, module)}
    assert found[name].examples
    for test in found.values():
        assert doctest.DocTestRunner(verbose=False).run(test).failed == 0


def test_every_method_and_property_of_every_name_is_described() -> None:
    for name in saas_kpis.__all__:
        thing = getattr(saas_kpis, name)
        of_class = vars(thing).items() if isinstance(thing, type) else [(name, thing)]
        public = [(key, value) for key, value in of_class if not key.startswith("_")]
        described = {key for key, value in public if value.__doc__}
        assert {key for key, value in public if callable(value) or isinstance(value, property)} <= described, name


@by_table
def test_a_stream_has_the_rows_and_columns_that_a_load_stores(table: TableSchema) -> None:
    rows = stream(simulate(scenario=SMALL), table)
    assert rows.name == table.full_name
    assert simulate(scenario=SMALL).tables[table.full_name].to_arrow() == rows.to_arrow()
    assert rows.schema == table.columns
    assert tuples(rows.to_arrow()) == places.made_rows(SMALL)[table.full_name]


@pytest.mark.parametrize("place", ["duckdb"], indirect=True)
def test_a_stream_with_faults_has_the_rows_that_a_load_stores(place: places.Place) -> None:
    simulation = simulate(scenario=SMALL, faults=FAULTS)
    assert place.seed(*OPTIONS, *(f"--fault={kind}={share}" for kind, share in FAULTS.items())).returncode == 0
    for table in STREAMS:
        found, stored = tuples(stream(simulation, table).to_arrow()), place.rows_of(table)
        assert sorted(map(repr, found)) == sorted(map(repr, stored)), table.full_name


def test_a_stream_is_read_again_and_by_several_at_once() -> None:
    sessions = simulate(scenario=SMALL).sessions
    one, other = sessions.reader(), sessions.reader()
    first = one.read_next_batch()
    assert other.read_all() == sessions.to_arrow()
    assert pa.Table.from_batches([first, *one]) == sessions.to_arrow()


def test_nothing_is_made_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seed_generator.tables.simulate_companies", lambda _: 1 / 0)
    companies = simulate(companies=10**9).grow(1).append(1).companies
    assert companies.schema.names[0] == "company_id"
    with pytest.raises(ZeroDivisionError):
        companies.reader().read_next_batch()


def test_a_simulation_can_not_be_changed() -> None:
    simulation = simulate()
    with pytest.raises(dataclasses.FrozenInstanceError):
        simulation.scenario = Scenario()  # type: ignore[misc]
    assert simulation.append(1).scenario.months == 13
    assert simulation.scenario.months == 12


def test_other_libraries_take_a_stream_by_the_arrow_protocol() -> None:
    simulation = simulate(scenario=SMALL)
    sessions, companies = simulation.sessions, simulation.companies
    assert pa.table(sessions) == sessions.to_arrow()
    assert pa.RecordBatchReader.from_stream(sessions).read_all() == sessions.to_arrow()
    with duckdb.connect() as connection:
        connection.register("company", companies)
        connection.register("session", sessions)
        ((found,),) = connection.sql("select count(*) from session join company using (company_id)").fetchall()
    assert found == sessions.to_arrow().num_rows


def test_a_scenario_comes_from_a_file_an_object_or_arguments_and_arguments_override_it() -> None:
    of_file = simulate(scenario=THREE_SIZES, months=2)
    assert of_file.scenario.months == 2
    assert len(of_file.scenario.sizes) == 3
    assert simulate(seed=1, scenario=of_file.scenario).scenario == dataclasses.replace(of_file.scenario, seed=1)
    assert simulate(first_month="2024-05").scenario.first_month.year == 2024
    assert simulate().scenario == Scenario()


def test_a_file_of_faults_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text("duplicate_sessions = 0.1")
    assert simulate(faults=file).faults.shares == {"duplicate_sessions": 0.1}


@pytest.mark.parametrize("place", ["duckdb", "postgres", "parquet"], indirect=True)
def test_a_place_is_filled_extended_checked_and_dropped_as_by_the_command_line(
    place: places.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in place.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(PROJECT)
    here = Place(parquet=place.tables) if place.is_folder else Place(place.kind)
    simulate(companies=50, months=2).load(here)
    assert here.has_changed
    assert here.append(1) == Scenario(companies=50, months=3)
    assert here.grow(10) == Scenario(companies=60, months=3)
    assert place.rows()["raw.plans"] == places.made_rows(Scenario())["raw.plans"]
    assert {name: found.digits() for name, found in here.checksums().items()} == place.checksums()
    with pytest.raises(InputError, match="with what is loaded, 3 months of 60 companies"):
        here.append(1_198)
    assert here.drop()
    assert place.is_empty()


def test_a_duckdb_file_is_a_place_without_a_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    simulate(scenario=SMALL).load(Place(duckdb="company.duckdb"))
    with duckdb.connect("company.duckdb", read_only=True) as connection:
        assert connection.sql("from raw.plans").fetchall() == places.made_rows(SMALL)["raw.plans"]
    Place(duckdb="company.duckdb").drop()
    with duckdb.connect("company.duckdb") as connection:
        assert connection.sql("select count(*) from duckdb_tables()").fetchall() == [(0,)]


def test_what_a_watch_raises_ends_the_load_with_no_change(tmp_path: Path) -> None:
    class Stops(Watch):
        def begins(self, portion: Portion) -> None:
            assert portion.scenario.companies == 20

        def ends(self) -> None:
            raise ZeroDivisionError

    here = Place(csv=tmp_path / "tables")
    with pytest.raises(ZeroDivisionError):
        simulate(companies=20).load(here, Stops())
    assert not here.has_changed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"companies": 0}, "companies must be a whole number from 1 to 10,000,000,000, not 0."),
        ({"months": 1.5}, "months must be a whole number from 1 to 1,200, not 1.5."),
        ({"first_month": "May"}, "first_month must be"),
        ({"faults": {"dirt": 1}}, "the kind of a fault must be"),
        ({"scenario": "nowhere.toml"}, "nowhere.toml"),
    ],
)
def test_what_can_not_be_is_told_in_one_sentence(given: dict[str, object], told: str) -> None:
    with pytest.raises(InputError) as refused:
        simulate(**given)  # type: ignore[arg-type]
    assert told in str(refused.value)
    with pytest.raises(InputError, match="give one of them"):
        Place("duckdb", csv="tables")


def test_the_package_and_its_fixture_are_imported_without_any_library() -> None:
    program = "import sys, saas_kpis.testing; print(dir(saas_kpis), *sorted(sys.modules))"
    said = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout
    assert str(sorted(saas_kpis.__all__)) in said
    assert {"numpy", "pyarrow", "duckdb", "faker", "dbt"}.isdisjoint(said.split())
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        saas_kpis.nothing  # noqa: B018 - it is asked for
