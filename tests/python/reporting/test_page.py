"""The leadership page as text: what it says of every month and size, and where it draws it."""

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting import kpi_table
from reporting import page as page_module
from reporting.kpis import KPIS, RETENTION, REVENUE, USAGE, Column, Kpi, Part
from reporting.page import leadership_page
from reporting.rows import MonthlyKpis
from reporting.sentences import sentence
from reporting.units import COUNT, MEAN, MONEY, SHARE, Unit, change, money
from reporting.views import Company
from reporting.wording import Wording
from reporting.words import before_noun, size_name
from seed_generator.rounding import rounded
from shown import WORDING, month, row

NOVEMBER, DECEMBER = date(2021, 11, 1), date(2021, 12, 1)
EARLIER = row(NOVEMBER, "all", opening=239, active=224, sessions=1768, revenue=12096)
LAST = row(DECEMBER, "all", opening=224, active=211, sessions=1579, revenue=11609)
BANDS = {
    "revenue": (9286, 12446),
    "retention_rate": (0.897, 0.963),
    "avg_sessions_per_company": (7.9, 8.2),
}

AMOUNTS = st.just(0.0) | st.floats(1e-6, 1e13)


def page(rows: Sequence[MonthlyKpis], definition: str = "A word.", source: str = "target duckdb") -> str:
    return leadership_page(Company(rows), lambda _: definition, WORDING, source)


@pytest.mark.parametrize(
    ("kpi", "months", "said"),
    [
        (REVENUE, [EARLIER, LAST], "211 companies paid $11,609 in December 2021, 4.0% less than in November."),
        (
            RETENTION,
            [EARLIER, LAST],
            "Of 224 customers at the start of December 2021, 211 stayed: 94.2%, 0.5 points more than in November.",
        ),
        (
            USAGE,
            [EARLIER, LAST],
            "211 active companies had 1,579 sessions in December 2021, 7.48 each, 5.2% fewer than in November.",
        ),
        (REVENUE, [LAST], "211 companies paid $11,609 in December 2021."),
        (
            REVENUE,
            [row(NOVEMBER, "all", opening=239, active=224, sessions=1, revenue=11609), LAST],
            "211 companies paid $11,609 in December 2021, the same as in November.",
        ),
        (
            REVENUE,
            [row(NOVEMBER, "small", opening=9, active=9, sessions=9, revenue=171)] * 2
            + [row(DECEMBER, "small", opening=9, active=1, sessions=1, revenue=19)],
            "1 small company paid $19 in December 2021, 88.9% less than in November and the least of 3 months.",
        ),
        (REVENUE, [row(DECEMBER, "mid_market", opening=3)], "No mid market company paid in December 2021."),
        (RETENTION, [row(DECEMBER, "all", opening=0)], "There was no customer to keep when December 2021 began."),
        (USAGE, [row(DECEMBER, "large", opening=1)], "No large company was active in December 2021."),
    ],
)
def test_a_sentence_says_what_the_figures_say(kpi: Kpi, months: list[MonthlyKpis], said: str) -> None:
    assert sentence(kpi, months) == said


def paid(*amounts: str) -> list[MonthlyKpis]:
    """A company's months with these revenues."""
    return [
        row(date(2021, month, 1), "all", opening=9, active=9, sessions=9, revenue=amount)
        for month, amount in enumerate(amounts, 1)
    ]


@pytest.mark.parametrize(
    ("months", "said"),
    [
        (paid("5000", "8000.10", "8000.40"), "9 companies paid $8,000 in March 2021, about the same as in February."),
        (paid("5000", "8000", "8000"), "9 companies paid $8,000 in March 2021, the same as in February."),
        (
            paid("5000", "8000", "8001"),
            "9 companies paid $8,001 in March 2021, under 0.1% more than in February and the most of 3 months.",
        ),
        (paid("8000.40", "5000", "8000.10"), "9 companies paid $8,000 in March 2021, 60.0% more than in February."),
        (paid("0.49"), "9 companies paid $0.49 in January 2021."),
        (paid("0", "0.49"), "9 companies paid $0.49 in February 2021, after nothing in January."),
        (paid("0.01", "500"), "9 companies paid $500 in February 2021, 4,999,900.0% more than in January."),
    ],
)
def test_no_clause_of_a_sentence_contradicts_what_another_one_shows(months: list[MonthlyKpis], said: str) -> None:
    assert sentence(REVENUE, months) == said


