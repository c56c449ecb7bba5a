"""dbt parses a project once for all warehouses of a kind, and then only what is new in it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

from dbt.adapters.factory import get_adapter
from dbt.config.runtime import RuntimeConfig
from dbt.context.query_header import generate_query_header_context
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.manifest import ManifestLoader

from shared import share, shared_file, take

PARTIAL_PARSE = "partial_parse.msgpack"


class Remembered:
    """What dbt has parsed in this process, if that is to be used again, and what it has left in which file."""

    manifests: ClassVar[dict[Path | None, Manifest]] = {}
    left: ClassVar[dict[Path, Path | None]] = {}
    is_used = True


@contextmanager
def parsed_once(unchanged: Path) -> Iterator[None]:
    """Hand on what dbt has parsed: to other workers in a file, and in this process as it is.

    To dbt it is another project on another file or server, though nothing in ours asks for their names.

    Parameters
    ----------
    unchanged : the project of which no test changes a file. A command of dbt on it has what another one parsed.
    """
    full_manifest = ManifestLoader.get_full_manifest
    is_parsable = ManifestLoader.is_partial_parsable

    def manifest(config: RuntimeConfig, **options: Any) -> Manifest:
        if not config.args.PARTIAL_PARSE:
            return full_manifest(config, **options)
        shared = _shared(config)
        is_remembered = Remembered.is_used and Path(config.project_root) == unchanged
        if is_remembered and shared in Remembered.manifests:
            return _given(config, Remembered.manifests[shared])
        own = Path(config.project_root, config.target_path, PARTIAL_PARSE)
        # What a command with other vars has left, dbt would parse anew.
        if not own.exists() or Remembered.left.get(own, shared) != shared:
            take(shared, own)
        parsed = full_manifest(config, **options)
        Remembered.left[own] = shared
        share(own, shared)
        if is_remembered:
            Remembered.manifests[shared] = parsed
        return parsed

    def wherever_it_is(loader: ManifestLoader, parsed: Manifest) -> tuple[bool, str | None]:
        parsed.state_check.profile_hash = loader.manifest.state_check.profile_hash
        return is_parsable(loader, parsed)

    with (
        mock.patch.object(ManifestLoader, "get_full_manifest", manifest),
        mock.patch.object(ManifestLoader, "is_partial_parsable", wherever_it_is),
    ):
        yield


@contextmanager
def parsed_by_every_command() -> Iterator[None]:
    """Let each command of dbt look at its files, as it does for a user."""
    with mock.patch.object(Remembered, "is_used", new=False):
        yield


def _shared(config: RuntimeConfig) -> Path | None:
    """Where the manifest is of all that names of relations and the nodes that are switched on depend on."""
    files = [Path(config.project_root, name) for name in ("dbt_project.yml", "packages.yml")]
    texts = [file.read_text() for file in files if file.exists()]
    prefix = os.environ.get("SCHEMA_PREFIX")
    return shared_file(
        ".msgpack", config.target_name, config.credentials.database, prefix, sorted(config.cli_vars.items()), texts
    )


def _given(config: RuntimeConfig, manifest: Manifest) -> Manifest:
    """Do for a command what dbt does after it has parsed."""
    adapter = get_adapter(config)
    adapter.set_macro_resolver(manifest)
    adapter.connections.set_query_header(generate_query_header_context(config, manifest))
    return manifest
