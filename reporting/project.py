"""Building and reading the marts through dbt itself, so that whatever target can be built can be read."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dbt.adapters.base.impl import BaseAdapter
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import get_adapter_by_type
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt.contracts.graph.nodes import ModelNode, SourceDefinition
from dbt_common.events.base_types import EventMsg

from reporting.build_output import BuildOutput
from reporting.life import CohortMonth, Life, SurvivalAge
from reporting.movements import has_only_churn
from reporting.rows import MonthlyKpis
from reporting.wording import Wording
from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.interruption import heard
from seed_generator.profiles import Target
from seed_generator.scenario import ALL_SIZES
from seed_generator.sinks.duckdb_file import file_of, names_a_file
from seed_generator.sinks.duckdb_messages import in_use
from seed_generator.terminal_line import shown_as

_SILENTLY = ("--quiet", "--log-level", "none")
# The files of a command in `target`, which the build or the documentation writes anyway.
_WITHOUT_FILES = ("--no-write-json",)
_PROJECT = "saas_kpis"
_MARTS = "marts"
_PAGE = "rpt_leadership_page"
_METRICS = "rpt_subscription_metrics"
_KPIS = "rpt_monthly_kpis"
_COHORTS = "fct_cohorts"
_SURVIVAL = "fct_survival"
_SIMULATION = f"source.{_PROJECT}.raw.simulation"


class MartsError(EnvironmentFailure):
    """dbt could not build or read the marts, in its own words."""


class Project:
    """The dbt project here, ours or one that has installed ours as a package: parsed once, then built and read.

    Parameters
    ----------
    target : where it is built and read.
    is_default : whether it is the profile's default. dbt is not told its name then: what dbt has parsed for a named
        target it parses anew for the same one without a name, as `dbt build` has it.

    Raises
    ------
    MartsError : the project can't be parsed.
    InputError : it has none of our marts.
    """

    def __init__(self, target: Target, *, is_default: bool = False) -> None:
        self.engine = target.type
        self._place = target
        self._target = () if is_default else ("--target", target.name)
        with shown_as("dbt parses the project"):
            parsed = _dbt(*_SILENTLY, *_WITHOUT_FILES, "parse", *self._target)
        if not isinstance(parsed.result, Manifest):
            raise MartsError(f"dbt can't parse the project: {_reason(parsed)}")
        self._manifest = parsed.result
        self.is_package = self._manifest.metadata.project_name != _PROJECT
        self.wording = Wording.of(self._mart(_PAGE).config.meta)

    @property
    def marts(self) -> list[ModelNode]:
        """Our models that people query, by name; not those of the project that has installed ours."""
        models = [node for node in self._manifest.nodes.values() if isinstance(node, ModelNode)]
        ours = [model for model in models if model.package_name == _PROJECT and model.fqn[1] == _MARTS]
        return sorted(ours, key=lambda model: model.name)

    @property
    def published_marts(self) -> list[ModelNode]:
        """Those for BI tools; what the page's has beside the report, bands and books, only a simulation has."""
        return [mart for mart in self.marts if self.wording.is_simulated or mart.name != _PAGE]

    def _mart(self, name: str) -> ModelNode:
        mart = next((mart for mart in self.marts if mart.name == name), None)
        if mart is None:
            raise InputError(
                f"the dbt project {self._manifest.metadata.project_name} has no mart {name} of the package {_PROJECT};"
                " install the package, and leave its marts enabled."
            )
        return mart

    def definition(self, word: str) -> str:
        """What a column of the page's mart means, or one of the subscription metrics."""
        mart = next(mart for mart in map(self._mart, (_PAGE, _METRICS)) if word in mart.columns)
        return self.wording.definition(mart.columns[word].description)

    def build(self) -> None:
        """Build and test everything, and print what went wrong and how much did not.

        Raises
        ------
        MartsError : the place can't be reached, nothing is loaded there, or something is not green.
        """
        if not self.wording.is_simulated:
            self._reach()
        elif self._lacks_file() or not self._is_loaded():
            raise MartsError(self._what_is_missing())
        output = BuildOutput()
        command = ("--log-level", "none", "--no-use-colors", "build", *self._target)
        built = _dbt(*command, manifest=self._manifest, callbacks=[output.hear])
        output.end(getattr(built.result, "results", ()))
        if not built.success:
            raise MartsError("dbt build was not green; what it printed says why.")

    def document(self) -> None:
        """Write dbt's documentation, each page of it and all in one file.

        Raises
        ------
        MartsError : the place can't be reached.
        """
        if self._lacks_file():
            raise MartsError(self._what_is_missing())
        self._reach()  # what is wrong is told in a sentence, where dbt has a traceback
        command = (*_SILENTLY, "docs", "generate", "--static", *self._target)
        with shown_as("dbt writes its documentation"):
            documented = _dbt(*command, manifest=self._manifest)
        if not documented.success:
            raise MartsError("dbt docs generate failed; logs/dbt.log says why.")

    def monthly_kpis(self) -> list[MonthlyKpis]:
        """What the page shows: by period, the size with the lowest price or revenue per company first, `all` last.

        Raises
        ------
        MartsError : there is no such mart yet, it lacks months of a size, or its place can't be reached.
        """
        return self._report(_PAGE)

    def subscription_metrics(self) -> list[MonthlyKpis]:
        """The rows of `rpt_subscription_metrics`, in the same order; raises the same."""
        return self._report(_METRICS)

    def life(self) -> Life | None:
        """What else the marts tell of customers who come, return and change; None where they do nothing but leave.

        Raises
        ------
        MartsError : as `monthly_kpis`.
        """
        metrics, customers = self.subscription_metrics(), self._report(_KPIS)
        if has_only_churn(metrics, customers):
            return None
        cohorts, survival = (f"select * from {self._mart(name).relation_name}" for name in (_COHORTS, _SURVIVAL))
        return Life(
            metrics,
            customers,
            [CohortMonth.of(row) for row in self._rows(f"{cohorts} order by cohort_period, age_months")],
            [SurvivalAge.of(row) for row in self._rows(f"{survival} order by age_months")],
        )

    def scenario(self) -> str | None:
        """The scenario of the simulation that is loaded, as JSON; None where none is."""
        if not self.wording.is_simulated or not self._is_loaded():
            return None
        (row,) = self._rows(f"select scenario from {self._manifest.sources[_SIMULATION].relation_name}")
        return str(row["scenario"])

    def _report(self, name: str) -> list[MonthlyKpis]:
        report, page = self._mart(name), self._mart(_PAGE)
        if self._lacks_file() or not self._is_there(report):
            raise MartsError(self._what_is_missing())
        rows = [MonthlyKpis.of(columns) for columns in self._rows(_in_order(report, page))]
        periods, sizes = {row.period for row in rows}, {row.company_size for row in rows}
        if not rows or len(rows) != len(periods) * len(sizes):
            raise MartsError(
                f"{name} is not whole: {len(rows)} rows for {len(periods)} months and {len(sizes)} sizes;"
                " run dbt build, whose tests say why."
            )
        return rows

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """A cursor of dbt's own connection, of which a DuckDB file has no other beside it."""
        with self._connected() as adapter:
            yield adapter.connections.get_thread_connection().handle.cursor()

    def _what_is_missing(self) -> str:
        """Why there are no marts, and what makes them."""
        name, lacks_file = self._place.name, self._lacks_file()
        place = f"there is no {file_of(self._place).absolute()}: " if lacks_file else ""
        if self.wording.is_simulated and (lacks_file or not self._is_loaded()):
            load = f"python -m seed_generator --target {name}"
            return f"{place}nothing is loaded in the target {name} yet; run {load}, and then dbt build --target {name}."
        return f"{place}the target {name} has no marts yet; run dbt build --target {name}."

    def _lacks_file(self) -> bool:
        """Whether DuckDB's file is not there. To DuckDB it is a new one, which it makes; nothing can be read in it."""
        target = self._place
        return target.type == "duckdb" and names_a_file(target) and not file_of(target).exists()

    def _is_loaded(self) -> bool:
        """Whether a simulation is there."""
        return self._is_there(self._manifest.sources[_SIMULATION])

    def _reach(self) -> None:
        """Connect, and no more."""
        self._rows("select 1 as reached")

    def _is_there(self, node: ModelNode | SourceDefinition) -> bool:
        """Whether the target has the relation of a node."""
        with self._told(), self._connected() as adapter:
            return adapter.get_relation(node.database, node.schema, node.identifier) is not None

    def _rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query, their columns by name."""
        with self._told(), self._connected() as adapter:
            _, table = adapter.execute(query, fetch=True)
        return [dict(row.items()) for row in table.rows]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the target refuses, in one sentence: a file is locked, a server is down, a table can't be read."""
        try:
            yield
        except Exception as error:  # each engine's driver has its own
            reason = " ".join(str(error).split())
            raise MartsError(in_use(reason) or f"the target {self._place.name} can't be read. ({reason})") from error

    @contextmanager
    def _connected(self) -> Iterator[BaseAdapter]:
        """The adapter of the engine, dbt's own, with a connection."""
        adapter = get_adapter_by_type(self.engine)  # type: ignore[no-untyped-call]  # dbt has no types here
        try:
            with adapter.connection_named("reporting"):
                yield adapter
        finally:
            adapter.cleanup_connections()


