"""The page of a company whose customers come, return and change: its charts have the figures of the marts."""

import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Locator

from browser import lowest_contrast, scrolls_sideways, violations, visit
from fault_page import LIFE_FILE
from reporting.life import CohortMonth, Life, SurvivalAge
from reporting.movements import MOVEMENTS
from reporting.page import leadership_page
from reporting.rows import MonthlyKpis
from reporting.units import MONEY
from reporting.views import Company
from seed_generator.rounding import share
from shown import WORDING, row
from warehouses import Warehouse

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


COUNTS = ("newly_acquired_companies", "returned_companies", "churned_companies", "active_of_acquired_companies")


def small_life(sizes: Sequence[str], months: int) -> Life:
    """Of each size a company comes in every month, and one of four leaves after its first."""
    everyone = [*sizes, "all"]
    return Life(
        metrics=[
            MonthlyKpis(
                month(number),
                size,
                {
                    **{one.name: Decimal(0) for one in MOVEMENTS},
                    "new_mrr": Decimal(9),
                    "closing_mrr": Decimal(9 * number + 9),
                    "avg_revenue_per_company": None,
                },
            )
            for number in range(months)
            for size in everyone
        ],
        customers=[
            MonthlyKpis(
                month(number),
                size,
                dict.fromkeys(COUNTS, 1),
            )
            for number in range(months)
            for size in everyone
        ],
        cohorts=[
            CohortMonth(month(number), age, 1, 1)
            for size in sizes
            for number in range(months)
            for age in range(months - number)
        ],
        survival=[
            SurvivalAge(size, age, 4 - age, 1 - age, Decimal("0.75"))
            for size in sizes
            for age in range(2 if months > 1 else 1)
        ],
    )


@pytest.mark.parametrize("months", [1, 2, 30])
@pytest.mark.parametrize("sizes", [1, 2, 6])
def test_a_life_of_any_length_and_number_of_sizes_has_its_charts(sizes: int, months: int) -> None:
    names = [f"size_{number}" for number in range(sizes)]
    rows = [
        row(month(number), size, opening=9, active=9, sessions=9, revenue=9)
        for number in range(months)
        for size in (*names, "all")
    ]
    html = leadership_page(Company(rows, life=small_life(names, months)), str, WORDING, "here")
    survival = html.split('<section class="life" aria-labelledby="survival">')[1].split("</section>")[0]
    # All sizes together, and each where they are few: three of four stay, whatever their number.
    ends = re.findall(r'<span class="name s\d" style="top:[\d.]+%">(.+?) <b>75%</b></span>', survival)
    assert ends == ["All", *(f"Size {number}" for number in range(sizes if 1 < sizes <= 4 else 0))]
    heat = html.split('<table class="heat">')[1].split("</table>")[0]
    assert heat.count('<th scope="row">') == min(months, 24)
    assert ("6 earlier months left out" in html) == (months == 30)
    said = re.search(r'<span class="size-0">(.+?)</span>', html.split('<h1 class="lead">')[1])
    assert said
    assert said[1].startswith("Revenue was" if months == 1 else "MRR is")


def month(number: int) -> date:
    return date(2021 + number // 12, number % 12 + 1, 1)


def test_years_are_summed_up_where_months_are_many() -> None:
    def page(months: int) -> str:
        rows = [
            row(month(number), "all", opening=9, active=9, sessions=10 + number, revenue=f"{100 + number}.50")
            for number in range(months)
        ]
        return leadership_page(Company(rows), str, WORDING, "here")

    assert "All of" not in page(24)
    years = re.findall(r"<tr class=year>(.+?)</tr>", page(26), re.DOTALL)
    assert len(years) == 3
    assert "All of <span>2021</span>" in years[0]
    assert "2 months of <span>2023</span>" in years[2]
    # 12 x 100.50 and the numbers from 0 to 11, and so on.
    assert re.findall(r"<td>([^<]*)</td>", years[0]) == ["$1,272.00", "", "", "186", ""]
    assert re.findall(r"<td>([^<]*)</td>", years[2]) == ["$250.00", "", "", "69", ""]


def test_where_sizes_are_many_each_has_a_small_chart() -> None:
    sizes = [f"size_{number}" for number in range(5)]
    rows = [
        row(month(number), size, opening=9, active=9, sessions=9, revenue=number + place)
        for number in range(3)
        for place, size in enumerate((*sizes, "all"))
    ]
    html = leadership_page(Company(rows), str, WORDING, "here")
    (of_revenue, *others) = re.findall(r'<ul class="others">(.+?)</ul>', html, re.DOTALL)
    assert re.findall(r"<span>(.+?)</span>", of_revenue) == [f"Size {n} <b>${n + 2}</b>" for n in range(5)]
    assert of_revenue.count("<svg") == 5
    assert len(others) == 2
    few = [row for row in rows if row.company_size in {"size_0", "size_1", "all"}]
    assert '<ul class="others">' not in leadership_page(Company(few), str, WORDING, "here")
