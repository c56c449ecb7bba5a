"""Faults put in on purpose: they are what the list of them says, nothing else changes, and the build goes red."""

import functools
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.stats import binom

from fault_page import PAGE, Outcome, Totals, render
from kpis_in_python import KEYS
from pages import check_page
from places import Place, everywhere
from rehearsal import Project, Rehearsal
from seed_generator import schemas
from seed_generator.faults.injection import Faults, with_faults
from seed_generator.faults.kinds import FAULT_KINDS, Effect
from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation
from seed_generator.scenario import LARGE, SMALL, CompanySize, Scenario
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import Manner
from seed_generator.tables import simulated_tables
from seed_generator.validation import MAX_PRICE
from warehouses import Warehouse, seeded
from wrong_definitions import scenario_file

SCENARIO = Scenario(companies=300, months=4, seed=5)
LIFE: dict[str, Any] = {
    "acquisition": Acquisition(20),
    "reactivation": Reactivation(Decimal("0.2")),
    "plan_changes": (PlanChange("small", "large", Decimal("0.2")), PlanChange("large", "small", Decimal("0.2"))),
    "price_changes": tuple(
        PriceChange(date(2021, month, 1), size, Decimal(month)) for month in (2, 3) for size in ("small", "large")
    ),
}
LIVELY = replace(SCENARIO, **LIFE)
# Only a life has rows in them.
CHANGES = (schemas.PLAN_CHANGES, schemas.PRICE_CHANGES)
RAW_TABLES = (schemas.PLANS, schemas.COMPANIES, schemas.SESSIONS, *CHANGES)
Texts = dict[str, list[dict[str, str]]]


def texts(scenario: Scenario, faults: Faults, batch_sessions: int = 100_000) -> Texts:
    """All rows of all tables as texts, a null as the word."""
    found: Texts = {}
    for table in simulated_tables(Portion(scenario), faults, Manner(batch_sessions)):
        if table.schema is schemas.LOADED_MONTHS:  # says when, which no two loads have the same
            continue
        rows = pa.Table.from_batches([batch.rows for batch in table.batches], table.columns)
        columns = {name: pc.fill_null(rows.column(name).cast(pa.string()), "null") for name in rows.column_names}
        found[table.schema.full_name] = pa.table(columns).to_pylist()
    return found


@functools.cache
def clean_texts(scenario: Scenario) -> Texts:
    return texts(scenario, Faults())


def undone(table: schemas.TableSchema, dirty: list[dict[str, str]], entries: list[dict[str, str]]) -> Counter[str]:
    """The rows as they were before faults of one kind, each as one text: the entries taken back."""
    rows = Counter(as_text(row) for row in dirty)
    for entry in entries:
        if entry["column_name"] != "null":
            # The row is known by its key and by what it holds now.
            key = dict(zip(table.primary_key, entry["row_key"].split(", "), strict=True))
            holds = {f"{name}={value}" for name, value in (key | {entry["column_name"]: entry["new_value"]}).items()}
            changed = next(text for text in rows if holds <= set(text.split(", ")) and rows[text])
            rows[changed] -= 1
            restored = dict(part.split("=", 1) for part in re.split(r", (?=\w+=)", changed))
            rows[as_text(restored | {entry["column_name"]: entry["old_value"]})] += 1
        elif entry["old_value"] == "null":
            rows[entry["new_value"]] -= 1
        else:
            rows[entry["old_value"]] += 1
    return +rows


def as_text(row: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in row.items())


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        pytest.param(scenario, kind, id=f"{name}, {kind}")
        for name, scenario in {"the brief": SCENARIO, "a life": LIVELY}.items()
        for kind in FAULT_KINDS
        if scenario is LIVELY or FAULT_KINDS[kind].table not in CHANGES
    ],
)
def test_taking_back_what_the_list_says_gives_the_clean_tables(scenario: Scenario, kind: str) -> None:
    clean = clean_texts(scenario)
    is_rare = FAULT_KINDS[kind].table is schemas.SESSIONS and kind != "deleted_months"
    dirty = texts(scenario, Faults({kind: 0.02 if is_rare else 0.5}))
    entries = dirty["truth.injected_faults"]
    assert entries
    assert {entry["kind"] for entry in entries} == {kind}
    assert [entry["fault_id"] for entry in entries] == [str(number) for number in range(1, len(entries) + 1)]
    for table in RAW_TABLES:
        of_table = [entry for entry in entries if entry["table_name"] == table.full_name]
        assert bool(of_table) == (table is FAULT_KINDS[kind].table)
        before = Counter(as_text(row) for row in clean[table.full_name])
        assert undone(table, dirty[table.full_name], of_table) == before
    for untouched in ("truth.monthly_kpis", "truth.expected_kpis"):
        assert dirty[untouched] == clean[untouched]


