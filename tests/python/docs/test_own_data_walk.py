"""The walk of docs/use/own-data.md, followed from an empty folder."""

import io
import re
import shlex
import subprocess
import sys
from contextlib import chdir, redirect_stdout
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

from reporting.project import close_duckdb
from warehouses import PROJECT

PAGE = (PROJECT / "docs" / "use" / "own-data.md").read_text()
WALK = PAGE.partition("## The walk")[2].partition("\n## ")[0]
STEPS = re.split(r"^### \d+\. ", WALK, flags=re.MULTILINE)[1:]
NAMED = re.compile(r"^(?:--|#) ((?:[\w./]+/)?[\w.]+\.(?:sql|yml))\n")


def blocks(text: str) -> list[tuple[str, str]]:
    """The blocks of code of a text, each with its language."""
    return [
        (match[1], match[2]) for match in re.finditer(r"^```(\w+)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    ]


def run(command: str, folder: Path) -> str:
    """What a command of the page says; dbt runs in this process, which saves a second each time."""
    program, *arguments = shlex.split(command)
    with chdir(folder):
        if program == "python":
            return subprocess.run(
                [sys.executable, *arguments], capture_output=True, text=True, check=True, timeout=300
            ).stdout
        assert program == "dbt", command
        with redirect_stdout(io.StringIO()) as said:
            done = dbtRunner().invoke(["--no-use-colors", "--no-send-anonymous-usage-stats", *arguments])
            close_duckdb()
        assert done.success, said.getvalue()
    return said.getvalue()


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each command of the walk says, after all files before it were written."""
    folder = tmp_path_factory.mktemp("walk")
    printed = {}
    for language, text in (block for step in STEPS[1:] for block in blocks(step)):
        if named := NAMED.match(text):
            file = folder / named[1]
            file.parent.mkdir(exist_ok=True)
            # From where this checkout is, for the repository's address is the reader's.
            file.write_text(re.sub(r"- git: .*\n +revision: .*", f"- local: {PROJECT}", text))
        elif language == "console":
            for command in text.splitlines():
                printed[command.removeprefix("$ ")] = run(command.removeprefix("$ "), folder)
    return printed


def test_the_walk_has_ten_steps() -> None:
    assert len(STEPS) == 10


@pytest.mark.slow("a project of its own", keeps="marts/test_own_tables_example.py")
def test_the_walk_prints_what_the_page_shows(said: dict[str, str]) -> None:
    shown = [line.rstrip() for language, text in blocks(WALK) if language == "text" for line in text.splitlines()]
    printed = [re.sub(r"^\d\d:\d\d:\d\d  ", "", line).rstrip() for text in said.values() for line in text.splitlines()]
    assert len(shown) > 5
    assert [line for line in shown if line not in printed] == []


def test_the_page_has_every_check_and_every_var() -> None:
    checks = {path.stem for path in (PROJECT / "tests" / "singular" / "input").glob("*.sql")}
    table = PAGE.partition("| check | until then |")[2]
    assert set(re.findall(r"`((?:give|begin|let|read|assert)_\w+)`", table)) == checks
    variables = re.findall(
        r"^    (\w+):",
        (PROJECT / "dbt_project.yml").read_text().partition("Those of tables")[2].partition("# Unit tests")[0],
        flags=re.MULTILINE,
    )
    assert variables
    assert [name for name in variables if f"| `{name}` |" not in PAGE] == []
