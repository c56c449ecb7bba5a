"""docs/tour.ipynb: run from its first cell to its last, it has the outputs that are in it."""

import os
from pathlib import Path

import pytest

from pages import check_page
from warehouses import PROJECT

NOTEBOOK = PROJECT / "docs" / "tour.ipynb"


@pytest.mark.slow("the tour as a notebook, in Jupyter", keeps="docs/test_tour.py")
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
