"""The reading half of every journal whose events lie in segment files of this machine."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from threading import Condition

from opsledger.core.errors import JournalStopped
from opsledger.core.ports import RecordedEvent
from opsledger.services.journal.recovery import Recovered
from opsledger.services.journal.segment_reader import SegmentReader


class SegmentReading:
    """The methods of opsledger.core.ports.Journal that read. A journal derives it, and says when its segments have grown
    (``_grown``) and when nobody should wait for that any more (``_ended``)."""

    def __init__(self, recovered: Recovered, read_bytes: int) -> None:
        self._changed = Condition()
        self._closed = False
        self._index, self._damage = recovered.index, recovered.damage
        self._position = recovered.position
        self._reader = SegmentReader(self._index, recovered.segments, read_bytes)

    @property
    def _ended(self) -> bool:
        return self._closed

    def _grown(self) -> None:
        with self._changed:
            self._position = self._index.events
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def _end_reading(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def position(self) -> int:
        return self._position

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        self._check_open()
        first, last = max(after, 0) + 1, min(max(after, 0) + limit, self._position)
        if first > self._position and limit > 0 and self._damage:
            raise self._damage
        return self._reader.read(first, last)

    def read_stream(
        self, stream_id: bytes, *, after: int | None = None, up_to: int | None = None, limit: int | None = None, descending: bool = False
    ) -> Sequence[RecordedEvent]:
        self._check_open()
        end = self._index.end_of(stream_id)
        if end is None or (limit is not None and limit <= 0):
            return []
        backwards = self._reader.read_stream(end[0], after, up_to)
        if descending:
            return list(islice(backwards, limit))
        return list(backwards)[::-1][:limit]

    def version(self, stream_id: bytes) -> int | None:
        self._check_open()
        end = self._index.end_of(stream_id)
        return end[1] if end else None

    def position_of(self, key: bytes) -> int | None:
        self._check_open()
        found = self._index.find(key)
        return found[0] if found else None

    def wait_beyond(self, position: int, timeout_s: float | None = None) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._position > position or self._ended, timeout_s)
            return self._position > position

    def _check_open(self) -> None:
        if self._closed:
            raise JournalStopped("the journal is closed")
