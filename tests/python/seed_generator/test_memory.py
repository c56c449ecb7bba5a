"""Memory does not grow with the rows; `make bench` measures it on every target at a hundred million of them."""

import os
import subprocess
import sys
from pathlib import Path

from warehouses import PROJECT

MEGABYTE = 1024  # in what Linux counts


def peak(folder: Path, months: int) -> int:
    """Of a load of that many months, in kilobytes."""
    options = ["--companies", "60000", "--months", str(months), "--workers", "1", "--quiet"]
    command = [sys.executable, "-m", "seed_generator", "--parquet", str(folder / str(months)), *options]
    with subprocess.Popen(command, cwd=PROJECT) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


def stored(folder: Path) -> int:
    """The bytes of what was loaded."""
    return sum(file.stat().st_size for file in (folder / "raw").rglob("*.parquet"))


def test_six_times_the_rows_take_no_more_memory(tmp_path: Path) -> None:
    few, many = peak(tmp_path, 2), peak(tmp_path, 40)
    assert stored(tmp_path / "40") > 6 * stored(tmp_path / "2")
    assert many < few + 25 * MEGABYTE
