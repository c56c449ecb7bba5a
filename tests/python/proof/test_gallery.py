"""Every wrong definition of the gallery gives a wrong figure, and the tests that it names catch it."""

import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from kpis_in_python import KEYS
from pages import check_page
from rehearsal import Project, Rehearsal
from scratch import Scratch
from unit_tests import unit_tests
from warehouses import Warehouse
from wrong_definitions import CHAPTERS, GALLERY, PAGE, Pair, WrongDefinition, chapter, page, scenario_file

DEFINITIONS = [definition for stem in CHAPTERS for definition in chapter(stem)]
NAMES = [definition.name for definition in DEFINITIONS]
SCENARIOS = sorted({definition.scenario for definition in DEFINITIONS} | {""})  # that without a name is the default
UNIT_TESTS = unit_tests()


class Stage:
    """The models built on one scenario without dbt, to be made wrong by one definition at a time."""

    def __init__(self, folder: Path, scenario: str, project: Project, wrong_sql: Mapping[str, str]) -> None:
        folder.mkdir()
        file = folder / "warehouse.duckdb"
        loaded = Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, folder, file=file).seed(*seed_options(scenario))
        assert loaded.returncode == 0, loaded.stderr
        self._project = project
        self._wrong_sql = wrong_sql
        self.rehearsal = Rehearsal(file, project)
        self.rehearsal.make_schemas()
        self.rehearsal.make()
        self.marts = self.read_marts()

    def read_marts(self) -> list[list[tuple[Any, ...]]]:
        marts = (f"select * from marts.{mart} order by all" for mart in KEYS)
        return [self.rehearsal.connection.execute(query).fetchall() for query in marts]

    def figures(self, definition: WrongDefinition) -> list[Any]:
        shown = (self.rehearsal.connection.execute(figure.sql).fetchall() for figure in definition.shows)
        return [value for ((value,),) in shown]

    @contextmanager
    def wrong(self, definition: WrongDefinition) -> Iterator[None]:
        """The models with the wrong definition, built anew from its model on."""
        model = self._project.model(definition.of_model)
        with self.rehearsal.undone():
            self.rehearsal.make_of(model, self._wrong_sql[definition.name])
            self.rehearsal.make(self._project.after(definition.of_model)[0])
            yield


@dataclass(frozen=True)
class Outcome:
    """What a wrong definition led to."""

    figures: list[Pair]
    red: set[str]
    is_seen_by_the_marts: bool