def test_what_is_less_than_all_is_never_all_and_what_is_more_than_none_never_none() -> None:
    nearly_all = row(DECEMBER, "all", opening=10**10, active=10**10 - 1, sessions=1, revenue=1)
    nearly_none = row(DECEMBER, "all", opening=10**10, active=1, sessions=1, revenue=1)
    assert nearly_all.figures["retention_rate"] == 1  # the mart has eight digits
    assert sentence(RETENTION, [nearly_all]).endswith("9,999,999,999 stayed: over 99.9%.")
    assert sentence(RETENTION, [nearly_none]).endswith("1 stayed: under 0.1%.")
    html = page([nearly_all])
    assert '<data value="1.00000000" data-kpi="retention_rate" data-size="all">over 99.9%</data>' in html
    assert "<b>&gt;99.9% (9,999,999,999 of 10,000,000,000)</b>" in html
    assert "<td>&gt;99.9%</td>" in html
    assert re.findall(r"(?<!:)\b100\.0%", html) == []
    assert ">99.9%" in kpi_table.kpi_table([nearly_all], WORDING, 200)
    assert "<0.1%" in kpi_table.kpi_table([nearly_none], WORDING, 200)


def test_a_half_is_rounded_up_as_bi_tools_do_it() -> None:
    assert SHARE.full(Decimal("0.9225")) == SHARE.brief(Decimal("0.9225")) == "92.3%"
    assert [MONEY.full(Decimal(amount)) for amount in ("0.125", "2.5")] == ["$0.13", "$2.50"]
    assert [MONEY.brief(Decimal(amount)) for amount in ("1000.5", "1001.5")] == ["$1,001", "$1,002"]
    assert [MEAN.full(Decimal(mean)) for mean in ("7.485", "7.475")] == ["7.49", "7.48"]
    assert COUNT.full(Decimal("641666.67")) == "641,667"
    assert rounded(Decimal("-0.04"), 1).is_signed() is False


UNITS = st.sampled_from([COUNT, SHARE, MEAN, MONEY])


def figures_of(unit: Unit) -> st.SearchStrategy[Decimal]:
    most = 1 if unit.is_share else 10**16
    digits = {COUNT: 0, MONEY: 2}.get(unit, 8)
    return st.decimals(0, most, places=digits) | st.decimals(0, min(most, 1), places=digits)


@given(st.data(), UNITS)
def test_what_is_written_of_figures_has_their_order_and_tells_nothing_and_all_apart(
    data: st.DataObject, unit: Unit
) -> None:
    less, more = sorted((data.draw(figures_of(unit)), data.draw(figures_of(unit))))
    for write in (unit.full, unit.brief):
        assert (write(less) == write(Decimal(0))) == (less == 0)
        if unit.is_share:
            assert (write(more) == "100.0%") == (more == 1)
        assert "-" not in write(less)
    found = change(unit, more, less)
    assert found is not None
    assert (found.direction == "level") == (unit.full(less) == unit.full(more))
    assert found.direction in {"up", "level"}
    assert (found.amount in {"0.0%", "0.0 points"}) == (found.direction == "level")


def test_a_filter_by_size_has_a_headline_of_its_own() -> None:
    html = page([row(DECEMBER, size, opening=9, active=9, sessions=9, revenue=9) for size in ("small", "all")])
    assert re.findall(r'<span class="size-(\d)">Revenue (was|of small companies was)', html) == [
        ("0", "was"),
        ("1", "of small companies was"),
    ]


