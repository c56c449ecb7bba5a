"""The leadership page: one HTML file without a script, drawn from the rows of `rpt_leadership_page`."""

from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2

from reporting import words
from reporting.kpis import FEW_COMPANIES, KPIS, REVENUE
from reporting.rows import MonthlyKpis
from reporting.sentences import headline
from reporting.views import Company, month_tables, section_of
from reporting.wording import Wording
from seed_generator.scenario import ALL_SIZES

_TEMPLATES = Path(__file__).parent / "templates"
_WORDS = ("period", "acquired_companies", "opening_companies", "active_companies", "churned_companies", "sessions")


def leadership_page(
    rows: Sequence[MonthlyKpis], definition: Callable[[str], str], wording: Wording, source: str
) -> str:
    """The page as HTML; the same rows give the same text.

    Parameters
    ----------
    rows : for every month and size one, and one for `all`; at least one month.
    definition : what a column of the rows means.
    wording : in whose words the page is.
    source : where the rows come from, as told to people.
    """
    company = Company(rows)
    kpis = list(map(wording.told, KPIS))
    first, last = company.months[ALL_SIZES][0], company.months[ALL_SIZES][-1]
    acquired = first.count("acquired_companies")
    later = last.count("acquired_companies") - acquired
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        month=words.month_and_year,
        short_month=words.short_month,
        size_name=words.size_name,
        has_long_word=words.has_long_word,
        companies=words.companies,
        counted=words.counted,
        listed=words.listed,
    )
    cells = sum(row.company_size != ALL_SIZES for row in rows)
    sections = [section_of(kpi, company, definition(kpi.name)) for kpi in kpis]
    figures = [part for section in sections for view in section.views for part in view.shown.split()]
    page = environment.get_template("page.html.jinja").render(
        company_name=wording.company_name,
        headlines=[headline(company.months[size], wording.told(REVENUE)) for size in company.sizes],
        number_words=f"{words.number_word(len(kpis))} {'number' if len(kpis) == 1 else 'numbers'}",
        acquired=words.counted(acquired, "customer"),
        acquired_after=f"{later:,}" if later else "none",
        first=company.periods[0],
        last=last.period,
        sizes=company.sizes,
        sections=sections,
        longest_figure=max(map(len, figures)),
        tables=month_tables(kpis, company),
        few_companies=FEW_COMPANIES,
        words=[(word.replace("_", " ").capitalize(), definition(word)) for word in _WORDS],
        cells=cells,
        agreeing=last.count("cells_as_in_the_books"),
        has_books=last.count("cells_in_the_books") > 0,
        agrees=cells == last.count("cells_in_the_books") == last.count("cells_as_in_the_books"),
        is_simulated=wording.is_simulated,
        seed=last.count("seed"),
        source=source,
    )
    return page.lstrip()  # of the lines that the macros' definitions leave
