"""`make mutants`: small mistakes in every model, one at a time, and whether the project notices.

Prints the score. Fails if a mutant survives that `mutants.toml` does not explain, or if one that it explains is gone.
"""

import argparse
import sys
import tempfile
import textwrap
import time
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from mutant_judge import Judge, Mutant
from mutation_operators import OPERATORS
from warehouses import PROJECT

PAGE = PROJECT / "docs" / "proof" / "mutants.md"
SURVIVORS = Path(__file__).parent / "mutants.toml"
WORKERS = 2
REFUSED = "database"  # not a mutant: the database does not take the query
WIDTH = 116


@dataclass(frozen=True)
class Verdict:
    """A mutant and what noticed it; if nothing did, whether its model has other rows with it in a simulation."""

    mutant: Mutant
    noticed_by: str
    changes_rows: bool


def explained() -> dict[str, str]:
    """Every survivor that is known, with the reason why it is no hole."""
    groups = tomllib.loads(SURVIVORS.read_text())["equivalent"]
    return {name: group["reason"].strip() for group in groups for name in group["mutants"]}


def judge_all() -> list[Verdict]:
    """The verdict on every mutant, by a few processes with a project and warehouses of their own."""
    with tempfile.TemporaryDirectory(prefix="mutants_") as folder:
        context = get_context("spawn")  # a fork would share what dbt holds open
        with ProcessPoolExecutor(WORKERS, mp_context=context) as pool:
            parts = pool.map(_judge_part, range(WORKERS), [folder] * WORKERS)
            verdicts = sorted((verdict for part in parts for verdict in part), key=lambda verdict: verdict.mutant.name)
    assert len({verdict.mutant.name for verdict in verdicts}) == len(verdicts), (
        "the processes share them out differently"
    )
    return verdicts


def _judge_part(number: int, folder: str) -> list[Verdict]:
    own = Path(folder) / str(number)
    own.mkdir()
    judge = Judge(own)
    assert judge.builds_unchanged(), "the project is not green after its models went through the parser"
    # In an order that all processes have: dbt's differs from one to the next, and then some would be judged by nobody.
    mutants = sorted(judge.mutants(), key=lambda mutant: mutant.name)[number::WORKERS]
    verdicts = []
    for done, mutant in enumerate(mutants, start=1):
        noticed_by = judge.verdict(mutant)
        verdicts.append(Verdict(mutant, noticed_by, not noticed_by and judge.changes_rows(mutant)))
        if sys.stderr.isatty() and number == 0:
            print(f"\r\x1b[2K{done * WORKERS} of about {len(mutants) * WORKERS}", end="", file=sys.stderr, flush=True)
    return verdicts


def score_lines(verdicts: Sequence[Verdict], reasons: Mapping[str, str]) -> list[str]:
    """A table of the score, by kind of mistake and in total."""
    counted = [verdict for verdict in verdicts if verdict.noticed_by != REFUSED]
    lines = ["| mistake | mutants | killed | equivalent | score |", "| --- | ---: | ---: | ---: | ---: |"]
    for operator in (*OPERATORS, "all"):
        some = [verdict for verdict in counted if operator in {verdict.mutant.operator, "all"}]
        killed = sum(bool(verdict.noticed_by) for verdict in some)
        same = sum(verdict.mutant.name in reasons and not verdict.noticed_by for verdict in some)
        real = len(some) - same
        lines.append(f"| {operator} | {len(some)} | {killed} | {same} | {killed / real if real else 1:.1%} |")
    return lines


def noticed_line(verdicts: Sequence[Verdict]) -> str:
    """How many mutants were noticed by what."""
    noticed = Counter(verdict.noticed_by or "nothing" for verdict in verdicts)
    return f"Noticed by: {', '.join(f'{name} {count}' for name, count in noticed.most_common())}."


def main() -> int:
    """Judge all mutants; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python tests/python/proof/mutants.py", description=__doc__)
    parser.add_argument("--update", action="store_true", help=f"write the score and the survivors into {PAGE.name}")
    options = parser.parse_args()
    began = time.monotonic()
    verdicts, reasons = judge_all(), explained()
    survivors = {verdict.mutant.name for verdict in verdicts if not verdict.noticed_by}
    print("\n".join(score_lines(verdicts, reasons)))
    print(noticed_line(verdicts))
    print(f"Judged {len(verdicts)} mutants in {time.monotonic() - began:.0f} s.")
    if options.update:
        PAGE.write_text(page(verdicts))
    complaints = [f"survives without a reason: {name}" for name in sorted(survivors - set(reasons))]
    complaints += [f"survives, but changes rows: {verdict.mutant.name}" for verdict in verdicts if verdict.changes_rows]
    complaints += [f"has a reason but does not survive: {name}" for name in sorted(set(reasons) - survivors)]
    print(*complaints, sep="\n", file=sys.stderr) if complaints else None
    return 1 if complaints else 0


def headline(verdicts: Sequence[Verdict]) -> str:
    """What became of all that are mutants."""
    noticed = [bool(verdict.noticed_by) for verdict in verdicts if verdict.noticed_by != REFUSED]
    return (
        f"Of {len(noticed):,} small mistakes in the SQL of the models, the tests notice {sum(noticed):,}. The other"
        f" {len(noticed) - sum(noticed):,} change no row in six simulations; the reason why they never do stands below."
    )


def page(verdicts: Sequence[Verdict]) -> str:
    """docs/proof/mutants.md."""
    lines = [
        "# Mutants",
        "",
        *textwrap.wrap(headline(verdicts), WIDTH),
        "",
        *INTRODUCTION.splitlines(),
        "",
        *score_lines(verdicts, explained()),
        "",
        noticed_line(verdicts),
        "",
        *JUDGE.splitlines(),
    ]
    lines += ["", *EQUIVALENT.splitlines()]
    for group in tomllib.loads(SURVIVORS.read_text())["equivalent"]:
        lines += ["", textwrap.fill(group["reason"].strip(), WIDTH), ""]
        lines += [f"- `{name}`" for name in group["mutants"]]
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

A survivor is called equivalent only with a reason, which stands below and in `tests/python/proof/mutants.toml`. The
reasons are ours; what the command checks is that the model has the same rows with it in all six simulations. It
fails if that is not so, if a mutant survives that is not listed, and if one is listed that does not survive. So the
score below, which leaves the equivalent ones out, is 100 % or the command has failed: what it rests on is how many
are called equivalent. `python tests/python/proof/mutants.py --update` makes this page again.

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
