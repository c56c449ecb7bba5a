"""What the page shows of a KPI: one view of each size, with its comparisons, its judgement and its readouts."""

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

import pytest

from reporting.kpis import KPIS, RETENTION, REVENUE, USAGE, Kpi
from reporting.life import Life
from reporting.page import leadership_page
from reporting.rows import MonthlyKpis
from reporting.views import Company, View, section_of
from shown import WORDING, Band, month, row

NO_LIFE = Life([], [], [], [])


def months(size: str, *active: int, opening: int = 100, band: Band | None = None) -> list[MonthlyKpis]:
    """Months of a size in which each of so many companies pays 10."""
    bands = {"revenue": band} if band else {}
    return [
        row(month(number), size, opening=opening, active=there, sessions=2 * there, revenue=10 * there, bands=bands)
        for number, there in enumerate(active)
    ]


def views_of_revenue(company: Company) -> list[View]:
    return list(section_of(REVENUE, company, 3).views)


def test_each_size_has_a_view_and_a_style_of_its_own_until_the_styles_are_used_up() -> None:
    sizes = [f"size_{number}" for number in range(8)]
    company = Company([one for size in (*sizes, "all") for one in months(size, 40)])
    assert [company.style(size) for size in company.sizes] == [0, 1, 2, 3, 4, 5, 6, 1, 2]
    assert company.judged_together(3) == 27
    views = views_of_revenue(company)
    assert [(view.size, view.style) for view in views] == [(size, company.style(size)) for size in company.sizes]
    assert [small.name for small in views[0].others] == [f"Size {number}" for number in range(8)]
    assert [small.shown for small in views[0].others] == ["$400"] * 8
    assert [view.others for view in views[1:]] == [[]] * 8


@pytest.mark.parametrize(("sizes", "drawn"), [(1, 1), (2, 3), (4, 5), (5, 1)])
def test_up_to_four_sizes_are_drawn_together_with_the_total(sizes: int, drawn: int) -> None:
    names = [f"size_{number}" for number in range(sizes)]
    (everybody, *others) = views_of_revenue(Company([one for size in (*names, "all") for one in months(size, 40, 50)]))
    assert len(everybody.chart.lines) == drawn
    assert [line.label for line in everybody.chart.lines] == ["All", *map("Size {}".format, range(4))][
        :drawn
    ] or drawn == 1
    assert len(everybody.others) == (sizes if sizes > 4 else 0)
    assert [len(view.chart.lines) for view in others] == [1] * sizes
    assert [view.chart.lines[0].label for view in others] == [""] * sizes
    assert [view.chart.lines[0].value for view in others] == ["$500"] * sizes


@pytest.mark.parametrize(
    ("active", "since"),
    [
        ([50], []),
        ([50, 40], ["Jan 2021"]),
        ([50, 45, 40], ["Feb 2021", "Jan 2021"]),
        ([*range(60, 47, -1)], ["Dec 2021", "Jan 2021"]),
        ([*range(60, 46, -1)], ["Jan 2022", "Feb 2021"]),
    ],
)
def test_a_figure_is_compared_with_the_month_before_and_with_a_year_before_or_the_first(
    active: Sequence[int], since: list[str]
) -> None:
    (view,) = views_of_revenue(Company(months("all", *active)))
    assert [comparison.since for comparison in view.comparisons] == since
    assert {comparison.change.direction for comparison in view.comparisons} <= {"down"}
    if len(active) == 13:  # 48 of 49, and of 60
        assert [comparison.change.signed for comparison in view.comparisons] == [
            "\N{MINUS SIGN}2.0%",
            "\N{MINUS SIGN}20.0%",
        ]


@pytest.mark.parametrize(
    ("active", "band", "news"),
    [
        ((50, 40), None, "worse"),
        ((40, 50), None, "better"),
        ((40, 40), None, "level"),
        ((50, 40), (390, 410), "level"),  # as expected is no news
        ((50, 40), (396, 399), "worse"),
        ((50, 40), (390, "399.9"), "level"),  # just above is none either
    ],
)
def test_a_change_is_news_where_it_is_not_as_expected(active: tuple[int, int], band: Band | None, news: str) -> None:
    (view,) = views_of_revenue(Company(months("all", *active, band=band)))
    assert [comparison.news for comparison in view.comparisons] == [news]


