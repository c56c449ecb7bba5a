"""The second half of `make mutants`: small mistakes in the Python that computes and draws, and whether tests notice.

Prints the score. Fails if a mutant survives that `python_mutants.toml` does not explain, or if one that it explains is
gone.
"""

import argparse
import sys
import tempfile
import textwrap
import time
import tomllib
from collections.abc import Sequence
from pathlib import Path

from mutation_score import WIDTH, Verdict, complaints, explained, reason_lines, score_lines
from python_judge import PROJECT, Judge, Mutant, preloaded
from python_mutation import OPERATORS, changes

PAGE = PROJECT / "docs" / "proof" / "python-mutants.md"
LIST = Path(__file__).with_suffix(".toml")


def kill_tests() -> dict[str, list[str]]:
    """Each module with the tests that notice mistakes in it."""
    groups = tomllib.loads(LIST.read_text())["modules"]
    return {module: group["tests"] for group in groups for module in group["names"]}


def mutants(module: str) -> list[Mutant]:
    """Every mutant of a module."""
    return [Mutant(module, change) for change in changes((PROJECT / module).read_text())]


def verdicts_on(module: str, tests: Sequence[str]) -> list[Verdict]:
    """The verdict on every mutant of a module."""
    found = []
    every = mutants(module)
    with tempfile.TemporaryDirectory(prefix="mutants_") as folder:
        for mutant, red in Judge(Path(folder), module, tests).verdicts(every):
            found.append(Verdict(mutant.name, mutant.operator, red))
            if sys.stderr.isatty():
                print(f"\r\x1b[2K{module}: {len(found)} of {len(every)}", end="", file=sys.stderr, flush=True)
    return found


def main() -> int:
    """Judge the mutants of all modules, or of some; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python tests/python/proof/python_mutants.py", description=__doc__)
    parser.add_argument("module", nargs="*", help="judge the mutants of these alone, such as reporting/charts.py")
    parser.add_argument("--update", action="store_true", help=f"write the score and the survivors into {PAGE.name}")
    options = parser.parse_args()
    tests = kill_tests()
    if unknown := [module for module in options.module if module not in tests]:
        parser.error(f"{LIST.name} has no tests for {', '.join(unknown)}")
    if options.update and options.module:
        parser.error(f"{PAGE.name} is of all modules")
    began = time.monotonic()
    modules = options.module or list(tests)
    verdicts = []
    with preloaded():
        for module in modules:
            of_module = verdicts_on(module, tests[module])
            killed = sum(bool(verdict.noticed_by) for verdict in of_module)
            print(f"{module}: {killed} of {len(of_module)} noticed", flush=True)
            verdicts += of_module
    reasons = {name: reason for name, reason in explained(LIST).items() if name.split()[0] in modules}
    print("\n".join(score_lines(verdicts, OPERATORS, reasons)))
    print(f"Judged {len(verdicts)} mutants in {time.monotonic() - began:.0f} s.")
    if options.update:
        PAGE.write_text(page(verdicts))
    found = complaints(verdicts, reasons)
    print(*found, sep="\n", file=sys.stderr) if found else None
    return 1 if found else 0


def page(verdicts: Sequence[Verdict]) -> str:
    """docs/proof/python-mutants.md."""
    reasons = explained(LIST)
    killed = sum(bool(verdict.noticed_by) for verdict in verdicts)
    headline = (
        f"Of {len(verdicts):,} small mistakes in the Python that computes and draws, the tests notice {killed:,}."
        f" Of the other {len(verdicts) - killed:,} the reason stands below."
    )
    of_modules = []
    for module in kill_tests():
        some = [verdict for verdict in verdicts if verdict.name.split()[0] == module]
        noticed = sum(bool(verdict.noticed_by) for verdict in some)
        of_modules.append(f"| `{module}` | {len(some)} | {noticed} | {len(some) - noticed} |")
    lines = [
        "# Mutants of Python",
        "",
        *textwrap.wrap(headline, WIDTH),
        "",
        *INTRODUCTION.splitlines(),
        "",
        *score_lines(verdicts, OPERATORS, reasons),
        "",
        "| module | mutants | killed | explained |",
        "| --- | ---: | ---: | ---: |",
        *of_modules,
        "",
        "## The others, and why",
        *reason_lines(LIST),
    ]
    return "\n".join(lines) + "\n"


INTRODUCTION = """\
`make mutants` makes small mistakes in every module that computes or draws, one at a time: another comparison, minus
for plus, a number that is one larger, `and` for `or`, a condition turned round, one of two choices whatever the
condition, the least for the most. Strings stay as they are, and so do types, decorators, the digits of a rounding and
`strict=` of `zip`. Each mutant takes the place of its module in a process of its own, which runs the tests that
`tests/python/proof/python_mutants.toml` names for the module, until one is red. A mutant is killed if a test is red or
if the tests do not end in ten times their time and ten seconds.

A survivor is explained only with a reason, which stands below and in that file. The command fails if a mutant survives
that is not listed, and if one is listed that does not survive. `python tests/python/proof/python_mutants.py --update`
makes this page again; with the names of modules it judges them alone.

## The score"""


if __name__ == "__main__":
    sys.exit(main())
