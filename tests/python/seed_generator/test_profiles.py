"""`profiles.yml` is read as dbt reads it: found in the same places, rendered the same, relative to the same folder."""

from pathlib import Path

import pytest
from dbt.cli.main import dbtRunner

from reporting.project import close_duckdb
from seed_generator.errors import InputError
from seed_generator.profiles import read_target, schema_prefix
from seed_generator.sinks.targets import target_sink
from warehouses import PROJECT

MINIMAL = "saas_kpis: {target: only, outputs: {only: {type: duckdb, path: here.duckdb}}}"


@pytest.fixture(autouse=True)
def _away_from_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def profiles_in(folder: Path, text: str = MINIMAL) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profiles.yml").write_text(text)
    return folder


def test_the_option_comes_before_the_variable_the_current_folder_and_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match=r"there is no profiles\.yml in .*elsewhere or .*\.dbt"):
        read_target()
    for place in ("home/.dbt", "elsewhere", "variable", "option"):
        profiles_in(tmp_path / place, MINIMAL.replace("only", place.replace("/", "_").replace(".", "_")))
        if place == "variable":
            monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path / place))
        option = tmp_path / place if place == "option" else None
        assert read_target(None, option).name == place.replace("/", "_").replace(".", "_")


def test_a_folder_that_was_named_and_has_no_profiles_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles_in(tmp_path / "elsewhere")
    with pytest.raises(InputError, match=r"there is no profiles\.yml in") as caught:
        read_target(None, tmp_path)
    assert caught.value.key == "profiles_dir"
    monkeypatch.setenv("DBT_PROFILES_DIR", str(tmp_path))
    with pytest.raises(InputError, match="DBT_PROFILES_DIR"):
        read_target()


def test_the_default_target_is_the_profile_s_and_the_variable_changes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_target(None, PROJECT).name == "duckdb"
    monkeypatch.setenv("DBT_TARGET", "postgres")
    assert read_target(None, PROJECT).name == "postgres"
    assert read_target("duckdb", PROJECT).name == "duckdb"


def test_an_unknown_target_is_named_with_those_there_are() -> None:
    with pytest.raises(InputError, match=r"^target must be one of duckdb, postgres, spark \(.*\), not snowflake"):
        read_target("snowflake", PROJECT)


def test_variables_and_their_defaults_are_rendered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
    saas_kpis:
      target: a
      outputs:
        a: {type: postgres, host: "{{ env_var('SOME_HOST') }}", port: "{{ env_var('SOME_PORT', '7') | as_number }}"}
    """
    folder = profiles_in(tmp_path / "option", text)
    with pytest.raises(InputError, match="SOME_HOST is not set"):
        read_target(None, folder)
    monkeypatch.setenv("SOME_HOST", "example")
    assert dict(read_target(None, folder).settings) == {"type": "postgres", "host": "example", "port": "7"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("saas_kpis: [", "is not YAML"),
        ("another: {}", "has no profile saas_kpis"),
        ("saas_kpis: {target: a}", "has no outputs"),
        ("saas_kpis: {target: a, outputs: {b: {type: duckdb}}}", "the default target, .* must be one of b .*, not a"),
        ("saas_kpis: {target: a, outputs: {a: 3}}", "has no type"),
        ("saas_kpis: {target: a, outputs: {a: {type: '{{ nothing }}'}}}", "can't be rendered"),
        ("saas_kpis: {target: a, outputs: {a: {type: '{{ broken'}}}", "can't be rendered"),
    ],
)
def test_a_wrong_file_is_told_in_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read_target(None, profiles_in(tmp_path / "option", text))
    assert "\n" not in str(caught.value)


def test_a_target_of_another_type_is_told_with_the_allowed_ones(tmp_path: Path) -> None:
    folder = profiles_in(tmp_path / "option", MINIMAL.replace("duckdb, path: here.duckdb", "snowflake"))
    with pytest.raises(InputError, match="is of type snowflake; allowed are duckdb, postgres, spark"):
        target_sink(read_target(None, folder))


@pytest.mark.parametrize("path", [":memory:", "md:warehouse"])
def test_a_warehouse_that_is_no_file_is_refused(monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setenv("DUCKDB_PATH", path)
    with pytest.raises(InputError, match="needs a file"):
        target_sink(read_target(None, PROJECT))


@pytest.mark.parametrize("prefix", ["Upper", "a-b", "1a", "a" * 40])
def test_a_prefix_that_is_no_plain_name_is_refused(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv("SCHEMA_PREFIX", prefix)
    with pytest.raises(InputError, match="SCHEMA_PREFIX"):
        schema_prefix()


another_folder = pytest.mark.slow("from another folder")


@pytest.mark.parametrize(
    "place",
    [
        "below the project",
        pytest.param("project", marks=another_folder),
        pytest.param("elsewhere", marks=another_folder),
    ],
)
def test_a_relative_path_is_the_same_file_to_dbt_and_to_the_seeding_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    project = profiles_in(tmp_path / "project", MINIMAL)
    (project / "dbt_project.yml").write_text(
        "{name: tiny, profile: saas_kpis, flags: {send_anonymous_usage_stats: false}}"
    )
    (project / "models").mkdir()
    (project / "models" / "one.sql").write_text("select 1 as one")
    where = {"project": project, "below the project": project / "models", "elsewhere": tmp_path / "elsewhere"}[place]
    monkeypatch.chdir(where)
    options = ["--profiles-dir", str(project), *(["--project-dir", str(project)] if place == "elsewhere" else [])]
    assert dbtRunner().invoke(["--quiet", "--log-level", "none", "run", *options]).success
    close_duckdb()
    (built,) = tmp_path.rglob("here.duckdb")
    assert target_sink(read_target(None, project)).description == f"only: {built}"