def test_a_change_of_few_companies_is_no_news_and_how_much_one_of_them_weighs_is_said() -> None:
    def view(kpi: Kpi, active: int, opening: int) -> View:
        rows = months("all", 25, active, opening=opening)
        return section_of(kpi, Company(rows), 3).views[0]

    assert [comparison.news for comparison in view(RETENTION, 20, 29).comparisons] == ["level"]
    assert [comparison.news for comparison in view(RETENTION, 20, 30).comparisons] == ["worse"]
    assert view(RETENTION, 20, 25).few == "Of few companies: one more or less would be 4.0 points."
    assert view(RETENTION, 2, 3).few == "Of few companies: one more or less would be 33.3 points."
    assert view(USAGE, 20, 100).few == "Of few companies: one more or less would be 5.0 percent of them."
    assert [view(RETENTION, 20, 30).few, view(RETENTION, 0, 0).few, view(REVENUE, 20, 20).few] == ["", "", ""]
    assert view(RETENTION, 20, 25).has_hollow_dots
    assert not view(RETENTION, 20, 30).has_hollow_dots


def test_a_month_without_a_figure_says_why() -> None:
    def shown(opening: int, active: int) -> str:
        rows = [row(month(0), "all", opening=opening, active=active)]
        return section_of(RETENTION, Company(rows), 3).views[0].shown

    assert [shown(4, 3), shown(0, 3), shown(0, 0)] == ["75.0%", "None to keep", "No customers"]
    assert [shown(4, 4), shown(4, 0)] == ["100.0%", "0.0%"]


def test_what_lies_ahead_is_drawn_after_the_last_month_in_a_band_and_read_out_as_expected() -> None:
    there = [*months("small", 50, 40, band=(300, 500)), *months("all", 60, 50, band=(400, 600))]
    ahead = [
        row(month(number), size, opening=100, active=active, revenue=10 * active, bands={"revenue": (100, 200)})
        for size in ("small", "all")
        for number, active in ((2, 15), (3, 12))
    ]
    everybody, small = views_of_revenue(Company(there, ahead))
    assert (everybody.has_ahead, everybody.has_band, small.has_band) == (True, True, True)
    (line,) = small.chart.lines
    assert [dot.x for dot in line.dots] == [0, 33.33]
    assert line.path_ahead.startswith("M66.67,")
    assert line.band.count(",") == 8
    assert [(readout.x, readout.width) for readout in small.readouts] == [(0, 20), (33.33, 20), (66.67, 20), (100, 20)]
    assert [readout.month for readout in small.readouts] == [
        *("January 2021", "February 2021"),
        *("March 2021, expected", "April 2021, expected"),
    ]
    assert [readout.lines for readout in small.readouts] == [
        [("Small", 1, figure)] for figure in ("$500.00", "$400.00", "$150.00", "$120.00")
    ]
    assert [readout.expected for readout in small.readouts] == ["$300 to $500"] * 2 + ["$100 to $200"] * 2
    rates = section_of(RETENTION, Company(there, ahead), 3).views[1].readouts
    assert [readout.lines[0][2] for readout in rates] == ["50.0% (50 of 100)", "40.0% (40 of 100)", "15.0%", "12.0%"]
    # A small chart has the months that were, and no name needs the figure at its end.
    assert small.spark.path.count(",") == 2
    assert small.longest_name == 0


def test_of_a_size_without_customers_nothing_is_expected_unless_some_can_come() -> None:
    there = [*months("small", 50, 0), *months("large", 50, 40), *months("all", 100, 40)]
    ahead = [row(month(2), size, opening=100, active=30, revenue=300) for size in ("small", "large", "all")]
    gone, with_life = Company(there, ahead), Company(there, ahead, NO_LIFE)
    assert [gone.ahead[size][0].figures["revenue"] for size in ("small", "large")] == [None, Decimal("300.00")]
    assert with_life.ahead["small"][0].figures["revenue"] == Decimal("300.00")
    assert gone.periods_ahead == with_life.periods_ahead == [month(2)]
    nobody = [*months("small", 50, 0), *months("all", 50, 0)]
    ended, others = Company(nobody, ahead), Company(nobody, ahead, NO_LIFE)
    assert (ended.periods_ahead, others.periods_ahead) == ([], [month(2)])


@pytest.mark.parametrize(("count", "width"), [(1, 20), (5, 20), (6, 20), (9, 12.5)])
def test_months_are_read_out_one_by_one_as_long_as_the_file_stays_small(count: int, width: float) -> None:
    (view,) = views_of_revenue(Company(months("all", *[40] * count)))
    assert [readout.width for readout in view.readouts] == [width] * count


def test_of_more_than_240_months_of_all_sizes_none_is_read_out() -> None:
    most, too_many = (Company(months("all", *[40] * count)) for count in (240, 241))
    assert [len(views_of_revenue(company)[0].readouts) for company in (most, too_many)] == [240, 0]
    of_two = Company([*months("small", *[40] * 121), *months("all", *[40] * 121)])
    assert [len(view.readouts) for view in views_of_revenue(of_two)] == [0, 0]


