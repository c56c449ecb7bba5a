"""The command line: bad input ends in one sentence and exit code 2, good input says what it made."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from seed_generator import __version__
from seed_generator.cli.main import main
from seed_generator.schemas import TABLES
from warehouses import PROJECT, read_terminal, seed_generator, seeded

SIZE = "[sizes.{name}]\nshare = {share}\nmonthly_price = {price}\nbase_sessions = 5\nspread = {spread}\n"


def size(name: str = "small", share: str = "1.0", price: str = "19.00", spread: str = "5") -> str:
    return SIZE.format(name=name, share=share, price=price, spread=spread)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--companies", "0"], ["--companies", "0", "1 to 10,000,000,000"]),
        (["--companies", "-5"], ["--companies", "-5"]),
        (["--companies", "many"], ["--companies", "many"]),
        (["--companies", "1e3"], ["--companies", "1e3"]),
        (["--companies", "99999999999999999999"], ["--companies", "99999999999999999999"]),
        (["--months", "0"], ["--months", "0", "1 to 1,200"]),
        (["--months", "-1"], ["--months", "-1"]),
        (["--months", "x"], ["--months", "x"]),
        (["--months", "100000"], ["--months", "100000"]),
        (["--first-month", "2021-13"], ["--first-month", "2021-13", "2021-01"]),
        (["--first-month", "January"], ["--first-month", "January"]),
        (["--first-month", "2199-12", "--months", "2"], ["--months", "2199-12"]),
        (["--seed", "-1"], ["--seed", "-1"]),
        (["--seed", "abc"], ["--seed", "abc"]),
        (["--target", "snowflake"], ["--target", "snowflake", "duckdb, postgres, spark"]),
        (["--profiles-dir", "/nowhere"], ["--profiles-dir", "/nowhere", "profiles.yml"]),
        (["--scenario", "missing.toml"], ["--scenario", "missing.toml", "No such file"]),
        (["--compaines", "5"], ["--compaines", "--help"]),
        (["--companies"], ["--companies", "--help"]),
        (["--comp", "5"], ["--comp", "--help"]),
        (["5"], ["5", "--help"]),
        (["--target", "duckdb", "--parquet", "folder"], ["--parquet", "--target"]),
        (["--drop", "--dry-run"], ["--drop", "--dry-run"]),
    ],
)
def test_a_bad_option_is_told_in_one_sentence(tmp_path: Path, options: list[str], words: list[str]) -> None:
    _assert_refused(tmp_path, options, words)


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--companies", "3", "--quiet"], 0, ""),
        (["--companies", "0"], 2, "error: --companies"),
        (["--parquet", "/proc/simulation"], 1, "error: /proc/simulation"),
    ],
)
def test_a_process_ends_with_the_code_and_the_sentence_of_the_command(
    tmp_path: Path, options: list[str], code: int, told: str
) -> None:
    done = seed_generator(*options, environment={"DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")})
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(told)
    assert done.stderr.count("\n") == (code > 0)


def test_spark_without_its_extra_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    assert main(["--target", "spark", "--profiles-dir", str(PROJECT)]) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: the target spark needs Spark, which is not installed (")
    assert told.endswith("pip install 'saas-kpis[spark]'.\n")


def test_faults_are_refused_where_many_processes_make_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--target", "spark", "--profiles-dir", str(PROJECT), "--fault", "duplicate_sessions=0.01")
    assert main(options) == 2
    assert "--fault and --faults go into rows that one process makes" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("companies = = 3", ["scenario.toml", "not TOML"]),
        ("colour = 'red'", ["scenario.toml", "unknown key", "colour"]),
        ("companies = 0", ["companies in", "scenario.toml", "0"]),
        ("months = 'twelve'", ["months in", "scenario.toml", "twelve"]),
        ("first_month = '2021'", ["first_month in", "scenario.toml", "2021"]),
        (size(share="0.7"), ["shares", "scenario.toml", "0.7"]),
        (size(price="-19.00"), ["sizes.small.monthly_price", "scenario.toml", "-19.00"]),
        (size(spread="6"), ["sizes.small.spread", "scenario.toml", "6"]),
        (size(name='"Very Big"'), ["name of a size", "scenario.toml", "Very Big"]),
    ],
)
def test_a_bad_scenario_is_told_in_one_sentence(tmp_path: Path, text: str, words: list[str]) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text(text)
    _assert_refused(tmp_path, ["--scenario", str(file)], words)


def test_an_option_overrides_the_scenario_file(tmp_path: Path) -> None:
    file = tmp_path / "scenario.toml"
    file.write_text("companies = 0\nmonths = 2")
    done = _run(tmp_path, "--scenario", str(file), "--companies", "3", "--dry-run")
    assert done.returncode == 0
    assert "3 companies" in done.stdout
    assert "2021-02" in done.stdout
    assert "2021-03" not in done.stdout


def test_no_profiles_file_is_told_in_one_sentence(tmp_path: Path) -> None:
    done = seed_generator(cwd=tmp_path, environment={"HOME": str(tmp_path)})
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: there is no profiles\.yml in .*\n", done.stderr)


def test_a_load_ends_with_what_was_made_where_it_is_and_what_comes_next(tmp_path: Path) -> None:
    done = _run(tmp_path, "--companies", "20")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"  raw\.companies +20", lines[1])
    told = {table.full_name for table in TABLES} - {"raw.plan_changes", "raw.price_changes"}  # there are none of these
    assert [line.split()[0] for line in lines[1:-2]] == sorted(told)
    assert re.fullmatch(rf"Loaded in [\d.]+ s into duckdb: {tmp_path}/warehouse\.duckdb", lines[-2])
    assert lines[-1] == "Next: dbt build --target duckdb"


def test_a_dry_run_counts_one_company_and_no_parts_of_many(tmp_path: Path) -> None:
    one = _run(tmp_path, "--dry-run", "--companies", "1", "--months", "1").stdout
    assert "  1 company and about 7 sessions\n" in one  # 6.5 of them, and a half is rounded up
    many = _run(tmp_path, "--dry-run", "--companies", "100000", "--months", "1").stdout
    assert " 64,167 " in many
    assert "64,166" not in many


@pytest.mark.parametrize("companies", [3, 10**3, 10**4, 10**5, 10**6, 10**7, 10**8, 10**9, 10**10])
def test_a_dry_run_fits_100_columns_and_keeps_the_figures(tmp_path: Path, companies: int) -> None:
    printed = _run(tmp_path, "--dry-run", "--companies", str(companies), "--months", "1").stdout.splitlines()
    assert max(map(len, printed[:-1])) <= 100  # the last names a place
    units = {unit: 1000**power for power, unit in enumerate(["", "K", "M", "B", "T"])}
    sessions, revenue = (units[unit] for unit in re.findall(r"(?:sessions|revenue)(?: \((\w)\))?", printed[3]))
    large = printed[6].split()
    assert float(large[3].replace(",", "")) * sessions == pytest.approx(companies * 3, rel=1e-4)
    assert float(large[5].replace(",", "")) * revenue == pytest.approx(companies * 28.35, rel=1e-4)


def test_a_dry_run_of_many_months_shows_the_first_and_the_last(tmp_path: Path) -> None:
    printed = _run(tmp_path, "--dry-run", "--months", "25").stdout
    shown = re.findall(r"^  (\d{4}-\d\d) all", printed, re.MULTILINE)
    first, last = (
        [f"{year}-{month:02}" for month in months] for year, months in ((2021, range(1, 7)), (2022, range(8, 13)))
    )
    assert shown == [*first, *last, "2023-01"]
    assert re.search(r"^  2021-06 all.*\n.*\n  … 13 months\n  2022-08 small", printed, re.MULTILINE)
    assert "…" not in _run(tmp_path, "--dry-run", "--months", "24").stdout


def test_a_dry_run_touches_nothing_and_shows_the_expected_kpis(tmp_path: Path) -> None:
    done = _run(tmp_path, "--dry-run")
    assert (done.returncode, done.stderr) == (0, "")
    assert "about 27,725 sessions" in done.stdout
    assert re.search(r"2021-01 small +320\.83 +1,750\.00 +5\.4545 +6,095\.83", done.stdout)
    assert re.search(r"2021-12 large +85\.83 +899\.20 +10\.4762 +8,497\.40", done.stdout)
    assert re.search(r"2021-01 all .*20,270\.83 .*\n +452-475 +3,046-3,458 +6\.60-7\.42 +18,652-21,924", done.stdout)
    assert done.stdout.splitlines()[-1].startswith("Nothing was written")
    assert list(tmp_path.iterdir()) == []


def test_quiet_prints_nothing(tmp_path: Path) -> None:
    done = _run(tmp_path, "--companies", "5", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "warehouse.duckdb").exists()


def test_version_names_the_version_and_that_of_the_stream(tmp_path: Path) -> None:
    done = _run(tmp_path, "--version")
    assert done.stdout == f"seed_generator {__version__}, stream version 1\n"


def test_a_terminal_shows_progress_and_a_pipe_does_not(tmp_path: Path) -> None:
    options = ["--companies", "600000", "--parquet", str(tmp_path / "folder")]
    assert "sessions (" not in _run(tmp_path, *options).stderr
    terminal, end = pty.openpty()
    command = [sys.executable, "-m", "seed_generator", *options]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.DEVNULL, stderr=end) as process:
        os.close(end)
        shown = b""
        while chunk := read_terminal(terminal):
            shown += chunk
        assert process.wait(60) == 0
    os.close(terminal)
    assert re.search(rb"[\d,]+ sessions \(\d+%\), [\d,]+ a second, \d+ s left", shown)


def test_a_reader_that_leaves_early_causes_no_traceback(tmp_path: Path) -> None:
    # More than a pipe holds.
    options = ["--dry-run", "--companies", "2", "--months", "200"]
    command = [sys.executable, "-m", "seed_generator", *options]
    environment = {**os.environ, "DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b"Would simulate")
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(60) == 0


def test_dbt_pandas_and_the_other_sinks_are_not_imported_by_a_load(tmp_path: Path) -> None:
    program = "import sys; from seed_generator.cli.main import main; main(['--quiet']); print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={**os.environ, "DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(done.stdout.split())
    assert "duckdb" in imported
    assert imported.isdisjoint({"dbt", "pandas", "scipy", "psycopg2", "pyarrow.parquet"})


def _run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return seeded(*options, environment={"DUCKDB_PATH": str(folder / "warehouse.duckdb")})


def _assert_refused(folder: Path, options: list[str], words: list[str]) -> None:
    before = sorted(folder.iterdir())
    done = _run(folder, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"error: [^\n]+\.\n", done.stderr)
    assert [word for word in words if word not in done.stderr] == []
    assert sorted(folder.iterdir()) == before
