"""What a load leaves in each place: exactly the simulated rows, in order, and nobody else's touched."""

import os
import pty
import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pytest

from places import PREFIX, Place, everywhere, load, made_rows
from seed_generator.errors import InputError
from seed_generator.scenario import CompanySize, Scenario
from seed_generator.schemas import SESSIONS, TABLES
from seed_generator.simulation.sessions import Manner
from seed_generator.sinks.parquet.sink import ParquetSink
from seed_generator.sinks.sql import Found, SqlNames, drop_statements, refuse_tables_of_others
from warehouses import PROJECT, read_terminal, seeded

SMALL = Scenario(companies=300, months=5)
THEIRS = (
    "create schema {raw}",
    "create table {raw}.sessions (theirs integer)",
    "insert into {raw}.sessions values (7)",
)


in_databases = pytest.mark.parametrize("place", ["duckdb", "postgres"], indirect=True)
in_postgres = pytest.mark.parametrize("place", ["postgres"], indirect=True)
other_size = pytest.mark.slow("another size of batches")


@everywhere
def test_the_rows_in_place_are_the_simulated_ones_in_their_order(place: Place) -> None:
    assert place.seed("--companies", "300", "--months", "5").returncode == 0
    assert place.rows() == made_rows(SMALL)


@everywhere
@pytest.mark.parametrize(
    "batch_sessions", [1, pytest.param(7, marks=other_size), 1_000, pytest.param(10**6, marks=other_size)]
)
def test_the_size_of_batches_changes_no_row_of_any_place(place: Place, batch_sessions: int) -> None:
    scenario = Scenario(companies=40, months=3)
    place.load(scenario, manner=Manner(batch_sessions))
    assert place.rows() == made_rows(scenario)


@everywhere
def test_a_load_larger_than_a_row_group_keeps_every_row(place: Place) -> None:
    scenario = Scenario(companies=30_000, months=2, seed=5)
    place.load(scenario)
    assert place.rows() == made_rows(scenario)


@everywhere
def test_a_run_replaces_the_one_before_whatever_its_size(place: Place) -> None:
    for scenario in (SMALL, SMALL, Scenario(companies=2, months=1, first_month=date(2020, 2, 1), seed=9), SMALL):
        place.load(scenario)
        assert place.rows() == made_rows(scenario)


@everywhere
def test_a_change_that_fails_is_not_said_to_be_complete_because_one_before_it_was(place: Place) -> None:
    sink = place.sink()
    load(sink, SMALL)
    assert sink.has_changed
    with pytest.raises(InputError), sink.change():
        raise InputError("it fails.")
    assert not sink.has_changed


@everywhere
def test_a_simulation_without_a_session_can_be_loaded_and_read(place: Place) -> None:
    silent = CompanySize("silent", 1.0, "0.01", 0, 0)  # type: ignore[arg-type]  # text is taken too
    scenario = Scenario(companies=3, months=2, sizes=(silent,))
    place.load(scenario)
    assert place.rows() == made_rows(scenario)
    assert place.rows()["raw.sessions"] == []


@everywhere
def test_drop_removes_what_was_made_and_can_be_repeated(place: Place) -> None:
    assert place.seed("--companies", "5").returncode == 0
    dropped = place.seed("--drop")
    assert (dropped.returncode, dropped.stderr) == (0, "")
    assert "removed" in dropped.stdout
    assert place.is_empty()
    again = place.seed("--drop")
    assert again.returncode == 0
    assert "nothing to remove" in again.stdout
    assert place.is_empty()


@everywhere
@pytest.mark.parametrize(
    ("answer", "removes"),
    [
        (b"y\n", True),
        (b"n\n", False),
        pytest.param(b"\n", False, marks=pytest.mark.slow("another answer")),
        pytest.param(b"\x04", False, marks=pytest.mark.slow("another answer")),
    ],
)
def test_drop_asks_on_a_terminal(place: Place, answer: bytes, removes: bool) -> None:  # noqa: FBT001 - a case
    place.load(SMALL)
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "seed_generator", "--drop", *place.options]
    environment = {**os.environ, **place.environment}
    with subprocess.Popen(command, cwd=PROJECT, env=environment, stdin=end, stdout=end, stderr=end) as process:
        os.close(end)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(terminal, 1_024)
        os.write(terminal, answer)
        while chunk := read_terminal(terminal):
            shown += chunk
        assert process.wait(30) == 0
    os.close(terminal)
    assert (b"Nothing was removed." in shown) is not removes
    assert b"Traceback" not in shown
    if removes:
        assert place.is_empty()
    else:
        assert place.rows() == made_rows(SMALL)


@in_databases
def test_tables_that_somebody_else_made_are_refused_and_untouched(place: Place) -> None:
    place.execute(*THEIRS)
    for options in ((), ("--drop",)):
        refused = place.seed(*options)
        assert refused.returncode == 2
        assert "seed_generator did not make them" in refused.stderr
    assert place.execute("select * from {raw}.sessions") == [(7,)]


@in_databases
@pytest.mark.parametrize("is_beside_a_load", [False, True])
def test_a_table_of_another_s_is_no_less_so_beside_a_simulation(place: Place, is_beside_a_load: bool) -> None:  # noqa: FBT001 - a case
    if is_beside_a_load:
        place.load(SMALL)
        place.execute("drop table {raw}.plans cascade")
    else:
        place.execute("create schema {raw}", "create table {raw}.simulation (seed bigint)")
    place.execute("create table {raw}.plans (company_size text, monthly_price numeric(10, 2))")
    place.execute("insert into {raw}.plans values ('theirs', 1)")
    for options in ((), ("--drop",), ("--append", "1")):
        refused = place.seed(*options)
        assert refused.returncode == 2
        assert f"{PREFIX}raw.plans" in refused.stderr
        assert "seed_generator did not make them" in refused.stderr
    assert place.execute("select company_size from {raw}.plans") == [("theirs",)]


