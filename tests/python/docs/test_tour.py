"""docs/tour.md: the picture of the tables is that of the tables, and each query gives what stands below it."""

import re
from collections.abc import Iterator

import jinja2
import pytest
import yaml

from kpis_in_python import KEYS
from pages import as_text, check_page
from seed_generator import schemas
from seed_generator.sinks.sql import sql_type
from warehouses import PROJECT, Warehouse

PAGE = PROJECT / "docs" / "tour.md"
RAW = (schemas.PLANS, schemas.COMPANIES, schemas.SESSIONS)
MARTS = ("dim_companies", "fct_monthly_usage", "fct_retention", "fct_revenue", "rpt_monthly_kpis")
# A query, and the table of its result if there is one below it already.
QUERY = re.compile(r"(```sql\n(?P<sql>.+?)```\n)(?:\n(?:\|[^\n]*\n)+)?", re.DOTALL)
PICTURE = re.compile(r"```mermaid\n.*?```", re.DOTALL)


@pytest.fixture
def default(warehouse: Warehouse) -> Warehouse:
    warehouse.fill()
    return warehouse


def test_each_query_gives_what_the_page_shows_and_the_picture_is_of_the_tables(default: Warehouse) -> None:
    page = PAGE.read_text()
    assert len(QUERY.findall(page)) == 10
    page = PICTURE.sub("\n".join(["```mermaid", *picture(), "```"]), page)
    check_page(PAGE, QUERY.sub(lambda found: f"{found[1]}\n{result(default, found['sql'])}", page))


def result(warehouse: Warehouse, sql: str) -> str:
    with warehouse.cursor() as cursor:
        cursor.execute(sql)
        rows = [list(map(as_text, row)) for row in cursor.fetchall()]
        names = [column[0] for column in cursor.description]
    assert rows
    return "".join(f"| {' | '.join(row)} |\n" for row in (names, ["---"] * len(names), *rows))


def picture() -> Iterator[str]:
    yield "erDiagram"
    for table in RAW:
        for column, parent in table.foreign_keys.items():
            yield f'    {parent.name} ||--o{{ {table.name} : "{column}"'
    yield '    companies ||--|| dim_companies : "company_id"'
    for mart in MARTS[1:]:
        yield f'    plans ||--o{{ {mart} : "company_size"'
    for table in RAW:
        types = dict(zip(table.columns.names, map(sql_type, table.columns.types), strict=True))
        yield from entity(table.name, f"raw.{table.name}", types, table.primary_key, tuple(table.foreign_keys))
    for mart in MARTS:
        (model,) = yaml.safe_load((PROJECT / "models" / "marts" / f"{mart}.yml").read_text())["models"]
        types = {column["name"]: by_default(column["data_type"]) for column in model["columns"]}
        yield from entity(mart, f"marts.{mart}", types, KEYS[mart], ())


def by_default(text: str) -> str:
    """What the project's own vars make of a text."""
    variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]["saas_kpis"]
    return jinja2.Template(text).render(var=variables.get)


def entity(
    name: str, title: str, types: dict[str, str], primary: tuple[str, ...], foreign: tuple[str, ...]
) -> Iterator[str]:
    yield f'    {name}["{title}"] {{'
    for column, type_ in types.items():
        keys = [mark for mark, columns in (("PK", primary), ("FK", foreign)) if column in columns]
        yield f"        {type_.partition('(')[0]} {column} {', '.join(keys)}".rstrip()
    yield "    }"
