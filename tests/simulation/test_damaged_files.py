"""A small journal, cut and altered at every byte: what was acknowledged before the damage is there, a torn tail is cut, all other
damage is named with its position and never passed over."""
from __future__ import annotations

from struct import unpack_from
from typing import NamedTuple

import pytest

from opsledger.core.errors import JournalDamaged
from opsledger.core.ports import RecordedEvent
from opsledger.ext.journal import encode_commit
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.mark import read_mark
from opsledger.services.journal.recovery import recover
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.journal.verification import verify
from tests.kit.disk import Disk
from tests.kit.journals import Clock, decision, event, facts, name

Contents = dict[str, bytes]
FIRST, LAST = "00000000000000000001.segment", "00000000000000000005.segment"
SEGMENT_HEADER, COMMIT_HEADER, HASH = 64, 64, 32


def opened(contents: Contents, *, read_only: bool = False) -> SegmentJournal:
    return SegmentJournal(Disk(contents), now_us=Clock(), read_only=read_only, limits=Limits(segment_bytes=600))


def _write() -> Contents:
    disk = Disk()
    journal = SegmentJournal(disk, now_us=Clock(), limits=Limits(segment_bytes=600))
    journal.append(facts(event("a", key="1")))
    journal.append(facts(event("b", key="2", payload=b"two"), event("a", payload=b"")))
    journal.append(decision("r", event("a", version=7)))
    journal.append(facts(event("b", tenant="")))
    journal.append(decision("s", event("c"), event("a", payload=b"the last one")))
    journal.close()
    return disk.contents()


WHOLE = _write()
EVENTS: list[RecordedEvent] = list(opened(WHOLE, read_only=True).read())
SEGMENTS = {name: data for name, data in WHOLE.items() if name.endswith(".segment")}
SEGMENTS_AND_MARK = {name: data for name, data in WHOLE.items() if not name.endswith(".index")}


class Place(NamedTuple):
    """What a byte of a segment belongs to."""

    segment: str
    commit: int
    """Where the commit begins in the file."""
    commit_end: int
    commit_first: int
    """Its first position."""
    position: int
    """Of the event, or of the first one of the commit for its header and its hash."""
    frame: int
    """Where that begins."""


def _places(segment: str) -> list[Place]:
    """One for each byte after the segment header, read off the lengths in docs/journal-format.md."""
    data, places, at = SEGMENTS[segment], [], SEGMENT_HEADER
    while at < len(data):
        length, count, first = unpack_from("<IIQ", data, at + 8)
        end = at + COMMIT_HEADER + length + HASH
        own = Place(segment, at, end, first, first, at)
        places += [own] * COMMIT_HEADER
        frame = at + COMMIT_HEADER
        for position in range(first, first + count):
            [size] = unpack_from("<I", data, frame + 4)
            places += [own._replace(position=position, frame=frame)] * size
            frame += size
        places += [own] * HASH
        at = end
    return places


PLACES = {segment: _places(segment) for segment in SEGMENTS}


def altered(contents: Contents, segment: str, at: int) -> Contents:
    data = bytearray(contents[segment])
    data[at] ^= 0x10
    return {**contents, segment: bytes(data)}


def cut(contents: Contents, segment: str, at: int) -> Contents:
    return {**contents, segment: contents[segment][:at]}


def recovered_events(contents: Contents) -> list[RecordedEvent]:
    """All that a writer finds."""
    with opened(contents) as journal:
        return list(journal.read())


def readable_events(contents: Contents) -> tuple[list[RecordedEvent], JournalDamaged | None]:
    """All that a reader gets until the end or the damage."""
    journal, events = opened(contents, read_only=True), []
    try:
        while read := journal.read(len(events), 2):
            events += read
    except JournalDamaged as damage:
        return events, damage
    return events, None


def test_the_journal_is_as_this_test_takes_it() -> None:
    assert sorted(SEGMENTS) == [FIRST, LAST]
    assert len(EVENTS) == 7
    assert {place.commit_first for segment in SEGMENTS for place in PLACES[segment]} == {1, 2, 4, 5, 6}
    assert all(len(PLACES[segment]) == len(SEGMENTS[segment]) - SEGMENT_HEADER for segment in SEGMENTS)
    assert readable_events(WHOLE) == (EVENTS, None)


