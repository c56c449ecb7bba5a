"""dbt's documentation: complete, one file, and a page that people can use."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser

from browser import visit
from descriptions import LONGEST_COMMENT, project_and_columns, too_long, undescribed
from reporting.documentation import main
from warehouses import PROJECT, Warehouse


@pytest.fixture(scope="module")
def address(duckdb_warehouse: Warehouse) -> Iterator[str]:
    """Where the command serves the documentation of a built warehouse."""
    duckdb_warehouse.fill("--companies", "10", "--months", "3")
    duckdb_warehouse.parse_for_processes()
    with (
        duckdb_warehouse.surroundings(),
        subprocess.Popen(
            [sys.executable, "-m", "reporting.documentation", "--target", "duckdb", "--port", "0"],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        ) as server,
    ):
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(2)]
        yield lines[1].split()[-1]
        server.kill()


@pytest.fixture(scope="module")
def docs(address: str, duckdb_warehouse: Warehouse) -> Path:
    """The one file on disk."""
    return duckdb_warehouse.artifacts / address.rpartition("/")[2]


def test_the_one_file_needs_nothing_else_and_complains_of_nothing(browser: Browser, docs: Path) -> None:
    with visit(browser, docs) as met:
        met.page.get_by_text("ABC Enterprises: three monthly KPIs").wait_for()
        met.page.wait_for_load_state("networkidle")
        assert met.requests == [docs.as_uri()]
        assert met.complaints == []


def test_the_overview_has_the_words_and_leads_to_the_marts_the_lineage_and_the_decisions(
    browser: Browser, docs: Path
) -> None:
    with visit(browser, docs) as met:
        met.page.get_by_text("Opening less churned, less moved out, with moved in and returned, is active").wait_for()
        links = met.page.locator(".app-content a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
        decisions = [link for link in links if link and "decisions" in link]
        assert len(decisions) == len(list((PROJECT / "docs" / "model" / "decisions").glob("0*.md")))
        assert [link for link in decisions if not (docs.parent / link).is_file()] == []
        met.page.get_by_role("link", name="the leadership page").click()
        met.page.get_by_role("heading", name="The leadership page").wait_for()
        met.page.go_back()
        met.page.get_by_role("link", name="Draw the lineage").click()
        met.page.get_by_text("Lineage Graph").wait_for()
        assert met.complaints == []


def test_a_mart_s_page_shows_its_columns_with_types_and_descriptions(browser: Browser, docs: Path) -> None:
    with visit(browser, docs.as_uri() + "#!/model/model.saas_kpis.rpt_monthly_kpis") as met:
        met.page.get_by_role("cell", name="retention_rate", exact=True).first.wait_for()
        text = met.page.locator("body").inner_text()
        assert "One row per period and company size" in text
        assert "DECIMAL(18,2)" in text
        assert met.complaints == []


def test_it_is_served_with_the_decisions_as_readable_text(browser: Browser, address: str) -> None:
    with visit(browser, address) as met:
        met.page.get_by_role("link", name="Is the month of churn paid?").click()
        met.page.get_by_text("# 0003: The month of churn").wait_for()
        assert "pays 5 \N{MIDDLE DOT} $19.00" in met.page.locator("body").inner_text()


def test_while_it_is_served_others_load_and_build(address: str, duckdb_warehouse: Warehouse) -> None:
    assert address
    assert duckdb_warehouse.seed("--companies", "10").returncode == 0


def test_a_taken_port_is_told_in_one_sentence(
    address: str, duckdb_warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    port = address.split(":")[2].partition("/")[0]
    with duckdb_warehouse.surroundings():
        assert main(["--target", "duckdb", "--port", port]) == 1
    assert capsys.readouterr().err.startswith(f"error: --port {port} can't be used")


def descriptions(part: Any) -> Iterator[str]:
    """Every description in a YAML file, as it is written there."""
    if isinstance(part, dict):
        yield from (" ".join(text.split()) for key, text in part.items() if key == "description")
    inner = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for one in inner:
        yield from descriptions(one)


def test_what_models_say_twice_stands_once_in_the_vocabulary() -> None:
    files = [yaml.safe_load(path.read_text()) for path in sorted((PROJECT / "models").rglob("*.yml"))]
    written = Counter(text for file in files for text in descriptions(file))
    assert written["{{ doc('period') }}"] > 5
    assert [
        text for text, times in written.items() if times > 1 and not re.fullmatch(r"{{ doc\('\w+'\) }}", text)
    ] == []
    used = set(re.findall(r"doc\('(\w+)'\)", " ".join(written)))
    defined = re.findall(r"{% docs (\w+) %}", (PROJECT / "models" / "vocabulary.md").read_text())
    assert sorted(used) == sorted(defined)


@pytest.mark.slow("a tool of ours", keeps="reporting/test_dbt_docs.py")
def test_a_column_macro_or_metric_without_a_word_is_found(tmp_path: Path) -> None:
    manifest, found = project_and_columns(tmp_path)
    assert list(undescribed(manifest, found)) == list(too_long(manifest)) == []
    manifest.nodes["model.saas_kpis.fct_revenue"].columns["revenue"].description = "x" * (LONGEST_COMMENT + 1)
    assert list(too_long(manifest)) == ["model.saas_kpis.fct_revenue.revenue"]
    key = ("marts", "fct_revenue")
    assert list(undescribed(manifest, {**found, key: found[key] | {"new"}})) == ["model.saas_kpis.fct_revenue.new"]
    (gone,) = undescribed(manifest, {**found, key: found[key] - {"revenue"}})
    assert gone == "model.saas_kpis.fct_revenue.revenue, which is not there"
    manifest.macros["macro.saas_kpis.ratio"].description = ""
    manifest.macros["macro.saas_kpis.ratio"].arguments[0].description = ""
    manifest.metrics["metric.saas_kpis.churn_rate"].description = ""
    manifest.exposures["exposure.saas_kpis.leadership_page"].description = ""
    assert set(undescribed(manifest, found)) == {
        "macro.saas_kpis.ratio",
        "macro.saas_kpis.ratio.numerator",
        "metric.saas_kpis.churn_rate",
        "exposure.saas_kpis.leadership_page",
    }
