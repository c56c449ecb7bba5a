"""What dbt docs leave without a word: `make lint` runs this, and fails if it finds something."""

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from warehouses import PROJECT, WITH_METRICS, Warehouse

Columns = Mapping[tuple[str, str], set[str]]
LONGEST_COMMENT = 256  # of a column, in characters, in a catalog of Hive's


def undescribed(manifest: Manifest, found: Columns) -> Iterator[str]:
    """What has no description, as told to people.

    Parameters
    ----------
    found : (schema, table) -> the columns that a warehouse has there.
    """
    nodes: list[Any] = list(manifest.nodes.values())
    relations = [*(node for node in nodes if node.resource_type == "model"), *manifest.sources.values()]
    ours = [macro for macro in manifest.macros.values() if macro.package_name == manifest.metadata.project_name]
    semantic = [*manifest.semantic_models.values(), *manifest.metrics.values()]
    for thing in (*relations, *ours, *semantic, *manifest.exposures.values()):
        if not thing.description:
            yield thing.unique_id
    for relation in relations:
        there = found[relation.schema, relation.identifier]
        words = {name: column.description for name, column in relation.columns.items()}
        yield from (f"{relation.unique_id}.{name}" for name in sorted(there) if not words.get(name))
        yield from (f"{relation.unique_id}.{name}, which is not there" for name in sorted(words.keys() - there))
    yield from (f"{thing.unique_id}.{part}" for thing in (*ours, *semantic) for part in _wordless(thing))


def too_long(manifest: Manifest) -> Iterator[str]:
    """The columns whose description the catalog of Spark has no room for: it tries for 20 seconds, and gives up."""
    nodes: list[Any] = list(manifest.nodes.values())
    for model in nodes:
        words = model.columns.items() if model.resource_type == "model" else ()
        yield from (f"{model.unique_id}.{name}" for name, column in words if len(column.description) > LONGEST_COMMENT)


def _wordless(thing: Any) -> Iterable[str]:
    named = [*getattr(thing, "arguments", []), *getattr(thing, "columns", {}).values()]
    named += [*getattr(thing, "dimensions", []), *getattr(thing, "measures", [])]
    return [part.name for part in named if not part.description]


def project_and_columns(folder: Path) -> tuple[Manifest, Columns]:
    """The project as dbt parses it, and the columns of a small warehouse that it builds in the folder."""
    file = folder / "warehouse.duckdb"
    warehouse = Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, folder, file=file)
    loaded = warehouse.seed("--companies", "3", "--quiet")
    if loaded.returncode != 0 or not warehouse.dbt("run", *WITH_METRICS):
        sys.exit(f"error: there is no warehouse to look at: {loaded.stderr or warehouse.messages}")
    with warehouse.surroundings(), mock.patch.dict(os.environ, {"DBT_PROJECT_DIR": str(PROJECT)}):
        manifest = dbtRunner().invoke(["--quiet", "parse", "--target", warehouse.target, *WITH_METRICS]).result
    assert isinstance(manifest, Manifest)
    found: dict[tuple[str, str], set[str]] = {}
    for schema, table, column in warehouse.query("select schema_name, table_name, column_name from duckdb_columns()"):
        found.setdefault((schema, table), set()).add(column)
    return manifest, found


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        manifest, found = project_and_columns(Path(folder))
    if wordless := list(undescribed(manifest, found)):
        sys.exit("error: without a description in dbt docs:\n  " + "\n  ".join(wordless))
    if long := list(too_long(manifest)):
        sys.exit(f"error: with a description of more than {LONGEST_COMMENT} characters:\n  " + "\n  ".join(long))
    print("All models, sources, columns, macros, metrics and exposures are described.")


if __name__ == "__main__":
    main()