class Gallery:
    """The outcomes of the wrong definitions, each found when first asked for; a stage for each scenario."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.scratch = Scratch(folder / "scratch", unit_tests=True)
        self._project = Project(self.scratch.manifest)
        self._wrong = copy_of(self.scratch, self._folder / "wrong")
        self._wrong_sql = self._compiled()
        self._stages: dict[str, Stage] = {}
        self._outcomes: dict[str, Outcome] = {}

    def _compiled(self) -> dict[str, str]:
        """Of each definition its model's query as a template of the months.

        Each is a model of its own beside the right ones, so that dbt compiles all of them at once.
        """
        own = self._wrong
        folder = own.project / "models" / "wrong"
        folder.mkdir()
        unit_tests = []
        for definition in DEFINITIONS:
            (folder / f"{definition.name}.sql").write_text(definition.sql)
            for test in definition.caught_by:
                if test in UNIT_TESTS:
                    name = f"{definition.name}__{test}"
                    unit_tests.append({**UNIT_TESTS[test], "name": name, "model": definition.name})
        (folder / "wrong.yml").write_text(yaml.safe_dump({"unit_tests": unit_tests}))
        assert own.dbt("compile", "--select", "path:models/wrong", "--write-json"), own.messages
        wrong = {model["name"]: model for model in Project(own.artifacts / "manifest.json").models}
        return {name: self._project.sql(wrong[name]) for name in NAMES}

    def red_unit_tests(self, names: Collection[str]) -> dict[str, set[str]]:
        """Of each of these definitions the unit tests that are red on it; dbt runs all of them at once."""
        self._wrong.dbt("test", "--select", *(f"{name},test_type:unit" for name in names))
        return {name: {test for test in UNIT_TESTS if f"{name}__{test}" in self._wrong.red} for name in names}

    def stage(self, scenario: str = "") -> Stage:
        if scenario not in self._stages:
            folder = self._folder / (scenario or "default")
            self._stages[scenario] = Stage(folder, scenario, self._project, self._wrong_sql)
        return self._stages[scenario]

    def outcome(self, definition: WrongDefinition) -> Outcome:
        if definition.name not in self._outcomes:
            self._outcomes[definition.name] = self._find_outcome(definition)
        return self._outcomes[definition.name]

    def _find_outcome(self, definition: WrongDefinition) -> Outcome:
        stage = self.stage(definition.scenario)
        right = stage.figures(definition)
        with stage.wrong(definition):
            wrong = stage.figures(definition)
            red = stage.rehearsal.red(test for test in definition.caught_by if test not in UNIT_TESTS)
            # Of right figures there is nothing to be seen.
            is_seen = bool(red & self._of_marts) or self._finds_any(stage) or stage.read_marts() == stage.marts
        return Outcome(list(zip(right, wrong, strict=True)), red, is_seen)

    @cached_property
    def _of_marts(self) -> set[str]:
        """The data tests that are no checks of somebody's data."""
        return {test["name"] for test in self._project.tests if {"identity", "truth"} & set(test["tags"])}

    def _finds_any(self, stage: Stage) -> bool:
        return any(stage.rehearsal.is_red(test) for test in self._project.tests if test["name"] in self._of_marts)

    def changes_nothing_by_default(self, definition: WrongDefinition) -> bool:
        default = self.stage()
        with default.wrong(definition):
            return default.read_marts() == default.marts


def seed_options(scenario: str) -> list[str]:
    return ["--scenario", str(scenario_file(scenario))] if scenario else []


def copy_of(scratch: Scratch, folder: Path) -> Warehouse:
    """Another project on the same warehouse."""
    shutil.copytree(scratch.project, folder)
    return replace(scratch.warehouse, artifacts=folder / "target", project=folder, statuses={}, messages={})


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Gallery:
    return Gallery(tmp_path_factory.mktemp("gallery"))


# What is judged without dbt is what dbt compiled; that dbt judges alike is seen of one definition for each model.
CONTRACTS = {each.name for each in DEFINITIONS if each.contract_of}
FIRST_OF_ITS_MODEL = {each.of_model: each.name for each in reversed(DEFINITIONS)}.values()
THROUGH_DBT = [
    each for each in DEFINITIONS if each.name in {"opening_is_always_acquired", *CONTRACTS, *FIRST_OF_ITS_MODEL}
]
every_other = pytest.mark.slow("every other definition of a model")


@pytest.mark.parametrize(
    "definition",
    [pytest.param(each, id=each.name, marks=() if each in THROUGH_DBT else every_other) for each in DEFINITIONS],
)
def test_a_wrong_definition_is_caught_by_the_tests_that_it_names(gallery: Gallery, definition: WrongDefinition) -> None:
    assert bool(definition.caught_by) != bool(definition.contract_of), "name either tests or a contract"
    outcome = gallery.outcome(definition)
    assert outcome.red == set(definition.caught_by) - UNIT_TESTS.keys()
    assert [right for right, wrong in outcome.figures if right == wrong] == []
    # Of a contract money may be the same, and only its type be wrong.
    if definition.needs_made_up_data and not definition.contract_of:
        assert gallery.changes_nothing_by_default(definition)


# dbt takes a tenth of a second for each unit test. So those alone come first that no data test stands beside.
BY_UNIT_TESTS = [each for each in DEFINITIONS if UNIT_TESTS.keys() & set(each.caught_by)]
BY_THEM_ALONE = [each for each in BY_UNIT_TESTS if UNIT_TESTS.keys() >= set(each.caught_by)]


