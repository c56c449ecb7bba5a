"""A build of parts, before a load, or on a server that others use too: it works, or says in one sentence what to do."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from places import PREFIX, Place
from postgres_server import Server, own_server
from warehouses import WITH_UNIT_TESTS, WITHOUT_TESTS, Warehouse

LOAD_FIRST = (
    r"(?m)^ *\S+ has no {prefix}raw\.companies, {prefix}raw\.loaded_months, {prefix}raw\.plan_changes,"
    r" {prefix}raw\.plans, {prefix}raw\.price_changes, {prefix}raw\.sessions,"
    r" {prefix}raw\.simulation\. Load a simulation first: python -m seed_generator --target {target}$"
)
another_command = pytest.mark.slow("another command")
UNIT_TESTS = ("test", "--select", "test_type:unit", *WITH_UNIT_TESTS)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One of its own, because roles belong to a whole server: the readers', and one that may make schemas."""
    with own_server(authentication="trust") as server:
        server.execute("create role bi_reader login", "create role builder login", "create role somebody_else login")
        server.execute("grant create on database saas_kpis to builder")
        yield server


@pytest.fixture(autouse=True)
def _emptied(server: Server, tmp_path: Path) -> None:
    Place("postgres", tmp_path, server).drop_schemas()


@pytest.fixture(params=["duckdb", "postgres"])
def unloaded(request: pytest.FixtureRequest, tmp_path: Path, server: Server) -> Warehouse:
    """Where nothing was loaded."""
    environment = {**server.environment, "DUCKDB_PATH": str(tmp_path / "warehouse.duckdb"), "SCHEMA_PREFIX": PREFIX}
    return Warehouse(request.param, environment, tmp_path / "artifacts", server)


@pytest.mark.parametrize(
    "command",
    [
        ("build",),
        *(
            pytest.param(command, marks=another_command)
            for command in (("run", "--select", "fct_revenue"), ("build", "--empty"), UNIT_TESTS)
        ),
    ],
    ids=" ".join,
)
def test_before_a_load_a_build_says_once_to_load_first(unloaded: Warehouse, command: tuple[str, ...]) -> None:
    is_green, said = unloaded.told_by(*command)
    assert not is_green
    assert len(re.findall(LOAD_FIRST.format(prefix=PREFIX, target=unloaded.target), said)) == 1
    assert said.lower().count("error") == 2  # "Encountered an error", of the kind "Compilation Error"


def test_what_an_older_version_loaded_is_not_built_and_what_to_run_is_said(unloaded: Warehouse) -> None:
    assert unloaded.seed("--companies", "5", "--months", "2").returncode == 0
    file = Path(unloaded.environment["DUCKDB_PATH"]) if unloaded.target == "duckdb" else None
    with replace(unloaded, file=file).cursor() as cursor:
        cursor.execute(f"drop table {PREFIX}truth.mrr_movements")
    success, said = unloaded.told_by("build")
    assert not success
    load = f"python -m seed_generator --target {unloaded.target}"
    assert re.search(rf"(?m)^ *\S+ was loaded by an older version of seed_generator\. Load anew: {load}$", said)
    assert unloaded.seed("--drop").returncode == 0


@pytest.mark.parametrize(
    "command", ["compile", *(pytest.param(command, marks=another_command) for command in ("parse", "list"))]
)
def test_before_a_load_what_touches_no_table_works(unloaded: Warehouse, command: str) -> None:
    is_green, said = unloaded.told_by(command)
    assert is_green, said


@pytest.mark.parametrize(
    "commands",
    [
        pytest.param((("run", "--select", "dim_companies"),), id="one mart"),
        pytest.param((("run", "--empty"), ("build",), ("test",)), id="all", marks=another_command),
    ],
)
def test_a_part_that_makes_no_mart_is_built_where_the_readers_role_is(
    server: Server, tmp_path: Path, commands: tuple[tuple[str, ...], ...]
) -> None:
    environment = {**server.environment, "SCHEMA_PREFIX": PREFIX}
    warehouse = Warehouse("postgres", environment, tmp_path / "artifacts", server)
    assert warehouse.seed("--companies", "5", "--months", "2").returncode == 0
    let_in = f"select has_schema_privilege('bi_reader', '{PREFIX}marts', 'usage')"
    for part in ("staging", "intermediate"):
        is_green, said = warehouse.told_by("run", "--select", part)
        assert is_green, said
    assert server.execute(f"select count(*) from pg_namespace where nspname = '{PREFIX}marts'") == [(0,)]
    for command in commands:
        is_green, said = warehouse.told_by(*command)
        assert is_green, said
        assert server.execute(let_in) == [(True,)]
    server.execute(f"revoke usage on schema {PREFIX}marts from bi_reader")
    assert warehouse.told_by("run", "--select", "staging")[0]
    assert server.execute(let_in) == [(True,)]


def test_in_a_schema_of_another_role_a_build_says_who_lets_the_readers_in(server: Server, tmp_path: Path) -> None:
    environment = {**server.environment, "SCHEMA_PREFIX": PREFIX, "PGUSER": "builder"}
    warehouse = Warehouse("postgres", environment, tmp_path / "artifacts", replace(server, user="builder"))
    server.execute(
        f"create schema {PREFIX}marts authorization somebody_else",
        f"grant usage, create on schema {PREFIX}marts to builder",
    )
    assert warehouse.seed("--companies", "5", "--months", "2").returncode == 0
    is_green, said = warehouse.told_by("build", *WITHOUT_TESTS)
    assert is_green, said
    assert (
        f"The schema {PREFIX}marts is of the role somebody_else, which alone can let bi_reader in:"
        f' grant usage on schema "{PREFIX}marts" to bi_reader.'
    ) in said


DROP = "{{ waiting_for_readers(relation, get_drop_sql(relation)) }}"
RELATION = "{% set relation = api.Relation.create(schema='public', identifier='NAME', type='table') %}"
TWO = ("one", "other")


def test_two_tables_are_dropped_at_once_with_the_views_on_both(server: Server, tmp_path: Path) -> None:
    environment = {**server.environment, "SCHEMA_PREFIX": PREFIX}
    warehouse = Warehouse("postgres", environment, tmp_path / "artifacts", server)
    drops = [compiled(warehouse, (RELATION + DROP).replace("NAME", name)) for name in TWO]
    tables = [f"create table {name} as select 1 as x" for name in TWO]
    views = [f"create view view_{number} as select one.x from one inner join other using (x)" for number in range(30)]
    with ExitStack() as stack, ThreadPoolExecutor(2) as pool:
        cursors = [stack.enter_context(closing(server.connect())).cursor() for _ in TWO]
        for cursor in cursors:
            cursor.connection.autocommit = True
            cursor.execute("set deadlock_timeout = '5ms'")
        for _ in range(100):  # one is in the other's way in 4 of 100
            server.execute(*tables, *views)
            at_once = Barrier(2)

            def drop(cursor: Any, sql: str, at_once: Barrier = at_once) -> None:
                at_once.wait()
                cursor.execute(sql)

            list(pool.map(drop, cursors, drops))


def compiled(warehouse: Warehouse, text: str) -> str:
    """What dbt makes of a text."""
    done: Any = warehouse.invoke("--quiet", "compile", "--inline", text)
    (found,) = done.result.results
    return str(found.node.compiled_code)
