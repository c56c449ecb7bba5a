"""What a PostgreSQL server has beside our tables: other people's things, sessions, settings, languages and losses."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import psycopg2
import pytest

from loads import NEW, NEW_OPTIONS, OLD, hearing_ctrl_c, held_load, start, timed_load
from places import PREFIX, Place, load, made_rows
from postgres_server import Database, administer, own_server
from proxies import AtCommit, Connection, lost_after_the_commit, lost_before_the_commit, proxied
from seed_generator.errors import EnvironmentFailure
from seed_generator.scenario import Scenario

RAW, STAGING = f"{PREFIX}raw", f"{PREFIX}staging"
WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"


@pytest.fixture
def place(tmp_path: Path, database: Database) -> Iterator[Place]:
    place = Place("postgres", tmp_path, database)
    yield place
    place.execute(f"drop schema if exists theirs, {STAGING} cascade")
    place.drop_schemas()


@contextmanager
def role_of(place: Place, *settings: str, rights: str = "createrole") -> Iterator[Place]:
    """The place as a role of its own finds it, which has these settings."""
    name = "places_role"
    place.execute(
        f"create role {name} login password 'places' {rights}",
        f'grant create, temporary on database "{place.database.name}" to {name}',
        *(f"alter role {name} set {setting}" for setting in settings),
    )
    own = Database(place.database.host, place.database.port, name, "places", place.database.name)
    try:
        yield Place("postgres", place.folder, own)
    finally:
        place.execute(f"drop owned by {name} cascade", f"drop role {name}")


# What belongs to the user: how it is made, and what its name is in what is told.
ON_OUR_TABLES = {
    "view": ("create view theirs.on_it as select * from {raw}.companies", "on_it"),
    "materialized view": ("create materialized view theirs.on_it as select * from {raw}.companies", "on_it"),
    "foreign key": ("create table theirs.on_it (id bigint references {raw}.companies)", "on_it"),
    "function": (
        "create function theirs.on_it(a {raw}.companies) returns int language sql as 'select 1'",
        "on_it",
    ),
    "column of its row type": ("create table theirs.on_it (row {raw}.companies)", "on_it"),
    "child table": ("create table theirs.on_it () inherits ({raw}.loaded_months)", "on_it"),
    "policy": (
        "create policy on_it on theirs.table_of_theirs using (id in (select company_id from {raw}.companies))",
        "on_it",
    ),
    "rule": (
        "create rule on_it as on insert to theirs.table_of_theirs do also select count(*) from {raw}.plans",
        "on_it",
    ),
    "view of a view of dbt": (f"create view theirs.on_it as select * from {STAGING}.stg_companies", "on_it"),
}


@pytest.mark.parametrize("kind", ON_OUR_TABLES)
def test_a_drop_names_what_others_made_on_the_tables_and_takes_nothing_along(place: Place, kind: str) -> None:
    place.load(OLD)
    statement, name = ON_OUR_TABLES[kind]
    place.execute(
        "create schema theirs",
        "create table theirs.table_of_theirs (id bigint)",
        f"create schema {STAGING}",
        f"create view {STAGING}.stg_companies as select * from {{raw}}.companies",
        statement,
    )
    refused = place.seed("--drop")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert re.fullmatch(r"error: [^\n]+ Nothing was changed\.\n", refused.stderr)
    assert name in refused.stderr
    assert place.rows() == made_rows(OLD)
    place.execute(f"select * from {STAGING}.stg_companies")
    place.execute("drop schema theirs cascade")
    assert place.seed("--drop").returncode == 0


def test_a_drop_names_all_that_is_in_its_way_at_once(place: Place) -> None:
    place.load(OLD)
    place.execute(
        *("create schema theirs", f"create schema {STAGING}"),
        f"create view {STAGING}.stg_companies as select * from {{raw}}.companies",
        f"create view theirs.of_a_view as select * from {STAGING}.stg_companies",
        "create view theirs.of_a_table as select * from {raw}.plans",
    )
    refused = place.seed("--drop")
    assert refused.returncode == 2
    assert "of_a_view" in refused.stderr
    assert "of_a_table" in refused.stderr


def test_a_drop_removes_the_views_of_dbt_and_no_others_and_says_which(place: Place) -> None:
    place.load(OLD)
    place.execute(
        f"create schema {STAGING}",
        f"create view {STAGING}.stg_companies as select * from {{raw}}.companies",
        f"create view {STAGING}.stg_plans as select 7 as theirs",
    )
    dropped = place.seed("--drop")
    assert (dropped.returncode, dropped.stderr) == (0, "")
    assert f'removed dbt\'s views of the tables: "{STAGING}"."stg_companies"\n' in dropped.stdout
    assert place.execute(f"select * from {STAGING}.stg_plans") == [(7,)]


def test_a_drop_keeps_a_schema_that_another_role_owns_and_says_so(place: Place) -> None:
    place.execute("create schema {raw}")
    with role_of(place) as own:
        place.execute("grant all on schema {raw} to places_role")
        own.load(OLD)
        dropped = own.seed("--drop")
        assert (dropped.returncode, dropped.stderr) == (0, "")
        assert f"kept schema {RAW}: it belongs to the role {place.database.user}\n" in dropped.stdout
        assert f"removed schema {PREFIX}truth\n" in dropped.stdout
        assert place.execute("select count(*) from pg_tables where schemaname = '{raw}'") == [(0,)]
        assert "nothing to remove" in own.seed("--drop").stdout


def test_a_role_that_may_make_no_schema_loads_into_those_that_are_there(place: Place) -> None:
    place.execute("create schema {raw}", "create schema {truth}")
    with role_of(place) as own:
        place.execute(
            f'revoke create on database "{place.database.name}" from places_role',
            "grant all on schema {raw}, {truth} to places_role",
        )
        own.load(OLD)
        assert own.rows() == made_rows(OLD)


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("create table theirs.on_it (id bigint constraint on_it references {raw}.companies)", "on_it"),
        ("create view theirs.on_it as select company_name from {raw}.companies group by company_id", "on_it"),
        ("create table theirs.on_it (seed bigint constraint on_it references {raw}.simulation)", "on_it"),
    ],
    ids=["foreign key", "view on a key", "foreign key to a small table"],
)
def test_a_load_names_what_others_made_on_the_keys_of_the_tables(place: Place, statement: str, name: str) -> None:
    place.load(OLD)
    place.execute("create schema theirs", statement)
    refused = place.seed(*NEW_OPTIONS)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert re.fullmatch(r"error: [^\n]+ can't be replaced [^\n]+ Nothing was changed\.\n", refused.stderr)
    assert name in refused.stderr
    assert place.rows() == made_rows(OLD)


def test_a_table_that_can_not_be_emptied_is_told_with_what_refers_to_it(place: Place) -> None:
    assert place.seed("--companies", "20", "--fault", "duplicate_sessions=0.1").returncode == 0
    place.execute(
        "create unique index on {raw}.companies (company_id)",
        "create schema theirs",
        "create table theirs.on_it (id bigint references {raw}.companies (company_id))",
    )
    refused = place.seed("--companies", "30", "--fault", "duplicate_sessions=0.1")
    assert refused.returncode == 2
    assert '"on_it"' in refused.stderr


def test_months_are_added_beside_what_others_made_on_the_large_tables(place: Place) -> None:
    place.load(OLD)
    place.execute("create schema theirs", "create table theirs.on_it (id bigint references {raw}.companies)")
    assert place.seed("--append", "1").returncode == 0
    assert place.rows() == made_rows(Scenario(companies=OLD.companies, months=OLD.months + 1))


@pytest.mark.parametrize(
    ("at_commit", "loaded"), [(lost_before_the_commit, OLD), (lost_after_the_commit, NEW)], ids=["before", "after"]
)
def test_a_connection_lost_during_the_commit_leaves_it_open_whether_the_load_is_complete(
    place: Place, at_commit: AtCommit, loaded: Scenario
) -> None:
    place.load(OLD)
    with proxied(place.database, at_commit) as proxy:
        lost = Place("postgres", place.folder, proxy)
        done = lost.seed(*NEW_OPTIONS)
    assert (done.returncode, done.stdout) == (1, "")
    assert re.fullmatch(r"error: [^\n]+ during the commit, so it is not known [^\n]+ --checksum [^\n]+\n", done.stderr)
    assert "nothing was changed" not in done.stderr
    assert place.rows() == made_rows(loaded)


def test_ctrl_c_during_the_commit_comes_after_it_and_the_sink_knows(place: Place) -> None:
    place.load(OLD)

    def press_ctrl_c(connection: Connection) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
        time.sleep(0.2)
        connection.commit()

    with proxied(place.database, press_ctrl_c) as proxy:
        sink = Place("postgres", place.folder, proxy).sink()
        with hearing_ctrl_c(), pytest.raises(KeyboardInterrupt):
            load(sink, NEW)
    assert sink.has_changed
    assert place.rows() == made_rows(NEW)


def test_a_sink_that_failed_before_the_commit_knows_that_nothing_has_changed(place: Place) -> None:
    place.load(OLD)
    place.execute("create function {raw}.refuse() returns trigger language plpgsql as 'begin raise; end'")
    place.execute(
        "create constraint trigger refuse after insert on {raw}.plans deferrable initially deferred"
        " for each row execute function {raw}.refuse()"
    )
    sink = place.sink()
    with pytest.raises(EnvironmentFailure, match="nothing was changed"):  # by the server, at the commit
        load(sink, NEW)
    assert not sink.has_changed
    assert place.rows() == made_rows(OLD)


@pytest.mark.parametrize("waits_for", ["a load", pytest.param("a reader", marks=pytest.mark.slow("another holder"))])
def test_a_load_of_another_database_is_not_taken_for_one_of_this(place: Place, waits_for: str) -> None:
    """The holder is told by its database: the same schemas, and the same numbers of tables, are in others too."""
    place.load(OLD)
    other = f"{place.database.name}_other"
    administer(place.database, f"create database {other} template {place.database.name}")
    beside = Place("postgres", place.folder, Database(*_address(place.database), other))
    try:
        holder = held_load(place) if waits_for == "a load" else reading(place, "a_report")
        with held_load(beside) as elsewhere, holder as here:
            refused, _ = timed_load(place, "--companies", "5")
            named = f"process {here.pid} " if here else "in use by a_report (server process"
            assert refused.returncode == 1
            assert named in refused.stderr
            assert f"process {elsewhere.pid} " not in refused.stderr
            if here:
                here.kill()
    finally:
        administer(place.database, f"drop database {other} with (force)")


def test_a_reader_of_the_tables_is_told_which_load_it_waited_for(place: Place) -> None:
    place.load(OLD)
    with held_load(place) as first:
        refused, seconds = timed_load(place, "--checksum")
    assert seconds < 10
    assert (refused.returncode, refused.stdout) == (1, "")
    assert re.fullmatch(rf"error: [^\n]+ in use by seed_generator, process {first.pid} [^\n]+\n", refused.stderr)


@pytest.mark.parametrize("wait", ["1s", pytest.param("20s", marks=pytest.mark.slow("a server that waits longer"))])
def test_autovacuum_makes_way_for_a_load_or_is_named(tmp_path: Path, wait: str) -> None:
    """It makes way for a session that has waited as long as the server waits before it looks for deadlocks."""
    slow = "autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1"
    at_work = "select 1 from pg_locks join pg_stat_activity using (pid) where backend_type = 'autovacuum worker'"
    with own_server() as server:
        place = Place("postgres", tmp_path, server)
        place.load(OLD)
        place.execute(
            f"alter table {{raw}}.sessions set (autovacuum_vacuum_threshold = 0, {slow})",
            "delete from {raw}.sessions where session_id % 2 = 0",
        )
        settings = (("autovacuum_naptime", "1s"), ("deadlock_timeout", wait))
        administer(server, *(f"alter system set {name} = '{value}'" for name, value in settings))
        administer(server, "select pg_reload_conf()")
        while not place.execute(at_work + " and relation = '{raw}.sessions'::regclass"):
            time.sleep(0.05)
        loaded = place.seed("--companies", "5")
        if wait == "1s":
            assert loaded.returncode == 0, loaded.stderr
            assert place.rows() == made_rows(Scenario(companies=5))
        else:
            assert loaded.returncode == 1
            assert "in use by autovacuum worker (server process" in loaded.stderr


def test_two_first_loads_at_once_are_one_and_a_refusal(place: Place) -> None:
    with held_load(place) as first:
        second, seconds = timed_load(place, "--companies", "5")
        assert seconds < 10
        assert second.returncode == 1
        assert f"process {first.pid} " in second.stderr
        assert first.communicate("go on\n", timeout=60)[1] == ""
    assert place.rows() == made_rows(NEW)


@pytest.mark.parametrize("ends", ["commits", "is killed"])
def test_a_first_load_that_waits_for_another_goes_on_when_that_has_ended(place: Place, ends: str) -> None:
    with held_load(place) as first, start(place, "--companies", "5") as second:
        until_one_waits(place)
        if ends == "commits":
            first.communicate("go on\n", timeout=60)
        else:
            first.kill()
        assert second.communicate(timeout=60)[1] == ""
    assert place.rows() == made_rows(Scenario(companies=5))


def test_a_load_needs_no_lock_that_a_role_without_rights_can_take(place: Place) -> None:
    place.load(OLD)
    with held_load(place):
        keys = place.execute("select classid::bigint, objid::bigint from pg_locks where locktype = 'advisory'")
    with role_of(place, rights="") as own, own.database.connect() as reader, reader.cursor() as cursor:
        for key in keys:
            cursor.execute("select pg_advisory_xact_lock(%s, %s)", key)
        assert place.seed("--companies", "5").returncode == 0
        reader.rollback()
    assert place.rows() == made_rows(Scenario(companies=5))


@pytest.mark.parametrize(
    "isolation",
    [
        "serializable",
        *(
            pytest.param(level, marks=pytest.mark.slow("another level"))
            for level in ("read committed", "repeatable read")
        ),
    ],
)
def test_two_appends_at_once_come_one_after_the_other_whatever_isolation_the_role_has(
    place: Place, isolation: str
) -> None:
    with role_of(place, f"default_transaction_isolation = '{isolation}'") as own:
        own.load(OLD)
        with held_load(own, "--append", "1") as first, start(own, "--append", "1") as second:
            until_one_waits(place)
            first.communicate("go on\n", timeout=60)
            assert second.communicate(timeout=60)[1] == ""
        assert own.rows() == made_rows(Scenario(companies=OLD.companies, months=OLD.months + 2))


SETTINGS = (
    "search_path = theirs",
    "statement_timeout = '30ms'",
    "lock_timeout = '1ms'",
    "idle_in_transaction_session_timeout = '20ms'",
    "datestyle = 'German'",
    "intervalstyle = 'sql_standard'",
    "client_encoding = 'LATIN1'",
    "standard_conforming_strings = off",
    "row_security = off",
    "timezone = 'Asia/Kathmandu'",
    "bytea_output = 'escape'",
    "quote_all_identifiers = on",
    "default_transaction_deferrable = on",
)


def test_settings_of_a_role_neither_end_a_load_nor_change_it(place: Place) -> None:
    loaded = Scenario(companies=15_000, months=2)
    with role_of(place, *SETTINGS) as own:
        own.load(loaded)
        assert own.seed("--append", "1").returncode == 0
        checksums = own.checksums()
        assert own.seed("--drop").returncode == 0
    place.load(replace(loaded, months=3))
    assert place.checksums() == checksums


def test_a_publication_of_all_tables_is_in_the_way_of_no_load(place: Place) -> None:
    place.execute("create publication theirs for all tables")
    try:
        for options in (
            ("--companies", "20", "--months", "2", "--fault", "duplicate_sessions=0.1"),  # so there are no keys
            ("--companies", "20", "--months", "2"),
            ("--append", "1"),
            ("--grow", "5"),
        ):
            done = place.seed(*options)
            assert (done.returncode, done.stderr) == (0, "")
        made = made_rows(Scenario(companies=25, months=3))
        assert {name: sorted(rows, key=repr) for name, rows in place.rows().items()} == {
            name: sorted(rows, key=repr) for name, rows in made.items()
        }
        assert place.seed("--drop").returncode == 0
    finally:
        place.execute("drop publication theirs")


def test_a_role_that_only_reads_is_told_in_one_sentence(place: Place) -> None:
    with role_of(place, "default_transaction_read_only = on") as own:
        refused = own.seed()
    assert refused.returncode == 1
    assert re.fullmatch(r"error: [^\n]+ nothing was changed\. [^\n]+\n", refused.stderr)


def test_a_load_that_a_person_cancels_on_the_server_is_not_blamed_on_a_lock(place: Place) -> None:
    place.load(OLD)
    with held_load(place) as process:
        place.execute(
            "select pg_cancel_backend(pid) from pg_stat_activity"
            f" where application_name like 'seed_generator, process {process.pid} %'"
        )
        output, errors = process.communicate("go on\n", timeout=60)
    assert (process.returncode, output) == (1, "")
    assert "was cancelled on the server" in errors
    assert "in use" not in errors
    assert place.rows() == made_rows(OLD)


def test_a_load_that_waits_and_is_cancelled_by_a_person_does_not_try_again(place: Place) -> None:
    place.load(OLD)
    with reading(place, "a_report"), start(place, *NEW_OPTIONS) as waits:
        until_one_waits(place)
        place.execute("select pg_cancel_backend(pid) from pg_locks where not granted")
        output, errors = waits.communicate(timeout=60)
    assert (waits.returncode, output) == (1, "")
    assert "was cancelled on the server" in errors


@pytest.fixture(scope="module")
def german() -> Iterator[Database]:
    """A server that speaks German, of its own locale."""
    folder = Path(tempfile.mkdtemp(prefix="saas_kpis_locale_", dir="/tmp"))
    folder.chmod(0o755)
    try:
        compiled = shutil.which("localedef") and subprocess.run(
            ["localedef", "-i", "de_DE", "-f", "UTF-8", folder / "de_DE.UTF-8"], capture_output=True, check=False
        )
        if not compiled or compiled.returncode:
            pytest.skip("there is no German locale to compile here; Debian has it in locales")
        with mock.patch.dict(os.environ, {"LOCPATH": str(folder)}), own_server() as server:
            administer(server, "alter role saas_kpis set lc_messages = 'de_DE.UTF-8'")
            try:
                server.connect().cursor().execute("select 1 / 0")
            except psycopg2.Error as error:
                if "durch Null" not in str(error):
                    pytest.skip("this server has no German messages")
            yield server
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def german_place(tmp_path: Path, german: Database) -> Place:
    return Place("postgres", tmp_path, german)


def test_a_german_server_is_tried_again_and_its_readers_are_named(german_place: Place) -> None:
    german_place.load(OLD)
    with reading(german_place, "ein_bericht"):
        refused, seconds = timed_load(german_place, *NEW_OPTIONS)
        assert seconds < 10
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "in use by ein_bericht (server process" in refused.stderr


@pytest.mark.slow("another holder", keeps="test_postgres_loads.py")
def test_a_load_on_a_german_server_is_named_too(german_place: Place) -> None:
    with held_load(german_place) as first:
        refused, _ = timed_load(german_place, *NEW_OPTIONS)
        assert f"process {first.pid} " in refused.stderr


def test_what_others_made_on_a_german_server_stops_a_drop(german_place: Place) -> None:
    place = german_place
    place.load(OLD)
    place.execute("create schema theirs", "create table theirs.on_it (id bigint references {raw}.companies)")
    refused = place.seed("--drop")
    assert refused.returncode == 2
    assert "on_it" in refused.stderr
    place.execute("drop schema theirs cascade")
    assert place.seed("--drop").returncode == 0


def until_one_waits(place: Place) -> None:
    """Until a session of this database waits for a lock."""
    gives_up = time.monotonic() + 60
    while not place.execute(WAITING):
        assert time.monotonic() < gives_up
        time.sleep(0.02)


@contextmanager
def reading(place: Place, name: str) -> Iterator[None]:
    """A session that has read a table, and has not ended its transaction."""
    reader = place.database.connect(application_name=name)
    try:
        with reader.cursor() as cursor:
            cursor.execute(f"select count(*) from {RAW}.sessions")
            yield
    finally:
        reader.close()


def _address(database: Database) -> tuple[str, int, str, str]:
    return database.host, database.port, database.user, database.password
