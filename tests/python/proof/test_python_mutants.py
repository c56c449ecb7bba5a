"""Mutants of Python: the mistakes are those that are claimed, and the judge sees them."""

import subprocess
import sys

import pytest

from mutation_score import explained
from python_judge import PROJECT, TESTS
from python_mutants import LIST, kill_tests, mutants
from python_mutation import OPERATORS, changes

# For each operator some source, and the mistakes that it makes in it.
MISTAKES = {
    "comparison": ("a < b == c", ["a < b == c → a <= b == c", "a < b == c → a >= b == c", "a < b == c → a < b != c"]),
    "arithmetic": ("a += -b / 2", ["a += -b / 2 → a -= -b / 2", "-b / 2 → -b * 2", "-b / 2 → b / 2"]),
    "number": ("a = 0.5", ["a = 0.5 → a = 1.5"]),
    "logic": (
        "if a: b = not c or True",
        [
            "if a: b = not c or True → if not a: b = not c or True",
            *(f"not c or True → {other}" for other in ("not c and True", "c or True", "not c or False")),
        ],
    ),
    "choice": ("a = b if c else d", ["b if c else d → b", "b if c else d → d"]),
    "function": (
        "a = max(map(np.floor(b), reversed(c)))",
        [
            "max(map(np.floor(b), reversed(c))) → min(map(np.floor(b), reversed(c)))",
            *("np.floor(b) → np.ceil(b)", "reversed(c) → c"),
        ],
    ),
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_an_operator_makes_the_mistakes_that_it_is_for(operator: str) -> None:
    source, wrong = MISTAKES[operator]
    found = [change for change in changes(source) if change.operator == operator]
    assert [change.name for change in found] == [f"module: {mistake}" for mistake in wrong]
    assert len({change.code("file") for change in found} | {compile(source, "file", "exec")}) == len(found) + 1


def test_no_mistake_is_made_in_what_does_not_run() -> None:
    lines = (
        *("@dataclass(frozen=True)", "class A:", "    a: Literal[1]", "    def b(self) -> Literal[2]:"),
        "        return zip(round(c, 2), strict=True)",
    )
    assert changes("\n".join(lines)) == []


def test_every_module_of_the_simulation_and_its_expectations_has_tests_that_are_there() -> None:
    named = kill_tests()
    for folder in ("simulation", "expectations", "faults"):
        modules = {
            f"seed_generator/{folder}/{file.name}" for file in (PROJECT / "seed_generator" / folder).glob("*.py")
        }
        assert modules - set(named) == {f"seed_generator/{folder}/__init__.py"}
    named_files = {test.split("::")[0] for tests in named.values() for test in tests}
    assert [file for file in named_files if not (TESTS / file).exists()] == []


@pytest.mark.parametrize(
    "modules", [("reporting/bars.py",), pytest.param((), marks=pytest.mark.slow("every other module"))], ids=str
)
def test_each_explained_survivor_is_a_mutant(modules: tuple[str, ...]) -> None:
    names = {mutant.name for module in modules or kill_tests() for mutant in mutants(module)}
    survivors = {name for name in explained(LIST) if not modules or name.split()[0] in modules}
    assert survivors
    assert survivors - names == set()


@pytest.mark.slow("runs the tests of two modules once for each mistake in them", keeps="proof/test_python_mutants.py")
def test_the_judge_sees_the_mistakes_and_says_which_it_does_not() -> None:
    modules = ("reporting/look_ahead.py", "seed_generator/rounding.py")
    command = [sys.executable, str(PROJECT / "tests/python/proof/python_mutants.py"), *modules]
    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    (total,) = [line for line in ended.stdout.splitlines() if line.startswith("| all |")]
    number, killed, explained_ones = (int(cell) for cell in total.split("|")[2:5])
    assert number == killed + explained_ones == sum(len(mutants(module)) for module in modules)
    assert explained_ones < number / 10
