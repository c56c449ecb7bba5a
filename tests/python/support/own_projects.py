"""A dbt project over tables of every kind of the input contract, which are empty, in which ours is installed."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import yaml

from installed import install, installed_warehouse
from postgres_server import Database
from shared import share, shared_file, take
from warehouses import PROJECT, Warehouse

# The tables of the schema app; a staging model selects all of each.
TABLES = {
    "companies": "company_id {id}, company_name varchar(50), company_size varchar(20), acquired_at timestamp",
    "sessions": "session_id varchar(36), company_id {id}, created_at timestamp",
    "plans": "company_size varchar(20), monthly_price numeric(10, 2)",
    "plan_changes": "company_id {id}, company_size varchar(20), period date",
    "price_changes": "company_size varchar(20), monthly_price numeric(10, 2), period date",
    "subscriptions": "company_id {id}, valid_from date, valid_to date, monthly_amount numeric(18, 4)",
    "calendar": "first_period date, months integer",
    "loaded_months": "period date, loaded_at timestamp",
}
ID_TYPES = {"string": "varchar(36)", "bigint": "bigint"}
# Not a name of the project but the layer's, as in ours, so that marts are read the same way.
SCHEMA_NAMES = """\
{% macro generate_schema_name(custom_schema_name, node) %}{{ custom_schema_name or target.schema }}{% endmacro %}
"""
Value = str | int | date | datetime | Decimal | None
Rows = Mapping[str, Sequence[Sequence[Value]]]


def own_warehouse(folder: Path, variables: Mapping[str, object], database: Database | None = None) -> Warehouse:
    """A warehouse with the tables, and a project that reads them.

    Parameters
    ----------
    folder : for all of it.
    variables : of our project, beside `simulated`.
    database : where the tables are, if not in a DuckDB file.
    """
    project = folder / "own"
    (project / "models" / "staging").mkdir(parents=True)
    (project / "macros").mkdir()
    shutil.copy(PROJECT / "profiles.yml", project)
    (project / "macros" / "generate_schema_name.sql").write_text(SCHEMA_NAMES)
    settings = {
        "name": "own",
        "profile": "saas_kpis",
        "vars": {"saas_kpis": {"simulated": False, **variables}},
        "models": {"saas_kpis": {"staging": {"+enabled": False}}, "own": {"+schema": "staging"}},
    }
    (project / "dbt_project.yml").write_text(yaml.safe_dump(settings))
    for table in TABLES:
        (project / "models" / "staging" / f"stg_{table}.sql").write_text(f"select * from app.{table}\n")
    install(project, f"local: {PROJECT}")
    warehouse = installed_warehouse(project, database)
    id_type = ID_TYPES[str(variables["company_id_type"])]
    with warehouse.cursor() as cursor:
        cursor.execute("create schema app")
        for table, columns in TABLES.items():
            cursor.execute(f"create table app.{table} ({columns.format(id=id_type)})")
    return warehouse


def compiled(warehouse: Warehouse) -> Path:
    """The manifest of what dbt compiles for a month, without a build: it asks for nothing else; once in a test run."""
    manifest = warehouse.artifacts / "manifest.json"
    kept = shared_file(".json", (warehouse.project / "dbt_project.yml").read_text())
    if take(kept, manifest):
        return manifest
    with warehouse.cursor() as cursor:
        month = date(2024, 1, 1)
        for statement in inserts({"calendar": [(month, 1)], "loaded_months": [(month, month)]}):
            cursor.execute(statement)
    assert warehouse.dbt("run", "--select", "+int_months", "stg_loaded_months"), warehouse.messages
    assert warehouse.dbt("compile", "--write-json"), warehouse.messages
    share(manifest, kept)
    return manifest


def inserts(rows: Rows) -> Iterator[str]:
    """Statements that bring these rows, by table."""
    for table, of_table in rows.items():
        if of_table:
            texts = ", ".join(f"({', '.join(map(_literal, row))})" for row in of_table)
            yield f"insert into app.{table} values {texts}"


def _literal(value: Value) -> str:
    if value is None:
        return "null"
    return "'{}'".format(str(value).replace("'", "''"))