@in_databases
@pytest.mark.parametrize("made", ["table", "view", "sequence", "type", "function"])
def test_other_things_beside_ours_survive_a_load_and_a_drop(place: Place, made: str) -> None:
    definition = {
        "table": "as select 7 as a",
        "view": "as select 7 as a",
        "sequence": "start 7",
        "type": "as enum ('7')",
        "function": "(a) as a" if place.kind == "duckdb" else "(a int) returns int language sql as 'select a'",
    }
    place.execute("create schema {raw}", f"create {made} {{raw}}.notes {definition[made]}")
    uses = {"sequence": "nextval('{raw}.notes')", "type": "cast('7' as {raw}.notes)", "function": "{raw}.notes(7)"}
    assert place.seed("--companies", "5").returncode == 0
    dropped = place.seed("--drop")
    assert dropped.returncode == 0
    assert re.search(rf"^kept schema {PREFIX}raw: it also holds .*\bnotes\b", dropped.stdout, re.MULTILINE)
    ((kept,),) = place.execute(f"select {uses[made]}" if made in uses else "select a from {raw}.notes")
    assert str(kept) == "7"
    assert place.seed("--companies", "5").returncode == 0


@in_postgres
def test_postgres_has_its_keys_and_index_after_every_load(place: Place) -> None:
    for _ in range(2):
        assert place.seed("--companies", "20").returncode == 0
        constraints = place.execute(
            "select conrelid::regclass::text, contype::text from pg_constraint"
            " where connamespace = '{raw}'::regnamespace and contype in ('p', 'f')"
        )
        assert sorted((str(table).split(".")[1], kind) for table, kind in constraints) == [
            *(("companies", "f"), ("companies", "p"), ("loaded_months", "p")),
            *(("plan_changes", "f"), ("plan_changes", "f"), ("plan_changes", "p"), ("plans", "p")),
            *(("price_changes", "f"), ("price_changes", "p")),
            *(("sessions", "f"), ("sessions", "p"), ("simulation", "p")),
        ]
        indexes = place.execute("select indexdef from pg_indexes where schemaname = '{raw}'")
        assert [1 for (index,) in indexes if "USING brin (created_at)" in str(index)] == [1]


@in_postgres
def test_postgres_views_on_a_table_live_through_a_run_and_show_its_rows(place: Place) -> None:
    assert place.seed("--companies", "20").returncode == 0
    place.execute("create view {raw}.reading as select count(*) as sessions from {raw}.sessions")
    (before,) = place.execute("select '{raw}.sessions'::regclass::oid")
    assert place.seed("--companies", "200").returncode == 0
    sessions = len(made_rows(Scenario(companies=200))["raw.sessions"])
    assert place.execute("select sessions from {raw}.reading") == [(sessions,)]
    assert place.execute("select '{raw}.sessions'::regclass::oid") == [before]


@in_postgres
def test_postgres_asks_for_a_drop_where_a_table_has_another_shape(place: Place) -> None:
    assert place.seed("--companies", "5").returncode == 0
    place.execute("alter table {raw}.plans add column currency text")
    refused = place.seed("--companies", "6")
    assert refused.returncode == 2
    assert "has other columns than this version fills; drop the simulation first" in refused.stderr
    assert place.execute("select count(*) from {raw}.companies") == [(5,)]
    assert place.seed("--drop").returncode == 0
    assert place.seed("--companies", "6").returncode == 0


def test_parquet_has_a_file_a_month_named_after_its_simulation(tmp_path: Path) -> None:
    names = []
    for seed in (1, 2):
        load(ParquetSink(tmp_path / "folder"), Scenario(seed=seed, months=3))
        names.append(sorted(path.name for path in (tmp_path / "folder" / "raw" / "sessions").iterdir()))
        assert [name[:7] for name in names[-1]] == ["2021-01", "2021-02", "2021-03"]
    assert set(names[0]).isdisjoint(names[1])
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_parquet_files_have_the_types_of_the_contract_and_duckdb_reads_them(tmp_path: Path) -> None:
    load(ParquetSink(tmp_path / "folder"), SMALL)
    for table in TABLES:
        found = pa.dataset.dataset(tmp_path / "folder" / table.schema / table.name).schema
        assert found.remove_metadata() == table.columns
    pattern = tmp_path / "folder" / "raw" / "sessions" / "*.parquet"
    rows = duckdb.connect().execute(f"select * from '{pattern}' order by session_id").fetchall()
    assert rows == made_rows(SMALL)[SESSIONS.full_name]


@pytest.mark.parametrize("theirs", ["folder/notes.txt", "folder/raw/notes.txt", "folder"])
def test_a_folder_with_somebody_else_s_files_is_refused_and_untouched(tmp_path: Path, theirs: str) -> None:
    path = tmp_path / theirs
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("theirs")
    for options in ((), ("--drop",)):
        refused = seeded("--parquet", str(tmp_path / "folder"), *options)
        assert refused.returncode == 2
        assert refused.stderr.startswith("error: --parquet: ")
        assert path.read_text() == "theirs"
        assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_what_an_interrupted_drop_leaves_can_be_dropped() -> None:
    names = SqlNames("")
    left = {names.pair(table): names.quoted(table) for table in TABLES}
    for statement in drop_statements(Found(left.keys(), left.keys()), names).tables:  # as on Spark, each on its own
        refuse_tables_of_others(Found(left.keys(), left.keys()), names, "here")
        left = {pair: quoted for pair, quoted in left.items() if statement != f"drop table {quoted}"}
    assert left == {}
