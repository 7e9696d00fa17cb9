"""docs/calendars.md is true: every command in it prints what stands below it."""
from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.kit.command import run

ROOT = Path(__file__).parents[3]
EXAMPLES = re.findall(r"^    \$ opsledger (.+)\n    (.+)$", (ROOT / "docs" / "calendars.md").read_text(), re.MULTILINE)


@pytest.mark.parametrize(("command", "printed"), EXAMPLES)
def test_the_guide_is_true(monkeypatch: pytest.MonkeyPatch, command: str, printed: str) -> None:
    monkeypatch.chdir(ROOT)
    assert run(*shlex.split(command)) == (0, printed + "\n", "")


def test_it_has_examples() -> None:
    assert len(EXAMPLES) >= 4
