"""Building and reading the marts through dbt itself, so that whatever target can be built can be read."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import get_adapter_by_type
from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode

from seed_generator.errors import EnvironmentFailure
from seed_generator.profiles import Target
from seed_generator.sinks.duckdb_messages import in_use

ALL_SIZES = "all"

_QUERY = "kpis_shown"
_SILENTLY = ("--quiet", "--log-level", "none")
# The files of a command in `target`, which the build or the documentation writes anyway.
_WITHOUT_FILES = ("--no-write-json",)
_PROJECT = "saas_kpis"
_MARTS = "marts"


class MartsError(EnvironmentFailure):
    """dbt could not build or read the marts, in its own words."""


@dataclass(frozen=True)
class MonthlyKpis:
    """A row of the analysis `kpis_shown`, of a size or of `all`; its columns are described there.

    What has no denominator is None, and so is every band where the simulator's truth is not there.
    """

    period: date
    company_size: str
    opening_companies: int
    active_companies: int
    retention_rate: Decimal | None
    sessions: int
    avg_sessions_per_company: Decimal | None
    revenue: Decimal
    revenue_lower_95: Decimal | None = None
    revenue_upper_95: Decimal | None = None
    retention_rate_lower_95: Decimal | None = None
    retention_rate_upper_95: Decimal | None = None
    avg_sessions_per_company_lower_95: Decimal | None = None
    avg_sessions_per_company_upper_95: Decimal | None = None
    cells_as_in_the_books: int = 0
    cells_in_the_books: int = 0
    seed: int = 0


class Project:
    """The dbt project, parsed once and then built and read.

    Parameters
    ----------
    target : where it is built and read.
    is_default : whether it is the profile's default. dbt is not told its name then: what dbt has parsed for a named
        target it parses anew for the same one without a name, as `dbt build` has it.

    Raises
    ------
    MartsError : the project can't be parsed.
    """

    def __init__(self, target: Target, *, is_default: bool = False) -> None:
        self.engine = target.type
        self._target = () if is_default else ("--target", target.name)
        parsed = dbtRunner().invoke([*_SILENTLY, *_WITHOUT_FILES, "parse", *self._target])
        if not isinstance(parsed.result, Manifest):
            raise MartsError(f"dbt can't parse the project: {_reason(parsed)}")
        self._manifest = parsed.result

    @property
    def marts(self) -> list[ModelNode]:
        """The models that people query, by name."""
        models = [node for node in self._manifest.nodes.values() if isinstance(node, ModelNode)]
        return sorted((model for model in models if model.fqn[1] == _MARTS), key=lambda model: model.name)

    def definition(self, word: str) -> str:
        """What `models/vocabulary.md` says of a word."""
        return self._manifest.docs[f"doc.{_PROJECT}.{word}"].block_contents

    def build(self) -> None:
        """Build and test everything, with dbt's output as it is.

        Raises
        ------
        MartsError : the place can't be reached, or something is not green.
        """
        # dbt build tells with a traceback that a file is locked or a server is down.
        self._show("--inline", "select 1 as reached")
        if not dbtRunner(manifest=self._manifest).invoke(["build", *self._target]).success:
            raise MartsError("dbt build was not green; what it printed says why.")

    def document(self) -> None:
        """Write dbt's documentation, each page of it and all in one file.

        Raises
        ------
        MartsError : the place can't be reached.
        """
        self._show("--inline", "select 1 as reached")
        if (
            not dbtRunner(manifest=self._manifest)
            .invoke([*_SILENTLY, "docs", "generate", "--static", *self._target])
            .success
        ):
            raise MartsError("dbt docs generate failed; logs/dbt.log says why.")

    def monthly_kpis(self) -> list[MonthlyKpis]:
        """All rows: by period, the cheapest size first, the total last.

        Raises
        ------
        MartsError : there is no such mart yet, it lacks months of a size, or its place can't be reached.
        """
        names = [column.name for column in fields(MonthlyKpis)]
        rows = [MonthlyKpis(**{name: row[name] for name in names}) for row in self._show("--select", _QUERY)]
        periods, sizes = {row.period for row in rows}, {row.company_size for row in rows}
        if not rows or len(rows) != len(periods) * len(sizes):
            raise MartsError(
                f"rpt_monthly_kpis is not whole: {len(rows)} rows for {len(periods)} months and {len(sizes)} sizes;"
                " run dbt build, whose tests say why."
            )
        return rows

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """A cursor of dbt's own connection, of which a DuckDB file has no other beside it."""
        adapter = get_adapter_by_type(self.engine)  # type: ignore[no-untyped-call]  # dbt has no types here
        try:
            with adapter.connection_named("reporting"):
                yield adapter.connections.get_thread_connection().handle.cursor()
        finally:
            adapter.cleanup_connections()

    def _show(self, *query: str) -> Sequence[Mapping[str, Any]]:
        command = [*_SILENTLY, *_WITHOUT_FILES, "show", *query, "--limit", "-1", *self._target]
        result = dbtRunner(manifest=self._manifest).invoke(command)
        table = result.result.results[0].agate_table if isinstance(result.result, RunExecutionResult) else None
        if not result.success or table is None:
            reason = _reason(result)
            raise MartsError(in_use(reason) or f"the marts can't be read; has dbt build made them? ({reason})")
        rows: Sequence[Mapping[str, Any]] = table.rows
        return rows


def close_duckdb() -> None:
    """Let go of the DuckDB files that dbt has opened in this process; it would keep them locked as long as it lives."""
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # dbt-duckdb has no types


def _reason(result: dbtRunnerResult) -> str:
    message = result.result.results[0].message if isinstance(result.result, RunExecutionResult) else None
    return " ".join(str(result.exception or message or "dbt gave no reason").split())