@pytest.mark.parametrize("has_band", [[True] * 3, [False] * 3, [True, True, False], [False, False, True], [True]])
def test_a_band_has_its_legend_and_no_other_chart_has_one(has_band: list[bool]) -> None:
    months = [
        row(date(2021, month, 1), "all", opening=9, active=9, sessions=67, revenue=10000, bands=BANDS if there else {})
        for month, there in enumerate(has_band, 1)
    ]
    html = page(months)
    assert html.count('class="swatch') == html.count('<path class="band s')
    assert (html.count('class="swatch') > 0) == (sum(has_band) > 1)


def test_the_words_for_sizes_are_their_own() -> None:
    names = ["a_b", "a__b", "a_b_", "ab", "total", "small", "all_of_them", "active"]
    assert len({size_name(name) for name in names}) == len(names)
    assert [before_noun(name) for name in ("mid_market", "total", "all")] == ["mid market ", "“total” ", ""]
    assert [size_name(name) for name in ("mid_market", "total", "all")] == ["Mid market", "“Total”", "All"]
    rows = [row(DECEMBER, size, opening=1, active=1, sessions=1, revenue=1) for size in ("total", "all")]
    assert kpi_table.kpi_table(rows, WORDING, 200).splitlines()[1].split() == ["Month", *["total", "all"] * 4]
    assert "1 “total” company paid $1 in December 2021." in page(rows)


@pytest.mark.parametrize(
    ("size", "name", "noun"),
    [
        ("Mid Market", "Mid Market", "Mid Market "),
        ("mid  market\n", "Mid market", "mid market "),
        ("iOS", "iOS", "iOS "),
        ("1", "1", "1 "),
        ("ALL", "“ALL”", "“ALL” "),
        ("Active trial", "“Active trial”", "“Active trial” "),
        (" ", "“”", "“” "),
        ("{size}", "{size}", "{size} "),
        ("groß & <b>", "Groß & <b>", "groß & <b> "),
    ],
)
def test_a_size_of_any_name_is_told_and_escaped(size: str, name: str, noun: str) -> None:
    assert (size_name(size), before_noun(size)) == (name, noun)
    rows = [row(DECEMBER, one, opening=9, active=9, sessions=9, revenue=9) for one in (size, "all")]
    html = page(rows)
    assert f"9 {escape(noun)}companies paid $9 in December 2021." in html
    assert f'value="{escape(size)}"' in html
    assert "<b>" not in html.split("<fieldset")[1].split("<main>")[0]


def test_an_amount_has_the_currency_before_it_and_an_axis_no_word() -> None:
    euros, francs, nothing = map(money, ("€", "CHF", ""))
    assert [unit.full(Decimal("1234.5")) for unit in (euros, francs, nothing)] == [
        "€1,234.50",
        "CHF\N{NO-BREAK SPACE}1,234.50",
        "1,234.50",
    ]
    assert [euros.full(Decimal(amount)) for amount in ("-2", "0.001")] == ["-€2.00", "<€0.01"]
    assert [euros.brief(Decimal(amount)) for amount in ("-2000", "-0.5")] == ["-€2,000", "-€0.50"]
    assert [unit.tick(15e6) for unit in (euros, francs, nothing)] == ["€15m", "15m", "15m"]


def test_a_wording_has_its_rule_and_its_currency() -> None:
    text = "Paid, in dollars, with a session. Where customers are subscribed: the amounts, in dollars."
    assert WORDING.definition(text) == "Paid, in dollars, with a session."
    own = Wording("Own", "€", is_simulated=False, customers_are_subscribed=True)
    assert own.definition(text) == "The amounts, in €."
    assert own.definition("A month.") == "A month."
    assert own.description("Paid, in dollars.") == "Paid, in €."
    meta = {"company_name": 2024, "currency": None, "simulated": False, "customers_are": "subscribed"}
    assert Wording.of(meta) == Wording("2024", "", is_simulated=False, customers_are_subscribed=True)
    unnamed = Wording.of({**meta, "company_name": " "})
    assert "<title>three numbers for" in leadership_page(Company([LAST]), str, unnamed, "here")


