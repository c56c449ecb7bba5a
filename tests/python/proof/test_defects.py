"""Every data test and every contract is seen to catch a defect that it is there for; without one it is no proof."""

import shutil
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from kpis_in_python import KEYS
from rehearsal import Project, Rehearsal
from scratch import Scratch
from seed_generator.schemas import TABLES

FOLDER = Path(__file__).parent / "defects"


@dataclass(frozen=True)
class Defect:
    """A defect of the warehouse.

    Parameters
    ----------
    layer : what it is put into, the raw tables or those of the models.
    name : what it is, in words.
    sql : the statements that make it.
    caught_by : data tests, each of which turns red; others may too.
    rebuild : whether the models are built on it before the tests run.
    """

    layer: str
    name: str
    sql: str
    caught_by: tuple[str, ...]
    rebuild: bool = False


through_dbt = pytest.mark.slow("a defect for each data test through dbt itself")

DEFECTS = [
    Defect(layer, name, entry["sql"], tuple(entry["caught_by"]), entry.get("rebuild", False))
    for layer in ("raw", "models")
    for name, entry in tomllib.loads((FOLDER / f"{layer}.toml").read_text()).items()
]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A built warehouse whose raw tables take every defect, as those of a load with faults do."""
    scratch = Scratch(tmp_path_factory.mktemp("defects"), "--scenario", str(FOLDER / "scenario.toml"))
    for table in TABLES:
        for column in table.columns.names:
            scratch.execute(f"alter table {table.full_name} alter {column} drop not null")
    scratch.keep()
    return scratch


@pytest.fixture(scope="module")
def rehearsal(scratch: Scratch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The same warehouse in a copy of its file, without dbt."""
    file = tmp_path_factory.mktemp("rehearsal") / "warehouse.duckdb"
    shutil.copy(scratch.file, file)
    rehearsal = Rehearsal(file, Project(scratch.manifest))
    yield rehearsal
    rehearsal.close()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_turns_the_tests_red_that_are_there_for_it(rehearsal: Rehearsal, defect: Defect) -> None:
    with rehearsal.undone():
        rehearsal.connection.execute(defect.sql)
        if defect.rebuild:
            rehearsal.make()
        assert rehearsal.red(defect.caught_by) == set(defect.caught_by)


def first_of_each_kind() -> Iterator[ParameterSet]:
    """One for each data test, of which the first of a kind is enough to see that dbt does what the rehearsal does."""
    kinds: set[tuple[str, bool]] = set()
    tests: set[str] = set()
    for defect in DEFECTS:
        kind = (defect.layer, defect.rebuild)
        if kind not in kinds or not tests.issuperset(defect.caught_by):
            yield pytest.param(defect, id=defect.name, marks=through_dbt if kind in kinds else ())
        kinds.add(kind)
        tests.update(defect.caught_by)


@pytest.mark.parametrize("defect", first_of_each_kind())
def test_dbt_sees_a_defect_too(scratch: Scratch, defect: Defect) -> None:
    try:
        scratch.execute(defect.sql)
        if defect.rebuild:
            assert scratch.warehouse.dbt("run", "--full-refresh"), scratch.warehouse.statuses
        assert not scratch.warehouse.dbt("test", "--select", *defect.caught_by)
        assert scratch.warehouse.red == set(defect.caught_by)
    finally:
        scratch.mend()


def test_every_data_test_has_its_defect_and_is_green_without(scratch: Scratch) -> None:
    assert scratch.warehouse.dbt("test")
    assert {test for defect in DEFECTS for test in defect.caught_by} == set(scratch.warehouse.statuses)


def test_a_null_is_told_by_its_column(scratch: Scratch) -> None:
    try:
        scratch.execute("update raw.sessions set created_at = null, company_id = null where session_id = 1")
        scratch.execute("update raw.sessions set session_id = null where session_id = 2")
        test = "raw_sessions_have_no_nulls"
        assert not scratch.warehouse.dbt("test", "--select", test, "--store-failures")
        told = scratch.warehouse.query(f"select nulls from dbt_test__audit.{test} order by 1")
        assert told == [("company_id created_at",), ("session_id",)]
    finally:
        scratch.mend()


# A mart that reads another one is not built once that has failed.
REPORTS = tuple(mart for mart in KEYS if mart.startswith("rpt_"))
FACTS = tuple(mart for mart in KEYS if mart not in REPORTS)
# A column of each whose type can be broken.
COUNTS = {
    "dim_companies": "lifetime_revenue",
    "fct_mrr_movements": "closing_mrr",
    "fct_revenue_retention": "kept_mrr_1m",
    "fct_survival": "churned_companies",
    "rpt_subscription_metrics": "closing_mrr",
}
BREACHES = {
    "a column less": "select * exclude ({column}) from",
    "a column more": "select *, 1 as one_more from",
    "a column of another name": "select * rename ({column} as another) from",
    "a column of another type": "select * replace (cast({column} as varchar(40)) as {column}) from",
}


another_breach = pytest.mark.slow("another breach")


@pytest.mark.parametrize(
    ("marts", "breach"),
    [
        pytest.param(marts, breach, id=f"{marts[-1]}, {name}", marks=() if "type" in name else another_breach)
        for name, breach in BREACHES.items()
        for marts in (FACTS, *((report,) for report in REPORTS))
    ],
)
def test_the_contract_of_a_mart_stops_the_build_at(scratch: Scratch, marts: tuple[str, ...], breach: str) -> None:
    try:
        for mart in marts:
            *_, last = (scratch.project / "models" / "marts" / f"{mart}.sql").read_text().splitlines()
            assert last.startswith("select * from")
            column = COUNTS.get(mart, "active_companies")
            broken = last.replace("select * from", breach.format(column=column))
            scratch.patch(f"models/marts/{mart}.sql", last, broken)
        assert not scratch.warehouse.dbt("run", "--select", *marts)
        assert scratch.warehouse.statuses == dict.fromkeys(marts, "error")
        assert [mart for mart in marts if "enforced contract that failed" not in scratch.warehouse.messages[mart]] == []
    finally:
        scratch.mend()
