"""Bars on a terminal."""
from __future__ import annotations

import io

import pytest
from rich.console import Console as Terminal

from opsledger.services.cli import progress


def test_a_step_that_is_done_ends_at_a_hundred_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: Terminal(file=screen, force_terminal=True, width=80))
    with progress.progress_steps() as show:
        show("reading", 40, 100)
        show("recording", 7, None)
    assert screen.getvalue().count("100%") >= 2


