"""The demo's folder is emptied when a demo starts, but not under one that runs."""
from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.core.errors import JournalLocked
from opsledger.services.demo.stage import MARK, stage
from opsledger.services.journal.segment import SegmentJournal


def test_the_folder_of_a_demo_that_runs_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / MARK).touch()
    with SegmentJournal.open(tmp_path / "journal"), pytest.raises(JournalLocked, match="another process writes"), stage(tmp_path, ""):
        pass
    assert (tmp_path / "journal" / "lock").exists()
