"""A scratch copy of the dbt project beside a built DuckDB warehouse, in which both may be broken and mended again."""

import shutil
from dataclasses import replace
from pathlib import Path

from warehouses import PROJECT, WITH_UNIT_TESTS, Warehouse

# What dbt reads of the project.
DBT_PROJECT = ("models", "macros", "tests/generic", "tests/singular", "dbt_project.yml", "profiles.yml")


class Scratch:
    """A scratch project and warehouse; `mend` brings both back to what they were when the warehouse was built.

    Parameters
    ----------
    folder : empty; all is in there.
    seed_options : what is simulated.
    unit_tests : whether each build runs the unit tests too.

    Attributes
    ----------
    manifest : what dbt compiled of the project.
    """

    def __init__(self, folder: Path, *seed_options: str, unit_tests: bool = False) -> None:
        self.project = folder / "project"
        self.file = folder / "warehouse.duckdb"  # views know the file by its name
        self._built = folder / "built.duckdb"
        self._broken: dict[Path, str] = {}
        copy_project(self.project)
        environment, options = {"DUCKDB_PATH": str(self.file)}, WITH_UNIT_TESTS if unit_tests else ()
        artifacts = folder / "artifacts"
        self.warehouse = Warehouse("duckdb", environment, artifacts, None, self.file, self.project, options)
        original = replace(self.warehouse, project=PROJECT, artifacts=folder / "original", options=())
        original.fill(*seed_options)
        self.manifest = original.compile()
        self.keep()

    def keep(self) -> None:
        """Make the warehouse as it is now what `mend` brings back."""
        shutil.copy(self.file, self._built)

    def patch(self, name: str, old: str, new: str) -> None:
        """Replace a text that stands exactly once in a file of the project."""
        path = self.project / name
        self._broken.setdefault(path, path.read_text())
        replace_once(path, old, new)

    def execute(self, sql: str) -> None:
        """Run statements in the warehouse."""
        with self.warehouse.cursor() as cursor:
            cursor.execute(sql)

    def mend(self) -> None:
        """Undo every patch and statement, and what dbt built since."""
        for path, text in self._broken.items():
            path.write_text(text)
        self._broken.clear()
        shutil.copy(self._built, self.file)


def copy_project(folder: Path) -> None:
    """The dbt project, without the tests that are not dbt's."""
    for name in DBT_PROJECT:
        copy = shutil.copytree if (PROJECT / name).is_dir() else shutil.copy
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy(PROJECT / name, folder / name)


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace a text that stands exactly once in a file."""
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name} has {text.count(old)} times: {old}"
    path.write_text(text.replace(old, new))
