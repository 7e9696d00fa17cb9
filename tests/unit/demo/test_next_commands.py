"""The commands that the demo prints can be typed as they stand, whether or not its environment is activated."""
from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.services.demo.tour import command_name


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / ".venv" / "bin" / "opsledger"
    path.parent.mkdir(parents=True)
    path.touch(mode=0o755)
    return path


def test_given_its_folder_is_not_on_the_path_then_it_is_called_as_it_was(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert command_name(".venv/bin/opsledger") == ".venv/bin/opsledger"


def test_given_another_installation_comes_first_then_it_is_called_as_it_was(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = tmp_path / "opsledger"
    other.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command_name(str(script)) == str(script)


def test_given_the_shell_finds_it_then_its_name_is_enough(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(script.parent))
    assert command_name(str(script)) == "opsledger"
