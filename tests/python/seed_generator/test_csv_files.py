"""CSV files: one a table, which any tool reads with the values and the nulls that were written."""

import csv
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
import yaml
from dbt.cli.main import dbtRunner

from places import Place, checksums_of, load, made_rows
from seed_generator.scenario import Scenario
from seed_generator.schemas import EXPECTED, EXPECTED_KPIS, INJECTED_FAULTS, TABLES, Batch, TableSchema
from seed_generator.sinks.csv.files import read_rows, read_small, write_file
from seed_generator.sinks.csv.sink import CsvSink
from seed_generator.tables import Table
from warehouses import PROJECT, seeded

SMALL = Scenario(companies=20, months=3)
OF_ALL_TYPES = TableSchema(
    "raw",
    "all",
    pa.schema(
        {
            "number": pa.int64(),
            "text": pa.string(),
            "day": pa.date32(),
            "instant": pa.timestamp("us"),
            "price": pa.decimal128(10, 2),
        }
    ),
    primary_key=("number",),
)
ROWS = [
    (1, "plain", date(2021, 1, 31), datetime(2021, 1, 31, 23, 59, 59, 5), Decimal("19.00")),  # noqa: DTZ001 - UTC
    (-2, 'a "quote", a comma', date(1, 1, 1), datetime(9999, 12, 31), Decimal("-0.01")),  # noqa: DTZ001 - UTC
    (2**63 - 1, "a line\nand\r\nanother", date(9999, 12, 31), datetime(2021, 1, 1), Decimal("0.00")),  # noqa: DTZ001
    (3, "", None, None, None),
    (4, None, None, None, None),
    (5, " größe 日本 ", None, None, None),
    (None, "NULL", None, None, None),
]
TEXT = """\
number,text,day,instant,price
1,"plain",2021-01-31,2021-01-31 23:59:59.000005,19.00
-2,"a ""quote"", a comma",0001-01-01,9999-12-31 00:00:00.000000,-0.01
9223372036854775807,"a line
and\r
another",9999-12-31,2021-01-01 00:00:00.000000,0.00
3,"",,,
4,,,,
5," größe 日本 ",,,
,"NULL",,,
"""

in_csv = pytest.mark.parametrize("place", ["csv"], indirect=True)


def table_of(schema: TableSchema, rows: Sequence[tuple[object, ...]]) -> Table:
    named = [dict(zip(schema.columns.names, row, strict=True)) for row in rows]
    return Table(schema, iter([Batch(pa.RecordBatch.from_pylist(named, schema=schema.columns))]))


def tuples(rows: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in rows.to_pylist()]


def test_every_type_has_one_text_and_a_null_is_an_empty_field(tmp_path: Path) -> None:
    path = tmp_path / "all.csv"
    write_file(table_of(OF_ALL_TYPES, ROWS), path, before=None)
    assert path.read_bytes().decode() == TEXT
    assert tuples(read_small(OF_ALL_TYPES.columns, path)) == ROWS
    with duckdb.connect() as connection:
        assert read_rows(connection, OF_ALL_TYPES.columns, path).fetchall() == ROWS


def test_what_is_added_stands_after_what_was_there_under_one_header(tmp_path: Path) -> None:
    before, after = tmp_path / "before.csv", tmp_path / "after.csv"
    write_file(table_of(OF_ALL_TYPES, ROWS[:3]), before, before=None)
    write_file(table_of(OF_ALL_TYPES, ROWS[3:]), after, before)
    assert after.read_bytes().decode() == TEXT
    write_file(table_of(OF_ALL_TYPES, []), tmp_path / "empty.csv", before=None)
    assert (tmp_path / "empty.csv").read_text() == "number,text,day,instant,price\n"


def test_small_decimals_are_written_without_an_exponent(tmp_path: Path) -> None:
    path = tmp_path / "expected.csv"
    values = [Decimal(text) for text in ("0", "-0.00000001", "0.00000999", "12345678901234567890.12345678")]
    rows = [
        (date(2021, 1, 1), "small", str(number), value, None, *([value] * 4)) for number, value in enumerate(values)
    ]
    write_file(table_of(EXPECTED_KPIS, rows), path, before=None)
    texts = [line.split(",")[3] for line in path.read_text().splitlines()[1:]]
    assert texts == ["0.00000000", "-0.00000001", "0.00000999", "12345678901234567890.12345678"]
    assert read_small(EXPECTED_KPIS.columns, path).column("expected").to_pylist() == values
    assert EXPECTED_KPIS.columns.field("expected").type == EXPECTED


