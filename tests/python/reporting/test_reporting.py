"""`python -m reporting` as people meet it: what it needs, says and refuses."""

import io
import re
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest
from dbt.cli.main import dbtRunner

from loads import hearing_ctrl_c
from parsed_once import PARTIAL_PARSE, parsed_by_every_command
from places import PREFIX
from postgres_server import Database
from reporting import cli, documentation
from reporting.cli import main
from reporting.files import write_whole
from reporting.page import leadership_page
from reporting.project import MartsError, Project, close_duckdb
from reporting.views import Company
from seed_generator.errors import EnvironmentFailure
from seed_generator.profiles import read_target
from warehouses import PROJECT, Warehouse


def told(shown: pytest.CaptureFixture[str]) -> str:
    """What a command that was refused said: one sentence and nothing else."""
    said = shown.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"error: [^\n]+\n", said.err), said.err
    return said.err.removeprefix("error: ").removesuffix("\n")


def on_file(file: Path, artifacts: Path) -> Warehouse:
    return Warehouse("duckdb", {"DUCKDB_PATH": str(file)}, artifacts, file=file)


LOAD = "python -m seed_generator --target {0}, and then dbt build --target {0}."


@pytest.mark.parametrize("option", [[], ["--build"], ["--publish", "published"], ["--page", "kpis.html"]])
def test_a_duckdb_file_that_is_missing_is_not_made_and_what_to_run_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, option: list[str]
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "warehouse.duckdb"
    with on_file(file, tmp_path / "artifacts").surroundings():
        monkeypatch.setenv("DBT_PROFILES_DIR", str(PROJECT))
        monkeypatch.setenv("DBT_PROJECT_DIR", str(PROJECT))
        monkeypatch.chdir(folder)
        assert main(["--target", "duckdb", *option]) == 1
        nothing_there = f"there is no {file}: nothing is loaded in the target duckdb yet; run {LOAD.format('duckdb')}"
        assert told(capsys) == nothing_there
        assert documentation.main(["--target", "duckdb", "--no-serve"]) == 1
        assert told(capsys) == nothing_there
    assert list(folder.iterdir()) == []


