"""The page of a company whose customers come, return and change: its charts have the figures of the marts."""

import csv
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, FloatRect, Locator

from browser import lowest_contrast, scrolls_sideways, violations, visit
from fault_page import LIFE_FILE
from reporting.units import MONEY
from seed_generator.rounding import share
from warehouses import Warehouse

if TYPE_CHECKING:
    from datetime import date

LAST, YEAR_BEFORE = "date '2021-12-01'", "date '2021-01-01'"


@pytest.fixture(scope="module")
def page_file(duckdb_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "kpis.html"
    duckdb_warehouse.fill("--scenario", str(LIFE_FILE))
    assert duckdb_warehouse.report("--page", str(file)) == 0
    return file


def test_its_headline_says_what_drove_mrr(page_file: Path, duckdb_warehouse: Warehouse) -> None:
    ((first,), (last,)) = duckdb_warehouse.query(
        f"select closing_mrr from marts.rpt_subscription_metrics where company_size = 'all'"
        f" and period in ({YEAR_BEFORE}, {LAST}) order by period"
    )
    said = re.search(r'<span class="size-0">(MRR .+)</span>', page_file.read_text())
    assert said
    percent = abs(last / first - 1) * 100
    assert said[1].startswith(f"MRR is {percent:.1f}% {'above' if last > first else 'below'} January: ")


def test_the_bridge_has_the_sums_of_the_movements_and_leads_from_one_month_to_another(
    page_file: Path, duckdb_warehouse: Warehouse
) -> None:
    movements = ("new", "reactivation", "expansion", "moved_in", "contraction", "churned", "moved_out")
    pages = page_file.read_text().split('<figure class="bridge">')[1:]
    for size, html in zip(("all", "small", "large"), pages, strict=True):
        sums = ", ".join(f"sum({one}_mrr)" for one in movements)
        of_size = f"from marts.rpt_subscription_metrics where company_size = '{size}'"
        (wanted,) = duckdb_warehouse.query(f"select {sums} {of_size} and period > {YEAR_BEFORE}")
        ends = duckdb_warehouse.query(
            f"select closing_mrr {of_size} and period in ({YEAR_BEFORE}, {LAST}) order by period"
        )
        moved = {"moved_in", "moved_out"} if size == "all" else set()
        sums_shown = [amount for one, amount in zip(movements, wanted, strict=True) if amount and one not in moved]
        amounts = [ends[0][0], *sums_shown, ends[1][0]]
        table = html.split("</table>")[0]
        assert re.findall(r'<data value="([^"]+)">', table) == [f"{amount}" for amount in amounts]
        shown = re.findall(r'<data value="[^"]+">([^<]+)</data>', table)
        assert [text.lstrip("+\N{MINUS SIGN}") for text in shown] == [MONEY.brief(abs(amount)) for amount in amounts]
        assert sum(amounts[:-1]) == amounts[-1]


def test_each_cell_of_the_heat_map_is_a_cohort_s_share_of_all_sizes(
    page_file: Path, duckdb_warehouse: Warehouse
) -> None:
    numbers: dict[date, list[tuple[int, int]]] = defaultdict(list)
    for period, acquired, active in duckdb_warehouse.query(
        "select cohort_period, sum(acquired_companies), sum(active_companies) from marts.fct_cohorts"
        " group by cohort_period, age_months order by cohort_period, age_months"
    ):
        numbers[period].append((int(acquired), int(active)))
    table = page_file.read_text().split('<table class="heat">')[1].split("</table>")[0]
    rows = table.split("<tbody>")[1].split("<tr>")[1:]
    assert len(rows) == len(numbers) == 12
    for html, (period, ages) in zip(rows, numbers.items(), strict=True):
        assert f"{period:%b %Y}" in html
        assert f"<td>{ages[0][0]}</td>" in html
        cells = re.findall(r'<td class="h(\d)" title="([^"]+)">([^<]+)</td>', html)
        assert [(told.split()[0], shown) for _, told, shown in cells] == [
            (str(active), share(Decimal(active) / acquired, 0)[:-1]) for acquired, active in ages
        ]
        shades = [int(shade) for shade, _, _ in cells]
        assert (max(shades) == 0) == (ages[0][0] < 30)
        # What is more is darker.
        of_shares = sorted(zip((active for _, active in ages), shades, strict=True))
        assert [shade for _, shade in of_shares] == sorted(shades)


def test_customers_and_survival_are_drawn_as_high_as_they_are(
    browser: Browser, page_file: Path, duckdb_warehouse: Warehouse
) -> None:
    customers = duckdb_warehouse.query(
        "select newly_acquired_companies, returned_companies, churned_companies from marts.rpt_monthly_kpis"
        " where company_size = 'all' order by period"
    )
    survival = duckdb_warehouse.query(
        "select survival_rate from marts.fct_survival where company_size = 'small' order by age_months"
    )
    with visit(browser, page_file) as met:
        section = met.page.locator("section[aria-labelledby=life-2] .size-0")
        per_customer = set()
        for place, kind in enumerate(("acquired", "returned", "lost")):
            numbers = [month[place] for month in customers]
            if kind == "acquired":
                numbers[0] = 0
            boxes = [box_of(bar) for bar in section.locator(f"rect.{kind}").all()]
            heights = [box["height"] for box in boxes]
            drawn = [number for number in numbers if number]
            tallest = max(range(len(drawn)), key=drawn.__getitem__)
            for number, height in zip(drawn, heights, strict=True):
                assert height == pytest.approx(heights[tallest] * number / drawn[tallest], abs=1)
            per_customer.add(heights[tallest] / drawn[tallest])
            assert [box["x"] for box in boxes] == sorted(box["x"] for box in boxes)
        assert max(per_customer) == pytest.approx(min(per_customer), rel=0.1)  # one scale for all kinds
        zero = box_of(section.locator(".grid.zero"))["y"]
        assert all(box_of(bar)["y"] >= zero - 2 for bar in section.locator("rect.lost").all())
        line = met.page.locator("section[aria-labelledby=survival] path.line.s1")
        ends = line.evaluate_all("lines => lines.map(line => line.getPointAtLength(line.getTotalLength()).y)")
        assert ends[-1] == pytest.approx(100 - 100 * float(survival[-1][0]), abs=0.1)


def box_of(element: Locator) -> FloatRect:
    box = element.bounding_box()
    assert box
    return box


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_against_wcag(browser: Browser, page_file: Path, scheme: str) -> None:
    with visit(browser, page_file, color_scheme=scheme) as met:
        assert violations(met.page) == []
        # It leaves out what lies on a picture, and so does not know the heat map's cells.
        assert lowest_contrast(met.page)[0] >= 4.5


def test_it_stays_on_a_phone(browser: Browser, page_file: Path) -> None:
    with visit(browser, page_file, viewport={"width": 360, "height": 740}) as met:
        for number in range(3):
            met.page.locator(f"label[for=size-{number}]").click()
            assert not scrolls_sideways(met.page)
        titles = met.page.get_by_role("heading", level=2).all_inner_texts()
    assert titles[3:8] == ["MRR movements", "Customers by month", "Revenue per company", "Cohorts", "Survival"]
    assert page_file.stat().st_size < 1_000_000


def test_the_table_as_a_file_has_every_figure_of_the_marts(
    browser: Browser, page_file: Path, duckdb_warehouse: Warehouse, tmp_path: Path
) -> None:
    with visit(browser, page_file) as met:
        with met.page.expect_download() as waited:
            met.page.get_by_role("link", name="All months and sizes as a CSV file").click()
        assert waited.value.suggested_filename == "kpis.csv"
        waited.value.save_as(tmp_path / "kpis.csv")
    with (tmp_path / "kpis.csv").open(newline="") as file:
        names, *rows = csv.reader(file)
    columns = ", ".join(names)
    wanted = duckdb_warehouse.query(
        f"select {columns} from marts.rpt_monthly_kpis"
        " inner join marts.rpt_subscription_metrics using (period, company_size)"
    )
    assert sorted(rows) == sorted(["" if value is None else str(value) for value in of_row] for of_row in wanted)
    assert {"revenue", "retention_rate", "kept_companies", "opening_companies", "sessions"} <= set(names)
    assert {"churned_mrr", "closing_mrr", "returned_companies"} <= set(names)
