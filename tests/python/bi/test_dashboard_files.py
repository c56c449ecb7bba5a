"""The files of the Superset dashboard name what the marts have, in the marts' words: without Superset."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from warehouses import PROJECT

FILES = PROJECT / "bi" / "superset" / "assets"
VOCABULARY = dict(
    re.findall(r"{% docs (\w+) %}\n(.*)\n{% enddocs %}", (PROJECT / "models" / "vocabulary.md").read_text())
)
DATASETS = {path.stem: yaml.safe_load(path.read_text()) for path in (FILES / "datasets" / "saas-kpis").iterdir()}
OF_UUID = {dataset["uuid"]: dataset for dataset in DATASETS.values()}
CHARTS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((FILES / "charts").iterdir())}
DASHBOARD = yaml.safe_load((FILES / "dashboards" / "monthly_kpis.yaml").read_text())
# Where a chart names columns or metrics.
NAMING = {"x_axis", "groupby", "metric", "metrics", "columns", "series_columns", "index", "orderby"}
TYPES = {"date": "DATE", "string": "STRING", "bigint": "LONGINTEGER", "numeric(18,2)": "DECIMAL"}


def mart(name: str) -> dict[str, str]:
    """The columns of the mart that a dataset reads, with their promised types."""
    (model,) = yaml.safe_load((PROJECT / "models" / "marts" / f"rpt_{name}.yml").read_text())["models"]
    assert f" FROM marts.{model['name']} WHERE company_size <> 'all'" in DATASETS[name]["sql"]
    return {column["name"]: column["data_type"] for column in model["columns"]}


def columns(dataset: dict[str, Any]) -> list[str]:
    return [column["column_name"] for column in dataset["columns"]]


each_dataset = pytest.mark.parametrize("name", DATASETS)


@each_dataset
def test_a_dataset_has_columns_of_its_mart_with_their_types(name: str) -> None:
    dataset, promised = DATASETS[name], mart(name)
    assert dataset["sql"].startswith(f"SELECT {', '.join(columns(dataset))} FROM ")
    assert {column["column_name"]: column["type"] for column in dataset["columns"]} == {
        column: TYPES[promised[column]] for column in columns(dataset)
    }
    assert dataset["main_dttm_col"] in columns(dataset)


@each_dataset
def test_a_dataset_has_nothing_that_must_not_be_added_up(name: str) -> None:
    left_out = set(mart(name)) - set(columns(DATASETS[name]))
    rates = re.compile(r"\w+_rate|avg_\w+|monthly_price|\w+_revenue_retention_\d+m|quick_ratio|lifetime_value")
    assert left_out == {column for column in mart(name) if rates.fullmatch(column)}


@each_dataset
def test_columns_and_metrics_are_described_in_the_words_of_the_vocabulary(name: str) -> None:
    described = {column["column_name"]: column["description"] for column in DATASETS[name]["columns"]}
    described |= {metric["metric_name"]: metric["description"] for metric in DATASETS[name]["metrics"]}
    assert described == {word: VOCABULARY[word] for word in described}


@each_dataset
def test_each_metric_is_a_sum_or_a_ratio_of_sums_of_columns(name: str) -> None:
    summed = r"SUM\((\w+)\)"
    for metric in DATASETS[name]["metrics"]:
        found = re.fullmatch(rf"{summed}(?:(?: \* 1\.0)? / NULLIF\({summed}, 0\))?", metric["expression"])
        assert found, metric
        assert {column for column in found.groups() if column} <= set(columns(DATASETS[name]))


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_names_columns_and_metrics_of_the_dataset_in_both_of_its_halves(name: str) -> None:
    chart = CHARTS[name]
    dataset = OF_UUID[chart["dataset_uuid"]]
    shown = chart["params"]
    metrics = shown.get("metrics") or [shown["metric"]]
    dimensions = [*([shown["x_axis"]] if "x_axis" in shown else []), *shown.get("groupby", [])]
    assert set(metrics) <= {metric["metric_name"] for metric in dataset["metrics"]}
    assert set(dimensions) <= set(columns(dataset))
    # What the browser makes of the first half, kept for who asks for data alone.
    (query,) = json.loads(chart["query_context"])["queries"]
    assert query["metrics"] == metrics
    asked = [column["sqlExpression"] if isinstance(column, dict) else column for column in query["columns"]]
    assert asked == dimensions
    assert query["row_limit"] == shown.get("row_limit", 50000)


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_names_nothing_that_the_dataset_has_not(name: str) -> None:
    dataset = OF_UUID[CHARTS[name]["dataset_uuid"]]
    known = {*columns(dataset), *(metric["metric_name"] for metric in dataset["metrics"])}
    halves = (CHARTS[name]["params"], json.loads(CHARTS[name]["query_context"])["queries"])
    for half in halves:
        named = set(named_in(half))
        assert named
        assert named <= known


def named_in(part: Any, key: str = "") -> Iterator[str]:
    """The columns and metrics that a part of a chart names, wherever it does."""
    if isinstance(part, dict):
        if key in {"aggregates", "columns"} and "sqlExpression" not in part:
            yield from part
        for inner, value in part.items():
            yield from named_in(value, inner)
    elif isinstance(part, list):
        for value in part:
            yield from named_in(value, key)
    elif key == "sqlExpression":
        yield from re.findall(r"[a-z]\w*", part)
    elif key in NAMING and isinstance(part, str):
        yield part


def test_each_size_of_the_default_company_has_the_colour_that_it_has_on_the_page() -> None:
    style_sheet = (PROJECT / "reporting" / "templates" / "page.css").read_text()
    colours = re.search(r"--s1: (#\w+); --s2: (#\w+);", style_sheet)
    assert colours
    assert DASHBOARD["metadata"]["label_colors"] == dict(zip(("small", "large"), colours.groups(), strict=True))


def test_a_chart_whose_axis_may_begin_above_zero_says_so() -> None:
    lines = [chart for chart in CHARTS.values() if "truncateYAxis" in chart["params"]]
    says_so = [chart["slice_name"].endswith(" (axis not from zero)") for chart in lines]
    assert says_so == [chart["params"]["truncateYAxis"] for chart in lines]
    assert set(says_so) == {True, False}


def test_the_tiles_and_the_lines_stand_below_one_another_as_wide_as_each_other() -> None:
    rows = {name: item for name, item in DASHBOARD["position"].items() if name.startswith("ROW-")}
    widths = [
        [DASHBOARD["position"][chart]["meta"]["width"] for chart in rows[name]["children"]]
        for name in ("ROW-tiles", "ROW-lines")
    ]
    assert widths == [[4, 4, 4]] * 2
    assert [
        sum(DASHBOARD["position"][chart]["meta"]["width"] for chart in row["children"]) for row in rows.values()
    ] == [12] * len(rows)


def test_the_dashboard_shows_each_chart_once_and_filters_by_size() -> None:
    placed = [item["meta"] for item in DASHBOARD["position"].values() if isinstance(item, dict) and "meta" in item]
    shown = {meta["uuid"]: meta["sliceName"] for meta in placed if "uuid" in meta}
    assert shown == {chart["uuid"]: chart["slice_name"] for chart in CHARTS.values()}
    (chosen,) = DASHBOARD["metadata"]["native_filter_configuration"]
    assert chosen["targets"] == [{"datasetUuid": DATASETS["monthly_kpis"]["uuid"], "column": {"name": "company_size"}}]


def test_the_connection_is_that_of_the_reader_and_tells_neither_password_nor_host() -> None:
    database = yaml.safe_load((FILES / "databases" / "saas-kpis.yaml").read_text())
    assert database["sqlalchemy_uri"] == "postgresql+psycopg2://bi_reader@/saas_kpis"
    assert {database["uuid"]} == {dataset["database_uuid"] for dataset in DATASETS.values()}
    allowed = [name for name, value in database.items() if name.startswith("allow_") and value]
    assert allowed == []


def test_the_compose_file_starts_superset_only_when_asked_and_on_this_machine_only() -> None:
    services = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]
    assert [name for name, service in services.items() if not service.get("profiles")] == ["postgres"]
    assert all(service.get("profiles", ["bi"]) == ["bi"] for service in services.values())
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_every_variable_of_the_compose_file_is_explained_and_none_has_a_secret() -> None:
    example = (PROJECT / "bi" / "superset" / "env.example").read_text()
    used = set(re.findall(r"\$\{(\w+)", (PROJECT / "docker-compose.yml").read_text()))
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == dict.fromkeys(used, "")
    assert ".env" in (PROJECT / ".gitignore").read_text().splitlines()
