"""Commands over a journal that refuses: what is raised is ours, so that it has its status and its advice."""
from __future__ import annotations

import errno
from pathlib import Path

import pytest

from opsledger.core.errors import JournalStopped
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.segment import SegmentJournal
from tests.integration.test_decisions import NOW_US, Tally
from tests.kit.disk import Disk


def test_a_journal_that_stopped_is_named_as_such(tmp_path: Path) -> None:
    disk = Disk()
    journal = SegmentJournal(disk)
    decisions = Decisions(journal, tmp_path / "journal", lambda: NOW_US)

    def begin(request_id: str) -> object:
        return decisions.create(Tally, Request("acme", request_id), make=lambda: Tally(tenant="acme"))

    begin("first")

    def fail(act: str, name: str) -> None:
        if act == "sync" and name.endswith(".segment"):
            raise OSError(errno.EIO, "Input/output error")

    disk.before = fail
    with pytest.raises(JournalStopped, match="Input/output error"):
        begin("second")
    decisions.close()
    journal.close()
