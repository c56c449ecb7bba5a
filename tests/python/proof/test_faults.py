"""Faults put in on purpose: they are what the list of them says, nothing else changes, and the build goes red."""

import functools
import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from scipy.stats import binom

from fault_page import LIFE_FILE, PAGE, SHARES, SHARES_IN_A_LIFE, Outcome, Shares, Totals, render, share_of
from kpis_in_python import KEYS
from pages import check_page
from places import Place, everywhere, made_rows
from rehearsal import Project, Rehearsal
from seed_generator import schemas
from seed_generator.errors import InvalidValueError
from seed_generator.faults.injection import Faults, with_faults
from seed_generator.faults.kinds import FAULT_KINDS, Effect
from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation, Usage
from seed_generator.scenario import LARGE, SMALL, CompanySize, Scenario
from seed_generator.scenario_file import read_scenario
from seed_generator.simulation.counts import books_of
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import Manner
from seed_generator.simulation.streams import Purpose, keyed_draw
from seed_generator.tables import simulated_tables
from seed_generator.validation import MAX_PRICE
from warehouses import Warehouse, seeded


def table_of(kind: str) -> schemas.TableSchema:
    return FAULT_KINDS[kind].table


SCENARIO = Scenario(companies=300, months=4, seed=5)
LIFE = Scenario(**read_scenario(LIFE_FILE))
RAW_TABLES = (schemas.PLANS, schemas.PRICE_CHANGES, schemas.COMPANIES, schemas.PLAN_CHANGES, schemas.SESSIONS)
# Kinds that find no row without a life beyond churn, in which plans and prices change.
OF_CHANGES = {kind for kind in FAULT_KINDS if table_of(kind) in {schemas.PLAN_CHANGES, schemas.PRICE_CHANGES}}
OF_THE_BRIEF = [kind for kind in FAULT_KINDS if kind not in OF_CHANGES]
in_a_life = pytest.mark.slow("a kind of the brief in a life")
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
            # The row is known by its key, whose columns are the first, and by what it holds now.
            key = dict(zip(table.primary_key, entry["row_key"].split(", "), strict=True))
            now = {entry["column_name"]: entry["new_value"]}
            begins, holds = as_text({name: now.get(name, value) for name, value in key.items()}) + ", ", as_text(now)
            changed = next(
                text for text in rows if text.startswith(begins) and holds in text.split(", ") and rows[text]
            )
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
        *(pytest.param(SCENARIO, kind, id=kind) for kind in OF_THE_BRIEF),
        *(
            pytest.param(LIFE, kind, id=f"{kind} in a life", marks=() if kind in OF_CHANGES else in_a_life)
            for kind in FAULT_KINDS
        ),
    ],
)
def test_taking_back_what_the_list_says_gives_the_clean_tables(scenario: Scenario, kind: str) -> None:
    clean = clean_texts(scenario)
    some = {schemas.SESSIONS: 0.02, schemas.PRICE_CHANGES: 1}
    share = 0.5 if kind == "deleted_months" else some.get(table_of(kind), 0.5)
    dirty = texts(scenario, Faults({kind: share}))
    entries = dirty["truth.injected_faults"]
    assert entries
    assert {entry["kind"] for entry in entries} == {kind}
    assert [entry["fault_id"] for entry in entries] == [str(number) for number in range(1, len(entries) + 1)]
    for table in RAW_TABLES:
        of_table = [entry for entry in entries if entry["table_name"] == table.full_name]
        assert bool(of_table) == (table is table_of(kind))
        before = Counter(as_text(row) for row in clean[table.full_name])
        assert undone(table, dirty[table.full_name], of_table) == before
    for untouched in ("truth.monthly_kpis", "truth.expected_kpis"):
        assert dirty[untouched] == clean[untouched]


