"""The gallery of wrong definitions: its data, which stand in `gallery/`, and the page that is made of them."""

import difflib
import re
import textwrap
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from warehouses import PROJECT

GALLERY = Path(__file__).parent / "gallery"
PAGE = PROJECT / "docs" / "proof" / "gallery.md"
# The files of the gallery, in the order of the page.
CHAPTERS = {
    "usage": "Usage",
    "retention": "Retention",
    "revenue": "Revenue",
    "life": "Coming, moving and coming back",
    "subscriptions": "Subscriptions",
    "cohorts": "Cohorts and survival",
    "calendar_and_joins": "Calendar and joins",
}
DIGITS = 4
WIDTH = 116

Pair = tuple[Any, Any]


@dataclass(frozen=True)
class Figure:
    """What the page shows of a mart, a column or an aggregate of it, of one cell or of the whole mart."""

    figure: str
    mart: str
    company_size: str | None = None
    period: date | None = None
    age_months: int | None = None

    @property
    def sql(self) -> str:
        cell = {"company_size": self.company_size, "period": self.period, "age_months": self.age_months}
        conditions = [f"{column} = '{value}'" for column, value in cell.items() if value is not None]
        return " ".join(
            [
                f"select {self.figure} from marts.{self.mart}",
                *(["where", " and ".join(conditions)] if conditions else []),
            ]
        )

    @property
    def label(self) -> str:
        age = f"age {self.age_months}" if self.age_months is not None else None
        cell = [self.company_size, f"{self.period:%Y-%m}" if self.period else None, age]
        return ", ".join([f"`{self.figure}` of `{self.mart}`", *filter(None, cell)])


@dataclass(frozen=True)
class WrongDefinition:
    """A change to a model that gives a wrong KPI, and what stops it.

    Parameters
    ----------
    name, title, why : the id, the wrong definition in a few words, why people write it and what is wrong.
    model, changes : the file under `models/`, and what is replaced in it by what; each text stands there once.
    shows : figures, right and wrong; none if no data tell the two apart but the rows of a unit test.
    caught_by : tests, all of which turn red.
    contract_of : in place of tests the model whose contract stops the build.
    scenario : a file of `gallery/scenarios/`, where the default simulation gives the same figures; or one of
        `scenarios/`, for figures of what the default company does not have; else nothing.
    """

    name: str
    title: str
    why: str
    model: str
    changes: tuple[tuple[str, str], ...]
    shows: tuple[Figure, ...] = ()
    caught_by: tuple[str, ...] = ()
    contract_of: str = ""
    scenario: str = ""

    @property
    def needs_made_up_data(self) -> bool:
        """Whether the default simulation cannot tell it from the right definition."""
        return not self.is_shown_of_a_scenario_for_users and (bool(self.scenario) or not self.shows)

    @property
    def is_shown_of_a_scenario_for_users(self) -> bool:
        """Whether its figures are those of a scenario that stands in `scenarios/`."""
        return bool(self.scenario) and scenario_file(self.scenario).parent == PROJECT / "scenarios"

    @property
    def of_model(self) -> str:
        """The name of the model that it changes."""
        return Path(self.model).stem

    @property
    def sql(self) -> str:
        """The file of the model with its changes."""
        text = (PROJECT / "models" / self.model).read_text()
        for old, new in self.changes:
            assert text.count(old) == 1, f"{self.model} has {text.count(old)} times: {old}"
            text = text.replace(old, new)
        return text

    @property
    def diff(self) -> list[str]:
        """The lines that change, each with the line before and after it."""
        before = (PROJECT / "models" / self.model).read_text()
        lines = difflib.unified_diff(before.splitlines(), self.sql.splitlines(), n=1, lineterm="")
        _, _, _, *hunks = ["…" if line.startswith("@@") else line.rstrip() for line in lines]
        return [line for line in hunks if line]


def chapter(stem: str) -> list[WrongDefinition]:
    """The wrong definitions of one file of the gallery."""
    return [
        WrongDefinition(
            name=name,
            changes=tuple((old, new) for old, new in entry.pop("changes")),
            shows=tuple(Figure(**figure) for figure in entry.pop("shows", [])),
            caught_by=tuple(entry.pop("caught_by", [])),
            **entry,
        )
        for name, entry in tomllib.loads((GALLERY / f"{stem}.toml").read_text()).items()
    ]


def scenario_file(name: str) -> Path:
    """The file of a scenario, in whose first line stands what it is good for: the gallery's own, or one for users."""
    own = GALLERY / "scenarios" / f"{name}.toml"
    return own if own.exists() else PROJECT / "scenarios" / f"{name}.toml"