@pytest.mark.parametrize(
    "definitions",
    [
        pytest.param(BY_THEM_ALONE, id="by them alone"),
        pytest.param(BY_UNIT_TESTS, id="all", marks=pytest.mark.slow("unit tests beside data tests")),
    ],
)
def test_wrong_definitions_are_caught_by_the_unit_tests_that_they_name(
    gallery: Gallery, definitions: list[WrongDefinition]
) -> None:
    named = {each.name: UNIT_TESTS.keys() & set(each.caught_by) for each in definitions}
    assert named
    assert gallery.red_unit_tests(named.keys()) == named


@pytest.mark.parametrize(
    "definitions", [THROUGH_DBT, pytest.param(DEFINITIONS, marks=every_other)], ids=["one of each model", "all"]
)
def test_an_identity_or_the_truth_sees_every_wrong_figure(gallery: Gallery, definitions: list[WrongDefinition]) -> None:
    seen = {each.name: gallery.outcome(each).is_seen_by_the_marts for each in definitions if not each.contract_of}
    assert [name for name, is_seen in seen.items() if not is_seen] == []


QUICKLY = {"opening_is_always_acquired", *CONTRACTS}
through_dbt = pytest.mark.slow("a definition for every other model through dbt itself")


@pytest.fixture(scope="module")
def scratches(gallery: Gallery) -> dict[str, Scratch]:
    """A warehouse for each scenario, each built when first asked for."""
    return {"": gallery.scratch}


@pytest.mark.parametrize(
    "definition",
    [pytest.param(each, id=each.name, marks=() if each.name in QUICKLY else through_dbt) for each in THROUGH_DBT],
)
def test_dbt_catches_a_wrong_definition_too(
    scratches: dict[str, Scratch], definition: WrongDefinition, tmp_path: Path
) -> None:
    name = definition.scenario
    if name not in scratches:
        scratches[name] = Scratch(tmp_path / "scratch", *seed_options(name), unit_tests=True)
    scratch = scratches[name]
    try:
        for old, new in definition.changes:
            scratch.patch(f"models/{definition.model}", old, new)
        is_built = scratch.warehouse.dbt("run", "--full-refresh", "--select", f"{definition.of_model}+")
        if definition.contract_of:
            assert scratch.warehouse.statuses[definition.contract_of] == "error"
            return
        assert is_built, scratch.warehouse.statuses
        assert not scratch.warehouse.dbt("test", "--select", *definition.caught_by)
        assert scratch.warehouse.red == set(definition.caught_by)
    finally:
        scratch.mend()


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda name: name or "default")
def test_the_right_definitions_leave_those_tests_green(gallery: Gallery, scenario: str) -> None:
    named = {test for definition in DEFINITIONS for test in definition.caught_by}
    data_tests = named - UNIT_TESTS.keys()  # test_pipeline.py runs the unit tests, which bring rows of their own
    assert gallery.stage(scenario).rehearsal.red(data_tests) == set()


def test_the_gallery_holds_many_definitions_and_each_once() -> None:
    assert len(DEFINITIONS) >= 25
    assert len(set(NAMES)) == len({definition.title for definition in DEFINITIONS}) == len(DEFINITIONS)


def test_no_file_of_the_gallery_is_left_out() -> None:
    assert {path.stem for path in GALLERY.glob("*.toml")} == set(CHAPTERS)
    assert {path.stem for path in (GALLERY / "scenarios").glob("*.toml")} <= set(SCENARIOS)


@pytest.mark.slow("the page of all definitions", keeps="proof/test_gallery.py")
def test_the_page_is_what_the_gallery_renders_to(gallery: Gallery) -> None:
    rendered = page({definition.name: gallery.outcome(definition).figures for definition in DEFINITIONS})
    check_page(PAGE, rendered)
