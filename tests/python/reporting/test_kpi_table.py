"""The printed KPIs: what a leader reads."""

from datetime import date

import pytest

from reporting import kpi_table as kpi_table_module
from reporting.kpi_table import kpi_table
from reporting.kpis import RETENTION, REVENUE, USAGE
from reporting.words import width
from shown import WORDING, row

ROWS = [
    row(date(2021, 1, 1), "small", opening=4, active=3, sessions=16, revenue=57),
    row(date(2021, 1, 1), "large", opening=1, active=1, sessions=10, revenue=99),
    row(date(2021, 1, 1), "all", opening=5, active=4, sessions=26, revenue=156),
    row(date(2021, 2, 1), "small", opening=3),
    row(date(2021, 2, 1), "large", opening=0),
    row(date(2021, 2, 1), "all", opening=3),
]


@pytest.fixture
def three_kpis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the rows above, however many more the page has."""
    monkeypatch.setattr(kpi_table_module, "KPIS", (REVENUE, RETENTION, USAGE))


@pytest.mark.usefixtures("three_kpis")
def test_the_kpis_stand_side_by_side_with_their_sizes_and_total() -> None:
    assert kpi_table(ROWS, WORDING, 200).splitlines() == [
        "           Active companies       Retention        Sessions per active company          Revenue",
        "Month     small large total   small  large total             small large total    small  large   total",
        "2021-01       3     1     4   75.0% 100.0% 80.0%              5.33 10.00  6.50   $57.00 $99.00 $156.00",
        "2021-02       0     0     0    0.0%      -  0.0%                 -     -     -    $0.00  $0.00   $0.00",
    ]


@pytest.mark.usefixtures("three_kpis")
def test_a_narrow_terminal_gets_them_below_one_another() -> None:
    lines = kpi_table(ROWS, WORDING, 50).splitlines()
    assert max(map(len, lines)) <= 50
    assert sum(line.startswith("2021-01") for line in lines) == 3
    titles = ("Active companies", "Retention", "Sessions per active company", "Revenue")
    assert [title for title in titles if not any(title in line for line in lines)] == []


@pytest.mark.usefixtures("three_kpis")
def test_what_is_as_wide_as_the_terminal_stays_side_by_side() -> None:
    widest = max(map(len, kpi_table(ROWS, WORDING, 200).splitlines()))
    assert len(kpi_table(ROWS, WORDING, widest).splitlines()) == 4
    assert len(kpi_table(ROWS, WORDING, widest - 1).splitlines()) == 9
    assert len(kpi_table(ROWS, WORDING, 1).splitlines()) == 19  # a group is never without a month


def test_a_long_heading_is_cut_where_no_other_one_is_the_same_then() -> None:
    def headings(*sizes: str) -> list[str]:
        rows = [row(date(2021, 12, 1), size, opening=9, active=9) for size in (*sizes, "all")]
        return kpi_table(rows, WORDING, 1000).splitlines()[1].split()[1 : len(sizes) + 2]

    assert headings("x" * 32, "x" * 33) == ["x" * 32, "x" * 31 + "…", "total"]
    assert headings("x" * 40 + "a", "x" * 40 + "b") == ["x" * 40 + "a", "x" * 40 + "b", "total"]
    assert headings("Total") == ["Total", "all"]


def test_columns_of_the_table_are_straight_whatever_the_sizes_are_called() -> None:
    sizes = ["企業", "cafe\N{COMBINING ACUTE ACCENT}", "x" * 80, "a\tb", "Total"]
    rows = [row(date(2021, 12, 1), size, opening=9, active=9, sessions=9, revenue=9) for size in (*sizes, "all")]
    lines = kpi_table(rows, WORDING, 500).splitlines()
    assert len(lines) == 3
    headings, figures = lines[1:]
    assert headings.split()[1:8] == ["企業", "cafe\N{COMBINING ACUTE ACCENT}", "x" * 31 + "…", "a", "b", "Total", "all"]
    assert width(headings) == width(figures)