def page(figures: Mapping[str, Sequence[Pair]]) -> str:
    """The page, with the right and wrong figures of each definition by its name."""
    chapters = {title: chapter(stem) for stem, title in CHAPTERS.items()}
    scenarios = sorted({definition.scenario for part in chapters.values() for definition in part} - {""})
    about = [_wrapped(f"[`{name}`]({_link(scenario_file(name))}): {_purpose(name)}.") for name in scenarios]
    count = sum(map(len, chapters.values()))
    sections = [INTRODUCTION.format(count=count, scenarios="\n".join(about))]
    for title, definitions in chapters.items():
        sections += [f"## {title}\n", _overview(definitions, figures)]
        sections += [_section(definition, figures[definition.name]) for definition in definitions]
    return "\n".join(sections)


def _overview(definitions: Sequence[WrongDefinition], figures: Mapping[str, Sequence[Pair]]) -> str:
    """A row for each definition, with the first of its figures."""
    rows = ["| wrong definition | figure | right | wrong |", "| --- | --- | ---: | ---: |"]
    for definition in definitions:
        row = [f"[{definition.title}](#{_anchor(definition.title)})", "only in the rows of a unit test", "", ""]
        if definition.shows:
            of = f", `{definition.scenario}`" if definition.scenario else ""
            row[1:] = [definition.shows[0].label + of, *map(_shown, figures[definition.name][0])]
        rows.append(f"| {' | '.join(row)} |")
    return "\n".join(rows) + "\n"


def _section(definition: WrongDefinition, figures: Sequence[Pair]) -> str:
    """A definition with its reason, its change, all its figures and what catches it."""
    model = PROJECT / "models" / definition.model
    diff = "\n".join(["```diff", *definition.diff, "```"])
    paragraphs = [f"### {definition.title}", _wrapped(definition.why), f"[`{definition.model}`]({_link(model)})", diff]
    if definition.is_shown_of_a_scenario_for_users:
        paragraphs.append(f"The figures of `{definition.scenario}`:")
    elif definition.scenario:
        paragraphs.append(f"The default simulation gives the same figures. Those of `{definition.scenario}`:")
    elif not definition.shows:
        paragraphs.append("The default simulation gives the same figures; the rows of the unit test are made for it.")
    if definition.shows:
        rows = ["| figure | right | wrong |", "| --- | ---: | ---: |"]
        for figure, (right, wrong) in zip(definition.shows, figures, strict=True):
            rows.append(f"| {figure.label} | {_shown(right)} | {_shown(wrong)} |")
        paragraphs.append("\n".join(rows))
    tests = ", ".join(f"`{test}`" for test in definition.caught_by)
    contract = f"the contract of `{definition.contract_of}`, which stops the build"
    paragraphs.append(_wrapped(f"Caught by {tests or contract}."))
    return "\n\n".join(paragraphs) + "\n"


def _purpose(scenario: str) -> str:
    """What a scenario is for, which its file says in its first line."""
    return scenario_file(scenario).read_text().splitlines()[0].removeprefix("# ").removesuffix(".")


def _wrapped(text: str) -> str:
    return textwrap.fill(text.strip(), WIDTH, break_long_words=False, break_on_hyphens=False)


def _link(path: Path) -> str:
    return f"../../{path.relative_to(PROJECT)}"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case Decimal():
            return f"{value:,.{min(DIGITS, -int(value.as_tuple().exponent))}f}"
        case int():
            return f"{value:,}"
        case _:
            return str(value)


def _anchor(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


INTRODUCTION = """\
# The gallery of wrong definitions

{count} changes to the SQL of this project that look right and give a wrong KPI, as people write them. Each has the
reason why it is written, the change, the figure that it gives beside the right one, and the test that catches it.
`tests/python/proof/test_gallery.py` applies each to a copy of the project, builds it, and fails if a test named here
stays green.

The figures are those of the default simulation, seed 42. Where its company does not live such a life, or the figures
happen to be the same, those of another scenario stand here:
{scenarios}

To add one, write a table in a file of `tests/python/proof/gallery/`: `title`, `why`, the `model`, its `changes` (what
is replaced by what), the figures that it `shows`, and the tests that it is `caught_by`, or the model with the
`contract_of` which it fails. A definition that no test catches is a hole in the tests: add the test, and see it fail
on the new definition. This page is made of those files, so never edit it; make it again with

```console
$ UPDATE_PAGES=1 .venv/bin/python -m pytest tests/python/proof/test_gallery.py
```
"""