# Every kind that needs no life finds rows in it: a free plan, whose price has no sign, and one that can't become
# dearer. The others find some where it has a life.
TINY = Scenario(
    companies=24,
    months=3,
    seed=5,
    sizes=(
        replace(SMALL, share=0.4),
        replace(LARGE, share=0.4, monthly_price=MAX_PRICE - Decimal("0.5")),
        CompanySize("free", 0.2, Decimal(0), 2, 2),
    ),
)
TINY_LIFE = replace(
    TINY,
    acquisition=Acquisition(companies=10),
    reactivation=Reactivation(Decimal("0.2")),
    plan_changes=tuple(
        PlanChange(one, other, Decimal("0.4"))
        for one, other in (("small", "large"), ("large", "free"), ("free", "small"))
    ),
    price_changes=(
        PriceChange(date(2021, 2, 1), "small", Decimal(21)),
        PriceChange(date(2021, 2, 1), "free", Decimal(1)),
        PriceChange(date(2021, 3, 1), "small", Decimal(0)),
    ),
    usage=Usage((Decimal(1), Decimal("0.2"), *(Decimal(1) for _ in range(10)))),  # so that some churn
)
tiny = pytest.mark.parametrize(
    "scenario",
    [
        pytest.param(TINY, id="of the brief", marks=pytest.mark.slow("the same kinds in the brief")),
        pytest.param(TINY_LIFE, id="with a life"),
    ],
)


@functools.cache
def simulated(scenario: Scenario) -> dict[schemas.TableSchema, list[schemas.Batch]]:
    tables = simulated_tables(Portion(scenario))
    return {table.schema: list(table.batches) for table in tables if table.schema in RAW_TABLES}


@functools.cache
def simulated_texts(scenario: Scenario, table: schemas.TableSchema) -> list[dict[str, str]]:
    return in_text(batch.rows for batch in simulated(scenario)[table])


def in_text(batches: Iterable[pa.RecordBatch]) -> list[dict[str, str]]:
    """Rows with their values as texts, a null as the word."""
    rows = [row for batch in batches for row in _with_texts(batch).to_pylist()]
    return [{name: "null" if value is None else value for name, value in row.items()} for row in rows]


