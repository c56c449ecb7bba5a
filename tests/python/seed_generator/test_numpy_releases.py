"""The frozen rows under other releases of numpy, each in a folder of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from golden import GOLDEN
from warehouses import PROJECT, seed_generator

# pyproject.toml says which release is the oldest; Python 3.13 has had wheels from 2.1 on.
OLDEST = "numpy==2.0.0" if sys.version_info < (3, 13) else "numpy==2.1.0"


@pytest.mark.slow("other releases than the one installed", keeps="test_golden.py")
@pytest.mark.parametrize("release", [OLDEST, "numpy"], ids=["oldest", "newest"])
def test_the_rows_are_the_frozen_ones_under_the_release(release: str, tmp_path: Path) -> None:
    packages, rows = tmp_path / "packages", str(tmp_path / "rows")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--only-binary=:all:", "--target", packages, release], check=True, timeout=300)
    environment = {"PYTHONPATH": f"{packages}{os.pathsep}{PROJECT}"}
    script = "import numpy; print(numpy.__file__, numpy.__version__)"
    used = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **environment}, capture_output=True, text=True, check=True
    ).stdout
    assert used.startswith(str(packages))
    assert used.split()[1] == release.partition("==")[2] or release == "numpy"
    loaded = seed_generator("--parquet", rows, "--quiet", environment=environment)
    assert (loaded.returncode, loaded.stderr) == (0, "")
    lines = seed_generator("--parquet", rows, "--checksum", "--quiet", environment=environment).stdout.splitlines()
    assert {name: digits for name, _, digits in (line.split() for line in lines)} == GOLDEN["the default"]
