"""A journal in memory, for tests and simulation: nothing survives, and every commit is carried out at once."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Condition

from opsledger.core.errors import InvalidInput, JournalStopped, VersionConflict
from opsledger.core.ports import Commit, Receipt, RecordedEvent
from opsledger.services.journal.bounds import check
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.planning import Found, Placed, StreamEnd, plan
from opsledger.services.journal.recorded_at import RecordedAt


class MemoryJournal:
    """See opsledger.core.ports.Journal. It has no queue, so it is never overloaded."""

    def __init__(self, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._recorded_at = RecordedAt(now_us, 0)
        self._changed = Condition()
        self._events: list[RecordedEvent] = []
        self._streams: dict[bytes, list[int]] = {}
        self._keys: dict[bytes, Found] = {}
        self._ends: dict[bytes, StreamEnd] = {}
        self._closed = False

    def submit(self, commit: Commit) -> Future[Receipt]:
        answer: Future[Receipt] = Future()
        with self._changed:
            try:
                self._check_open()
                check(commit)
                answer.set_result(self._carry_out(commit))
            except (InvalidInput, VersionConflict, JournalStopped) as error:
                answer.set_exception(error)
        return answer

    def append(self, commit: Commit) -> Receipt:
        return self.submit(commit).result()

    def _carry_out(self, commit: Commit) -> Receipt:
        planned = plan(commit, self, len(self._events) + 1)
        if planned.placed:
            self._recorded_at()
            for placed in planned.placed:
                self._record(placed)
            self._keys.update(planned.keys)
            self._ends.update(planned.ends)
            self._changed.notify_all()
        return planned.receipt

    def _record(self, placed: Placed) -> None:
        event, position = placed.event, len(self._events) + 1
        self._events.append(RecordedEvent(
            position, event.stream_id, placed.version, event.type, event.tenant, event.occurred_at_us, self._recorded_at.last_us,
            event.key, event.payload,
        ))
        self._streams.setdefault(event.stream_id, []).append(position)

    def find(self, key: bytes) -> Found | None:
        return self._keys.get(key)

    def end_of(self, stream_id: bytes) -> StreamEnd | None:
        return self._ends.get(stream_id)

    @property
    def position(self) -> int:
        return len(self._events)

    def read(self, after: int = 0, limit: int = 1000) -> Sequence[RecordedEvent]:
        with self._changed:
            self._check_open()
            return self._events[max(after, 0): max(after, 0) + max(limit, 0)]

    def read_stream(
        self, stream_id: bytes, *, after: int | None = None, up_to: int | None = None, limit: int | None = None, descending: bool = False
    ) -> Sequence[RecordedEvent]:
        with self._changed:
            self._check_open()
            events = [self._events[position - 1] for position in self._streams.get(stream_id, ())]
        if descending:
            events.reverse()
        chosen = [
            event for event in events
            if (after is None or event.version > after) and (up_to is None or event.version <= up_to)
        ]
        return chosen if limit is None else chosen[:max(limit, 0)]

    def version(self, stream_id: bytes) -> int | None:
        with self._changed:
            self._check_open()
            end = self._ends.get(stream_id)
            return end[1] if end else None

    def position_of(self, key: bytes) -> int | None:
        with self._changed:
            self._check_open()
            found = self._keys.get(key)
            return found[0] if found else None

    def wait_beyond(self, position: int, timeout_s: float | None = None) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._events) > position, timeout_s)
            return len(self._events) > position

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise JournalStopped("the journal is closed")
