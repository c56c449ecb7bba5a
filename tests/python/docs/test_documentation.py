"""What the documentation says is so: its commands run, and no option is left out."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise, product
from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

import reporting.cli
import reporting.documentation
import seed_generator.cli.main
from pages import check_page
from seed_generator.profiles import schema_prefix
from warehouses import PROJECT, Warehouse, seeded

README = (PROJECT / "README.md").read_text()
SUBSCRIPTIONS = (PROJECT / "docs" / "model" / "subscriptions.md").read_text()
CLI_PAGE = (PROJECT / "docs" / "use" / "cli.md").read_text()

VOCABULARY = """\
# The vocabulary

What each column means, in the words that stand in the database as comments and in dbt's documentation. A column whose
meaning depends on the table has a word for each. What follows “Where customers are subscribed” is so for
[tables of your own](../use/own-data.md) with that var. This page is made of `models/vocabulary.md`:

```console
$ UPDATE_PAGES=1 .venv/bin/python -m pytest tests/python/docs/test_documentation.py
```

| word | meaning |
| --- | --- |
"""


def readme_commands(heading: str) -> list[str]:
    """The commands of the first shell block under a heading, without their prompts' output."""
    section = README.split(f"\n{heading}\n", 1)[1]
    block = re.search(r"```(?:sh|console)\n(.*?)```", section, re.DOTALL)
    assert block is not None
    return [line.removeprefix("$ ") for line in block[1].splitlines() if line.startswith("$ ")]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The project as a clone would have it, with the environment of the tests in place of one made anew."""
    # Root may run the tests in a checkout of somebody else's.
    git = ["git", "-c", f"safe.directory={PROJECT}", "ls-files", "-z"]
    files = subprocess.run(git, cwd=PROJECT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(PROJECT / name, tmp_path / name)
    environment = Path(sys.prefix)
    (tmp_path / ".venv").symlink_to(environment, target_is_directory=True)
    # make compares times: it installs again what is older than the copied files, and MetricFlow after the rest.
    (environment / ".installed").touch()
    if (environment / ".metrics").exists():
        (environment / ".metrics").touch()
    return tmp_path


def run(command: str, folder: Path, **environment: str) -> str:
    """A command as somebody types it; returns what it printed."""
    path = f"{folder / '.venv' / 'bin'}:{os.environ['PATH']}"
    without_make = {name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL"}}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**without_make, "PATH": path, "PYTHONPATH": str(folder), "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=1_200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_first_commands_of_the_readme_print_what_it_shows(clone: Path) -> None:
    demo, test = readme_commands("## Quick start")
    assert (demo, test) == ("make demo", "make test")  # the second one is what runs this
    printed = run(demo, clone)
    (shown,) = re.findall(r"^Month .*?(?=^```)", README, re.DOTALL | re.MULTILINE)
    months, rest = shown.replace("/path/to/project", str(clone)).split("…\n")
    assert months in printed
    assert printed.endswith(rest)
    assert len(months.splitlines()) > 3
    assert (clone / "kpis.html").exists()
    assert (clone / "published" / "saas_kpis.duckdb").exists()


def test_the_readme_has_its_wrong_definitions_as_the_gallery_has_them() -> None:
    gallery = (PROJECT / "docs" / "proof" / "gallery.md").read_text().splitlines()
    rows = re.findall(r"^\| \[.+\]\(docs/proof/gallery\.md#.+", README, re.MULTILINE)
    assert len(rows) == 3
    assert [row for row in rows if row.replace("docs/proof/gallery.md#", "#") not in gallery] == []


@pytest.mark.slow("the steps of make demo one by one", keeps="marts/test_pipeline.py")
def test_the_plain_commands_of_the_readme_run(duckdb_warehouse: Warehouse) -> None:
    activate, load, build, report, document = readme_commands("### Step by step")
    assert activate.startswith("source .venv/bin/activate")
    assert load.startswith("python -m seed_generator ")
    assert duckdb_warehouse.seed(*shlex.split(load)[3:]).returncode == 0
    assert build == "dbt build"
    assert duckdb_warehouse.build()
    assert report == "python -m reporting"
    assert duckdb_warehouse.report() == 0
    assert document == "dbt docs generate && dbt docs serve"
    with duckdb_warehouse.surroundings():
        generate = shlex.split(document.partition(" && ")[0])[1:]
        assert dbtRunner().invoke(["--quiet", *generate, "--target", "duckdb"]).success
    assert (duckdb_warehouse.artifacts / "catalog.json").exists()


@pytest.mark.slow("the commands of the first screen on the other engine", keeps="test_pipeline.py")
def test_the_postgres_commands_of_the_readme_run_on_a_server(clone: Path, postgres_warehouse: Warehouse) -> None:
    start, choose, *commands = readme_commands("## PostgreSQL")
    assert start.startswith("docker compose up -d")  # the workflow runs this one; here the tests' own server stands in
    assert choose == "export DBT_TARGET=postgres"
    replace(postgres_warehouse, project=clone, artifacts=clone / "target").parse_for_processes()
    printed = [run(command, clone, DBT_TARGET="postgres", **postgres_warehouse.environment) for command in commands]
    assert any("postgres: database" in text for text in printed)
    assert not (clone / "warehouse.duckdb").exists()


def test_the_pictures_of_the_lineage_are_the_lineage() -> None:
    pages = README + SUBSCRIPTIONS
    chains = [line.split(" --> ") for line in re.findall(r"^    (\S.* --> .+)$", pages, re.MULTILINE)]
    drawn = {
        pair
        for chain in chains
        for parents, names in pairwise(chain)
        for pair in product(parents.split(" & "), names.split(" & "))
    }
    # Of a build that is not asked for metrics.
    files = [path for path in (PROJECT / "models").rglob("*.sql") if path.parent.name != "metrics"]
    models = {path.stem: path.read_text() for path in files}
    real = {(parent, name) for name, sql in models.items() for parent in re.findall(r"ref\('(\w+)'\)", sql)}
    # What a user could have written in its place.
    staged = {"stg_calendar": "stg_simulation"}
    for name, sql in models.items():
        real |= {(staged.get(parent, parent), name) for parent in re.findall(r"input\('(\w+)'\)", sql)}
        real |= {("stg_loaded_months", name)} if "loaded_months()" in sql else set()
    # Read of a user's own tables alone.
    real -= {("stg_subscriptions", "int_company_months"), ("int_months", "int_company_months")}
    real |= {
        (".".join(parent), name)
        for name, sql in models.items()
        for parent in re.findall(r"source\('(\w+)', '(\w+)'\)", sql)
    }
    assert drawn == real


def test_the_examples_of_adding_and_of_checksums_are_what_is_printed(tmp_path: Path) -> None:
    environment = {"DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")}
    assert seeded("--quiet", environment=environment).returncode == 0
    for options in (["--checksum"], ["--append", "1"]):
        block = re.search(
            rf"```console\n\$ python -m seed_generator {' '.join(options)}\n(.*?)```", CLI_PAGE, re.DOTALL
        )
        assert block is not None
        printed = seeded(*options, environment=environment).stdout.splitlines()
        shown = block[1].splitlines()
        assert len(shown) == len(printed)
        assert [line for line in shown if line not in printed and "/path/to/project" not in line] == []


@pytest.mark.parametrize(
    ("program", "command"),
    [
        (seed_generator.cli.main.main, "seed_generator"),
        (reporting.cli.main, "reporting"),
        (reporting.documentation.main, "reporting.documentation"),
    ],
)
def test_every_option_is_documented_and_no_other(
    program: Callable[[list[str]], int], command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert program(["--help"]) == 0
    options = set(re.findall(r"^ +(?:-h, )?(--[a-z-]+)", capsys.readouterr().out, re.MULTILINE))
    assert len(options) > 3
    section = CLI_PAGE.split(f"\n## python -m {command}\n")[1].split("\n## ")[0]
    assert options == set(re.findall(r"^\| (?:`-h`, )?`(--[a-z-]+)", section, re.MULTILINE))


def test_every_variable_of_the_profile_is_documented() -> None:
    names = set(re.findall(r"env_var\('(\w+)'", (PROJECT / "profiles.yml").read_text()))
    assert "PGHOST" in names
    assert [name for name in sorted(names) if f"`{name}`" not in CLI_PAGE] == []
    assert schema_prefix() == ""


def test_the_page_of_the_vocabulary_is_made_of_the_words_of_the_models() -> None:
    text = (PROJECT / "models" / "vocabulary.md").read_text()
    words = re.findall(r"{% docs (\w+) %}\n(.+)\n{% enddocs %}", text)
    assert len(words) == text.count("{% docs ")
    rows = [f"| `{word}` | {meaning} |\n" for word, meaning in words]
    check_page(PROJECT / "docs" / "model" / "vocabulary.md", VOCABULARY + "".join(rows))


def test_every_link_leads_to_a_file_and_to_a_heading_in_it() -> None:
    pages = [
        path for path in PROJECT.rglob("*.md") if not path.relative_to(PROJECT).parts[0].startswith((".", "target"))
    ]
    assert len(pages) > 5
    # dbt serves its overview from a folder that has the decisions where the project has them.
    folders = {page: PROJECT if page.name == "overview.md" else page.parent for page in pages}
    links = [
        (page, folder / file if file else page, heading)
        for page, folder in folders.items()
        for file, heading in re.findall(r"\]\(([^)#:?]*)(?:\?[^)#]*)?(?:#([^)]*))?\)", page.read_text())
    ]
    assert [f"{page.name}: {file}" for page, file, _ in links if not file.exists()] == []
    linked = [link for link in links if link[2] and link[1].suffix == ".md" and link[0].name != "overview.md"]
    assert len(linked) > 100
    headings = {file: headings_of(file) for _, file, _ in linked}
    assert [f"{page.name}: {heading}" for page, file, heading in linked if heading not in headings[file]] == []


def headings_of(page: Path) -> set[str]:
    """The names by which links reach the headings of a page, as code hosts make them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