def test_among_the_lines_of_all_sizes_only_the_total_has_its_band() -> None:
    there = [
        *months("small", 50, 40, band=(300, 500)),
        *months("large", 25, 20, band=(100, 300)),
        *months("all", 75, 60, band=(500, 800)),
    ]
    everybody, small, _ = views_of_revenue(Company(there))
    assert [(line.label, bool(line.band), line.end) for line in everybody.chart.lines] == [
        ("All", True, None),
        ("Small", False, None),
        ("Large", False, None),
    ]
    assert [line.name_y for line in everybody.chart.lines if line.name_y is None] == []
    assert (everybody.has_band, everybody.has_ahead) == (True, False)
    assert (small.spark.path, small.spark.band) == ("M0,0 100,50", "M0,0 100,0 100,100 0,100Z")


def test_what_one_line_or_one_month_has_the_view_has() -> None:
    there = [*months("small", 5, 0), *months("large", 50, 40), *months("all", 55, 40)]
    ahead = [row(month(2), size, opening=100, active=30, revenue=300) for size in ("small", "large", "all")]
    assert [view.has_ahead for view in views_of_revenue(Company(there, ahead))] == [True, False, True]
    usage = section_of(USAGE, Company(there, ahead), 3).views[0]
    assert usage.has_hollow_dots  # of the small companies alone
    assert [line.value for line in usage.chart.lines] == ["2.00", "", "2.00"]


def test_what_the_mix_of_sizes_explains_is_said_of_all_sizes_alone() -> None:
    def used(size: str, *numbers: tuple[int, int]) -> list[MonthlyKpis]:
        return [
            row(month(place), size, opening=companies, active=companies, sessions=sessions)
            for place, (companies, sessions) in enumerate(numbers)
        ]

    rows = [
        *used("small", (50, 200), (30, 120)),
        *used("large", (50, 600), (70, 840)),
        *used("all", (100, 800), (100, 960)),
    ]
    everybody, *sizes = section_of(USAGE, Company(rows), 3).views
    assert "is the mix" in everybody.mix
    assert [view.mix for view in sizes] == ["", ""]


def test_the_page_draws_what_the_charts_have_where_they_have_it() -> None:
    there = [
        *months("small", 50, 40, band=(300, 500)),
        *months("large", 25, 20),
        *months("all", 75, 60, band=(500, 800)),
    ]
    ahead = [
        row(month(number), size, opening=100, active=30, revenue=300, bands={"revenue": (200, 400)})
        for size in ("small", "large", "all")
        for number in (2, 3)
    ]
    company = Company(there, ahead)
    html = leadership_page(company, str, WORDING, "here")
    views = [view for kpi in KPIS for view in section_of(kpi, company, len(KPIS)).views]
    drawn: Counter[tuple[str, str]] = Counter()
    for view in views:
        end = view.spark.end
        parts = [("band", view.spark.band), ("line", view.spark.path), ("dot", f"M{end[0]},{end[1]}h0" if end else "")]
        for line in view.chart.lines:
            places = [(f"M{dot.x},{dot.y}h0", dot.is_hollow) for dot in line.dots]
            parts += [
                (f"band s{line.style}", line.band),
                (f"line s{line.style}", line.path),
                (f"line ahead s{line.style}", line.path_ahead),
                (f"dot s{line.style}", "".join(place for place, _ in places)),
                ("hole", "".join(place for place, is_hollow in places if is_hollow)),
            ]
        drawn.update(part for part in parts if part[1])
    assert Counter(re.findall(r'<path class="((?:band|line|dot|hole)[^"]*)" d="([^"]+)"/>', html)) == drawn
    assert {name for name, _ in drawn} >= {"band s0", "band s1", "line ahead s2", "hole", "dot s1"}
    ticks = [
        (f"{y}", kpi.unit.tick(value))
        for kpi in KPIS
        for view in section_of(kpi, company, len(KPIS)).views
        for y, value in view.chart.ticks
    ]
    assert re.findall(r'<span class="tick" style="top:([\d.]+)%">(.+?)</span>', html) == ticks
    named = [f"{label.x}" for view in views for label in view.chart.months]
    assert re.findall(r'<span class="month[^"]*" style="left:([\d.]+)%">', html) == named
    names = [f"{line.name_y}" for view in views for line in view.chart.lines if line.name_y is not None]
    assert re.findall(r'<span class="name s\d" style="top:([\d.]+)%">', html) == names
    ends = [f"{end[0]} {end[1]}" for view in views if (end := view.chart.lines[0].end)]  # of the view's own line
    found = re.findall(r'<span class="end s\d" style="left:([\d.]+)%;top:([\d.]+)%">', html)
    assert [" ".join(place) for place in found] == ends
