"""A real process writes to a real folder and is killed with SIGKILL; what it acknowledged is there."""
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from opsledger.core.errors import JournalLocked
from opsledger.services.journal.segment import SegmentJournal

WRITER = """
import sys
from pathlib import Path
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.journals import event, facts

journal = SegmentJournal.open(Path(sys.argv[1]), limits=Limits(segment_bytes=20_000))
round_ = sys.argv[2]
print("open", flush=True)
while True:
    waiting = [journal.submit(facts(event(key=f"{round_}/{i}"), event("other"))) for i in range(journal.position, journal.position + 10)]
    for answer in waiting:
        print(*answer.result().positions, flush=True)
"""
ROOT = Path(__file__).parents[2]


def test_acknowledged_events_survive(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for round_ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "journal"), str(round_)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout
        assert writer.stdout.readline() == "open\n"
        for _ in range(150):
            acknowledged += map(int, writer.stdout.readline().split())
        with pytest.raises(JournalLocked):
            SegmentJournal.open(tmp_path / "journal")
        with SegmentJournal.open(tmp_path / "journal", read_only=True) as reader:
            assert reader.position >= max(acknowledged)
        writer.kill()
        rest = writer.stdout.read()  # all but a line that may be torn
        acknowledged += [int(word) for line in rest.split("\n")[:-1] for word in line.split()]
        writer.wait()
        with SegmentJournal.open(tmp_path / "journal") as journal:
            assert journal.position >= max(acknowledged)
            events = [event for first in range(0, journal.position, 1000) for event in journal.read(first, 1000)]
        assert [event.position for event in events] == list(range(1, len(events) + 1))
    assert sorted(set(acknowledged)) == sorted(acknowledged)
