"""The streams of `saas_kpis` into other people's libraries, in the peers' environment; and what its import takes.

Each reads all sessions of a simulation in a process of its own. Where the reader streams, memory must not grow with
the rows: its peak at the larger size is held against that at the smaller one.
"""

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import measuring

MILLIONS = (1, 10)
READERS = {
    "pyarrow, a batch at a time": "sum(batch.num_rows for batch in sessions.reader())",
    "DuckDB, an aggregate": "duckdb.sql('select count(*), max(created_at) from sessions').fetchall()[0][0]",
    "pyarrow, a table": "pyarrow.table(sessions).num_rows",
    "polars, a data frame": "polars.DataFrame(sessions).height",
    "pandas, a data frame": "len(pandas.DataFrame.from_arrow(sessions))",
}
STREAMING = ("pyarrow, a batch at a time", "DuckDB, an aggregate")
LIBRARIES = {"DuckDB": "duckdb", "polars": "polars", "pandas": "pandas"}
IMPORTS = ("import numpy, pyarrow", "import saas_kpis", "from saas_kpis import simulate")


def main() -> int:
    options = _options()
    python = measuring.peers_python()
    rows, claims, counts = [], [], set()
    with measuring.scratch_folder() as folder:
        for name, expression in READERS.items():
            runs = {millions: _read(python, folder, name, expression, millions) for millions in MILLIONS}
            few, many = runs.values()
            counts.add((few.output, many.output))
            rows.append((name, *(f"{run.seconds:.1f} s, {run.peak_bytes / 1e6:,.0f} MB" for run in (few, many))))
            if name in STREAMING:
                grown = many.peak_bytes / few.peak_bytes
                claims.append(measuring.Claim(f"{name}: peak at 10 M / at 1 M", grown, 1.2, is_ceiling=True))
        seconds = measuring.interleaved(
            options.rounds, {program: _seconds_of(python, folder, program) for program in IMPORTS}
        )
    if len(counts) > 1:
        raise RuntimeError(f"they did not read the same rows: {counts}")
    libraries, ours, _ = seconds.values()
    rows += [(name, f"{statistics.median(figures):.2f} s", "") for name, figures in seconds.items()]
    claims.append(
        measuring.Claim("the import / numpy's and pyarrow's", measuring.times(ours, libraries), 1.2, is_ceiling=True)
    )
    columns = ("", *(f"{millions} M sessions" for millions in MILLIONS))
    return measuring.report("Streams into other libraries: time and peak of the whole process", columns, rows, claims)


def _read(python: Path, folder: Path, name: str, expression: str, millions: int) -> measuring.Run:
    library = LIBRARIES.get(name.partition(",")[0], "pyarrow")
    program = (
        f"import {library}; from saas_kpis import simulate;"
        f" sessions = simulate(companies={measuring.companies_for(millions * 1e6)}).sessions; print({expression})"
    )
    return measuring.run((python, "-c", program), folder, _environment(folder))


def _seconds_of(python: Path, folder: Path, program: str) -> Callable[[], float]:
    return lambda: measuring.run((python, "-c", program), folder, _environment(folder)).seconds


def _environment(folder: Path) -> dict[str, str]:
    return measuring.environment(folder, PYTHONPATH=str(measuring.PROJECT))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="of the imports (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
