"""Superset with the project's dashboard, made of its files: the figures are the marts', and nobody writes."""

import io
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2.extras
import pytest
import yaml
from playwright.sync_api import APIRequestContext, APIResponse, Page, Playwright, sync_playwright

from browser import launched, visit
from postgres_server import Database, own_server
from superset_server import ADMIN_PASSWORD, FOLDER, Superset
from warehouses import PROJECT, WITHOUT_TESTS, Warehouse

PICTURE = PROJECT / "docs" / "use" / "superset-dashboard.png"
TILES, LINES, TABLE = "big_number", "echarts_timeseries_line", "table"
KPIS = ("revenue", "retention_rate", "avg_sessions_per_company")
SUBSCRIPTIONS = {"closing_mrr"}  # those of the subscription metrics that have a line


@dataclass(frozen=True)
class Api:
    """The REST API of a running Superset, as its administrator."""

    address: str
    requests: APIRequestContext
    headers: dict[str, str]

    def get(self, path: str) -> Any:
        return self._answer(self.requests.get(f"/api/v1/{path}", headers=self.headers)).json()

    def send(self, method: str, path: str, data: dict[str, Any]) -> APIResponse:
        token = self.get("security/csrf_token/")["result"]
        headers = {**self.headers, "X-CSRFToken": token, "Referer": self.address}
        return self.requests.fetch(f"/api/v1/{path}", method=method, headers=headers, data=data)

    def charts(self) -> dict[int, dict[str, Any]]:
        """What each chart is made of, by its id."""
        found = self.get("chart/?q=(page_size:100)")["result"]
        return {chart["id"]: yaml.safe_load(self.get(f"chart/{chart['id']}")["result"]["params"]) for chart in found}

    def data(self, chart: int) -> list[dict[str, Any]]:
        """The rows that a chart shows."""
        return list(self.get(f"chart/{chart}/data/")["result"][0]["data"])

    def files(self) -> dict[str, Any]:
        """All that there is, as files, without what is numbered and ordered by chance."""
        exported = self._answer(self.requests.get("/api/v1/assets/export/", headers=self.headers))
        with zipfile.ZipFile(io.BytesIO(exported.body())) as archive:
            files = {name.partition("/")[2]: yaml.safe_load(archive.read(name)) for name in archive.namelist()}
        del files["metadata.yaml"]
        for file in files.values():
            for key in ("columns", "metrics"):
                file[key] = sorted(file.get(key, ()), key=str)
        return files

    @staticmethod
    def _answer(response: APIResponse) -> APIResponse:
        assert response.ok, f"{response.url} {response.status}: {response.text()}"
        return response


@pytest.fixture(scope="module")
def server() -> Iterator[Database]:
    """A server of its own, because roles belong to a whole server."""
    with own_server() as server:
        yield server


@pytest.fixture(scope="module")
def superset(server: Database, tmp_path_factory: pytest.TempPathFactory) -> Superset:
    """Set up before there are marts, as compose does it."""
    superset = Superset.beside(server, tmp_path_factory.mktemp("superset"))
    made = superset.set_up()
    assert made.returncode == 0, made.stderr
    return superset


