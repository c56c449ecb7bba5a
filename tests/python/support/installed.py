"""Projects of dbt that have this one installed as a package, as a user's would, in folders of their own."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml
from dbt.cli.main import dbtRunner

from postgres_server import Database
from scratch import copy_project
from warehouses import PROJECT, Warehouse

EXAMPLE = PROJECT / "examples" / "own_data"


def copied_example(folder: Path) -> Path:
    """The project of `examples/own_data` in another folder, with this checkout installed."""
    ignored = shutil.ignore_patterns("dbt_packages", "target", "logs", "*.duckdb", "package-lock.yml")
    project = folder / EXAMPLE.name
    shutil.copytree(EXAMPLE, project, ignore=ignored)
    install(project, f"local: {PROJECT}")
    return project


def cloned_example(folder: Path, variables: Mapping[str, str]) -> Path:
    """A clone of this project with the example's tables and staging models, and these vars beside the example's."""
    copy_project(folder)
    shutil.copytree(EXAMPLE / "seeds", folder / "seeds")
    for model in (EXAMPLE / "models" / "staging").iterdir():
        shutil.copy(model, folder / "models" / "staging")
    settings = yaml.safe_load((folder / "dbt_project.yml").read_text())
    settings["vars"]["saas_kpis"].update({"simulated": False, "company_id_type": "string", **variables})
    own = yaml.safe_load((EXAMPLE / "dbt_project.yml").read_text())
    settings["seeds"] = {"saas_kpis": own["seeds"]["own_data"]}
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(settings, sort_keys=False))
    return folder


def install(project: Path, package: str) -> None:
    """`dbt deps` in a project that asks for one package."""
    (project / "packages.yml").write_text(f"packages:\n  - {package}\n")
    quietly = ("--quiet", "--log-level", "none", "--log-path", str(project / "logs"))
    options = ("--project-dir", str(project), "--profiles-dir", str(project))
    assert dbtRunner().invoke([*quietly, "deps", *options]).success


def installed_warehouse(project: Path, database: Database | None = None, *options: str) -> Warehouse:
    """Where a project is built: in a DuckDB file of its folder, or on a server."""
    artifacts = project / "target" / ("postgres" if database else "duckdb")
    if database:
        return Warehouse("postgres", database.environment, artifacts, database, project=project, options=options)
    file = project / f"{project.name}.duckdb"
    return Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, artifacts, file=file, project=project, options=options)


def tagged(tests: Iterable[str]) -> dict[str, set[str]]:
    """Some tests by the folder that says what they are about."""
    singular = {path.stem: path.parent.name for path in (PROJECT / "tests" / "singular").rglob("*.sql")}
    by_tag: dict[str, set[str]] = {}
    for test in tests:
        by_tag.setdefault(singular.get(test, "identity"), set()).add(test)
    return by_tag
