"""The printed KPIs: what a leader reads."""

import re
from datetime import date
from pathlib import Path

import pytest

from reporting.cli import main
from reporting.kpi_table import kpi_table
from reporting.marts import close_duckdb
from shown import row

ROWS = [
    row(date(2021, 1, 1), "small", opening=4, active=3, sessions=16, revenue=57),
    row(date(2021, 1, 1), "large", opening=1, active=1, sessions=10, revenue=99),
    row(date(2021, 1, 1), "all", opening=5, active=4, sessions=26, revenue=156),
    row(date(2021, 2, 1), "small", opening=3),
    row(date(2021, 2, 1), "large", opening=0),
    row(date(2021, 2, 1), "all", opening=3),
]


def test_the_kpis_stand_side_by_side_with_their_sizes_and_total() -> None:
    assert kpi_table(ROWS, 200).splitlines() == [
        "           Active companies       Retention        Sessions per active company          Revenue",
        "Month     small large total   small  large total             small large total    small  large   total",
        "2021-01       3     1     4   75.0% 100.0% 80.0%              5.33 10.00  6.50   $57.00 $99.00 $156.00",
        "2021-02       0     0     0    0.0%      -  0.0%                 -     -     -    $0.00  $0.00   $0.00",
    ]


def test_a_narrow_terminal_gets_them_below_one_another() -> None:
    lines = kpi_table(ROWS, 50).splitlines()
    assert max(map(len, lines)) <= 50
    assert sum(line.startswith("2021-01") for line in lines) == 3
    titles = ("Active companies", "Retention", "Sessions per active company", "Revenue")
    assert [title for title in titles if not any(title in line for line in lines)] == []


def test_marts_that_are_not_there_are_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DUCKDB_PATH", str(tmp_path / "warehouse.duckdb"))
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path))
    assert main([]) == 1
    close_duckdb()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert re.fullmatch(r"error: the marts can't be read; has dbt build made them\? \([^\n]+\)\n", shown.err)


def test_an_unknown_target_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", "snowflake"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: --target")
    assert "one of duckdb, postgres, not snowflake" in shown.err
    assert shown.err.count("\n") == 1
