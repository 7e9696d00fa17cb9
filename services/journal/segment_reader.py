"""Reads events back from the segments by position and by stream."""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from opsledger.core.errors import JournalDamaged
from opsledger.core.ports import RecordedEvent
from opsledger.ext.journal import BadFrame, Index, decode_events, previous_in_stream
from opsledger.services.journal.segment_file import Segment


class SegmentReader:
    """Thread-safe: it reads only what is durable and in the index, which never changes."""

    def __init__(self, index: Index, segments: Sequence[Segment], read_bytes: int) -> None:
        self._index, self._segments, self._read_bytes = index, segments, read_bytes

    def read(self, first: int, last: int) -> list[RecordedEvent]:
        """Events at positions first to last, which exist; fewer, but one at least, when they are many bytes."""
        events: list[RecordedEvent] = []
        room = self._read_bytes
        while first <= last and room > 0:
            segment, segment_last = self._segment_of(first)
            until = min(last, segment_last)
            offsets = self._index.offsets(first, until)
            size = self._end(segment, until) - offsets[0]
            if size > room:
                kept = max(bisect_right(offsets, offsets[0] + room) - 1, 1)
                offsets, until = offsets[:kept], first + kept - 1
                size = self._end(segment, until) - offsets[0]
            data = _bytes(segment, size, offsets[0], first)
            try:
                events += decode_events(data, offsets[0], offsets, RecordedEvent._make)
            except BadFrame as error:
                return self._before(error, first, events, segment, data, list(offsets))
            first, room = until + 1, room - size
        return events

    def _before(
        self, error: BadFrame, first: int, events: list[RecordedEvent], segment: Segment, data: bytes, offsets: list[int],
    ) -> list[RecordedEvent]:
        """What stands before a damaged frame; raises JournalDamaged when nothing does."""
        good = offsets.index(error.offset)
        events += decode_events(data, offsets[0], offsets[:good], RecordedEvent._make)
        if not events:
            raise JournalDamaged(error.text, position=first + good, segment=segment.name, offset=error.offset)
        return events

    def read_stream(self, last: int, after: int | None, up_to: int | None) -> Iterator[RecordedEvent]:
        """Backwards from the position of the stream's last event, along the links."""
        position = last
        while position:
            segment, _ = self._segment_of(position)
            [offset] = self._index.offsets(position, position)
            data = _bytes(segment, self._end(segment, position) - offset, offset, position)
            try:
                [event] = decode_events(data, offset, (offset,), RecordedEvent._make)
            except BadFrame as error:
                raise JournalDamaged(error.text, position=position, segment=segment.name, offset=error.offset) from None
            if after is not None and event.version <= after:
                return
            if up_to is None or event.version <= up_to:
                yield event
            position = previous_in_stream(data, 0)

    def _segment_of(self, position: int) -> tuple[Segment, int]:
        """The segment of a position and the last position in it."""
        number = bisect_right(self._segments, position, key=lambda segment: segment.first_position)
        following = self._segments[number].first_position - 1 if number < len(self._segments) else self._index.events
        return self._segments[number - 1], following

    def _end(self, segment: Segment, position: int) -> int:
        """An offset of the segment's file by which the frame at a position has ended."""
        following = self._index.offsets(position + 1, position + 1)
        # The next position may be in another segment, whose offsets say nothing here.
        return following[0] if following and self._segment_of(position + 1)[0] is segment else segment.end


def _bytes(segment: Segment, size: int, offset: int, position: int) -> bytes:
    """Raises JournalDamaged when the disk cannot read them."""
    try:
        return segment.file.read(size, offset)
    except OSError as error:
        raise JournalDamaged(f"the disk cannot read it: {error}", position=position, segment=segment.name, offset=offset) from error
