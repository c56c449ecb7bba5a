"""Reports on tables of a company's own, in a project that has installed this one and in a clone of it."""

import re
import shutil
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import replace
from html import unescape
from pathlib import Path

import duckdb
import pytest

from browser import chromium, lowest_contrast, scrolls_sideways, visit
from installed import EXAMPLE, cloned_example, copied_example, installed_warehouse
from postgres_server import Database
from reporting import documentation
from reporting.cli import main
from reporting.versions import DATABASE
from warehouses import PROJECT, WITHOUT_TESTS, Warehouse

# What only a simulated company has.
SIMULATED = re.compile(r"simulat|\bseed|\bband|\bbooks|expected|scenario|made up", re.IGNORECASE)


def installed(folder: Path, database: Database | None = None) -> Warehouse:
    """The example, with a mart of its own beside ours."""
    project = copied_example(folder)
    (project / "models" / "marts").mkdir()
    (project / "models" / "marts" / "fct_orders.sql").write_text("select 1 as order_id")
    return installed_warehouse(project, database)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = installed(tmp_path_factory.mktemp("own"))
    assert warehouse.build(*WITHOUT_TESTS), warehouse.messages
    return warehouse


@contextmanager
def inside(warehouse: Warehouse) -> Iterator[None]:
    """As somebody types it: in the project's folder."""
    with warehouse.surroundings(), chdir(warehouse.project):
        yield


def report(warehouse: Warehouse, *options: str) -> int:
    with inside(warehouse):
        return main([*options] if warehouse.target == "duckdb" else ["--target", warehouse.target, *options])


def on_server(tmp_path: Path, database: Database) -> Warehouse:
    warehouse = installed(tmp_path, database)
    assert warehouse.build(*WITHOUT_TESTS), warehouse.messages
    return warehouse


def said_by(html: str) -> str:
    """All that a page says, in its title and its body, to eyes and to ears."""
    said = re.sub(r"<style>.*?</style>", " ", html, flags=re.DOTALL)
    labels = " ".join(re.findall(r'aria-label="([^"]*)"', said))
    return " ".join(unescape(f"{re.sub(r'<[^>]+>', ' ', said)} {labels}").split())


