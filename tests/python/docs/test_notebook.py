"""docs/tour.ipynb: run from its first cell to its last, it has the outputs that are in it."""

import ast
import json
import os
from pathlib import Path
from typing import Any

import pytest

from pages import check_page
from warehouses import PROJECT, Warehouse

NOTEBOOK = PROJECT / "docs" / "tour.ipynb"


def test_the_code_of_the_notebook_gives_the_texts_that_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PROJECT)
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    # As the notebook calls its warehouse, so that the project is parsed already.
    environment = {"DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")}
    names: dict[str, Any] = {}
    with Warehouse("duckdb", environment, tmp_path).surroundings():
        for cell in cells:
            value = run_code("".join(cell["source"]), names)
            found = [] if value is None else [repr(value)]
            shown = ["".join(output["data"]["text/plain"]) for output in cell["outputs"]]
            # What a notebook shows of a long list has other line breaks.
            assert [text.split() for text in found] == [text.split() for text in shown], cell["id"]


def run_code(code: str, names: dict[str, Any]) -> object:
    """Run a cell; returns the value of the expression that it ends with, if it ends with one."""
    *statements, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        exec(code, names)  # noqa: S102 - it is ours
        return None
    exec(compile(ast.Module(statements, []), NOTEBOOK, "exec"), names)  # noqa: S102
    return eval(compile(ast.Expression(last.value), NOTEBOOK, "eval"), names)  # noqa: S307


@pytest.mark.slow("the notebook in Jupyter, with its tables in HTML", keeps="docs/test_notebook.py")
def test_the_notebook_has_the_outputs_that_it_has_when_it_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    outputs = run(NOTEBOOK)
    check_page(NOTEBOOK, outputs)


def run(path: Path) -> str:
    """The notebook as a run leaves it, without what depends on the machine."""
    reason = "Jupyter is not here; make setup-notebook installs it"
    nbformat = pytest.importorskip("nbformat", reason=reason)
    nbclient = pytest.importorskip("nbclient", reason=reason)
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": path.parent}}
    client = nbclient.NotebookClient(notebook, timeout=600, record_timing=False, resources=resources)
    client.execute(env=dict(os.environ))
    notebook.metadata["language_info"] = {"name": "python"}
    return f"{nbformat.writes(notebook)}\n"