def test_without_mark_and_checkpoints_a_reader_sees_what_a_later_commit_proves_and_a_writer_all() -> None:
    assert readable_events(SEGMENTS) == (EVENTS[:5], None)
    assert recovered_events(SEGMENTS) == EVENTS


def test_an_end_that_nothing_proves_to_be_durable_is_a_torn_tail_and_cut() -> None:
    for at in range(len(SEGMENTS[LAST])):
        torn = cut(SEGMENTS, LAST, at)
        kept = sum(len({p.position for p in PLACES[LAST] if p.commit_first == first}) for first in (5, 6)
                   if all(p.commit_end <= at for p in PLACES[LAST] if p.commit_first == first))
        disk = Disk(torn)
        with SegmentJournal(disk, now_us=Clock(), limits=Limits(segment_bytes=600)) as journal:
            assert list(journal.read()) == EVENTS[:4 + kept], f"cut at byte {at}"
            assert journal.append(facts(event("new", key="new"))).positions == (5 + kept,)
        assert [e.payload for e in recovered_events(disk.contents())[4 + kept:]] == [b"{}"]
        assert verify(disk).damage is None
        assert verify(disk).tail is None


def test_an_end_that_the_mark_knows_is_never_cut() -> None:
    for at in range(len(SEGMENTS[LAST])):
        torn = cut(SEGMENTS_AND_MARK, LAST, at)
        with pytest.raises(JournalDamaged) as caught:
            opened(torn)
        whole = [p.commit_first for p in PLACES[LAST] if p.commit_end <= at]
        first_lost = 5 if not whole else 6
        assert (caught.value.position, caught.value.segment) == (first_lost, LAST), f"cut at byte {at}"
        events, damage = readable_events(torn)
        assert events == EVENTS[:first_lost - 1]
        assert damage is not None


def test_a_segment_that_another_follows_is_never_cut() -> None:
    for at in range(len(SEGMENTS[FIRST])):
        torn = cut(SEGMENTS, FIRST, at)
        with pytest.raises(JournalDamaged) as caught:
            opened(torn)
        before = max((p.commit_first for p in PLACES[FIRST] if p.commit <= at), default=1)
        expected = 5 if at == len(SEGMENTS[FIRST]) else before
        assert caught.value.position == expected, f"cut at byte {at}"
        assert readable_events(torn)[0] == EVENTS[:expected - 1]


@pytest.mark.parametrize("contents", [SEGMENTS, SEGMENTS_AND_MARK], ids=["without mark", "with mark"])
@pytest.mark.parametrize("segment", [FIRST, LAST])
def test_an_altered_byte_is_named_or_part_of_a_torn_tail(segment: str, contents: Contents) -> None:
    for number, place in enumerate(PLACES[segment]):
        at = SEGMENT_HEADER + number
        bad = altered(contents, segment, at)
        events, damage = readable_events(bad)
        checked = verify(Disk(bad))
        if place.commit_first == 6 and contents is SEGMENTS:  # nothing tells it from a write that was never acknowledged
            assert damage is checked.damage is None
            assert checked.tail == (segment, place.commit, place.commit_end - place.commit)
            assert recovered_events(bad) == EVENTS[:5]
        else:
            assert events == EVENTS[:place.commit_first - 1], f"byte {at}"
            with pytest.raises(JournalDamaged) as caught:
                opened(bad)
            for told in (caught.value, damage, checked.damage):
                assert told is not None
                assert (told.position, told.segment, told.offset) == (place.position, segment, place.frame), f"byte {at}"


def test_an_altered_segment_header_is_damage() -> None:
    for segment, first in ((FIRST, 1), (LAST, 5)):
        for at in range(SEGMENT_HEADER):
            with pytest.raises(JournalDamaged) as caught:
                opened(altered(SEGMENTS, segment, at))
            assert (caught.value.position, caught.value.segment, caught.value.offset) == (first, segment, 0)


