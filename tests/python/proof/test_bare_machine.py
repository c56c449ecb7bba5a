"""What the bare machine takes along of the caller's, and what it leaves alone; that it is green is seen by hand."""

import os
from pathlib import Path

import pytest

import bare_machine
from warehouses import PROJECT


def test_it_runs_the_first_commands_of_the_readme() -> None:
    quick_start = (PROJECT / "README.md").read_text().partition("## Quick start")[2]
    shown = [line.removeprefix("$ ") for line in quick_start.splitlines() if line.startswith("$ ")]
    assert tuple(shown[:2]) == bare_machine.README


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert bare_machine.main([]) == 2
    assert capsys.readouterr().err == "error: only root can make a machine in a folder; run this with sudo.\n"


def test_a_program_that_is_missing_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bare_machine.main([]) == 2
    assert capsys.readouterr().err.startswith("error: there is no debootstrap here;")


def test_files_that_settings_name_are_lent_each_once_and_an_index_with_what_is_beside_it(tmp_path: Path) -> None:
    wheels, index = tmp_path / "wheels", tmp_path / "index" / "simple"
    for folder in (wheels, index):
        folder.mkdir(parents=True)
    (wheels / "one.whl").touch()
    values = [f"https://host/simple\n{wheels}", f"file://{index}", str(wheels / "one.whl"), "/missing", "60", "/"]
    assert bare_machine._lent(values) == [index.parent, wheels]


def test_the_caller_s_way_to_the_registries_is_taken_along_and_nothing_else() -> None:
    ours = {"PIP_INDEX_URL": "a", "https_proxy": "b", "NO_PROXY": "c", "SSL_CERT_FILE": "d"}
    others = {"PIP_CONFIG_FILE": "e", "HOME": "f", "LANG": "g", "PGHOST": "h"}
    assert bare_machine._taken_along(ours | others) == ours


def test_a_folder_in_which_something_is_mounted_is_not_removed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    machine = tmp_path / "machine"
    (machine / "proc").mkdir(parents=True)
    mounts = f"1 2 0:1 / / rw - ext4 disk rw\n3 1 0:2 / {machine}/proc rw - proc proc rw\n"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_text", lambda _: mounts)
        bare_machine._remove(machine)
    assert f"{machine} was not removed" in capsys.readouterr().err
    assert (machine / "proc").is_dir()
    bare_machine._remove(machine)
    assert not machine.exists()
