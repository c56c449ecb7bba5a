"""What the page draws of a life, from rows written by hand."""

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from urllib.parse import unquote

import pytest

from reporting.kpis import KPIS
from reporting.life import CohortMonth, Life, SurvivalAge
from reporting.life_views import LifeView, life_view
from reporting.month_table import comma_separated
from reporting.movements import MOVEMENTS
from reporting.page import leadership_page
from reporting.rows import MonthlyKpis
from reporting.views import Company
from shown import WORDING, month, row

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
@pytest.mark.parametrize("sizes", [1, 2, 4, 5])
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


def test_years_are_summed_up_where_months_are_many() -> None:
    def page(months: int) -> str:
        rows = [
            row(month(number), "all", opening=9, active=9, sessions=number, revenue=f"{100 + number}.50")
            for number in range(months)
        ]
        return leadership_page(Company(rows), str, WORDING, "here")

    assert "All of" not in page(24)
    assert page(25).count("<tr class=year>") == 3
    years = re.findall(r"<tr class=year>(.+?)</tr>", page(26), re.DOTALL)
    assert len(years) == 3
    assert "All of <span>2021</span>" in years[0]
    assert "2 months of <span>2023</span>" in years[2]
    # 12 x 100.50 and the numbers from 0 to 11, and so on.
    assert re.findall(r"<td>([^<]*)</td>", years[0]) == ["$1,272.00", "", "", "66", ""]
    assert re.findall(r"<td>([^<]*)</td>", years[2]) == ["$250.00", "", "", "49", ""]


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


def metrics_of(number: int, size: str, closing: int, per_company: object, **movements: int) -> MonthlyKpis:
    """A month of subscription metrics: the movements that are named, and none else."""
    figures = {one.name: Decimal(movements.get(one.name, 0)) for one in MOVEMENTS}
    mean = None if per_company is None else Decimal(str(per_company))
    return MonthlyKpis(
        month(number), size, {**figures, "closing_mrr": Decimal(closing), "avg_revenue_per_company": mean}
    )


def customers_of(number: int, size: str, acquired: int, returned: int, lost: int) -> MonthlyKpis:
    return MonthlyKpis(month(number), size, dict(zip(COUNTS, (acquired, returned, lost, acquired), strict=True)))


def one_view(life: Life, *sizes: str) -> LifeView:
    months = len({metrics.period for metrics in life.metrics})
    rows = [row(month(number), size, opening=9, active=9) for number in range(months) for size in (*sizes, "all")]
    return life_view(Company(rows, life=life), life, WORDING)


def test_a_bridge_leads_from_the_first_month_to_the_last_and_gains_come_before_losses() -> None:
    moves = {"contraction_mrr": -5, "churned_mrr": -15, "new_mrr": 40, "moved_in_mrr": 7, "moved_out_mrr": -7}
    metrics = [
        *(metrics_of(0, size, 100, 25, new_mrr=100) for size in ("small", "all")),
        *(metrics_of(1, size, 120, 20.5, **moves) for size in ("small", "all")),
        *(metrics_of(2, size, 140, None, new_mrr=20) for size in ("small", "all")),
    ]
    customers = [
        customers_of(number, size, 4, number, lost) for number in range(3) for size, lost in (("small", 0), ("all", 1))
    ]
    life = Life(metrics, customers, [CohortMonth(month(0), 0, 4, 4)], [SurvivalAge("small", 0, 4, 0, Decimal(1))])
    everybody, small = one_view(life, "small").views
    told = [(bar.title, bar.shown, bar.exact, bar.step.left, bar.step.width) for bar in everybody.bridge]
    assert told == [
        ("January 2021", "$100", "100", 0, 62.5),
        ("New", "+$60", "60", 62.5, 37.5),
        ("Contraction", "\N{MINUS SIGN}$5", "-5", 96.88, 3.12),
        ("Churned", "\N{MINUS SIGN}$15", "-15", 87.5, 9.38),
        ("March 2021", "$140", "140", 0, 87.5),
    ]
    assert [bar.title for bar in small.bridge[1:-1]] == ["New", "Moved in", "Contraction", "Churned", "Moved out"]
    assert everybody.bridge_caption == "How the MRR of all companies went from January 2021 to March 2021."
    # Who was there from the start is no column, and only the kinds that there are have a key.
    assert [(bar.kind, bar.left) for bar in small.customers.columns] == [
        ("acquired", 38.33),
        ("returned", 38.33),
        ("acquired", 71.67),
        ("returned", 71.67),
    ]
    assert small.kinds == [("acquired", "New"), ("returned", "Returned")]
    (line,) = small.revenue.lines
    assert (line.value, small.longest_name) == ("", 0)
    assert [(dot.x, dot.y, dot.is_hollow) for dot in line.dots] == [(0, 16.67, False), (50, 31.67, False)]