@pytest.fixture(scope="module")
def warehouse(superset: Superset, server: Database, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """Marts that bi_reader, who is there before, is let in to."""
    assert superset
    warehouse = Warehouse("postgres", server.environment, tmp_path_factory.mktemp("artifacts"), database=server)
    warehouse.seed()
    assert warehouse.build(*WITHOUT_TESTS)
    return warehouse


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def api(superset: Superset, warehouse: Warehouse, playwright: Playwright) -> Iterator[Api]:
    assert warehouse
    with superset.running() as address:
        requests = playwright.request.new_context(base_url=address)
        person = {"username": "admin", "password": ADMIN_PASSWORD, "provider": "db"}
        token = requests.post("/api/v1/security/login", data=person).json()["access_token"]
        yield Api(address, requests, {"Authorization": f"Bearer {token}"})


@pytest.fixture
def marts(server: Database, api: Api) -> Callable[[dict[str, Any], str], list[dict[str, Any]]]:
    """What a chart has to show, from the mart of its metrics and nothing else."""
    assert api

    def rows(chart: dict[str, Any], size: str = "all") -> list[dict[str, Any]]:
        with closing(server.connect()) as connection:
            cursor = connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
            metrics = chart.get("metrics") or [chart["metric"]]
            cursor.execute(
                "select * from marts.rpt_subscription_metrics order by period, company_size"
                if "closing_mrr" in metrics
                else "select *, revenue / nullif(active_companies, 0) as avg_revenue_per_company"
                " from marts.rpt_monthly_kpis order by period, company_size"
            )
            kpis = cursor.fetchall()
        by_size = chart.get("groupby") == ["company_size"]
        shown: dict[Any, dict[str, Any]] = {}
        for row in kpis:
            if by_size and row["company_size"] != "all" and size in {"all", row["company_size"]}:
                figures = {row["company_size"]: row[metrics[0]]}
            elif not by_size and row["company_size"] == size:
                figures = {metric: row[metric] for metric in metrics}
            else:
                continue
            shown.setdefault(row["period"], {"period": row["period"]}).update(
                {name: None if figure is None else round(float(figure), 8) for name, figure in figures.items()}
            )
        return list(shown.values())

    return rows


def test_set_up_names_a_secret_that_is_missing(superset: Superset) -> None:
    for name in ("SUPERSET_SECRET_KEY", "SUPERSET_ADMIN_PASSWORD", "SUPERSET_DATABASE_PASSWORD"):
        refused = superset.set_up({name: ""})
        assert refused.returncode == 2
        copy = "copy bi/superset/env.example to .env and give it a value there"
        assert refused.stderr == f"error: {name} is not set; {copy}.\n"


def test_setting_up_a_second_time_brings_back_the_files_and_changes_nothing_else(superset: Superset, api: Api) -> None:
    before = api.files()
    (dashboard,) = api.get("dashboard/")["result"]
    assert api.send("PUT", f"dashboard/{dashboard['id']}", {"dashboard_title": "Another"}).ok
    assert api.files() != before
    again = superset.set_up()
    assert again.returncode == 0, again.stderr
    assert api.files() == before
    assert {name.partition("/")[0] for name in before} == {"databases", "datasets", "charts", "dashboards"}


def test_a_file_that_is_wrong_ends_the_set_up(superset: Superset, api: Api, tmp_path: Path) -> None:
    before = api.files()
    broken = shutil.copytree(FOLDER, tmp_path / "superset")
    chart = broken / "assets" / "charts" / "every_month.yaml"
    chart.write_text(chart.read_text().replace("slice_name: Every month", "slice_names: Every month"))
    refused = superset.set_up(folder=broken)
    assert refused.returncode == 1
    assert f"error: {broken}/assets was not imported: " in refused.stderr
    assert "slice_name" in refused.stderr
    assert api.files() == before


def test_the_dashboard_has_a_tile_and_a_line_by_size_of_each_kpi(api: Api) -> None:
    charts = api.charts().values()
    assert sorted(chart["metric"] for chart in charts if chart["viz_type"] == TILES) == sorted(KPIS)
    lines = [chart for chart in charts if chart["viz_type"] == LINES]
    assert {chart["metrics"][0] for chart in lines} == {*KPIS, *SUBSCRIPTIONS}
    assert all(chart["groupby"] == ["company_size"] for chart in lines)
    (dashboard,) = api.get("dashboard/")["result"]
    on_it = api.get(f"dashboard/{dashboard['id']}/charts")["result"]
    assert {chart["id"] for chart in on_it} == set(api.charts())


def test_each_chart_has_the_figures_of_the_marts(api: Api, marts: Any) -> None:
    for chart, made_of in api.charts().items():
        assert shown(api.data(chart)) == marts(made_of), made_of


def test_the_browser_shows_the_same_figures_filters_by_size_and_asks_nobody_else(
    api: Api, marts: Any, playwright: Playwright, tmp_path: Path
) -> None:
    charts = api.charts()
    with (
        launched(playwright) as browser,
        visit(browser, f"{api.address}/login/?next=/superset/dashboard/monthly-kpis/") as seen,
    ):
        page = seen.page
        page.set_viewport_size({"width": 1440, "height": 1900})
        refused: dict[str, str | None] = {}
        page.on("requestfailed", lambda request: refused.update({request.url: request.failure}))
        answers = listen(page)
        page.locator("#username").fill("admin")
        page.locator("#password").fill(ADMIN_PASSWORD)
        page.locator("button[type=submit]").click()
        wait_for(page, lambda: set(answers) == set(charts))
        assert {chart: shown(rows) for chart, rows in answers.items()} == {
            chart: marts(made_of) for chart, made_of in charts.items()
        }
        last = marts({"metric": "revenue"})[-1]
        page.get_by_text(f"${last['revenue']:,.2f}").first.wait_for()
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1_000)  # the lines are drawn with a movement
        page.screenshot(path=PICTURE if "UPDATE_PAGES" in os.environ else tmp_path / "dashboard.png")

        answers.clear()
        page.get_by_role("combobox").first.click()
        page.get_by_title("small", exact=True).click()
        page.get_by_role("button", name="Apply filters").click()
        wait_for(page, lambda: set(answers) == set(charts))
        assert {chart: shown(rows) for chart, rows in answers.items()} == {
            chart: marts(made_of, "small") for chart, made_of in charts.items()
        }
        elsewhere = {url for url in seen.requests if url.startswith("http") and not url.startswith(api.address)}
        assert {url: refused.get(url) for url in elsewhere} == dict.fromkeys(elsewhere, "csp")


