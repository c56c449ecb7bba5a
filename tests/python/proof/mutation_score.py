"""What becomes of mutants: the score of each kind of mistake, and the reasons why some survive."""

import textwrap
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REFUSED = "database"  # not a mutant: the database does not take the query
WIDTH = 116


@dataclass(frozen=True)
class Verdict:
    """A mutant and what noticed it.

    Parameters
    ----------
    operator : the kind of the mistake.
    noticed_by : "" if nothing did.
    """

    name: str
    operator: str
    noticed_by: str


def explained(file: Path) -> dict[str, str]:
    """Every survivor that is known, with the reason why it is no hole."""
    groups = tomllib.loads(file.read_text())["equivalent"]
    return {name: group["reason"].strip() for group in groups for name in group["mutants"]}


def score_lines(verdicts: Sequence[Verdict], operators: Iterable[str], reasons: Collection[str]) -> list[str]:
    """A table of the score, by kind of mistake and in total."""
    counted = [verdict for verdict in verdicts if verdict.noticed_by != REFUSED]
    lines = ["| mistake | mutants | killed | equivalent | score |", "| --- | ---: | ---: | ---: | ---: |"]
    for operator in (*operators, "all"):
        some = [verdict for verdict in counted if operator in {verdict.operator, "all"}]
        killed = sum(bool(verdict.noticed_by) for verdict in some)
        same = sum(verdict.name in reasons and not verdict.noticed_by for verdict in some)
        real = len(some) - same
        lines.append(f"| {operator} | {len(some)} | {killed} | {same} | {killed / real if real else 1:.1%} |")
    return lines


def noticed_line(verdicts: Sequence[Verdict]) -> str:
    """How many mutants were noticed by what."""
    noticed = Counter(verdict.noticed_by or "nothing" for verdict in verdicts)
    return f"Noticed by: {', '.join(f'{name} {count}' for name, count in noticed.most_common())}."


def complaints(verdicts: Sequence[Verdict], reasons: Mapping[str, str]) -> list[str]:
    """Survivors without a reason, and reasons without a survivor."""
    survivors = {verdict.name for verdict in verdicts if not verdict.noticed_by}
    return [
        *(f"survives without a reason: {name}" for name in sorted(survivors - set(reasons))),
        *(f"has a reason but does not survive: {name}" for name in sorted(set(reasons) - survivors)),
    ]


def reason_lines(file: Path) -> list[str]:
    """Every reason with its mutants, for a page."""
    lines = []
    for group in tomllib.loads(file.read_text())["equivalent"]:
        lines += ["", textwrap.fill(group["reason"].strip(), WIDTH), ""]
        lines += [f"- `{name}`" for name in group["mutants"]]
    return lines