# Every kind finds rows in it: a free plan, whose price has no sign, and one that can't become dearer.
TINY = Scenario(
    companies=24,
    months=3,
    seed=5,
    sizes=(
        replace(SMALL, share=0.4),
        replace(LARGE, share=0.4, monthly_price=MAX_PRICE - Decimal("0.5")),
        CompanySize("free", 0.2, Decimal(0), 2, 2),
    ),
    **LIFE,
)


@functools.cache
def simulated() -> dict[schemas.TableSchema, list[schemas.Batch]]:
    return {table.schema: list(table.batches) for table in simulated_tables(Portion(TINY))}


def in_text(batches: Iterable[pa.RecordBatch]) -> list[dict[str, str]]:
    """Rows with their values as texts, a null as the word."""
    rows = [row for batch in batches for row in _with_texts(batch).to_pylist()]
    return [{name: "null" if value is None else value for name, value in row.items()} for row in rows]


def _with_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: batch.column(name).cast(pa.string()) for name in batch.schema.names})


def applied(table: schemas.TableSchema, clean: list[dict[str, str]], entries: list[dict[str, str]]) -> Counter[str]:
    """The clean rows with all that is listed done to them; no two entries may be about one value."""
    as_simulated = {", ".join(row[name] for name in table.primary_key): row for row in clean}
    rows = {key: dict(row) for key, row in as_simulated.items()}
    assert len(rows) == len(clean)
    added: Counter[str] = Counter()
    for entry in entries:
        row_key, column, old, new = (entry[name] for name in ("row_key", "column_name", "old_value", "new_value"))
        if column != "null":
            assert old == as_simulated[row_key][column] == rows[row_key][column] != new
            rows[row_key][column] = new
        elif new == "null":
            assert old == as_text(as_simulated[row_key]) == as_text(rows.pop(row_key))
        else:
            added[new] += 1
    return Counter(map(as_text, rows.values())) + added


@pytest.mark.parametrize("share", [Decimal(1), pytest.param(Decimal("0.5"), marks=pytest.mark.slow("another share"))])
def test_of_any_two_kinds_each_listed_fault_is_there_and_no_other_difference(share: Decimal) -> None:
    for one, other in combinations(FAULT_KINDS, 2):
        faults = Faults({one: share, other: share})
        for table in {FAULT_KINDS[one].table, FAULT_KINDS[other].table}:
            clean = in_text(batch.rows for batch in simulated()[table])
            spoiled = list(with_faults(table, simulated()[table], TINY, faults))
            entries = in_text(batch for _, batches in spoiled for batch in batches)
            found = Counter(map(as_text, in_text(batch.rows for batch, _ in spoiled)))
            assert found == applied(table, clean, entries), (one, other)
            assert entries or share < 1, (one, other)


def test_a_row_that_is_missing_or_stands_twice_has_no_other_fault() -> None:
    kinds = dict.fromkeys((name for name, kind in FAULT_KINDS.items() if kind.table is schemas.SESSIONS), 0.3)
    spoiled = list(with_faults(schemas.SESSIONS, simulated()[schemas.SESSIONS], TINY, Faults(kinds)))
    entries = in_text(batch for _, batches in spoiled for batch in batches)
    whole = {entry["row_key"] for entry in entries if entry["column_name"] == "null"}
    assert whole
    assert len(whole) == sum(entry["column_name"] == "null" for entry in entries)
    assert whole.isdisjoint(entry["row_key"] for entry in entries if entry["column_name"] != "null")


def test_a_row_is_hit_whatever_else_is_asked_for_and_however_the_rows_are_cut() -> None:
    alone = texts(SCENARIO, Faults({"sessions_without_time": 0.05}))["truth.injected_faults"]
    others = {"changed_prices": 1, "deleted_companies": 0.2, "sessions_at_the_end": 0.1}
    faults = Faults({"sessions_without_time": 0.05, **others})
    together = texts(SCENARIO, faults)
    hit = [entry["row_key"] for entry in together["truth.injected_faults"] if entry["kind"] == "sessions_without_time"]
    assert hit == [entry["row_key"] for entry in alone]
    assert texts(SCENARIO, faults, batch_sessions=70) == together


