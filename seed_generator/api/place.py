"""A place for the tables of a simulation, and all that can be done there."""

import os
from pathlib import Path

from seed_generator.errors import InputError
from seed_generator.extension import Extension
from seed_generator.faults.injection import Faults
from seed_generator.profiles import read_target
from seed_generator.scenario import Scenario
from seed_generator.schemas import TableSchema
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import Manner
from seed_generator.sinks.checksum import Checksum, checksums
from seed_generator.sinks.protocol import Change, Sink
from seed_generator.sinks.targets import csv_sink, duckdb_sink, parquet_sink, target_sink
from seed_generator.tables import NO_FAULTS, simulated_tables
from seed_generator.validation import whole_number

_MAX_WORKERS = 256


class Watch:
    """Is told how a load goes; override what you want to hear. What a method raises ends the load, with no change.

    Examples
    --------
    >>> import tempfile
    >>> from saas_kpis import Place, Watch, simulate
    >>> class Shown(Watch):
    ...     def takes(self, table, rows):
    ...         if table.name == "companies":
    ...             print(rows, table.full_name)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     simulate(companies=30).load(Place(csv=f"{folder}/tables"), Shown())
    30 raw.companies
    """

    def begins(self, portion: Portion) -> None:
        """What will be made is known."""

    def takes(self, table: TableSchema, rows: int) -> None:
        """The next batch of a table is made."""

    def ends(self) -> None:
        """All rows are written; what follows can't be stopped."""


class Place:
    """A place that holds a simulation, or is to: a target of `profiles.yml`, a DuckDB file, or a folder of files.

    Parameters
    ----------
    target : of `profiles.yml`, by its name; None for the profile's own.
    duckdb : a DuckDB file instead, with or without a profile.
    parquet, csv : a folder of such files instead.
    profiles_dir : where `profiles.yml` is; None for where dbt looks.
    workers : threads that simulate, or tasks of Spark; None for the cores. They never change a row.

    All methods raise `InputError` where the place can't be filled or read, and `EnvironmentFailure` where the
    surroundings say no: a server, a lock, a full disk; then the tables are as they were before.

    Raises
    ------
    InputError : there is no such target, or it is not one that can hold a simulation.

    Examples
    --------
    >>> import tempfile
    >>> from saas_kpis import Place, simulate
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     place = Place(parquet=f"{folder}/simulation")
    ...     simulate(companies=100, months=2).load(place)
    ...     place.append(1).months
    ...     place.checksums()["raw.sessions"].rows
    3
    1896
    """

    def __init__(  # noqa: PLR0913 - a place is one of four, and each is named
        self,
        target: str | None = None,
        *,
        duckdb: str | os.PathLike[str] | None = None,
        parquet: str | os.PathLike[str] | None = None,
        csv: str | os.PathLike[str] | None = None,
        profiles_dir: str | os.PathLike[str] | None = None,
        workers: int | str | None = None,
    ) -> None:
        if sum(given is not None for given in (target, duckdb, parquet, csv)) > 1:
            raise InputError(
                "a place is a target, a DuckDB file, or a folder of Parquet or of CSV files; give one of them."
            )
        self._workers = None if workers is None else whole_number("workers", workers, 1, _MAX_WORKERS)
        if duckdb is not None:
            self._sink: Sink = duckdb_sink(Path(duckdb))
        elif parquet is not None:
            self._sink = parquet_sink(Path(parquet))
        elif csv is not None:
            self._sink = csv_sink(Path(csv))
        else:
            self._sink = target_sink(read_target(target, Path(profiles_dir) if profiles_dir else None), self._workers)

    @property
    def description(self) -> str:
        """What people know it by; of a server that a service names, more once it has been connected to."""
        return self._sink.description

    @property
    def next_command(self) -> str:
        """What they type after a load."""
        return self._sink.next_command

    @property
    def takes_faults(self) -> bool:
        """Whether faults can be put into what is loaded here."""
        return self._sink.takes_faults

    @property
    def has_changed(self) -> bool:
        """Whether a change is complete: nothing that fails or is interrupted after it undoes it."""
        return self._sink.has_changed

    def fill(self, scenario: Scenario, faults: Faults = NO_FAULTS, watch: Watch | None = None) -> None:
        """Put a simulation here, in place of what a load put here before: all of it, or if it fails nothing."""
        if faults and not self.takes_faults:
            raise InputError(
                f"faults go into rows that one process makes, and many make those of {self.description}; choose another"
                " place."
            )
        with self._sink.change() as change:
            self._write(change, Portion(scenario), faults, watch or Watch())

    def extend(self, extension: Extension, watch: Watch | None = None) -> Scenario:
        """Add months, companies or both to the simulation that is here; its other rows stay as they are.

        Returns
        -------
        Scenario : of what is here then.
        """
        with self._sink.change() as change:
            portion = extension.applied(change.simulation())
            self._write(change, portion, NO_FAULTS, watch or Watch())
        return portion.scenario

    def append(self, months: int) -> Scenario:
        """Add so many months; returns the scenario of what is here then."""
        return self.extend(Extension(more_months=months))

    def grow(self, companies: int) -> Scenario:
        """Add so many companies; returns the scenario of what is here then."""
        return self.extend(Extension(more_companies=companies))

    def checksums(self) -> dict[str, Checksum]:
        """Of each table, by its name, such as `raw.sessions`: the same wherever the same simulation is."""
        return {table.full_name: checksum for table, checksum in checksums(self._sink.read).items()}

    def drop(self) -> list[str]:
        """Remove the tables, and what held nothing else; returns a line on each thing removed or kept."""
        return self._sink.drop()

    def _write(self, change: Change, portion: Portion, faults: Faults, watch: Watch) -> None:
        watch.begins(portion)
        workers = self._workers or _cores()
        manner = Manner(workers=workers, months_at_a_time=min(workers, self._sink.months_at_a_time))
        change.write(simulated_tables(portion, faults, manner, watch.takes))
        watch.ends()


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
