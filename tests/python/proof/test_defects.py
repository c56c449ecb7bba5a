"""Every data test and every contract is seen to catch a defect that it is there for; without one it is no proof."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from kpis_in_python import KEYS
from scratch import Scratch
from seed_generator.schemas import TABLES

DEFECTS = Path(__file__).parent / "defects"


@dataclass(frozen=True)
class Defect:
    """A defect of the warehouse.

    Parameters
    ----------
    name : what it is, in words.
    sql : the statements that make it.
    caught_by : data tests, each of which turns red; others may too.
    rebuild : whether the models are built on it before the tests run.
    """

    name: str
    sql: str
    caught_by: tuple[str, ...]
    rebuild: bool = False


def defects() -> list[Defect]:
    files = [tomllib.loads((DEFECTS / name).read_text()) for name in ("raw.toml", "models.toml")]
    return [
        Defect(name, entry["sql"], tuple(entry["caught_by"]), entry.get("rebuild", False))
        for file in files
        for name, entry in file.items()
    ]


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """A built warehouse whose raw tables take every defect, as those of a load with faults do."""
    scratch = Scratch(tmp_path_factory.mktemp("defects"), "--scenario", str(DEFECTS / "scenario.toml"))
    for table in TABLES:
        for column in table.columns.names:
            scratch.execute(f"alter table {table.full_name} alter {column} drop not null")
    scratch.keep()
    return scratch


@pytest.mark.parametrize("defect", defects(), ids=lambda defect: defect.name)
def test_a_defect_turns_the_tests_red_that_are_there_for_it(scratch: Scratch, defect: Defect) -> None:
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
    assert {test for defect in defects() for test in defect.caught_by} == set(scratch.warehouse.statuses)


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


BREACHES = {
    "a column less": "select * exclude ({column}) from",
    "a column more": "select *, 1 as one_more from",
    "a column of another name": "select * rename ({column} as another) from",
    "a column of another type": "select * replace (cast({column} as varchar(40)) as {column}) from",
}


@pytest.mark.parametrize("breach", BREACHES.values(), ids=BREACHES.keys())
@pytest.mark.parametrize("mart", KEYS)
def test_the_contract_of_a_mart_stops_the_build_at(scratch: Scratch, mart: str, breach: str) -> None:
    *_, last = (scratch.project / "models" / "marts" / f"{mart}.sql").read_text().splitlines()
    assert last.startswith("select * from")
    column = "lifetime_revenue" if mart == "dim_companies" else "active_companies"
    try:
        scratch.patch(f"models/marts/{mart}.sql", last, last.replace("select * from", breach.format(column=column)))
        assert not scratch.warehouse.dbt("run", "--select", mart)
        assert scratch.warehouse.statuses == {mart: "error"}
        assert "enforced contract that failed" in scratch.warehouse.messages[mart]
    finally:
        scratch.mend()