def test_one_of_something_is_told_in_the_singular(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "KPIS", (RETENTION,))
    html = page([row(DECEMBER, "all", opening=1, active=1, sessions=1, revenue=1, books=(0, 1))])
    assert "one number for December 2021" in html
    assert "Of 1 customer at the start" in html
    assert re.findall(r"\b1 (?:companies|customers|sessions|cells|numbers)\b", html) == []


def test_rates_change_by_points_and_amounts_by_percent() -> None:
    changes = [change(kpi.unit, kpi.of(LAST), kpi.of(EARLIER)) for kpi in (REVENUE, RETENTION)]
    assert [it and it.signed for it in changes] == ["\N{MINUS SIGN}4.0%", "+0.5 points"]
    assert [it and it.is_slight for it in changes] == [False, True]
    assert change(REVENUE.unit, 5, None) is None
    from_nothing = change(REVENUE.unit, 5, 0)
    assert from_nothing
    assert from_nothing.signed == "from nothing"


CHURN = Kpi(
    name="churn_rate",
    title="Churn",
    unit=SHARE,
    companies="opening_companies",
    counts="{churned_companies} of {opening_companies:company}",
    sentence="Of {opening_companies:{size}customer}, {churned_companies} left in {month}: {figure}",
    nobody="There was no {size}customer to lose when {month} began",
    columns=(
        Column("churn_rate", "Churn", SHARE),
        Part("churned_companies", "Left", COUNT, whole="opening_companies"),
    ),
    more_is_better=False,
)


def test_one_more_kpi_is_one_more_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (page_module, kpi_table):
        monkeypatch.setattr(module, "KPIS", (REVENUE, RETENTION, USAGE, CHURN))
    rows = [
        row(month, size, opening=opening, active=active, bands={"churn_rate": (0.01, 0.05)})
        for month, opening, active in ((NOVEMBER, 239, 224), (DECEMBER, 224, 211))
        for size in ("small", "all")
    ]
    html = page(rows)
    assert "four numbers for December 2021" in html
    assert "Of 224 small customers, 13 left in December 2021: 5.8%, 0.5 points less than in November." in html
    assert html.count("13 of 224 companies") == 2
    assert "More than expected: 1.0% to 5.0%" in html
    assert "<b>5.8% (13 of 224)</b>" in html
    assert '<th scope="col">Left</th>' in html
    assert "<td>13 of 224</td>" in html
    first, second, *_ = kpi_table.kpi_table(rows, WORDING, 200).splitlines()
    assert re.findall(r"\w+(?: \w+)*", first) == [
        "Active companies",
        "Retention",
        "Churn",
        "Sessions per active company",
        "Revenue",
    ]
    assert second.split() == ["Month", *["small", "total"] * 5]


@pytest.mark.parametrize(
    ("kpi", "colour", "symbol"),
    [(REVENUE, "worse", "▼"), (RETENTION, "better", "▲"), (CHURN, "better", "▼")],
)
def test_a_change_has_the_colour_of_its_news(
    kpi: Kpi, colour: str, symbol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "KPIS", (kpi,))
    html = page([EARLIER, LAST])
    assert f'<span class="change {colour}">\n<span class="arrow" aria-hidden="true">{symbol}</span>' in html


def test_the_same_rows_give_the_same_page_and_ask_for_nothing_else() -> None:
    html = page([EARLIER, LAST])
    assert html == page([EARLIER, LAST])
    assert "<script" not in html
    assert re.findall(r"""(?:src|href)=["'](?!data:)|@import|url\((?!"data:)|https?:""", html) == []


def test_text_from_outside_is_escaped() -> None:
    html = page([EARLIER, LAST], "<script>1</script>", "<b>&")
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "&lt;b&gt;&amp;" in html


