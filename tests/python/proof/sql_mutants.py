"""The first half of `make mutants`: small mistakes in every model, one at a time, and whether the project notices.

Prints the score. Fails if a mutant survives that `sql_mutants.toml` does not explain, or if one that it explains is
gone.
"""

import argparse
import sys
import tempfile
import textwrap
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from mutation_score import (
    REFUSED,
    WIDTH,
    Verdict,
    complaints,
    explained,
    noticed_line,
    reason_lines,
    score_lines,
)
from sql_judge import Judge
from sql_operators import OPERATORS
from warehouses import PROJECT

PAGE = PROJECT / "docs" / "proof" / "sql-mutants.md"
SURVIVORS = Path(__file__).parent / "sql_mutants.toml"
WORKERS = 2


@dataclass(frozen=True)
class SqlVerdict(Verdict):
    """A mutant and what noticed it; if nothing did, whether its model has other rows with it in a simulation."""

    changes_rows: bool


def judge_all() -> list[SqlVerdict]:
    """The verdict on every mutant, by a few processes with a project and warehouses of their own."""
    with tempfile.TemporaryDirectory(prefix="mutants_") as folder:
        context = get_context("spawn")  # a fork would share what dbt holds open
        with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
            parts = pool.map(_judge_part, range(WORKERS), [folder] * WORKERS)
            verdicts = sorted((verdict for part in parts for verdict in part), key=lambda verdict: verdict.name)
    assert len({verdict.name for verdict in verdicts}) == len(verdicts), "the processes share them out differently"
    return verdicts


def _judge_part(number: int, folder: str) -> list[SqlVerdict]:
    own = Path(folder) / str(number)
    own.mkdir()
    judge = Judge(own)
    assert judge.builds_unchanged(), "the project is not green after its models went through the parser"
    # In an order that all processes have: dbt's differs from one to the next, and then some would be judged by nobody.
    mutants = sorted(judge.mutants(), key=lambda mutant: mutant.name)[number::WORKERS]
    verdicts = []
    for done, mutant in enumerate(mutants, start=1):
        noticed_by = judge.verdict(mutant)
        changes_rows = not noticed_by and judge.changes_rows(mutant)
        verdicts.append(SqlVerdict(mutant.name, mutant.operator, noticed_by, changes_rows))
        if sys.stderr.isatty() and number == 0:
            print(f"\r\x1b[2K{done * WORKERS} of about {len(mutants) * WORKERS}", end="", file=sys.stderr, flush=True)
    return verdicts


def main() -> int:
    """Judge all mutants; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python tests/python/proof/sql_mutants.py", description=__doc__)
    parser.add_argument("--update", action="store_true", help=f"write the score and the survivors into {PAGE.name}")
    options = parser.parse_args()
    began = time.monotonic()
    verdicts, reasons = judge_all(), explained(SURVIVORS)
    print("\n".join(score_lines(verdicts, OPERATORS, reasons)))
    print(noticed_line(verdicts))
    print(f"Judged {len(verdicts)} mutants in {time.monotonic() - began:.0f} s.")
    if options.update:
        PAGE.write_text(page(verdicts))
    found = [
        *complaints(verdicts, reasons),
        *(f"survives, but changes rows: {verdict.name}" for verdict in verdicts if verdict.changes_rows),
    ]
    print(*found, sep="\n", file=sys.stderr) if found else None
    return 1 if found else 0


def headline(verdicts: Sequence[SqlVerdict]) -> str:
    """What became of all that are mutants."""
    noticed = [bool(verdict.noticed_by) for verdict in verdicts if verdict.noticed_by != REFUSED]
    return (
        f"Of {len(noticed):,} small mistakes in the SQL of the models, the tests notice {sum(noticed):,}. The other"
        f" {len(noticed) - sum(noticed):,} change no row in six simulations; the reason why they never do stands below."
    )


def page(verdicts: Sequence[SqlVerdict]) -> str:
    """docs/proof/sql-mutants.md."""
    lines = [
        "# Mutants of SQL",
        "",
        *textwrap.wrap(headline(verdicts), WIDTH),
        "",
        *INTRODUCTION.splitlines(),
        "",
        *score_lines(verdicts, OPERATORS, explained(SURVIVORS)),
        "",
        noticed_line(verdicts),
        "",
        *JUDGE.splitlines(),
    ]
    lines += ["", *EQUIVALENT.splitlines(), *reason_lines(SURVIVORS)]
    return "\n".join(lines) + "\n"


INTRODUCTION = """\
`make mutants` makes small mistakes in the compiled SQL of every model, one at a time: another join, comparison,
aggregate, unit of a date or constant, a filter, a key or a branch dropped, a cast changed, another column. A column
is mistaken for the one before or after it, of the columns of its type in the same CTE or of those of its name in the
CTEs that are joined. Each mutant is put in the place of its model in a copy of the project. It is killed if a data
test, a unit test or a contract fails, if a model that reads it can no longer be built (`models` below), or if it does
not end in 30 seconds (`no end`). A query that the database refuses (`database`) is no mutant and does not count. Data
tests run in six simulations: the default, sizes that die out, one silent company, three sizes with prices in cents for
more than a year, a leap February, and companies that come later, return and change their plan while prices change.
What they do not notice goes through dbt, with unit tests and contracts.

A survivor is called equivalent only with a reason, which stands below and in `tests/python/proof/sql_mutants.toml`. The
reasons are ours; what the command checks is that the model has the same rows with it in all six simulations. It
fails if that is not so, if a mutant survives that is not listed, and if one is listed that does not survive. So the
score below, which leaves the equivalent ones out, is 100 % or the command has failed: what it rests on is how many
are called equivalent. `python tests/python/proof/sql_mutants.py --update` makes this page again.

## The score"""
JUDGE = """\
## An outside judge

`misata dbt-mutate` (misata 0.9.8, from PyPI, November 2026) changes the models by five rules and asks whether the
output of the changed model differs on the rows that are there; it runs no tests. On the default simulation it counts
4 of 9 mutants as caught. Of the same nine `dbt build` turns red for eight. The ninth, `left join plans` made an inner
join in `dim_companies`, is equivalent, because a source test says that every company is of a size that has a plan.
The five that misata calls survivors change no row of clean data; unit tests with rows made for it kill four of them.
In a clone of its own, because it changes model files in place:

```console
$ python3.11 -m venv .venv-misata
$ .venv-misata/bin/pip install misata==0.9.8 'dbt-core>=1.11.16,<1.12' 'dbt-duckdb>=1.11,<1.12' \\
    'dbt-postgres>=1.11,<1.12' 'duckdb>=2.0,<3' numpy pyarrow Faker==40.54.0 jinja2 pyyaml psycopg2-binary
$ .venv-misata/bin/python -m seed_generator
$ .venv-misata/bin/dbt build
$ .venv-misata/bin/misata dbt-mutate
```"""
EQUIVALENT = """\
## The equivalent ones, and why"""

if __name__ == "__main__":
    sys.exit(main())
