"""The leadership page as people meet it: made on each engine, opened from disk in a real browser."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize

from browser import lowest_contrast, scrolls_sideways, violations, visit
from reporting.kpis import KPIS, Part
from reporting.page import leadership_page
from reporting.views import Company
from reporting.wording import Wording
from shown import WORDING, row
from warehouses import Warehouse

SCHEMES = ("light", "dark")


def build_and_write_page(warehouse: Warehouse, file: Path) -> Path:
    warehouse.fill()
    assert warehouse.report("--page", str(file)) == 0
    return file


@pytest.fixture(scope="module")
def page_file(duckdb_warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_and_write_page(duckdb_warehouse, tmp_path_factory.mktemp("page") / "kpis.html")


def figures(page: Page, selector: str) -> list[Decimal]:
    return [
        Decimal(text)
        for text in page.locator(selector).evaluate_all("found => found.map(x => x.getAttribute('value'))")
    ]


def test_the_page_is_the_same_on_both_engines(page_file: Path, postgres_warehouse: Warehouse, tmp_path: Path) -> None:
    other = build_and_write_page(postgres_warehouse, tmp_path / "kpis.html").read_text()
    assert other.count("target postgres") == 1
    assert other.replace("target postgres", "target duckdb") == page_file.read_text()


def test_every_figure_is_that_of_the_marts(browser: Browser, page_file: Path, duckdb_warehouse: Warehouse) -> None:
    of_kpis = ", ".join(kpi.name for kpi in KPIS)
    columns = [column for kpi in KPIS for column in kpi.columns if not isinstance(column, Part)]
    in_table = ", ".join(column.name for column in columns)
    from_report = "from marts.rpt_monthly_kpis where company_size = '{}' order by period"
    with visit(browser, page_file) as met:
        for number, size in enumerate(("all", "small", "large")):
            months = duckdb_warehouse.query(f"select {in_table} {from_report.format(size)}")
            assert len(months) == 12
            shown = met.page.locator(f".months .size-{number} td").evaluate_all(
                "cells => cells.map(x => x.textContent)"
            )
            written = [
                column.unit.full(figure) for month in months for column, figure in zip(columns, month, strict=True)
            ]
            assert [text for text in shown if " of " not in text] == written
            *_, last = duckdb_warehouse.query(f"select {of_kpis} {from_report.format(size)}")
            headline = [figures(met.page, f'[data-kpi="{kpi.name}"][data-size="{size}"]') for kpi in KPIS]
            assert headline == [[figure] for figure in last]
        assert met.page.locator('[data-kpi="revenue"][data-size="all"]').inner_text() == "$11,609"
        assert met.page.locator(".books").inner_text().startswith("✓ The marts agree")


def test_the_brief_s_page_has_nothing_of_a_life(page_file: Path) -> None:
    html = page_file.read_text()
    assert [word for word in ("MRR", "Cohorts", "Survival", 'class="heat"') if word in html.split("<body>")[1]] == []
    csv_file = re.search(r'href="data:text/csv;charset=utf-8,([^"]+)"', html)
    assert csv_file
    assert len(unquote(csv_file[1]).splitlines()) == 1 + 12 * 3


def test_the_page_is_one_request_without_a_complaint(browser: Browser, page_file: Path) -> None:
    with visit(browser, page_file) as met:
        met.page.wait_for_load_state("networkidle")
        assert met.requests == [page_file.as_uri()]
        assert met.complaints == []
    assert page_file.stat().st_size < 1_000_000


_POINTS = """path => [...path.getAttribute('d').matchAll(/([\\d.]+),([\\d.]+)/g)].map(([_, x, y]) => {
    const at = new DOMPoint(x, y).matrixTransform(path.getScreenCTM());
    return [at.x, at.y];
})"""


def read_off(section: Locator, size: int, style: int) -> tuple[list[float], list[float]]:
    """Where the points of a line are from the left, and which values they have by the ticks beside them."""
    view = section.locator(f".view.size-{size}")
    points = view.locator(f"path.line.s{style}:not(.ahead)").evaluate(_POINTS)
    ticks = {}
    for tick in view.locator(".tick").all():
        box = tick.bounding_box()
        assert box
        number, unit = re.fullmatch(r"\$?([\d.]+)([k%]?)", tick.inner_text()).groups()  # type: ignore[union-attr]
        ticks[box["y"] + box["height"] / 2] = float(number) * {"k": 1000, "%": 0.01, "": 1}[unit]
    (top, most), (bottom, least) = min(ticks.items()), max(ticks.items())
    assert most > least
    return [x for x, _ in points], [most + (y - top) / (bottom - top) * (least - most) for _, y in points]


def test_a_chart_read_by_its_ticks_has_the_figures_of_the_marts_from_the_first_month_to_the_last(
    browser: Browser, page_file: Path, duckdb_warehouse: Warehouse
) -> None:
    with visit(browser, page_file) as met:
        for kpi, section in zip(KPIS, met.page.locator("section.kpi").all(), strict=True):
            for style, size in enumerate(("all", "small", "large")):
                wanted = duckdb_warehouse.query(
                    f"select {kpi.name} from marts.rpt_monthly_kpis where company_size = '{size}' order by period"
                )
                xs, values = read_off(section, 0, style)
                tolerance = 0.01 * (max(values) - min(values)) + 0.002 * max(values)
                assert values == pytest.approx([float(figure) for (figure,) in wanted], abs=tolerance)
                assert xs == sorted(xs)
            months = section.locator(".view.size-0 .month").all()
            assert [month.inner_text().split()[0] for month in months[:2]] == ["Jan", "Mar"]
            box = months[1].bounding_box()
            assert box
            assert box["x"] + box["width"] / 2 == pytest.approx(xs[2], abs=1)


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, {"width": 390, "height": 844}])
def test_the_first_screen_has_the_numbers_each_with_its_judgement_and_the_headline(
    browser: Browser, page_file: Path, viewport: ViewportSize
) -> None:
    with visit(browser, page_file, viewport=viewport) as met:
        for selector, count in ((".number data", 3), (".number .spark", 3), (".number .judgement", 3), ("h1", 1)):
            seen = met.page.locator(selector).filter(visible=True).all()
            assert len(seen) == count
            for element in seen:
                box = element.bounding_box()
                assert box
                assert box["y"] + box["height"] <= viewport["height"]
        judgements = met.page.locator(".number .judgement").filter(visible=True).all_inner_texts()
        assert [text for text in judgements if not text.startswith("✓ As expected: ")] == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_against_wcag(browser: Browser, page_file: Path, scheme: str) -> None:
    with visit(browser, page_file, color_scheme=scheme) as met:
        assert violations(met.page) == []


def test_on_paper_it_has_at_most_three_pages(browser: Browser, page_file: Path) -> None:
    with visit(browser, page_file) as met:
        assert 1 <= met.page.pdf(format="A4").count(b"/Type /Page\n") <= 3


def test_the_filter_works_by_mouse_and_by_keyboard(browser: Browser, page_file: Path) -> None:
    with visit(browser, page_file) as met:

        def shown() -> list[str | None]:
            visible = met.page.locator("[data-kpi]").filter(visible=True)
            return [element.get_attribute("data-size") for element in visible.all()]

        headline = met.page.get_by_role("heading", level=1)
        assert shown() == ["all"] * len(KPIS)
        assert headline.inner_text() == "Revenue is 44.6% below January, as expected; 211 of the 500 customers remain"
        met.page.get_by_text("Small", exact=True).first.click()
        assert shown() == ["small"] * len(KPIS)
        assert headline.inner_text().startswith("Revenue of small companies is 62.")
        assert met.page.locator("table").filter(visible=True).locator("caption").all_inner_texts() == [
            "Small companies"
        ]
        met.page.keyboard.press("ArrowRight")
        assert shown() == ["large"] * len(KPIS)
        assert met.page.get_by_role("radio", name="Large").is_checked()
        met.page.reload()
        met.page.keyboard.press("Tab")
        met.page.keyboard.press("ArrowDown")
        assert shown() == ["small"] * len(KPIS)
        outline = met.page.locator("label[for=size-1]").evaluate("label => getComputedStyle(label).outlineStyle")
        assert outline == "solid"


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_scrolls_sideways_on_a_phone_and_every_text_is_legible(
    browser: Browser, page_file: Path, scheme: str
) -> None:
    for viewport in ({"width": 360, "height": 740}, {"width": 1280, "height": 900}):
        with visit(browser, page_file, color_scheme=scheme, viewport=viewport) as met:
            for number in range(3):
                met.page.locator(f"label[for=size-{number}]").click()
                assert not scrolls_sideways(met.page)
                contrast, text = lowest_contrast(met.page)
                assert contrast >= 4.5, text


def test_a_month_under_the_pointer_tells_its_figures(browser: Browser, page_file: Path) -> None:
    with visit(browser, page_file) as met:
        readout = met.page.locator(".size-0 .readout").nth(3)
        assert not readout.locator("div").is_visible()
        readout.hover()
        assert "April 2021" in readout.inner_text()
        assert "$17,891.00" in readout.inner_text()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_paper_gets_all_sizes_in_dark_ink_whatever_the_screen_showed(
    browser: Browser, page_file: Path, scheme: str
) -> None:
    with visit(browser, page_file, color_scheme=scheme) as met:
        met.page.locator("label[for=size-1]").click()
        met.page.emulate_media(media="print")
        assert met.page.locator("[data-kpi]").filter(visible=True).count() == 3 * len(KPIS)
        assert met.page.locator("h1").inner_text().startswith("Revenue is 44.6% below January, as expected")
        assert met.page.locator("table").filter(visible=True).count() == 3
        assert met.page.locator(".words dd").filter(visible=True).count() == 9
        assert not met.page.locator(".filter").is_visible()
        assert lowest_contrast(met.page)[0] >= 4.5
        ink = met.page.locator("h1").evaluate("title => getComputedStyle(title).color")
        assert sum(map(int, ink.removeprefix("rgb(").removesuffix(")").split(","))) < 150


def test_a_screen_reader_finds_headings_charts_and_tables_by_name(browser: Browser, page_file: Path) -> None:
    with visit(browser, page_file) as met:
        headings = met.page.get_by_role("heading", level=2).all_inner_texts()
        assert headings == [*(f"{kpi.title} by month" for kpi in KPIS), "Month by month", "What the words mean"]
        assert met.page.get_by_role("heading", level=1).count() == 1
        assert met.page.get_by_role("img", name="Line chart: Revenue of all companies by month").count() == 1
        assert met.page.get_by_role("table", name="All companies").count() == 1
        assert met.page.get_by_role("columnheader").all_inner_texts()[0] == "Month"
        assert met.page.get_by_role("group", name="Show").get_by_role("radio").count() == 3


def test_figures_of_a_very_large_company_stay_on_a_phone(browser: Browser, tmp_path: Path) -> None:
    months = [date(2021, month, 1) for month in range(1, 13)]
    rows = [
        row(month, size, opening=10**10, active=10**10 - 1, sessions=10**12, revenue=10**16)
        for month in months
        for size in ("a" * 32, "all")
    ]
    file = tmp_path / "kpis.html"
    file.write_text(leadership_page(Company(rows), str, WORDING, "target duckdb"))
    with visit(browser, file, viewport={"width": 360, "height": 740}) as met:
        met.page.add_style_tag(content="* { letter-spacing: 0.1em !important }")  # as wide as any machine's fonts
        assert not scrolls_sideways(met.page)
        met.page.locator("label[for=size-1]").click()
        assert not scrolls_sideways(met.page)


LONG_NAMES = ("enterprise_accounts_of_the_world", "mid_market", "a" * 32, "enterprise")


@pytest.fixture(scope="module")
def page_of_long_names(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        row(
            date(2021, month, 1), size, opening=41, active=40, sessions=300, revenue=12345, bands={"revenue": (9, 9**9)}
        )
        for month in range(1, 13)
        for size in (*LONG_NAMES, "all")
    ]
    file = tmp_path_factory.mktemp("names") / "kpis.html"
    file.write_text(leadership_page(Company(rows), str, WORDING, "target duckdb"))
    return file


@pytest.mark.parametrize("width", [390, 1440])
def test_a_few_months_of_any_names_and_large_amounts_of_any_currency_fit(
    browser: Browser, tmp_path: Path, width: int
) -> None:
    sizes = (
        "Groß & <b>Klein</b>",
        "x" * 80,
        "a very long name that somebody thought of on a Friday",
        "企業向け",
        "all",
    )
    months = [date(2021, month, 1) for month in (1, 2, 3)]
    rows = [
        row(month, size, opening=41, active=40, sessions=300, revenue=12345678) for month in months for size in sizes
    ]
    file = tmp_path / "kpis.html"
    wording = Wording("Müller & Söhne <GmbH>", "CHF", is_simulated=False, customers_are_subscribed=True)
    file.write_text(leadership_page(Company(rows), str, wording, "target duckdb"))
    with visit(browser, file, viewport={"width": width, "height": 900}) as met:
        for number in range(len(sizes)):
            met.page.locator(f"label[for=size-{number}]").click()
            assert not scrolls_sideways(met.page)
            assert met.page.evaluate(_BROKEN_WORDS, ".figure data") == []
        ticks = met.page.locator(".tick").filter(visible=True).all()
        assert [tick.inner_text() for tick in ticks if (tick.bounding_box() or {"x": -1})["x"] < 0] == []


WIDTHS = [360, 800, *(pytest.param(width, marks=pytest.mark.slow("another width")) for width in (320, 600, 769, 1280))]


@pytest.mark.parametrize("width", WIDTHS)
def test_what_a_month_tells_is_on_the_screen_whatever_month_is_touched(
    browser: Browser, page_of_long_names: Path, width: int
) -> None:
    with visit(browser, page_of_long_names, viewport={"width": width, "height": 900}) as met:
        for size in (0, 3):
            met.page.locator(f"label[for=size-{size}]").click()
            readouts = met.page.locator(f".size-{size} .readout")
            for month in (0, 5, 6, 11, readouts.count() - 1):
                readouts.nth(month).hover()
                box = readouts.nth(month).locator("div").bounding_box()
                assert box
                assert (box["x"] >= 0, box["x"] + box["width"] <= width) == (True, True)
                assert not scrolls_sideways(met.page)


@pytest.mark.parametrize("width", WIDTHS)
def test_no_name_of_a_size_is_broken_inside_a_word(browser: Browser, page_of_long_names: Path, width: int) -> None:
    with visit(browser, page_of_long_names, viewport={"width": width, "height": 900}) as met:
        broken = met.page.evaluate(_BROKEN_WORDS, ".sizes dt, .filter label")
        assert broken == []


_BROKEN_WORDS = """selector => [...document.querySelectorAll(selector)].flatMap(found => !found.checkVisibility() ? [] :
    [...found.childNodes].filter(node => node.nodeType === Node.TEXT_NODE).flatMap(node =>
        [...node.data.matchAll(/\\S+/g)].filter(word => {
            const range = document.createRange();
            range.setStart(node, word.index);
            range.setEnd(node, word.index + word[0].length);
            return range.getClientRects().length > 1;
        }).map(word => word[0])))"""