def test_a_band_stands_behind_its_line_and_tells_on_which_side_the_figure_is() -> None:
    with_bands = [
        row(month, "all", opening=9, active=9, sessions=67, revenue=10000, bands=BANDS)
        for month in (NOVEMBER, DECEMBER)
    ]
    html = page(with_bands)
    assert html.count('<path class="band s') == 3
    assert ", as expected; all 9 customers remain" in html.split('<h1 class="lead">')[1].split("</h1>")[0]
    assert "of all 6 figures\n2 lie in theirs" in html
    assert "As expected: $9,286 to $12,446" in html
    assert "More than expected: 89.7% to 96.3%" in html
    assert "Less than expected: 7.90 to 8.20" in html
    without = page([EARLIER, LAST])
    assert 'class="band' not in without
    assert "expected" not in without.split("<body>")[1]


@pytest.mark.parametrize(
    ("books", "said"),
    [
        ((1, 1), "own books in the one cell"),
        ((0, 1), "Do not trust these figures"),
        ((1, 2), "Do not trust these figures"),
        ((0, 0), None),
    ],
)
def test_the_page_says_whether_the_marts_agree_with_the_books(books: tuple[int, int], said: str | None) -> None:
    rows = [row(DECEMBER, size, opening=9, active=9, sessions=9, revenue=9, books=books) for size in ("small", "all")]
    html = page(rows)
    assert said in html if said else "books" not in html.split("<body>")[1]


def test_a_figure_is_of_few_below_30_companies() -> None:
    def is_of_few(opening: int, active: int) -> list[bool]:
        there = row(DECEMBER, "all", opening=opening, active=active, sessions=9)
        parts = [column for column in RETENTION.columns if isinstance(column, Part)]
        return [
            *(kpi.is_of_few(there) for kpi in (RETENTION, USAGE, REVENUE)),
            *(part.is_of_few(there) for part in parts),
        ]

    assert is_of_few(29, 29) == [True, True, False, True]
    assert is_of_few(30, 29) == [False, True, False, False]
    assert is_of_few(31, 30) == [False, False, False, False]


def test_small_denominators_are_shown_and_marked() -> None:
    html = page([row(DECEMBER, "all", opening=24, active=23, sessions=50, revenue=9)])
    assert "23 of 24 companies" in html
    assert not REVENUE.unit.is_ratio
    assert "one more or less would be 4.2 points" in html
    assert html.count('class="hole') == sum(kpi.unit.is_ratio for kpi in KPIS)
    assert 'class="hole' not in page([EARLIER, LAST])


def test_an_axis_that_does_not_begin_at_zero_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_module, "KPIS", (REVENUE, RETENTION, USAGE))
    html = page([EARLIER, LAST])
    assert html.count("The axis begins at 93%, not at zero.") == 1
    assert html.count("The axis begins") == 1


def test_a_month_without_a_denominator_has_no_customers_and_no_number() -> None:
    html = page([EARLIER, row(DECEMBER, "all", opening=0)])
    assert '<data value="" data-kpi="retention_rate" data-size="all">No customers</data>' in html
    assert "<td>-</td>" in html
    assert '<data value="0.00" data-kpi="revenue" data-size="all">$0</data>' in html


def test_the_longest_figure_of_a_page_fits_its_column() -> None:
    html = page([row(DECEMBER, "all", opening=9, active=9, sessions=9, revenue=10**11)])
    assert ".figure { font-size: 1.12rem; }" in html  # $100,000,000,000 has 16 letters
    assert "font-size: 1.12rem" not in page([LAST])


def test_fifty_sizes_and_a_hundred_years_are_drawn() -> None:
    sizes = [
        row(month, f"size_{n}", opening=n, active=n, sessions=n, revenue=n)
        for n in range(50)
        for month in (NOVEMBER, DECEMBER)
    ]
    html = page([*sizes, EARLIER, LAST])
    assert html.count('type="radio"') == 51
    century = [row(month(number), "all", opening=9) for number in range(1200)]
    assert page(century).count("<tr>") == 1201
