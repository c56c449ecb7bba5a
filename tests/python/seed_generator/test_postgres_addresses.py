"""Where a PostgreSQL database is, and what it is called: the loader and dbt find the same one, as libpq would."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

from places import PREFIX
from postgres_server import Database, administer
from seed_generator.errors import InputError
from seed_generator.profiles import read_target, schema_prefix
from warehouses import PROJECT, Warehouse, seeded

LOAD = ("--target", "postgres", "--companies", "5", "--months", "1")


@pytest.fixture
def password_file(database: Database, tmp_path: Path) -> Path:
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:{database.user}:{database.password}\n")
    file.chmod(0o600)
    return file


@pytest.fixture(autouse=True)
def _nothing_is_left(database: Database) -> Iterator[None]:
    yield
    connection = database.connect()
    with connection, connection.cursor() as cursor:
        for schema in ("raw", "truth", "staging", "marts"):
            cursor.execute(f"drop schema if exists {PREFIX}{schema} cascade")
    connection.close()


def build_at(environment: Mapping[str, str], folder: Path) -> bool:
    """Build a model with dbt; returns whether that went well."""
    warehouse = Warehouse("postgres", {"SCHEMA_PREFIX": PREFIX, **environment}, folder / "artifacts")
    return warehouse.dbt("run", "--select", "stg_plans")


def assert_both_come_there(environment: Mapping[str, str], folder: Path) -> None:
    done = seeded(*LOAD, environment={"SCHEMA_PREFIX": PREFIX, **environment})
    assert (done.returncode, done.stderr) == (0, "")
    assert build_at(environment, folder)


def test_a_password_file_is_asked_where_no_password_is_set(
    database: Database, tmp_path: Path, password_file: Path
) -> None:
    environment = {name: value for name, value in database.environment.items() if name != "PGPASSWORD"}
    assert_both_come_there({**environment, "PGPASSFILE": str(password_file)}, tmp_path)


def test_the_socket_of_a_folder_is_a_host(database: Database, tmp_path: Path) -> None:
    done = seeded(*LOAD, environment={**database.environment, "PGHOST": str(tmp_path)})
    assert done.returncode == 1
    assert f"on {tmp_path}:{database.port} as {database.user}" in done.stderr
    assert f'"{tmp_path}/.s.PGSQL.{database.port}"' in done.stderr


def test_ssl_that_a_variable_demands_is_demanded(database: Database) -> None:
    done = seeded(*LOAD, environment={**database.environment, "PGSSLMODE": "verify-full", "PGSSLROOTCERT": "/missing"})
    assert done.returncode == 1
    assert re.search("/missing|SSL was required", done.stderr)


def test_without_a_variable_it_is_the_server_of_the_compose_file() -> None:
    settings = read_target("postgres", PROJECT).settings
    wanted = {"host": "127.0.0.1", "port": "5432", "user": "saas_kpis", "password": "saas_kpis", "dbname": "saas_kpis"}
    assert {name: settings[name] for name in wanted} == wanted


@pytest.mark.parametrize("name", ["PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSFILE", "PGSERVICE"])
def test_the_public_password_goes_to_no_other_server(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "7")
    assert read_target("postgres", PROJECT).settings["password"] == ""


def test_a_service_says_where_the_database_is_and_dbt_is_told_how_to_come_there(
    database: Database, tmp_path: Path, password_file: Path
) -> None:
    services = tmp_path / "services"
    services.write_text(
        f"[here]\nhost={database.host}\nport={database.port}\nuser={database.user}\ndbname={database.name}\n"
    )
    common = {"PGPASSFILE": str(password_file), "SCHEMA_PREFIX": PREFIX}
    service = {**common, "PGSERVICE": "here", "PGSERVICEFILE": str(services), "PGPORT": "1"}
    done = seeded(*LOAD, environment=service)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"database {database.name} on {database.host}:{database.port}, schemas {PREFIX}raw" in done.stdout
    (variables,) = re.findall(r"^Next: env -u PGSERVICE (.*) dbt build --target postgres$", done.stdout, re.MULTILINE)
    assert build_at({**common, **dict(part.split("=") for part in variables.split())}, tmp_path)
    lost = seeded(*LOAD, environment={**service, "PGSERVICE": "nowhere"})
    assert lost.returncode == 1
    assert re.fullmatch(r"error: can't connect [^\n]+ nowhere[^\n]+\n", lost.stderr)


@pytest.mark.parametrize("host", ["''", "127.0.0.1"])
def test_dbt_refuses_a_service_unless_the_profile_says_where_the_database_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    target = f"type: postgres, host: {host}, port: 0, user: '', password: '', dbname: ''"
    assert refusal_of_dbt(tmp_path, target) is None
    monkeypatch.setenv("PGSERVICE", "here")
    refusal = refusal_of_dbt(tmp_path, target)
    if host == "127.0.0.1":
        assert refusal is None
    else:
        assert "dbt does not follow PGSERVICE: set PGHOST, PGPORT, PGUSER and PGDATABASE" in str(refusal)


other_name = pytest.mark.slow("another name")


@contextmanager
def database_called(server: Database, name: str, options: str = "") -> Iterator[dict[str, str]]:
    """A database of that name, for as long as it is used; yields the variables that lead there."""
    quoted = name.replace('"', '""')
    administer(server, f'create database "{quoted}" {options}')
    try:
        yield {**server.environment, "PGDATABASE": name}
    finally:
        administer(server, f'drop database "{quoted}" with (force)')


@pytest.mark.parametrize(
    "name", ["Größe %s {x} 2.0", *(pytest.param(name, marks=other_name) for name in ("saas-kpis", "Saas KPIs", "a.b"))]
)
def test_a_database_of_any_name_is_loaded_and_built(database: Database, tmp_path: Path, name: str) -> None:
    with database_called(database, name) as environment:
        assert_both_come_there(environment, tmp_path)


@pytest.mark.parametrize("name", ['a"b', "a'b"])
def test_a_database_that_dbt_can_not_name_is_refused_before_a_load(database: Database, name: str) -> None:
    with database_called(database, name) as environment:
        refused = seeded(*LOAD, environment=environment)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "with a quote in its name" in refused.stderr


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding_is_refused_before_a_load(database: Database, encoding: str) -> None:
    options = f"encoding '{encoding}' template template0 lc_collate 'C' lc_ctype 'C'"
    with database_called(database, f"encoded_{encoding.lower()}", options) as environment:
        refused = seeded(*LOAD, environment=environment)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert re.fullmatch(rf"error: [^\n]+ {encoding}, and a simulation needs UTF8;[^\n]+\n", refused.stderr)


@pytest.mark.parametrize("role", ["missing", "pg_database_owner", "postgres_of_theirs", "not a role", '"'])
def test_a_role_that_can_not_be_taken_is_told_in_one_sentence(database: Database, tmp_path: Path, role: str) -> None:
    profiles = (PROJECT / "profiles.yml").read_text()
    (tmp_path / "profiles.yml").write_text(
        profiles.replace("type: postgres\n", f"type: postgres\n      role: '{role}'\n")
    )
    administer(
        database,
        *("create role postgres_of_theirs", "create role places_poor login password 'poor'"),
    )
    try:
        environment = {**database.environment, "PGUSER": "places_poor", "PGPASSWORD": "poor"}
        refused = seeded(*LOAD, "--profiles-dir", str(tmp_path), environment=environment)
    finally:
        administer(database, "drop role postgres_of_theirs, places_poor")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(
        f"error: the role {role}, which profiles.yml names, can't be taken by places_poor: "
    )
    assert refused.stderr.count("\n") == 1


PREFIXES = {
    **dict.fromkeys(["", "a_", "_", "a1_", "x" * 32, "pgx_", "pg"], True),
    **dict.fromkeys(
        ["Foo-", "Foo_", "a-b", "1a", "x" * 33, "x" * 60, "pg_", "pg_a", 'a"', "a'", "a b", "ä_", "a.b"], False
    ),
}


# One of each thing that is wrong, and the longest that is right.
FEW_PREFIXES = ("", "x" * 32, "x" * 33, "Foo_", "1a", "pg_", "a-b", 'a"')
another_prefix = pytest.mark.slow("another prefix")


@pytest.mark.parametrize(
    "prefix", [pytest.param(each, marks=() if each in FEW_PREFIXES else another_prefix) for each in PREFIXES]
)
def test_a_prefix_is_refused_by_the_loader_and_by_dbt_in_the_same_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setenv("SCHEMA_PREFIX", prefix)
    by_dbt = refusal_of_dbt(tmp_path)
    if PREFIXES[prefix]:
        assert schema_prefix() == prefix
        assert by_dbt is None
        return
    with pytest.raises(InputError) as refused:
        schema_prefix()
    assert by_dbt is not None
    assert str(refused.value) in by_dbt


def refusal_of_dbt(folder: Path, target: str = "type: duckdb") -> str | None:
    """What dbt says where it parses a small project with our macro and does not go on."""
    macro = PROJECT / "macros" / "generate_schema_name.sql"
    for name in ("models", "macros"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "dbt_project.yml").write_text("{name: tiny, profile: tiny, flags: {send_anonymous_usage_stats: false}}")
    (folder / "profiles.yml").write_text(f"tiny: {{target: a, outputs: {{a: {{{target}, schema: marts}}}}}}")
    (folder / "models" / "one.sql").write_text("{{ config(schema='raw') }} select 1 as one")
    (folder / "macros" / macro.name).write_text(macro.read_text())
    options = ["--project-dir", str(folder), "--profiles-dir", str(folder), "--no-partial-parse"]
    result = dbtRunner().invoke(["--quiet", "--log-level", "none", "parse", *options])
    return None if result.success else str(result.exception)