@in_csv
def test_a_table_is_a_file_with_the_columns_of_the_contract_that_other_readers_read_as_it_was_made(
    place: Place,
) -> None:
    scenario = Scenario(companies=60, months=4)
    place.load(scenario)
    files = {f"{table.schema}/{table.name}.csv": table for table in TABLES}
    found = {str(path.relative_to(place.tables)) for path in place.tables.rglob("*") if path.is_file()}
    assert found == {*files, ".seed_generator.json"}
    with duckdb.connect() as connection:
        for name, table in files.items():
            with (place.tables / name).open(newline="", encoding="utf-8") as file:
                header, *rows = csv.reader(file)
            assert header == table.columns.names
            assert len(rows) == connection.execute(f"select count(*) from '{place.tables / name}'").fetchall()[0][0]
        sessions = connection.sql(f"from '{place.tables}/raw/sessions.csv'").fetchall()
    assert sessions == made_rows(scenario)["raw.sessions"]


@in_csv
def test_months_and_companies_are_added_with_the_rows_of_one_run(place: Place) -> None:
    place.load(Scenario(companies=12, months=2))
    place.extend(1, 0)
    place.extend(0, 8)
    assert place.seed("--append", "1").returncode == 0
    grown = checksums_of(place)
    place.load(Scenario(companies=20, months=4))
    assert grown == checksums_of(place) == place.checksums()


@in_csv
def test_dirty_rows_keep_their_nulls_and_their_texts_of_no_length(place: Place) -> None:
    duckdb_s = Place("duckdb", place.folder, place.database)
    faults = ("--fault", "companies_without_size=0.5", "--fault", "duplicate_sessions=0.1")
    for each in (place, duckdb_s):
        assert each.seed("--companies", "30", "--months", "2", *faults).returncode == 0
    assert place.checksums() == duckdb_s.checksums()


def add_file(folder: Path) -> None:
    (folder / "raw" / "mine.csv").write_text("theirs")


def add_link(folder: Path) -> None:
    sessions = folder / "raw" / "sessions.csv"
    sessions.rename(folder.parent / "moved.csv")
    sessions.symlink_to(folder.parent / "moved.csv")


def change_simulation(folder: Path) -> None:
    (folder / "raw" / "simulation.csv").write_text("seed,companies\n1,2\n")


def remove_proof(folder: Path) -> None:
    (folder / ".seed_generator.json").unlink()


def spoil_proof(folder: Path) -> None:
    (folder / ".seed_generator.json").write_text("[]")


@pytest.mark.parametrize("change", [add_file, add_link, change_simulation, remove_proof, spoil_proof])
def test_a_folder_that_is_not_proven_to_be_of_a_load_is_refused_and_untouched(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    folder = tmp_path / "tables"
    load(CsvSink(folder), SMALL)
    change(folder)
    before = contents(folder)
    for options in ((), ("--drop",), ("--append", "1")):
        refused = seeded("--csv", str(folder), *options)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert refused.stderr.startswith(f"error: --csv: {folder} ")
        assert contents(folder) == before


def contents(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("options", [("--append", "1"), ("--checksum",)])
@pytest.mark.parametrize(("name", "word"), [("raw/plans.csv", "otherwise"), ("truth/monthly_kpis.csv", "lacks")])
def test_a_simulation_that_is_not_as_it_was_loaded_is_neither_added_to_nor_checked(
    tmp_path: Path, name: str, word: str, options: tuple[str, ...]
) -> None:
    folder = tmp_path / "tables"
    load(CsvSink(folder), SMALL)
    if word == "lacks":
        (folder / name).unlink()
    else:
        (folder / name).write_text((folder / name).read_text() + "\n")
    (tmp_path / "scenario.toml").write_text('first_month = "2021-01"')
    refused = seeded("--csv", str(folder), *options, "--scenario", str(tmp_path / "scenario.toml"))
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: --csv: {folder} ")
    assert word in refused.stderr
    assert name in refused.stderr


def test_dbt_takes_them_as_seeds_with_what_the_page_says(tmp_path: Path) -> None:
    load(CsvSink(tmp_path / "seeds"), SMALL)
    page = (PROJECT / "docs" / "use" / "other-engines.md").read_text()
    (seeds,) = re.findall(r"```yaml\n(seeds:.+?)```", page, re.DOTALL)
    project = {"name": "my_project", "profile": "theirs", **yaml.safe_load(seeds)}
    (tmp_path / "dbt_project.yml").write_text(yaml.safe_dump(project))
    target = {"type": "duckdb", "path": str(tmp_path / "theirs.duckdb")}
    (tmp_path / "profiles.yml").write_text(yaml.safe_dump({"theirs": {"target": "dev", "outputs": {"dev": target}}}))
    folders = ("--project-dir", str(tmp_path), "--profiles-dir", str(tmp_path))
    assert dbtRunner().invoke(["--quiet", "seed", *folders]).success
    with duckdb.connect(tmp_path / "theirs.duckdb") as file:
        sessions = file.sql("select * from sessions order by session_id").fetchall()
        assert sessions == sorted(made_rows(SMALL)["raw.sessions"])
        assert file.sql("from injected_faults").columns == INJECTED_FAULTS.columns.names