@pytest.fixture(params=["duckdb", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path, database: Database) -> Warehouse:
    """A place that is there, with nothing of ours in it."""
    if request.param == "duckdb":
        duckdb.connect(tmp_path / "warehouse.duckdb").close()
        return on_file(tmp_path / "warehouse.duckdb", tmp_path / "artifacts")
    environment = {**database.environment, "SCHEMA_PREFIX": PREFIX}
    return Warehouse("postgres", environment, tmp_path / "artifacts", database=database)


def test_before_a_load_and_before_a_build_the_next_command_is_told(
    empty: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = empty.target
    for option in ((), ("--build",), ("--publish", str(tmp_path / "published"))):
        assert empty.report(*option) == 1
        assert told(capsys) == f"nothing is loaded in the target {name} yet; run {LOAD.format(name)}"
    assert empty.seed("--companies", "5", "--months", "1").returncode == 0
    capsys.readouterr()
    assert empty.report() == 1
    assert told(capsys) == f"the target {name} has no marts yet; run dbt build --target {name}."
    assert empty.seed("--drop").returncode == 0
    assert not (tmp_path / "published").exists()


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--target", ""], 2, "argument --target: must not be empty"),
        (["--page", ""], 2, "argument --page: must not be empty"),
        (["--publish", ""], 2, "argument --publish: must not be empty"),
        (
            ["--page", "~no_such_user/x.html"],
            2,
            "--page: must be in a home folder that is known, not ~no_such_user/x.html",
        ),
        (
            ["--publish", "~no_such_user/x"],
            2,
            "--publish: must be in a home folder that is known, not ~no_such_user/x",
        ),
        (["--page", "."], 2, "is a folder; give a file in it, such as"),
        (["--page", "missing/kpis.html"], 1, "missing/kpis.html can't be written: No such file or directory."),
        (["--page", "notes.txt/kpis.html"], 1, "notes.txt/kpis.html can't be written: Not a directory."),
        (["--page", "notes.txt"], 2, "notes.txt is there and is not an HTML page; give another file."),
        (["--page", "/dev/null"], 2, "--page: /dev/null is not a file that can be replaced; give another."),
        (["--publish", "docs"], 2, "docs is there and was not published; give a folder that is not there."),
        (["--publish", "."], 2, "is there and was not published; give a folder that is not there."),
        (["--publish", "notes.txt"], 2, "notes.txt is there and was not published; give a folder that is not there."),
        (["--publish", "notes.txt/published"], 1, "can't write the published marts"),
        (["--publish", "x" * 255], 1, "can't write the published marts"),
        (["--publish", "one", "--page", "one"], 2, "--page and --publish name the same place"),
        (["--target", "spark", "--publish"], 2, "--publish: marts are published from duckdb or postgres"),
    ],
)
def test_an_option_that_can_not_be_met_is_told_before_anything_is_built(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    code: int,
    words: str,
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "notes.txt").write_text("a user's")
    monkeypatch.setenv("DBT_PROFILES_DIR", str(PROJECT))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "Project", None)  # dbt is not asked
    assert main(["--build", *options]) == code
    assert words in told(capsys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["docs", "notes.txt"]
    assert (tmp_path / "notes.txt").read_text() == "a user's"


def test_a_build_prints_one_line_for_all_that_is_green_and_how_far_it_is_on_a_terminal_alone(
    duckdb_warehouse: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert duckdb_warehouse.seed("--companies", "10", "--months", "3").returncode == 0
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    assert duckdb_warehouse.report("--build") == 0
    monkeypatch.undo()
    printed = capsys.readouterr().out
    assert re.match(r"dbt build: \d+ tables and views built, \d+ tests passed\.\n +Active companies ", printed)
    *_, last, left = terminal.getvalue().split("\r\x1b[2K")
    assert re.fullmatch(r"dbt build: (\d\d+) of \1", last)
    assert left == ""
    assert duckdb_warehouse.report() == 0
    assert capsys.readouterr().err == ""


def test_a_tilde_is_the_home_folder_and_a_link_to_a_page_stays_a_link(
    duckdb_warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    duckdb_warehouse.fill("--companies", "10", "--months", "3")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link.html").symlink_to(tmp_path / "kpis.html")
    assert duckdb_warehouse.report("--page", "~/link.html") == 0
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "kpis.html").read_text().startswith("<!DOCTYPE html>")


def test_marts_that_lack_a_month_and_a_file_in_use_are_told_in_one_sentence(
    duckdb_warehouse: Warehouse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    duckdb_warehouse.fill("--companies", "10", "--months", "3")
    page = tmp_path / "kpis.html"
    with duckdb_warehouse.cursor() as cursor:
        cursor.execute("delete from marts.rpt_leadership_page where company_size = 'small' and period = '2021-02-01'")
    assert duckdb_warehouse.report("--page", str(page)) == 1
    assert told(capsys).startswith("rpt_leadership_page is not whole: 8 rows for 3 months and 3 sizes; run dbt build")
    program = f"import duckdb; c = duckdb.connect({str(duckdb_warehouse.file)!r}); print('held', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        for option in ("--page", "--build", "--publish"):
            assert duckdb_warehouse.report(option) == 1
            assert told(capsys).startswith(f"{duckdb_warehouse.file} is in use by process {holder.pid} ")
        holder.communicate(b"\n")
    assert not page.exists()


def test_a_warehouse_without_the_truth_has_a_page_without_bands_and_books(warehouse: Warehouse, tmp_path: Path) -> None:
    page = tmp_path / "kpis.html"
    warehouse.fill("--companies", "10", "--months", "3")
    assert warehouse.report("--page", str(page)) == 0
    assert "xpected" in page.read_text().split("<body>")[1]
    with warehouse.cursor() as cursor:
        cursor.execute("drop schema truth cascade")
    assert warehouse.dbt("run", "--select", "rpt_leadership_page")
    assert warehouse.report("--page", str(page)) == 0
    without = page.read_text().split("<body>")[1]
    assert "$" in without
    assert [word for word in ("xpected", 'class="band', "own books") if word in without] == []


def test_a_page_that_cannot_be_written_leaves_the_old_one(
    duckdb_warehouse: Warehouse, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    duckdb_warehouse.fill("--companies", "10", "--months", "3")
    page = tmp_path / "kpis.html"
    page.write_text("old")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    with duckdb_warehouse.surroundings():
        project = Project(read_target("duckdb"))
        html = leadership_page(Company(project.monthly_kpis()), project.definition, project.wording, "here")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limit[1]))
    try:
        with pytest.raises(EnvironmentFailure, match=r"^\S+kpis.html can't be written: File too large\.$"):
            write_whole(page, html)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert [path.name for path in tmp_path.iterdir()] == ["kpis.html"]
    assert page.read_text() == "old"
    assert duckdb_warehouse.report("--page", str(tmp_path / "missing" / "kpis.html")) == 1
    assert "kpis.html can't be written: No such file or directory" in capsys.readouterr().err


def test_an_error_that_ctrl_c_led_to_is_told_as_ctrl_c(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise MartsError("the target can't be read (KeyboardInterrupt).")

    monkeypatch.setattr(cli, "Project", interrupted)
    with hearing_ctrl_c():
        assert main([]) == 130
    assert capsys.readouterr().err == "interrupted.\n"


def test_an_unknown_target_is_told_in_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--target", "snowflake"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: --target")
    assert re.fullmatch(r".* one of duckdb, postgres, spark \(profile .*\), not snowflake\.\n", shown.err)
    assert shown.err.count("\n") == 1


def test_a_report_does_not_import_the_simulator() -> None:
    program = "import sys; import reporting.cli; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    modules = set(done.stdout.split())
    assert "seed_generator.profiles" in modules
    assert modules & {"numpy", "pyarrow", "faker", "seed_generator.tables"} == set()


def test_a_report_keeps_what_a_build_has_parsed(duckdb_warehouse: Warehouse) -> None:
    duckdb_warehouse.fill()
    with duckdb_warehouse.surroundings(), parsed_by_every_command():
        assert dbtRunner().invoke(["--quiet", "--log-level", "none", "build", "--select", "stg_plans"]).success
        close_duckdb()
        parsed = (duckdb_warehouse.artifacts / PARTIAL_PARSE).stat().st_mtime_ns
        assert main([]) == 0
    assert (duckdb_warehouse.artifacts / PARTIAL_PARSE).stat().st_mtime_ns == parsed