def _in_order(report: ModelNode, page: ModelNode) -> str:
    """The query for a report. Where no size has a price, what its customers pay stands in for one."""
    return (
        f"select report.* from {report.relation_name} as report"
        f" inner join {page.relation_name} as page"
        " on report.period = page.period and report.company_size = page.company_size"
        " inner join (select company_size, sum(revenue) / nullif(sum(active_companies), 0) as revenue_per_company"
        f" from {page.relation_name} group by company_size) as sizes on report.company_size = sizes.company_size"
        f" order by report.period, report.company_size = '{ALL_SIZES}', page.monthly_price nulls last,"
        " case when page.monthly_price is null then sizes.revenue_per_company end nulls last, report.company_size"
    )


def close_duckdb() -> None:
    """Let go of the DuckDB files that dbt has opened in this process; it would keep them locked as long as it lives."""
    DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]  # dbt-duckdb has no types


def _dbt(
    *command: str, manifest: Manifest | None = None, callbacks: Sequence[Callable[[EventMsg], None]] = ()
) -> dbtRunnerResult:
    """A command of dbt, for which Ctrl-C would be one result of many."""
    with heard() as stop_if_pressed:
        result = dbtRunner(manifest=manifest, callbacks=list(callbacks)).invoke(list(command))
        stop_if_pressed()
        return result


def _reason(result: dbtRunnerResult) -> str:
    return " ".join(str(result.exception or "dbt gave no reason").split())