@pytest.mark.parametrize("kind", ["duplicate_sessions", "deleted_companies", "sessions_after_churn"])
def test_as_many_rows_are_hit_as_a_fair_draw_hits(kind: str) -> None:
    scenario, share = Scenario(companies=20_000, months=3, seed=1), 0.03
    rows = {
        table.schema.full_name: sum(batch.rows.num_rows for batch in table.batches)
        for table in simulated_tables(Portion(scenario), Faults({kind: share}))
    }
    clean = clean_texts(scenario)
    exposed = len(clean[FAULT_KINDS[kind].table.full_name])
    if FAULT_KINDS[kind].effect is Effect.RETURN:  # companies that have churned, once for each month since
        months_left = {"2021-01-01": 2, "2021-02-01": 1, "2021-03-01": 0}
        exposed = sum(months_left[row["period"]] * int(row["churned_companies"]) for row in clean["truth.monthly_kpis"])
    hit = rows["truth.injected_faults"]
    assert binom.ppf(1e-6, exposed, share) <= hit <= binom.ppf(1 - 1e-6, exposed, share)


@everywhere
def test_every_place_takes_every_kind_and_is_clean_again_after_a_load_without(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    file.write_text("\n".join(f"{kind} = 0.2" for kind in FAULT_KINDS))
    options = ("--companies", "60", "--months", "4", "--faults", str(file))
    loaded = place.seed(*options)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    scenario, faults = Scenario(companies=60, months=4), Faults(dict.fromkeys(FAULT_KINDS, 0.2))
    wanted = {
        table.schema.full_name: [tuple(row.values()) for batch in table.batches for row in batch.rows.to_pylist()]
        for table in simulated_tables(Portion(scenario), faults)
        if table.schema in schemas.REPRODUCIBLE
    }
    assert place.rows() == wanted
    assert place.seed("--companies", "60", "--months", "4").returncode == 0
    assert place.rows()["truth.injected_faults"] == []
    if place.is_folder:
        return
    nullable = place.execute(
        "select table_name, column_name from information_schema.columns"
        " where table_schema in ('{raw}', '{truth}') and is_nullable = 'YES' order by 1, 2"
    )
    assert nullable == [
        ("expected_kpis", "standard_deviation"),
        *(("injected_faults", name) for name in ("column_name", "new_value", "old_value")),
    ]
    if place.kind == "postgres":
        keys = "select contype from pg_constraint where conrelid = '{raw}.sessions'::regclass and contype in ('p', 'f')"
        assert sorted(place.execute(keys)) == [("f",), ("p",)]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--fault", "typo=0.1"], ["--fault", "typo", "duplicate_sessions"]),
        (["--fault", "duplicate_sessions"], ["--fault", "duplicate_sessions", "above 0", "nothing"]),
        (["--fault", "duplicate_sessions=0"], ["--fault", "duplicate_sessions", "not 0"]),
        (["--fault", "duplicate_sessions=1.5"], ["--fault", "up to 1", "1.5"]),
        (["--fault", "duplicate_sessions=many"], ["--fault", "many"]),
        (["--faults", "nowhere.toml"], ["--faults", "nowhere.toml"]),
        (["--faults", "{file}"], ["deleted_sessions in", "dirty.toml", "-1"]),
    ],
)
def test_a_bad_fault_is_told_in_one_sentence(tmp_path: Path, options: list[str], words: list[str]) -> None:
    file = tmp_path / "dirty.toml"
    file.write_text("deleted_sessions = -1")
    done = seeded(
        *(option.format(file=file) for option in options), environment={"DUCKDB_PATH": str(tmp_path / "w.duckdb")}
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: [^\n]+\.\n", done.stderr)
    assert [word for word in words if word not in done.stderr] == []
    assert not (tmp_path / "w.duckdb").exists()


# What no look at the raw rows can tell from a right simulation.
SEEN_BY_THE_BOOKS_ONLY = {
    "near_duplicate_sessions",
    "deleted_sessions",
    "companies_of_wrong_size",
    "changed_prices",
    "swapped_prices",
}
SHARES = {
    schemas.SESSIONS: Decimal("0.01"),
    schemas.COMPANIES: Decimal("0.01"),
    schemas.PLANS: Decimal(1),
    schemas.PLAN_CHANGES: Decimal("0.1"),
    schemas.PRICE_CHANGES: Decimal(1),
}
# Some month has to be hit; and no company may lose its only session of a month, which would be seen in the rows.
OTHER_SHARES = {"deleted_months": Decimal("0.1"), "deleted_sessions": Decimal("0.001")}


class Stage:
    """A warehouse with a simulation, built clean, and what each kind of fault leads to in it."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir()
        self._file = folder / "warehouse.duckdb"
        self._options = options
        environment = {"DUCKDB_PATH": str(self._file)}
        self.warehouse = Warehouse("duckdb", environment, folder / "artifacts", file=self._file)
        assert self.warehouse.seed(*options).returncode == 0
        assert self.warehouse.build("--write-json"), self.warehouse.statuses
        self._project = Project(self.warehouse.artifacts / "manifest.json")
        self._outcomes: dict[str, Outcome] = {}
        with self.warehouse.cursor() as cursor:
            self.clean = totals(cursor)

    def spoil(self, kind: str) -> Decimal:
        """Load the simulation with some rows hit; returns the share of them."""
        share = OTHER_SHARES.get(kind, SHARES[FAULT_KINDS[kind].table])
        assert self.warehouse.seed(*self._options, "--fault", f"{kind}={share}").returncode == 0
        assert self.warehouse.query("select count(*) > 0 from truth.injected_faults") == [(True,)]
        return share

    def outcome(self, kind: str) -> Outcome:
        """What a build would do."""
        if kind not in self._outcomes:
            share = self.spoil(kind)
            rehearsal = Rehearsal(self._file, self._project)
            with rehearsal.undone():
                statuses = rehearsal.build()
                fired = sorted(name for name, status in statuses.items() if status == "fail")
                replaced = {mart for mart in KEYS if statuses[mart] == "success"}
                if not replaced:
                    rehearsal.make()
                self._outcomes[kind] = Outcome(share, fired, replaced, totals(rehearsal.connection), self.clean)
            rehearsal.close()
        return self._outcomes[kind]


class Stages:
    """The default simulation, and a life for the kinds that need one; each is made when first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stages: dict[str, Stage] = {}

    def of(self, kind: str) -> Stage:
        options = ("--scenario", str(scenario_file("life"))) if FAULT_KINDS[kind].table in CHANGES else ()
        name = "life" if options else "default"
        if name not in self._stages:
            self._stages[name] = Stage(self._folder / name, *options)
        return self._stages[name]

    def outcome(self, kind: str) -> Outcome:
        return self.of(kind).outcome(kind)


@pytest.fixture(scope="module")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return Stages(tmp_path_factory.mktemp("faults"))


def totals(cursor: Any) -> Totals:
    cursor.execute("select * from marts.rpt_monthly_kpis where company_size = 'all'")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["period"]: row for row in sorted(rows, key=lambda row: row["period"])}


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_every_kind_stops_the_build_before_a_mart_is_replaced_or_turns_it_red(stages: Stages, kind: str) -> None:
    outcome = stages.outcome(kind)
    assert outcome.fired
    assert outcome.stopped != (kind in SEEN_BY_THE_BOOKS_ONLY), outcome.fired


QUICKLY = {"orphan_sessions"}  # one that stops the build
through_dbt = pytest.mark.slow("every other kind through dbt itself")


@pytest.mark.parametrize("kind", [pytest.param(k, marks=() if k in QUICKLY else through_dbt) for k in FAULT_KINDS])
def test_dbt_does_with_a_kind_what_was_said_and_keeps_the_marts_when_it_stops(stages: Stages, kind: str) -> None:
    stage = stages.of(kind)
    said, warehouse = stage.outcome(kind), stage.warehouse
    stage.spoil(kind)
    before = {mart: warehouse.table(f"marts.{mart}") for mart in KEYS}
    assert not warehouse.build()
    assert sorted(warehouse.red) == said.fired
    assert {mart for mart in KEYS if warehouse.statuses[mart] == "success"} == said.replaced
    if said.stopped:
        assert {mart: warehouse.table(f"marts.{mart}") for mart in KEYS} == before
        assert warehouse.dbt("run"), warehouse.statuses
    with warehouse.cursor() as cursor:
        assert totals(cursor) == said.totals


def test_the_page_shows_what_each_kind_did(stages: Stages) -> None:
    check_page(PAGE, render({kind: stages.outcome(kind) for kind in FAULT_KINDS}))