def test_nobody_writes_through_superset_or_past_it(server: Database, api: Api) -> None:
    (database,) = api.get("database/")["result"]
    delete = {"database_id": database["id"], "sql": "delete from marts.rpt_monthly_kpis", "schema": "marts"}
    refused = api.send("POST", "sqllab/execute/", delete)
    assert not refused.ok
    assert "DML" in refused.text()
    # Somebody allows it: then it is the role that may not.
    assert api.send("PUT", f"database/{database['id']}", {"allow_dml": True}).ok
    try:
        refused = api.send("POST", "sqllab/execute/", delete)
        assert not refused.ok
        assert "read-only transaction" in refused.text()
    finally:
        assert api.send("PUT", f"database/{database['id']}", {"allow_dml": False}).ok
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("select count(*) from marts.rpt_monthly_kpis")
        assert cursor.fetchone() == (36,)


def test_the_next_build_is_seen_at_once(warehouse: Warehouse, api: Api, marts: Any) -> None:
    charts = api.charts()
    (tile,) = (chart for chart, made_of in charts.items() if made_of.get("metric") == "revenue")
    before = shown(api.data(tile))
    warehouse.seed("--append", "1")
    assert warehouse.build(*WITHOUT_TESTS)
    after = shown(api.data(tile))
    assert after[:-1] == before
    assert after == marts(charts[tile])


def shown(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """In the order of months, which are dates and not milliseconds, with the places that the marts have."""
    months = [
        {
            name: datetime.fromtimestamp(figure / 1000, UTC).date() if name == "period" else written(figure)
            for name, figure in row.items()
            if name != "newest first"  # what the table is sorted by
        }
        for row in rows
    ]
    return sorted(months, key=lambda row: row["period"])


def written(figure: float | str | None) -> float | None:
    return None if figure is None else round(float(figure), 8)


def listen(page: Page) -> dict[int, list[dict[str, Any]]]:
    """Fills with the rows that the browser is given for each chart."""
    answers: dict[int, list[dict[str, Any]]] = {}

    def take(response: Any) -> None:
        if "/chart/data?form_data" in response.url:
            chart = response.request.post_data_json["form_data"]["slice_id"]
            answers[chart] = response.json()["result"][0]["data"]

    page.on("response", take)
    return answers


def wait_for(page: Page, is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it was waited for in vain")
