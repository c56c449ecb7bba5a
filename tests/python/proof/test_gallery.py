"""Every wrong definition of the gallery gives a wrong figure, and the tests that it names catch it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kpis_in_python import KEYS
from pages import check_page
from scratch import Scratch
from wrong_definitions import CHAPTERS, GALLERY, PAGE, Pair, WrongDefinition, chapter, page, scenario_file

DEFINITIONS = [definition for stem in CHAPTERS for definition in chapter(stem)]
NAMES = [definition.name for definition in DEFINITIONS]
SCENARIOS = sorted({definition.scenario for definition in DEFINITIONS} | {""})  # that without a name is the default
WITHOUT_CONTRACT = "{{ config(contract={'enforced': false}) }}\nwith\n\n"


class Built:
    """The project as it is, built on one scenario, to be made wrong by one definition at a time."""

    def __init__(self, folder: Path, scenario: str) -> None:
        options = ["--scenario", str(scenario_file(scenario))] if scenario else []
        self.scratch = Scratch(folder, *options, unit_tests=True)
        self.statuses = dict(self.scratch.warehouse.statuses)
        self.marts = self.read_marts()

    def dbt(self, command: str, *options: str) -> bool:
        return self.scratch.warehouse.dbt(command, *options)

    def rows(self, queries: Iterable[str]) -> list[list[tuple[Any, ...]]]:
        with self.scratch.warehouse.cursor() as cursor:
            return [cursor.execute(query).fetchall() for query in queries]

    def read_marts(self) -> list[list[tuple[Any, ...]]]:
        return self.rows(f"select * from marts.{mart} order by all" for mart in KEYS)

    def figures(self, definition: WrongDefinition) -> list[Any]:
        return [value for ((value,),) in self.rows(figure.sql for figure in definition.shows)]

    @contextmanager
    def wrong(self, definition: WrongDefinition) -> Iterator[None]:
        """The project with the wrong definition, built anew from its model on."""
        try:
            for old, new in definition.changes:
                self.scratch.patch(f"models/{definition.model}", old, new)
            built = self.run(definition)
            if definition.contract_of:
                assert self.scratch.warehouse.statuses[definition.contract_of] == "error"
                # It was the contract, and nothing else: without it all is built.
                for mart in KEYS:
                    self.scratch.patch(f"models/marts/{mart}.sql", "with\n\n", WITHOUT_CONTRACT)
                built = self.run(definition)
            assert built, self.scratch.warehouse.statuses
            yield
        finally:
            self.scratch.mend()

    def run(self, definition: WrongDefinition) -> bool:
        return self.dbt("run", "--full-refresh", "--select", f"{Path(definition.model).stem}+")


@dataclass(frozen=True)
class Outcome:
    """What a wrong definition led to."""

    figures: list[Pair]
    red: set[str]
    same_by_default: bool


class Gallery:
    """The outcomes of the wrong definitions, each found when first asked for; a warehouse for each scenario."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: dict[str, Built] = {}
        self._outcomes: dict[str, Outcome] = {}

    def built(self, scenario: str = "") -> Built:
        if scenario not in self._built:
            self._built[scenario] = Built(self._folder / (scenario or "default"), scenario)
        return self._built[scenario]

    def outcome(self, definition: WrongDefinition) -> Outcome:
        if definition.name not in self._outcomes:
            self._outcomes[definition.name] = self._find_outcome(definition)
        return self._outcomes[definition.name]

    def _find_outcome(self, definition: WrongDefinition) -> Outcome:
        built = self.built(definition.scenario)
        right = built.figures(definition)
        with built.wrong(definition):
            wrong = built.figures(definition)
            same_by_default = built.read_marts() == built.marts
            if definition.caught_by:
                built.dbt("test", "--select", *definition.caught_by)
            red = built.scratch.warehouse.red
        if definition.scenario:
            with self.built().wrong(definition):
                same_by_default = self.built().read_marts() == self.built().marts
        return Outcome(list(zip(right, wrong, strict=True)), red, same_by_default)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return Gallery(tmp_path_factory.mktemp("gallery"))


@pytest.mark.parametrize("definition", DEFINITIONS, ids=NAMES)
def test_a_wrong_definition_is_caught_by_the_tests_that_it_names(gallery: Gallery, definition: WrongDefinition) -> None:
    assert bool(definition.caught_by) != bool(definition.contract_of), "name either tests or a contract"
    outcome = gallery.outcome(definition)
    assert outcome.red == set(definition.caught_by)
    assert [right for right, wrong in outcome.figures if right == wrong] == []
    if not definition.contract_of:  # money may be the same and only its type be wrong
        assert outcome.same_by_default == definition.needs_made_up_data


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda name: name or "default")
def test_the_right_definitions_leave_those_tests_green(gallery: Gallery, scenario: str) -> None:
    named = {test for definition in DEFINITIONS for test in definition.caught_by}
    statuses = gallery.built(scenario).statuses
    assert {test: statuses.get(test) for test in named} == dict.fromkeys(named, "pass")


def test_the_gallery_holds_many_definitions_and_each_once() -> None:
    assert len(DEFINITIONS) >= 25
    assert len(set(NAMES)) == len({definition.title for definition in DEFINITIONS}) == len(DEFINITIONS)


def test_no_file_of_the_gallery_is_left_out() -> None:
    assert {path.stem for path in GALLERY.glob("*.toml")} == set(CHAPTERS)
    assert ["", *sorted(path.stem for path in scenario_file("").parent.glob("*.toml"))] == SCENARIOS


def test_the_page_is_what_the_gallery_renders_to(gallery: Gallery) -> None:
    rendered = page({definition.name: gallery.outcome(definition).figures for definition in DEFINITIONS})
    check_page(PAGE, rendered)
