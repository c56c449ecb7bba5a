"""Scenarios with a life in every place: loaded, extended, spoiled; and what an older version loaded."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import few_or_more
from lives import ALL_KINDS, lives, with_more
from places import Place, checksums_of, everywhere, made_rows
from seed_generator import schemas
from seed_generator.faults.injection import Faults
from seed_generator.faults.kinds import FAULT_KINDS
from seed_generator.life import Acquisition
from seed_generator.scenario import MAX_COMPANIES, MAX_MONTHS, Scenario
from seed_generator.schemas import Batch
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import IN_TURN, Manner
from seed_generator.tables import Table, simulated_tables

SCENARIO = Scenario(companies=300, months=9, seed=4, **ALL_KINDS)
LIFE_FILE = """\
companies = 60
months = 3
[acquisition]
companies = 7
[reactivation]
probability = 0.2
[plan_changes.small]
large = 0.1
[[price_changes]]
month = "2021-05"
company_size = "small"
monthly_price = 21.00
"""
steps = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)).filter(any), max_size=3)
manners = st.builds(Manner, st.integers(1, 300), st.integers(1, 2), st.integers(1, 2))


@everywhere
def test_every_place_holds_the_rows_that_were_made(place: Place) -> None:
    place.load(SCENARIO)
    made = made_rows(SCENARIO)
    assert {name: sorted(rows) for name, rows in place.rows().items() if name.startswith("raw")} == {
        name: sorted(rows) for name, rows in made.items() if name.startswith("raw")
    }
    assert len(made["raw.plan_changes"]) > 20
    assert made["raw.price_changes"] == [(date(2021, 7, 1), "small", Decimal("21.00"))]


@everywhere
@few_or_more(3, 15)
def test_a_life_in_any_split_of_months_and_companies_has_the_rows_of_one_run(place: Place, examples: int) -> None:
    @settings(max_examples=examples)
    @given(lives(), steps, manners)
    def holds(first: Scenario, steps: list[tuple[int, int]], manner: Manner) -> None:
        last = first
        for step in steps:
            last = with_more(last, *step)
        place.load(last)
        expected = checksums_of(place)
        place.load(first, manner)
        for step in steps:
            place.extend(*step, manner)
        assert checksums_of(place) == expected

    holds()


@pytest.mark.parametrize("place", ["duckdb"], indirect=True)
def test_the_command_line_appends_and_grows_a_life_and_tells_of_changes_where_there_are_some(
    place: Place, tmp_path: Path
) -> None:
    file = tmp_path / "life.toml"
    file.write_text(LIFE_FILE)
    scenario = ("--scenario", str(file))
    assert place.seed(*scenario, "--months", "6", "--companies", "90", "--quiet").returncode == 0
    expected = place.checksums()
    loaded = place.seed(*scenario)
    assert "raw.plan_changes" in loaded.stdout
    assert "raw.price_changes" not in loaded.stdout
    appended = place.seed("--append", "3", *scenario)
    assert appended.returncode == 0, appended.stderr
    assert "raw.price_changes" in appended.stdout
    assert place.seed("--grow", "30", "--quiet").returncode == 0
    assert place.checksums() == expected
    told = place.seed("--companies", "20", "--months", "2").stdout
    assert "changes" not in told
    assert "  60 companies, 74 by the last month, and about " in place.seed(*scenario, "--dry-run").stdout
    assert "by the last month" not in place.seed("--companies", "20", "--months", "2", "--dry-run").stdout


@pytest.mark.parametrize("place", ["duckdb"], indirect=True)
def test_another_life_than_the_loaded_one_is_refused_in_one_sentence(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "life.toml"
    file.write_text("[acquisition]\ncompanies = 7\n")
    place.load(Scenario(companies=30, months=3))
    refused = place.seed("--append", "1", "--scenario", str(file))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert 'must be what is loaded, none, or left out, not {"companies": 7}' in refused.stderr
    assert place.seed("--scenario", str(file), "--companies", "30", "--months", "3").returncode == 0
    file.write_text("[acquisition]\ncompanies = 0\n")
    refused = place.seed("--append", "1", "--scenario", str(file))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert 'must be what is loaded, {"companies": 7}, or left out, not none' in refused.stderr


# What older versions lacked: tables, and columns of the books after so many.
OLDER_VERSIONS = {
    "before lives": ({schemas.PLAN_CHANGES, schemas.PRICE_CHANGES, schemas.MRR_MOVEMENTS}, 9),
    "before movements of revenue": ({schemas.MRR_MOVEMENTS}, len(schemas.MONTHLY_KPIS.columns)),
}


def load_as_an_older_version(place: Place, scenario: Scenario, version: str) -> None:
    missing, kept = OLDER_VERSIONS[version]
    names = schemas.MONTHLY_KPIS.columns.names
    if place.kind == "postgres":
        place.load(scenario)
        place.execute(
            *(f"drop table {{{table.schema}}}.{table.name}" for table in missing),
            *(f"alter table {{truth}}.monthly_kpis drop column {name}" for name in names[kept:]),
            "select 1",
        )
        return
    columns = pa.schema(list(schemas.MONTHLY_KPIS.columns)[:kept])
    tables = []
    for table in simulated_tables(Portion(scenario)):
        if table.schema is schemas.MONTHLY_KPIS:
            older = replace(schemas.MONTHLY_KPIS, columns=columns)
            rows = (Batch(batch.rows.select(names[:kept]).cast(columns)) for batch in table.batches)
            tables.append(Table(older, rows))
        elif table.schema not in missing:
            tables.append(table)
    with place.sink().change() as change:
        change.write(tables)


@everywhere
@pytest.mark.parametrize("version", OLDER_VERSIONS)
def test_what_an_older_version_loaded_is_not_added_to_and_a_new_load_replaces_it(place: Place, version: str) -> None:
    scenario = Scenario(companies=30, months=3)
    load_as_an_older_version(place, scenario, version)
    before = None if place.is_folder else place.execute("select * from {truth}.monthly_kpis order by 1, 2")
    files = {path: path.read_bytes() for path in place.tables.rglob("*") if path.is_file()}
    for options in (("--append", "1"), ("--grow", "1")):
        refused = place.seed(*options)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.endswith(" was loaded by an older version of seed_generator; load anew.\n")
        assert refused.stderr.count("\n") == 1
    assert before == (None if place.is_folder else place.execute("select * from {truth}.monthly_kpis order by 1, 2"))
    assert files == {path: path.read_bytes() for path in place.tables.rglob("*") if path.is_file()}
    assert place.seed("--companies", "30", "--months", "3", "--quiet").returncode == 0
    found = checksums_of(place)
    place.load(scenario)
    assert checksums_of(place) == found
    assert place.seed("--append", "1", "--quiet").returncode == 0


def rows_with(
    scenario: Scenario, faults: dict[str, float], manner: Manner = IN_TURN
) -> dict[str, list[dict[str, Any]]]:
    return {
        table.schema.full_name: [row for batch in table.batches for row in batch.rows.to_pylist()]
        for table in simulated_tables(Portion(scenario), Faults(faults), manner)
    }


def test_ghost_sessions_are_of_companies_that_lapsed_and_are_silent_and_have_ids_of_their_own() -> None:
    scenario = replace(SCENARIO, acquisition=Acquisition(90), months=6)
    clean = rows_with(scenario, {})
    dirty = rows_with(scenario, {"sessions_after_churn": 1, "near_duplicate_sessions": 1})
    acquired = {row["company_id"]: row["created_at"].date() for row in clean["raw.companies"]}
    active = {(row["company_id"], row["created_at"].date().replace(day=1)) for row in clean["raw.sessions"]}
    lapsed = {
        (company, period)
        for company, first in acquired.items()
        for before, period in zip(scenario.periods, scenario.periods[1:], strict=False)
        if first <= before and (company, before) not in active and (company, period) not in active
    }
    added = [row for row in dirty["truth.injected_faults"] if row["kind"] == "sessions_after_churn"]
    ghosts = {int(row["row_key"]) for row in added}
    found = [row for row in dirty["raw.sessions"] if row["session_id"] in ghosts]
    assert Counter((row["company_id"], row["created_at"].date().replace(day=1)) for row in found) == Counter(lapsed)
    ids = [row["session_id"] for row in dirty["raw.sessions"]]
    assert len(set(ids)) == len(ids) == 2 * len(clean["raw.sessions"]) + len(lapsed)
    assert max(map(abs, ids)) < 2**53
    assert {company for company, _ in lapsed if company > 2 * 10**10}


def test_without_later_cohorts_ghost_sessions_keep_their_ids() -> None:
    rows = rows_with(Scenario(companies=40, months=2), {"sessions_after_churn": 1})["raw.sessions"]
    first = (((1 << 18) + 152_588) << 24) + 1
    ghosts = [row for row in rows if row["session_id"] < 0]
    assert ghosts
    assert all(row["session_id"] == -(first + row["company_id"]) for row in ghosts)


@pytest.mark.parametrize("kind", ["orphan_sessions", "orphan_plan_changes", "added_companies"])
def test_an_unknown_company_has_an_id_that_no_company_has(kind: str) -> None:
    dirty = rows_with(SCENARIO, {kind: 1})
    known = {row["company_id"] for row in rows_with(SCENARIO, {})["raw.companies"]}
    table = FAULT_KINDS[kind].table.full_name
    others = [row["company_id"] for row in dirty[table] if row["company_id"] not in known]
    assert len(others) == len(dirty["truth.injected_faults"])
    assert {company > MAX_COMPANIES * MAX_MONTHS for company in others} == {False, True}  # of either kind of cohort


def test_each_kind_of_fault_in_a_life_does_what_it_says() -> None:
    clean = rows_with(SCENARIO, {})
    late = rows_with(SCENARIO, {"late_acquisitions": 1})["raw.companies"]
    following = dict(zip(SCENARIO.periods, [*SCENARIO.periods[1:], date(2021, 10, 1)], strict=True))
    assert [row["created_at"].date() for row in late] == [
        following[row["created_at"].date()] for row in clean["raw.companies"]
    ]
    twice = rows_with(SCENARIO, {"conflicting_plan_changes": 1})["raw.plan_changes"]
    of_key = Counter((row["company_id"], row["period"]) for row in twice)
    assert set(of_key.values()) == {2}
    assert len({tuple(row.values()) for row in twice}) == len(twice) == 2 * len(clean["raw.plan_changes"])
    unknown = rows_with(SCENARIO, {"price_changes_of_unknown_size": 1})
    assert {row["company_size"] for row in unknown["raw.price_changes"]} == {"n/a"}
    assert [row["row_key"] for row in unknown["truth.injected_faults"]] == ["2021-07-01, small"]


def test_faults_of_a_life_do_not_depend_on_the_cut_into_batches() -> None:
    faults = dict.fromkeys(FAULT_KINDS, 0.2)
    together, apart = (rows_with(SCENARIO, faults, manner) for manner in (IN_TURN, Manner(70)))
    for name in together.keys() - {schemas.LOADED_MONTHS.full_name}:
        assert together[name] == apart[name]
    of_kinds = {row["kind"] for row in together["truth.injected_faults"]}
    assert of_kinds >= {"orphan_plan_changes", "conflicting_plan_changes", "late_acquisitions", "sessions_after_churn"}