def test_the_tables_tell_of_customers_in_the_company_s_currency(
    own: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_tables_are_in_the_currency(own, capsys, monkeypatch)


@pytest.mark.slow("another engine", keeps="reporting/test_own_data.py")
def test_on_a_server_the_tables_tell_of_customers_in_the_company_s_currency(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_tables_are_in_the_currency(on_server(tmp_path, database), capsys, monkeypatch)


def assert_tables_are_in_the_currency(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both tables are printed for customers, in euros."""
    monkeypatch.setenv("COLUMNS", "200")
    capsys.readouterr()
    assert report(warehouse) == 0
    kpis = capsys.readouterr().out
    assert report(warehouse, "--metrics") == 0
    metrics = capsys.readouterr().out
    titles, sizes, *months = kpis.splitlines()
    assert re.split(r"\s{2,}", titles.strip()) == ["Customers", "Retention", "Sessions per customer", "Revenue"]
    # No size has a price: what a customer pays stands in for it.
    assert sizes.split() == ["Month", *["starter", "business", "total"] * 4]
    query = "select period, active_companies, revenue from analytics_marts.rpt_monthly_kpis where company_size = 'all'"
    for line, (period, customers, revenue) in zip(months, warehouse.query(f"{query} order by period"), strict=True):
        assert line.split()[0] == f"{period:%Y-%m}"
        assert line.split()[3] == str(customers)
        assert line.split()[-1] == f"€{revenue:,.2f}"
    assert "Closing MRR" in metrics
    assert "€" in metrics
    assert [text for text in (kpis, metrics) if "$" in text or SIMULATED.search(text)] == []


@pytest.fixture(scope="module")
def page(own: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("page") / "kpis.html"
    assert report(own, "--page", str(file)) == 0
    return file


def test_the_page_has_the_company_s_name_and_currency_and_no_word_of_a_simulation(page: Path) -> None:
    html = page.read_text()
    said = said_by(html)
    assert "<title>Northwind Metrics: three numbers for June 2024</title>" in html
    assert said.count("Northwind Metrics") == 2
    assert "€451" in said
    assert [word for word in ("$", "dollar", "ABC", "active company") if word in said] == []
    assert SIMULATED.findall(said) == []
    assert 'class="band' not in html
    assert "Every month shown is complete. Months are in UTC. From" in said


def test_the_words_of_the_page_are_those_of_subscriptions(page: Path) -> None:
    said = said_by(page.read_text())
    for sentence in (
        "The amounts of all subscriptions in force at the month's end, in €.",
        "Active companies Companies with a subscription in force at the month's end.",
        "Churned companies Opening companies without a subscription in force at the month's end.",
        "7 customers had 29 sessions in June 2024, 4.14 each",
        "Sessions per customer by month",
    ):
        assert sentence in said
    assert "Where customers are" not in said


@pytest.mark.parametrize("viewport", [{"width": 1440, "height": 900}, {"width": 390, "height": 844}], ids=str)
def test_the_page_fits_a_desk_and_a_phone(page: Path, viewport: dict[str, int]) -> None:
    with chromium() as browser, visit(browser, page, viewport=viewport) as met:
        for number in range(3):
            met.page.locator(f"label[for=size-{number}]").click()
            assert not scrolls_sideways(met.page)
            contrast, text = lowest_contrast(met.page)
            assert contrast >= 4.5, text
        assert met.complaints == []


@pytest.mark.slow("a build of its own", keeps="reporting/test_own_data.py")
def test_only_our_marts_are_published_and_say_nothing_of_a_simulation(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # From nothing: the first build makes the file.
    warehouse = installed(tmp_path)
    assert report(warehouse, "--publish") == 0
    printed = capfd.readouterr().out
    folder = warehouse.project / "published"
    assert f"For BI tools: {folder}/{DATABASE} and {folder}/marts/*.parquet\n" in printed
    assert "For analysts: python -m reporting.documentation, with every table" in printed
    with duckdb.connect(folder / DATABASE, read_only=True) as connection:
        tables = {name for (name,) in connection.sql("select table_name from duckdb_tables()").fetchall()}
        comments = connection.sql(
            "select comment from duckdb_tables() union all select comment from duckdb_columns()"
            " where schema_name = 'marts'"
        ).fetchall()
        ids = connection.sql("select distinct typeof(company_id) from marts.dim_companies").fetchall()
    marts = {path.stem for path in (PROJECT / "models" / "marts").glob("*.sql")}
    assert tables == marts - {"rpt_leadership_page"} == {path.stem for path in (folder / "marts").iterdir()}
    assert ids == [("VARCHAR",)]
    assert [comment for (comment,) in comments if SIMULATED.search(comment) or "dollar" in comment] == []
    first = folder.readlink()
    assert report(warehouse, "--publish") == 0
    assert folder.readlink() != first
    (warehouse.project / "reports").mkdir()
    capfd.readouterr()
    assert report(warehouse, "--publish", "reports") == 2
    assert "reports is there and was not published" in capfd.readouterr().err


def told(shown: pytest.CaptureFixture[str]) -> str:
    """What a command that was refused said: one sentence, with no word of a simulation."""
    said = shown.readouterr()
    assert said.out == ""
    assert re.fullmatch(r"error: [^\n]+\n", said.err), said.err
    assert not SIMULATED.search(said.err)
    return said.err.removeprefix("error: ").removesuffix("\n")


def test_what_is_missing_is_told_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    warehouse = installed(tmp_path)
    assert warehouse.file is not None
    capsys.readouterr()
    build = "the target duckdb has no marts yet; run dbt build --target duckdb."
    for option in ((), ("--metrics",), ("--page",)):
        assert report(warehouse, *option) == 1
        assert told(capsys) == f"there is no {warehouse.file}: {build}"
    with inside(warehouse):
        assert documentation.main(["--no-serve"]) == 1
    assert told(capsys) == f"there is no {warehouse.file}: {build}"
    assert not warehouse.file.exists()
    duckdb.connect(warehouse.file).close()
    assert report(warehouse) == 1
    assert told(capsys) == build
    assert report(warehouse, "--target", "nix") == 2
    profiles = warehouse.project / "profiles.yml"
    assert told(capsys) == f"--target must be one of duckdb, postgres (profile own_data in {profiles}), not nix."


def test_a_project_without_our_marts_is_told_to_install_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(EXAMPLE / "profiles.yml", tmp_path)
    project = "name: own_data\nversion: '1.0.0'\nprofile: own_data\n"
    (tmp_path / "dbt_project.yml").write_text(project)
    warehouse = Warehouse("duckdb", {}, tmp_path / "artifacts", project=tmp_path)
    assert report(warehouse) == 2
    assert told(capsys) == (
        "the dbt project own_data has no mart rpt_leadership_page of the package saas_kpis; install the package, and"
        " leave its marts enabled."
    )
    (tmp_path / "dbt_project.yml").write_text(project.replace("profile: own_data\n", ""))
    assert report(warehouse) == 2
    assert told(capsys) == f"{tmp_path}/dbt_project.yml names no profile."


def test_another_folder_and_another_profile_are_found_as_dbt_finds_them(
    own: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = (EXAMPLE / "profiles.yml").read_text()
    (tmp_path / "profiles.yml").write_text(profiles.replace("own_data:", "other:", 1).replace("duckdb:", "prod:", 1))
    with own.surroundings(), chdir(tmp_path):
        monkeypatch.setenv("DBT_PROJECT_DIR", str(own.project))
        monkeypatch.setenv("DBT_PROFILE", "other")
        monkeypatch.setenv("DBT_TARGET", "prod")
        assert main([]) == 0
    assert "€451.00" in capsys.readouterr().out


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A clone of this project over tables of a company's own, whose customers are those with a session."""
    words = {"company_name": "Müller & Söhne <GmbH>", "currency": "CHF"}
    folder = cloned_example(tmp_path_factory.mktemp("clone") / "project", words)
    prices = folder / "seeds" / "price_list.csv"
    prices.write_text(prices.read_text().replace("starter", "Starter & <Co>"))
    for name in ("customers.csv", "plan_history.csv"):
        rows = folder / "seeds" / name
        rows.write_text(rows.read_text().replace("starter", "Starter & <Co>"))
    warehouse = installed_warehouse(folder)
    assert warehouse.build(*WITHOUT_TESTS), warehouse.messages
    return warehouse


@pytest.mark.slow("another way to own tables", keeps="reporting/test_own_data.py")
def test_a_clone_over_own_tables_tells_of_active_companies_in_its_own_words(
    clone: Warehouse, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kpis.html"
    assert report(clone, "--page", str(file)) == 0
    printed = capsys.readouterr().out
    assert "Active companies" in printed
    assert "Starter & <Co> business" in printed
    html = file.read_text()
    said = said_by(html)
    assert "<title>Müller &amp; Söhne &lt;GmbH&gt;: three numbers" in html
    assert "What is paid for the month, in CHF: the monthly price of every active company." in said
    assert "Active companies Companies with at least one session in the month." in said
    assert "Starter & <Co> companies paid CHF " in said
    assert [text for text in (said, printed) if "$" in text or SIMULATED.search(text)] == []
    missing = replace(clone, environment={"DUCKDB_PATH": str(tmp_path / "none.duckdb")}, file=None)
    assert report(missing) == 1
    assert told(capsys) == (
        f"there is no {tmp_path}/none.duckdb: the target duckdb has no marts yet; run dbt build --target duckdb."
    )
