"""The installed package: what the wheel contains, and the pytest fixture in another project."""

import re
import site
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from warehouses import PROJECT

PAGE = PROJECT / "docs" / "use" / "testing.md"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder))
    subprocess.run(command, cwd=PROJECT, capture_output=True, check=True)
    (wheel,) = folder.glob("saas_kpis-*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of an environment that has the wheel, and what it depends on from the environment of the tests."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-index")
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path in such a file brings the packages there, but not this project, which is installed as a link.
    (packages / "others.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    return python


def test_the_wheel_has_two_packages_with_their_types_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as files:
        names = files.namelist()
    assert {name.partition("/")[0] for name in names if ".dist-info/" not in name} == {"saas_kpis", "seed_generator"}
    assert {"saas_kpis/py.typed", "seed_generator/py.typed"} <= set(names)


def test_the_installed_package_works_away_from_the_project_and_says_where_the_dbt_project_is(
    python: Path, tmp_path: Path
) -> None:
    program = """
import saas_kpis
print(saas_kpis.__file__)
print(saas_kpis.simulate(companies=20).sessions.to_arrow().num_rows > 0)
print(saas_kpis.__doc__)
"""
    done = subprocess.run([str(python), "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    file, made, described = done.stdout.split("\n", 2)
    assert Path(file).is_relative_to(python.parents[1])
    assert made == "True"
    where = "`profiles.yml` are in the repository that it was built from, and in its source distribution"
    assert where in " ".join(described.split())
    command = (str(python), "-m", "seed_generator", "--csv", "tables", "--companies", "20", "--quiet")
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == 0
    assert (tmp_path / "tables" / "raw" / "sessions.csv").exists()


FIXTURE = """
import pyarrow
import pytest

def test_one(saas_company):
    company = saas_company(20, months=2)
    assert company.tables["raw.companies"].num_rows == 20
    assert company is saas_company(companies=20, months=2)
    assert company is not saas_company(companies=20, months=2, faults={"duplicate_sessions": 0.5})
    assert isinstance(company.tables["truth.monthly_kpis"], pyarrow.Table)

def test_other(saas_company):
    company = saas_company(20, months=2)
    with company.connect() as connection:
        for name, table in company.tables.items():
            assert connection.sql(f"select count(*) from {name}").fetchall() == [(table.num_rows,)]
        with pytest.raises(Exception, match="read-only"):
            connection.execute("drop table raw.sessions")
    assert company.simulation.scenario.months == 2
"""


def test_the_fixture_works_in_somebody_s_project_and_the_page_s_tests_see_a_wrong_definition(
    python: Path, tmp_path: Path
) -> None:
    shown = dict(re.findall(r"```python\n# (\S+)\n(.+?)```", PAGE.read_text(), re.DOTALL))
    (tmp_path / "our_kpis.py").write_text(shown["our_kpis.py"])
    (tmp_path / "test_our_kpis.py").write_text(shown["test_our_kpis.py"])
    (tmp_path / "wrong_kpis.py").write_text(shown["our_kpis.py"].replace("count(distinct session_id)", "count(*)"))
    (tmp_path / "test_wrong_kpis.py").write_text(shown["test_our_kpis.py"].replace("our_kpis", "wrong_kpis"))
    (tmp_path / "test_fixture.py").write_text(FIXTURE)
    command = (str(python), "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rf")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "FAILED test_wrong_kpis.py::test_a_session_that_came_twice_counts_once" in done.stdout, done.stdout
    assert "1 failed, 9 passed" in done.stdout