def test_a_mean_of_the_last_month_is_written_at_the_end_of_its_line() -> None:
    metrics = [metrics_of(0, size, 0, 25, new_mrr=0) for size in ("small", "all")]
    customers = [customers_of(0, size, 0, 0, 3) for size in ("small", "all")]
    life = Life(metrics, customers, [CohortMonth(month(0), 0, 4, 4)], [SurvivalAge("small", 0, 4, 0, Decimal(1))])
    view = one_view(life, "small").views[0]
    assert [(line.label, line.value) for line in view.revenue.lines] == [("", "$25")]
    assert view.longest_name == len("$25")
    assert view.kinds == [("lost", "Churned")]
    assert [(bar.shown, bar.step.width) for bar in view.bridge] == [("$0", 0), ("$0", 0)]


def test_a_cell_of_the_heat_map_is_as_dark_as_its_share_and_of_few_companies_it_has_no_colour() -> None:
    cohorts = [
        *(CohortMonth(month(0), age, 20, active) for age, active in enumerate((20, 18, 15, 1, 0))),
        *(CohortMonth(month(0), age, 20, active) for age, active in enumerate((20, 20, 5, 0, 0))),
        CohortMonth(month(1), 0, 29, 29),
        CohortMonth(month(2), 0, 30, 29),
        CohortMonth(month(3), 0, 0, 0),
    ]
    view = one_view(replace(small_life(["small"], 1), cohorts=cohorts), "small")
    assert [(line.period, line.acquired) for line in view.cohorts] == [(month(0), 40), (month(1), 29), (month(2), 30)]
    assert [(cell.shown, cell.exact, cell.shade) for cell in view.cohorts[0].cells] == [
        ("100", "40 of 40 customers", 8),
        ("95", "38 of 40 customers", 8),
        ("50", "20 of 40 customers", 5),
        ("3", "1 of 40 customers", 1),
        ("0", "0 of 40 customers", 1),
    ]
    assert [cell.shade for line in view.cohorts[1:] for cell in line.cells] == [0, 8]
    assert view.ages == range(5)
    assert "left out" not in view.cohorts_caption


def test_of_many_cohorts_the_last_24_are_shown_each_for_24_months() -> None:
    cohorts = [CohortMonth(month(number), age, 40, 40) for number in range(26) for age in range(40 - number)]
    view = one_view(replace(small_life(["small"], 1), cohorts=cohorts), "small")
    assert [line.period for line in view.cohorts] == [month(number) for number in range(2, 26)]
    assert [len(line.cells) for line in view.cohorts] == [24] * 15 + list(range(23, 14, -1))
    assert view.ages == range(24)
    assert "2 earlier months left out" in view.cohorts_caption
    assert "up to 23;" in view.cohorts_caption


def test_survival_of_all_is_multiplied_from_all_sizes_and_thin_below_30_companies() -> None:
    survival = [
        SurvivalAge("small", 0, 40, 10, Decimal("0.75")),
        SurvivalAge("small", 1, 20, 10, Decimal("0.375")),
        SurvivalAge("large", 0, 30, 4, Decimal("0.866667")),
        SurvivalAge("large", 1, 10, 5, Decimal("0.433333")),
    ]
    view = one_view(replace(small_life(["small", "large"], 1), survival=survival), "small", "large")
    chart = view.survival
    assert view.longest_name == len("Small 38%")
    # 56 of 70 are left after the first month, and a half of them after the second.
    assert [(line.label, line.value) for line in chart.lines] == [("All", "40%"), ("Small", "38%"), ("Large", "43%")]
    assert [line.path for line in chart.lines] == ["M0,0V20H50V60H100", "M0,0V25H50", "M0,0V13.33H50"]
    assert [line.path_of_few for line in chart.lines] == ["", "M50,25V62.5H100", "M50,13.33V56.67H100"]


def test_a_life_has_a_deck_of_each_size_and_its_movements_in_the_glossary() -> None:
    life = small_life(["small"], 2)
    stayed = {"small": 5, "all": 7}
    customers = [
        replace(there, figures={**there.figures, "active_of_acquired_companies": stayed[there.company_size]})
        for there in life.customers
    ]
    rows = [row(month(number), size, opening=9, active=9) for number in range(2) for size in ("small", "all")]
    html = leadership_page(Company(rows, life=replace(life, customers=customers)), str, WORDING, "here")
    assert "Of 9 customers acquired since January 2021, 7 were there in February 2021." in html
    assert "Of 9 small customers acquired since January 2021, 5 were there in February 2021." in html
    assert "<dt>Reactivation MRR</dt>" in html
    assert "<dt>Reactivation MRR</dt>" not in leadership_page(Company(rows), str, WORDING, "here")


def test_the_csv_file_has_each_month_and_size_with_its_own_figures() -> None:
    rows = [
        row(month(number), size, opening=10 * number + place, active=place, sessions=7, revenue=f"{place}.50")
        for place, size in enumerate(("small", "all"), 1)
        for number in range(2)
    ]
    table = unquote(comma_separated(KPIS, Company(rows)).partition(",")[2])
    found = [
        tuple(line[name] for name in ("period", "company_size", "opening_companies", "active_companies", "revenue"))
        for line in csv.DictReader(table.splitlines())
    ]
    assert found == [
        ("2021-01-01", "all", "2", "2", "2.50"),
        ("2021-01-01", "small", "1", "1", "1.50"),
        ("2021-02-01", "all", "12", "2", "2.50"),
        ("2021-02-01", "small", "11", "1", "1.50"),
    ]
