"""A segment journal that is closed and opened again in between says what a memory journal says that lives on."""
from __future__ import annotations

from enum import Enum

from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import VersionConflict
from opsledger.core.ports import Commit, Journal, Receipt
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.disk import Disk
from tests.kit.journals import Clock, event, name


class Reopen(Enum):
    WITH_CHECKPOINTS = "with checkpoints"
    BY_SCANNING = "by scanning"
    AFTER_THE_PROCESS_ENDED = "after the process ended"


commits = st.builds(
    lambda events, request: Commit(events, name(request) if request else b""),
    st.lists(st.builds(event, st.sampled_from("abc"), key=st.sampled_from(["", "w", "x", "y", "z"]),
                       version=st.none() | st.integers(0, 8), payload=st.binary(max_size=50)), max_size=4),
    st.sampled_from(["", "", "r", "s", "x"]),
)
steps = st.lists(commits | st.sampled_from(Reopen), max_size=20)


@given(steps)
def test_the_same_commits_give_the_same_answers_and_events(steps: list[Commit | Reopen]) -> None:
    disk, memory = Disk(), MemoryJournal(Clock())
    journal = _open(disk)
    for step in steps:
        if isinstance(step, Commit):
            assert _answer(journal, step) == _answer(memory, step)
            continue
        unclosed = disk.after_process_end()
        journal.close()
        disk = unclosed if step is Reopen.AFTER_THE_PROCESS_ENDED else disk.after_process_end()
        if step is Reopen.BY_SCANNING:
            for checkpoint in [file for file in disk.names() if file.endswith(".index")]:
                disk.remove(checkpoint)
        journal = _open(disk)
    assert list(journal.read()) == list(memory.read())
    for stream in map(name, "abc"):
        assert journal.version(stream) == memory.version(stream)
        for descending in (False, True):
            assert list(journal.read_stream(stream, after=1, limit=3, descending=descending)) == list(
                memory.read_stream(stream, after=1, limit=3, descending=descending))
    for key in map(name, "wxyzrs"):
        assert journal.position_of(key) == memory.position_of(key)
    assert list(SegmentJournal(disk, read_only=True).read()) == list(memory.read())
    journal.close()


def _open(disk: Disk) -> SegmentJournal:
    return SegmentJournal(disk, now_us=Clock(), limits=Limits(segment_bytes=500))


def _answer(journal: Journal, commit: Commit) -> Receipt | tuple[bytes, int, int]:
    try:
        return journal.append(commit)
    except VersionConflict as conflict:
        return conflict.stream_id, conflict.current, conflict.given