def _with_texts(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({name: batch.column(name).cast(pa.string()) for name in batch.schema.names})


def applied(table: schemas.TableSchema, clean: list[dict[str, str]], entries: list[dict[str, str]]) -> Counter[str]:
    """The clean rows with all that is listed done to them; no two entries may be about one value."""
    as_simulated = {", ".join(row[name] for name in table.primary_key): row for row in clean}
    assert len(as_simulated) == len(clean)
    rows = {key: dict(row) for key, row in as_simulated.items()}
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
@tiny
def test_of_any_two_kinds_each_listed_fault_is_there_and_no_other_difference(
    scenario: Scenario, share: Decimal
) -> None:
    for one, other in combinations(OF_THE_BRIEF if scenario is TINY else FAULT_KINDS, 2):
        faults = Faults({one: share, other: share})
        for table in {table_of(one), table_of(other)}:
            clean = simulated_texts(scenario, table)
            spoiled = list(with_faults(table, simulated(scenario)[table], scenario, faults))
            entries = in_text(batch for _, batches in spoiled for batch in batches)
            found = Counter(map(as_text, in_text(batch.rows for batch, _ in spoiled)))
            assert found == applied(table, clean, entries), (one, other)
            assert entries or share < 1, (one, other)


# By kind, its number and the beginning of the SHA-256 of what half of the rows become, and of the list of it.
FROZEN = {
    "duplicate_sessions": (1, "38274d06fc5e4894"),
    "near_duplicate_sessions": (2, "b499b9a9d5f77e08"),
    "orphan_sessions": (3, "981a978da1ecd304"),
    "sessions_without_id": (4, "5c9f6e9cce651b55"),
    "sessions_without_company": (5, "3b260503bb7181ca"),
    "sessions_without_time": (6, "a5dbb58452ce019b"),
    "sessions_before_the_first_month": (7, "1920521f00a9f783"),
    "sessions_after_the_last_month": (8, "83ee1b3e3fd1c0c3"),
    "sessions_at_the_end": (9, "74282d657aff0a78"),
    "sessions_in_the_wrong_month": (10, "bdd98457390cd78b"),
    "sessions_after_churn": (11, "43f6b05b17bfbf3b"),
    "deleted_sessions": (12, "bfea170eaf944ae0"),
    "deleted_company_months": (13, "cf05b57894234d1d"),
    "deleted_months": (14, "3562bbfc35f4eaf5"),
    "duplicate_companies": (15, "24eeca1add330e59"),
    "deleted_companies": (16, "88492321d64c675c"),
    "added_companies": (17, "d323361b3266a208"),
    "companies_without_size": (18, "f102330850fed41f"),
    "companies_of_unknown_size": (19, "17c83238de21346d"),
    "sizes_in_wrong_case": (20, "ad16163fe8eebe43"),
    "sizes_with_blanks": (21, "e3e19ff50ba06fd0"),
    "companies_of_wrong_size": (22, "c468a1c4eb9d6897"),
    "changed_prices": (23, "18958ae024431765"),
    "swapped_prices": (24, "18ee20a8a24df766"),
    "negative_prices": (25, "f69569989f015589"),
    "plans_without_price": (26, "ec72978ddae468e6"),
    "duplicate_plans": (27, "dc3e268326ee3cbd"),
    "deleted_plans": (28, "80d7cd524cf00730"),
    "orphan_plan_changes": (29, "28b5aa64f48db5b1"),
    "conflicting_plan_changes": (30, "8938306cab092a42"),
    "price_changes_of_unknown_size": (31, "f6a5c5ce78ad701d"),
    "late_acquisitions": (32, "c5c4db8dbdba509b"),
}


def test_what_each_kind_hits_and_what_becomes_of_it_are_frozen() -> None:
    clean = simulated(TINY_LIFE)
    found = {name: (kind.number, digest(TINY_LIFE, name, clean[kind.table])) for name, kind in FAULT_KINDS.items()}
    assert found == FROZEN
    # Where nobody is acquired later, other ids are free.
    assert digest(TINY, "sessions_after_churn", []) == "e61fd6011fb136ab"


def digest(scenario: Scenario, kind: str, clean: list[schemas.Batch]) -> str:
    spoiled = list(with_faults(table_of(kind), clean, scenario, Faults({kind: Decimal("0.5")})))
    rows = [
        *in_text(batch.rows for batch, _ in spoiled),
        *in_text(batch for _, batches in spoiled for batch in batches),
    ]
    return hashlib.sha256("\n".join(map(as_text, rows)).encode()).hexdigest()[:16]


@pytest.mark.parametrize("kind", ["deleted_companies", "sessions_after_churn"])
def test_the_rows_whose_draw_is_below_the_share_are_hit_and_no_others(kind: str) -> None:
    table = table_of(kind)

    def hit(share: float) -> set[int]:
        """What the draws of the rows that are hit belong to: a company, or its month."""
        spoiled = with_faults(table, simulated(TINY_LIFE)[table], TINY_LIFE, Faults({kind: share}))
        entries = [entry for _, batches in spoiled for batch in batches for entry in batch.to_pylist()]
        if table is schemas.COMPANIES:
            return {int(entry["row_key"]) for entry in entries}
        found = [re.search(r"company_id=(\d+), created_at=\d+-(\d+)", entry["new_value"]) for entry in entries]
        return {int(row[1]) * 1_200 + int(row[2]) - 1 for row in found if row}

    keys = np.array(sorted(hit(1)))
    draws = keyed_draw(TINY_LIFE.seed, Purpose.FAULT, FAULT_KINDS[kind].number, keys)
    share = float(np.median(draws[: len(draws) // 2 * 2 - 1]))
    assert share in draws
    assert hit(share) == set(keys[draws < share].tolist())


def test_a_session_at_the_end_of_a_month_comes_again_in_that_month() -> None:
    scenario = replace(TINY, first_month=date(2020, 12, 1))
    ends = scenario.first_instant(2)
    begins = [ends - 1, ends - 3_000_000, ends - 3_000_001, ends - 3_000_002]
    columns = [pa.array(range(1, 5)), pa.array([1] * 4), pa.array(begins).view(schemas.TIMESTAMP)]
    batch = schemas.Batch(pa.RecordBatch.from_arrays(columns, schema=schemas.SESSIONS.columns), date(2021, 1, 1))
    ((spoiled, _),) = with_faults(schemas.SESSIONS, [batch], scenario, Faults({"near_duplicate_sessions": 1}))
    seconds = spoiled.rows.filter(pc.less(spoiled.rows["session_id"], 0))["created_at"].cast(pa.int64()).to_pylist()
    assert seconds == [ends - 1, ends - 1, ends - 1, ends - 2]


@pytest.mark.parametrize("kind", ["duplicate_sessions", "sessions_without_time", "orphan_sessions"])
def test_of_a_month_that_is_missing_no_row_is_left(kind: str) -> None:
    faults = Faults({kind: 1, "deleted_months": 1})
    spoiled = list(with_faults(schemas.SESSIONS, simulated(TINY_LIFE)[schemas.SESSIONS], TINY_LIFE, faults))
    assert [batch.rows.num_rows for batch, _ in spoiled] == [0] * len(spoiled)
    assert {name for _, entries in spoiled for rows in entries for name in rows["kind"].to_pylist()} == {
        "deleted_months"
    }


def test_two_columns_of_a_row_can_have_a_fault_each() -> None:
    faults, companies = Faults({"companies_without_size": 1, "late_acquisitions": 1}), schemas.COMPANIES
    for batch, (without_size, late) in with_faults(companies, simulated(TINY_LIFE)[companies], TINY_LIFE, faults):
        assert without_size.num_rows == late.num_rows == batch.rows.num_rows


ONCE = replace(TINY, companies=200, acquisition=Acquisition(companies=10, growth=Decimal(-1)))


@pytest.mark.parametrize("scenario", [replace(TINY, companies=200), ONCE, replace(TINY_LIFE, companies=200)])
def test_a_session_after_churn_has_an_id_that_no_simulated_session_has(scenario: Scenario) -> None:
    returns = with_faults(schemas.SESSIONS, [], scenario, Faults({"sessions_after_churn": 1}))
    ids = [-number for batch, _ in returns for number in batch.rows["session_id"].to_pylist()]
    assert len(ids) == len(set(ids)) > 50
    for batch in simulated(scenario)[schemas.SESSIONS]:
        assert set(ids).isdisjoint(batch.rows["session_id"].to_pylist())


def test_a_price_that_can_become_dearer_does() -> None:
    almost = Scenario(sizes=(replace(SMALL, share=1.0, monthly_price=MAX_PRICE - 1),))
    ((spoiled, _),) = with_faults(
        schemas.PLANS, simulated(almost)[schemas.PLANS], almost, Faults({"changed_prices": 1})
    )
    assert spoiled.rows.to_pylist() == [{"company_size": "small", "monthly_price": MAX_PRICE}]


def test_a_fault_that_is_not_known_is_told_with_those_that_it_may_be() -> None:
    for given, words in (
        ("x", "one of 32, such as duplicate_sessions (docs/proof/faults.md)"),
        (
            "duplicate_plan",
            "one of 32, such as duplicate_plans or duplicate_companies or duplicate_sessions (docs/proof/faults.md)",
        ),
    ):
        with pytest.raises(InvalidValueError) as caught:
            Faults({given: 0.5})
        assert str(caught.value) == f"the kind of a fault must be {words}, not {given}."


@tiny
def test_a_row_that_is_missing_or_stands_twice_has_no_other_fault(scenario: Scenario) -> None:
    kinds = dict.fromkeys((kind for kind in FAULT_KINDS if table_of(kind) is schemas.SESSIONS), 0.3)
    clean = simulated(scenario)[schemas.SESSIONS]
    spoiled = list(with_faults(schemas.SESSIONS, clean, scenario, Faults(kinds)))
    entries = in_text(batch for _, batches in spoiled for batch in batches)
    whole = {entry["row_key"] for entry in entries if entry["column_name"] == "null"}
    assert whole
    assert len(whole) == sum(entry["column_name"] == "null" for entry in entries)
    assert whole.isdisjoint(entry["row_key"] for entry in entries if entry["column_name"] != "null")


@pytest.mark.parametrize(
    ("scenario", "more"),
    [
        pytest.param(SCENARIO, {}, id="of the brief"),
        pytest.param(LIFE, {"sessions_after_churn": 0.2, "orphan_plan_changes": 0.3}, id="with a life"),
    ],
)
def test_a_row_is_hit_whatever_else_is_asked_for_and_however_the_rows_are_cut(
    scenario: Scenario, more: dict[str, float]
) -> None:
    alone = texts(scenario, Faults({"sessions_without_time": 0.05}))["truth.injected_faults"]
    others = {"changed_prices": 1, "deleted_companies": 0.2, "sessions_at_the_end": 0.1, **more}
    faults = Faults({"sessions_without_time": 0.05, **others})
    together = texts(scenario, faults)
    hit = [entry["row_key"] for entry in together["truth.injected_faults"] if entry["kind"] == "sessions_without_time"]
    assert hit == [entry["row_key"] for entry in alone]
    assert texts(scenario, faults, batch_sessions=70) == together


MANY = Scenario(companies=20_000, months=3, seed=1)
MANY_LIVES = replace(LIFE, companies=10_000, months=3, acquisition=Acquisition(companies=5_000))


@functools.cache
def clean_rows(scenario: Scenario) -> dict[schemas.TableSchema, int]:
    return numbers_of_rows(scenario, Faults())


def numbers_of_rows(scenario: Scenario, faults: Faults) -> dict[schemas.TableSchema, int]:
    tables = simulated_tables(Portion(scenario), faults)
    return {table.schema: sum(batch.rows.num_rows for batch in table.batches) for table in tables}


@pytest.mark.parametrize(
    ("scenario", "kind"),
    [
        *(pytest.param(MANY, kind, id=kind) for kind in ("duplicate_sessions", "deleted_companies")),
        pytest.param(MANY, "sessions_after_churn", id="sessions_after_churn"),
        *(
            pytest.param(MANY_LIVES, kind, id=f"{kind} in a life")
            for kind in ("sessions_after_churn", "orphan_plan_changes", "late_acquisitions")
        ),
    ],
)
def test_as_many_rows_are_hit_as_a_fair_draw_hits(scenario: Scenario, kind: str) -> None:
    share = 0.03
    exposed = clean_rows(scenario)[table_of(kind)]
    if FAULT_KINDS[kind].effect is Effect.RETURN:  # companies that have churned, once for each month of silence since
        books = books_of(Portion(scenario))
        exposed = int((books.acquired - books.active - books.churned).sum())
    hit = numbers_of_rows(scenario, Faults({kind: share}))[schemas.INJECTED_FAULTS]
    assert binom.ppf(1e-6, exposed, share) <= hit <= binom.ppf(1 - 1e-6, exposed, share)


@everywhere
def test_every_place_takes_every_kind_and_is_clean_again_after_a_load_without(place: Place, tmp_path: Path) -> None:
    file = tmp_path / "faults.toml"
    faults = Faults({kind: 1 if table_of(kind) is schemas.PRICE_CHANGES else 0.2 for kind in FAULT_KINDS})
    file.write_text("\n".join(f"{kind} = {share}" for kind, share in faults.shares.items()))
    loaded = place.seed("--scenario", str(LIFE_FILE), "--faults", str(file))
    assert (loaded.returncode, loaded.stderr) == (0, "")
    wanted = {
        table.schema.full_name: [tuple(row.values()) for batch in table.batches for row in batch.rows.to_pylist()]
        for table in simulated_tables(Portion(LIFE), faults)
        if table.schema in schemas.REPRODUCIBLE
    }
    assert place.rows() == wanted
    hit = {kind for _, _, _, kind, *_ in wanted["truth.injected_faults"]}
    assert {*OF_CHANGES, "late_acquisitions"} <= hit
    assert place.seed("--scenario", str(LIFE_FILE)).returncode == 0
    assert place.rows() == made_rows(LIFE)
    assert place.rows_of(schemas.INJECTED_FAULTS) == []
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
        keys = (
            "select relname, contype from pg_constraint join pg_class on pg_class.oid = conrelid"
            " where connamespace = '{raw}'::regnamespace and contype in ('p', 'f')"
        )
        assert Counter(place.execute(keys)) == Counter(
            (table.name, contype)
            for table in schemas.TABLES
            if table.schema == schemas.RAW
            for contype in ("p", *("f" for _ in table.foreign_keys))
        )


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
# Where companies may come back, a month of silence is nothing wrong; and a change of plan tells of the size before it.
SEEN_BEHIND_THE_MARTS_IN_A_LIFE = {
    *(SEEN_BY_THE_BOOKS_ONLY - {"companies_of_wrong_size"}),
    *("sessions_after_churn", "sessions_in_the_wrong_month"),
}


class Stage:
    """A warehouse with a simulation, built clean, and what each kind of fault leads to in it.

    Parameters
    ----------
    warehouse : with the simulation.
    project : what dbt compiled, for this simulation or another.
    shares : of the rows of a table that are hit.
    options : those that load the simulation.
    """

    def __init__(self, warehouse: Warehouse, project: Project, shares: Shares, *options: str) -> None:
        self.warehouse = warehouse
        self._project = project
        self._shares = shares
        self._options = options
        self._outcomes: dict[str, Outcome] = {}
        with warehouse.cursor() as cursor:
            self._right = totals(cursor)

    def spoil(self, kind: str) -> Decimal:
        """Load the simulation with some rows hit; returns the share of them."""
        share = share_of(kind, self._shares)
        assert self.warehouse.seed(*self._options, "--fault", f"{kind}={share}").returncode == 0
        assert self.warehouse.query("select count(*) > 0 from truth.injected_faults") == [(True,)]
        return share

    def outcome(self, kind: str) -> Outcome:
        """What a build would do."""
        if kind not in self._outcomes:
            share = self.spoil(kind)
            rehearsal = rehearsal_on(self.warehouse, self._project)
            with rehearsal.undone():
                statuses = rehearsal.build()
                fired = sorted(name for name, status in statuses.items() if status == "fail")
                replaced = {mart for mart in KEYS if statuses[mart] == "success"}
                if not replaced:
                    rehearsal.make()
                self._outcomes[kind] = Outcome(share, fired, replaced, self._right, totals(rehearsal.connection))
            rehearsal.close()
        return self._outcomes[kind]


def warehouse_in(folder: Path) -> Warehouse:
    file = folder / "warehouse.duckdb"
    return Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, folder / "artifacts", file=file)


def rehearsal_on(warehouse: Warehouse, project: Project) -> Rehearsal:
    assert warehouse.file
    return Rehearsal(warehouse.file, project)


@pytest.fixture(scope="module")
def project(default_warehouse: Warehouse) -> Project:
    return Project(default_warehouse.compile())


@pytest.fixture(scope="module")
def default_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = warehouse_in(tmp_path_factory.mktemp("default"))
    warehouse.fill()
    return warehouse


@pytest.fixture(scope="module")
def default_stage(default_warehouse: Warehouse, project: Project) -> Stage:
    return Stage(default_warehouse, project, SHARES)


@pytest.fixture(scope="module")
def stage_of_a_life(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    options = ("--scenario", str(LIFE_FILE))
    warehouse = warehouse_in(tmp_path_factory.mktemp("life"))
    assert warehouse.seed(*options).returncode == 0
    rehearsal = rehearsal_on(warehouse, project)
    rehearsal.make_schemas()
    assert set(rehearsal.build().values()) == {"success", "pass"}
    rehearsal.close()
    return Stage(warehouse, project, SHARES_IN_A_LIFE, *options)


@pytest.fixture(scope="module")
def stages(default_stage: Stage, stage_of_a_life: Stage) -> dict[str, Stage]:
    """For each kind the default simulation, or where it finds no row there, one with a life."""
    return {kind: stage_of_a_life if kind in OF_CHANGES else default_stage for kind in FAULT_KINDS}


def totals(cursor: Any) -> Totals:
    cursor.execute("select * from marts.rpt_monthly_kpis where company_size = 'all'")
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {row["period"]: row for row in sorted(rows, key=lambda row: row["period"])}


# Of each table one of what may happen to its rows.
FIRST_OF_ITS_EFFECT = {(table_of(kind), FAULT_KINDS[kind].effect): kind for kind in reversed(FAULT_KINDS)}.values()
every_other = pytest.mark.slow("every other kind")


@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=() if kind in FIRST_OF_ITS_EFFECT else every_other) for kind in FAULT_KINDS]
)
def test_every_kind_stops_the_build_before_a_mart_is_replaced_or_turns_it_red(
    stages: dict[str, Stage], kind: str
) -> None:
    outcome = stages[kind].outcome(kind)
    assert outcome.fired
    assert outcome.stopped != (kind in SEEN_BY_THE_BOOKS_ONLY), outcome.fired


@pytest.mark.slow("the other kinds in another simulation", keeps="test_faults.py")
@pytest.mark.parametrize("kind", OF_THE_BRIEF)
def test_in_a_life_every_kind_stops_the_build_or_turns_it_red_too(stage_of_a_life: Stage, kind: str) -> None:
    outcome = stage_of_a_life.outcome(kind)
    assert outcome.fired
    assert outcome.stopped != (kind in SEEN_BEHIND_THE_MARTS_IN_A_LIFE), outcome.fired


QUICKLY = {"orphan_sessions"}  # one that stops the build
through_dbt = pytest.mark.slow("every other kind through dbt itself")


@pytest.mark.parametrize("kind", [pytest.param(k, marks=() if k in QUICKLY else through_dbt) for k in FAULT_KINDS])
def test_dbt_does_with_a_kind_what_was_said_and_keeps_the_marts_when_it_stops(
    stages: dict[str, Stage], kind: str
) -> None:
    stage = stages[kind]
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


@pytest.mark.slow("the page of all kinds", keeps="proof/test_faults.py")
def test_the_page_shows_what_each_kind_did(stages: dict[str, Stage]) -> None:
    check_page(PAGE, render({kind: stages[kind].outcome(kind) for kind in FAULT_KINDS}))
