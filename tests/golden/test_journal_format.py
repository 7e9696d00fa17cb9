"""The bytes in docs/journal-format.md, made by other means, against both codecs."""
from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from opsledger.core.ports import Commit, NewEvent, RecordedEvent
from opsledger.ext.journal import NO_HASH, Index, _codec, codec, decode_segment_header, encode_segment_header
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.mark import Mark, encode_mark
from opsledger.services.journal.planning import Placed
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.disk import Disk
from tests.kit.journals import Clock

DOCUMENT = (Path(__file__).parents[2] / "docs" / "journal-format.md").read_text()
AT_US = 1_700_000_000_000_000
STREAM, OTHER, KEY, REQUEST = bytes(range(16)), b"\xff" * 16, bytes(range(16, 32)), b"r" * 16
OPENED = NewEvent(STREAM, "tickets.v1.opened", "acme", AT_US, b"hello", KEY)
BARE = NewEvent(STREAM, "t", "", AT_US + 1, b"")
AHEAD = NewEvent(OTHER, "t", "acme", -1, b"x", version=7)


def golden(heading: str) -> bytes:
    [block] = re.findall(rf"### {heading}\n.*?```golden\n(.*?)```", DOCUMENT, re.DOTALL)
    return b"".join(bytes.fromhex(line.split()[0]) for line in block.splitlines())


SEGMENT_HEADER, DECISION, FACTS, MARK = map(golden, ("Segment header", "A decision", "Two facts", "The mark"))
CODECS = pytest.mark.parametrize("module", [_codec, codec], ids=["kernel", "twin"])


def test_segment_header() -> None:
    assert encode_segment_header(1, NO_HASH) == SEGMENT_HEADER
    assert decode_segment_header(SEGMENT_HEADER) == (1, NO_HASH)


@CODECS
def test_commits_are_written_so(module: ModuleType) -> None:
    decision, digest, _ = module.encode_commit([Placed(OPENED, 1, 0)], 1, AT_US + 500_000, 0, REQUEST, NO_HASH, 64)
    assert decision == DECISION
    assert digest == DECISION[-32:]
    facts, _, _ = module.encode_commit([Placed(BARE, 2, 1), Placed(AHEAD, 7, 0)], 2, AT_US + 600_000, 1, b"", digest, 64 + len(decision))
    assert facts == FACTS


@CODECS
def test_commits_are_read_so(module: ModuleType) -> None:
    found = module.scan(DECISION + FACTS, 64, 1, NO_HASH)
    assert (found.problem, found.commits, found.next_position, found.hash, found.durable) == (None, 2, 4, FACTS[-32:], 1)
    index = Index()
    assert index.add(found.entries) == 0
    assert (index.find(KEY), index.find(REQUEST), index.end_of(STREAM), index.end_of(OTHER)) == ((1, 1), (1, 1), (2, 2), (3, 7))
    first, second, third = module.decode_events(DECISION + FACTS, 64, index.offsets(1, 3), RecordedEvent._make)
    assert first == (1, STREAM, 1, "tickets.v1.opened", "acme", AT_US, AT_US + 500_000, KEY, b"hello")
    assert second == (2, STREAM, 2, "t", "", AT_US + 1, AT_US + 600_000, b"", b"")
    assert third == (3, OTHER, 7, "t", "acme", -1, AT_US + 600_000, b"", b"x")


def test_mark() -> None:
    assert encode_mark(Mark(3, FACTS[-32:])) == MARK


def test_a_journal_writes_these_files() -> None:
    disk, clock = Disk(), Clock(AT_US + 500_000)
    journal = SegmentJournal(disk, now_us=clock, limits=Limits())
    journal.append(Commit([OPENED], REQUEST))
    clock.at_us = AT_US + 600_000
    journal.append(Commit([BARE, AHEAD]))
    assert disk.contents()["00000000000000000001.segment"] == SEGMENT_HEADER + DECISION + FACTS
    assert disk.contents()["mark"] == MARK
    journal.close()


def test_a_journal_reads_these_files() -> None:
    journal = SegmentJournal(Disk({"00000000000000000001.segment": SEGMENT_HEADER + DECISION + FACTS, "mark": MARK}), read_only=True)
    assert [event.payload for event in journal.read()] == [b"hello", b"", b"x"]
