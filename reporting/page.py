"""The leadership page: one HTML file without a script, drawn from the rows of `rpt_leadership_page`."""

import re
from base64 import b64encode
from collections.abc import Callable
from itertools import chain
from pathlib import Path

import jinja2

from reporting import words
from reporting.headlines import deck_of_acquired, deck_of_cohort, headline, headline_of_movements
from reporting.kpis import FEW_COMPANIES, KPIS, REVENUE
from reporting.life_views import life_view
from reporting.month_table import comma_separated, month_tables
from reporting.movements import CLOSING_MRR, MOVEMENTS, REVENUE_PER_COMPANY
from reporting.units import COUNT, SHARE
from reporting.views import Company, section_of
from reporting.wording import Wording
from seed_generator.scenario import ALL_SIZES

_TEMPLATES = Path(__file__).parent / "templates"
_FONTS = _TEMPLATES / "fonts"
_WORDS = ("period", "acquired_companies", "opening_companies", "active_companies", "churned_companies", "sessions")


def leadership_page(company: Company, definition: Callable[[str], str], wording: Wording, source: str) -> str:
    """The page as HTML; the same rows give the same text.

    Parameters
    ----------
    company : the rows.
    definition : what a column of the rows means, or of the subscription metrics.
    wording : in whose words the page is.
    source : where the rows come from, as told to people.
    """
    life = company.life
    kpis = list(map(wording.told, KPIS))
    last = company.months[ALL_SIZES][-1]
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
    )
    environment.globals.update(count_tick=COUNT.tick, share_tick=SHARE.tick, money_tick=wording.told(REVENUE).unit.tick)
    cells = len(company.periods) * (len(company.sizes) - 1)
    sections = [section_of(kpi, company, len(kpis)) for kpi in kpis]
    figures = [part for section in sections for view in section.views for part in view.shown.split()]
    explained = [*(kpi.name for kpi in kpis), *_WORDS]
    if life:
        explained += [column.name for column in (CLOSING_MRR, *MOVEMENTS, REVENUE_PER_COMPANY)]
    titles = {column.name: column.title for column in (*kpis, REVENUE_PER_COMPANY)}
    titles |= {one.name: f"{one.title} MRR" for one in MOVEMENTS} | {CLOSING_MRR.name: "MRR"}
    page = environment.get_template("page.html.jinja").render(
        fonts={font.stem: b64encode(font.read_bytes()).decode() for font in _FONTS.glob("*.woff2")},
        company_name=wording.company_name,
        headlines=[_headline(company, size, wording) for size in company.sizes],
        decks=[_deck(company, size) for size in company.sizes],
        months_ahead=len(company.periods_ahead),
        number_words=f"{words.number_word(len(kpis))} {'number' if len(kpis) == 1 else 'numbers'}",
        first=company.periods[0],
        last=last.period,
        sizes=company.sizes,
        sections=sections,
        longest_figure=max(map(len, figures)),
        tables=month_tables(kpis, company),
        csv=comma_separated(kpis, company),
        few_companies=FEW_COMPANIES,
        life=life and life_view(company, life, wording),
        words=[
            (titles.get(word, word.replace("_", " ").capitalize()), definition(word).replace("`", ""))
            for word in explained
        ],
        judged=_judged(company, wording),
        judged_together=company.judged_together(len(kpis)),
        cells=cells,
        agreeing=last.count("cells_as_in_the_books"),
        has_books=last.count("cells_in_the_books") > 0,
        agrees=cells == last.count("cells_in_the_books") == last.count("cells_as_in_the_books"),
        is_simulated=wording.is_simulated,
        seed=last.count("seed"),
        source=source,
    )
    # Without what the templates indent, and the lines that the macros' definitions leave: a tenth of a long page.
    return re.sub(r"\n\s+", "\n", page.lstrip())


def _headline(company: Company, size: str, wording: Wording) -> str:
    months, revenue = company.months[size], wording.told(REVENUE)
    if company.life is not None and len(months) > 1:
        metrics = [row for row in company.life.metrics if row.company_size == size]
        return headline_of_movements(metrics, wording.told(CLOSING_MRR))
    expected = company.judged(revenue, months[-1], len(KPIS))
    return headline(months, revenue, expected.said if expected else "")


def _deck(company: Company, size: str) -> str:
    months = company.months[size]
    if company.life is None:
        return deck_of_cohort(months)
    *_, last = (row for row in company.life.customers if row.company_size == size)
    return deck_of_acquired(months, last.count("active_of_acquired_companies"))


def _judged(company: Company, wording: Wording) -> tuple[int, int]:
    """How many of all figures have a band, and how many of these lie in it."""
    found = [
        company.judged(kpi, row, len(KPIS))
        for kpi in map(wording.told, KPIS)
        for row in chain.from_iterable(company.months.values())
    ]
    there = [one for one in found if one]
    return len(there), sum(one.side == "inside" for one in there)