def test_under_a_checkpoint_a_reader_gets_the_truth_or_an_error_and_verify_finds_all() -> None:
    for segment in SEGMENTS:
        for number, place in enumerate(PLACES[segment]):
            bad = altered(WHOLE, segment, SEGMENT_HEADER + number)
            events, damage = readable_events(bad)
            assert events == EVENTS[:len(events)]
            assert damage is not None or events == EVENTS
            told = verify(Disk(bad)).damage
            assert told is not None
            assert told.position == place.position


@pytest.mark.parametrize("suffix", [".index", "mark"])
def test_a_damaged_checkpoint_or_mark_is_ignored(suffix: str, caplog: pytest.LogCaptureFixture) -> None:
    for file in [file for file in WHOLE if file.endswith(suffix)]:
        for at in range(len(WHOLE[file])):
            for bad in (altered(WHOLE, file, at), cut(WHOLE, file, at)):
                caplog.clear()
                assert recovered_events(bad) == EVENTS
                assert "ignored" in caplog.text


@pytest.mark.parametrize("contents", [SEGMENTS, WHOLE], ids=["segments", "everything"])
def test_a_missing_segment_is_damage(contents: Contents) -> None:
    without_first = {file: data for file, data in contents.items() if file != FIRST}
    with pytest.raises(JournalDamaged) as caught:
        opened(without_first)
    assert caught.value.position == 1


def test_a_missing_last_segment_is_known_to_the_mark() -> None:
    without_last = {file: data for file, data in WHOLE.items() if file != LAST}
    with pytest.raises(JournalDamaged) as caught:
        opened(without_last)
    assert caught.value.position == 5
    assert readable_events(without_last)[0] == EVENTS[:4]
    with pytest.raises(JournalDamaged):
        opened({"mark": WHOLE["mark"]})


def test_bytes_behind_the_end_are_cut() -> None:
    for rest in (b"\0", b"CMT1", bytes(5000), SEGMENTS[LAST][SEGMENT_HEADER:SEGMENT_HEADER + 100]):
        assert recovered_events({**WHOLE, LAST: WHOLE[LAST] + rest}) == EVENTS


def test_a_segment_that_was_begun_but_not_written_is_removed() -> None:
    for begun in (b"", b"\0" * 10, bytes(64)):
        disk = Disk({**WHOLE, "00000000000000000008.segment": begun})
        with SegmentJournal(disk, now_us=Clock()) as journal:
            assert list(journal.read()) == EVENTS
            journal.append(facts(event()))
            assert journal.position == 8


def test_a_forged_commit_breaks_the_chain() -> None:
    """All its own checksums are right; the hash before it is not what its forger could keep."""
    place = next(p for p in PLACES[FIRST] if p.commit_first == 2)
    placed = [(event("b", key="2", payload=b"TWO"), 1, 0), (event("a", payload=b""), 2, 1)]
    forged, _, _ = encode_commit(placed, 2, EVENTS[1].recorded_at_us, 1, b"", bytes(32), place.commit)
    assert len(forged) == place.commit_end - place.commit
    data = WHOLE[FIRST][:place.commit] + forged + WHOLE[FIRST][place.commit_end:]
    told = verify(Disk({**WHOLE, FIRST: data})).damage
    assert told is not None
    assert (told.position, told.offset) == (2, place.commit)
    assert "hash" in told.text


def test_a_rewritten_end_is_known_to_the_mark() -> None:
    """Even with a right chain: the mark has the hash of the last commit."""
    place = PLACES[LAST][-1]
    before = SEGMENTS[LAST][place.commit - HASH:place.commit]
    placed = [(event("c"), 1, 0), (event("a", payload=b"the next one"), 8, 4)]
    forged, _, _ = encode_commit(placed, 6, EVENTS[5].recorded_at_us, 5, name("s"), before, place.commit)
    contents = {**SEGMENTS_AND_MARK, LAST: SEGMENTS[LAST][:place.commit] + forged}
    assert recover(Disk({**contents, "mark": b""})).damage is None
    told = verify(Disk(contents)).damage
    assert told is not None
    assert told.position == 7
    assert read_mark(Disk(contents)).position == 7
