"""The printed subscription metrics."""

from typing import Any

import pytest

from reporting.metrics_table import metrics_table
from reporting.project import Project
from seed_generator.profiles import read_target
from shown import WORDING
from warehouses import PROJECT, Warehouse

BRIEF = ["Opening MRR", "New", "Churned", "Closing MRR", "Net retention, 1 month", "Gross retention, 1 month"]
BRIEF += ["Revenue churn", "Revenue per company", "Lifetime value"]
LIFE = ["Quick ratio", "Reactivation", "Expansion", "Contraction", "Moved in", "Moved out", "Net retention, 12 months"]


@pytest.fixture(params=["brief", "life"])
def built(request: pytest.FixtureRequest, duckdb_warehouse: Warehouse) -> tuple[str, Warehouse]:
    life = ("--scenario", str(PROJECT / "scenarios" / "growing.toml"), "--companies", "60", "--months", "14")
    duckdb_warehouse.fill(*(life if request.param == "life" else ()))
    return request.param, duckdb_warehouse


def test_the_metrics_are_printed_in_place_of_the_kpis_without_those_that_there_are_none_of(
    built: tuple[str, Warehouse], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, warehouse = built
    monkeypatch.setenv("COLUMNS", "2000")
    assert warehouse.report("--metrics") == 0
    titles, heading, *lines = capsys.readouterr().out.splitlines()
    assert [title for title in BRIEF if title not in titles] == []
    assert [title for title in LIFE if (title in titles) != (name == "life")] == []
    assert "Retention   " not in titles
    query = "select closing_mrr, churned_mrr from marts.rpt_subscription_metrics where company_size = 'all'"
    found: list[tuple[Any, Any]] = warehouse.query(f"{query} order by period")
    assert len(lines) == len(found)
    for line, (closing, churned) in zip(lines, found, strict=True):
        assert f" ${closing:,.2f} " in line
        assert not churned or f" -${-churned:,.2f} " in line
    sizes = heading.split()[1:4]
    assert sizes == (["small", "large", "total"] if name == "brief" else ["starter", "team", "business"])


def test_a_narrow_terminal_gets_the_metrics_below_one_another(duckdb_warehouse: Warehouse) -> None:
    duckdb_warehouse.fill()
    with duckdb_warehouse.surroundings():
        rows = Project(read_target("duckdb")).subscription_metrics()
    lines = metrics_table(rows, WORDING, 80).splitlines()
    assert max(map(len, lines)) <= 80
    assert sum(line.startswith("2021-12") for line in lines) > 3
