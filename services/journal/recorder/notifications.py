"""The notification logs within a journal: where each application's events stand, and how to follow them."""
from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from eventsourcing.persistence import Notification, OperationalError, Subscription

from opsledger.core.ports import Journal, RecordedEvent
from opsledger.services.journal.recorder.naming import log_of

if TYPE_CHECKING:
    from opsledger.services.journal.recorder.recorders import JournalApplicationRecorder

READ_EVENTS = 4_096
SELECT_NOTIFICATIONS = 500
STOP_NOTICED_S = 0.1


class NotificationIndex:
    """Positions of every notification log of a journal. It reads the journal once, from the start, when first asked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = Lock()
        self._seen = 0
        self._logs: dict[str, str] = {}
        self._positions: dict[str, array[int]] = {}

    def last(self, log: str) -> int | None:
        with self._lock:
            positions = self._caught_up(log)
            return positions[-1] if positions else None

    def between(self, log: str, first: int, last: int | None, limit: int) -> array[int]:
        """The first ``limit`` positions of a log with first <= position <= last, ascending."""
        with self._lock:
            positions = self._caught_up(log)
            start = bisect_left(positions, first)
            end = start + max(limit, 0)
            return positions[start:end if last is None else bisect_left(positions, last + 1, start, max(start, min(end, len(positions))))]

    def _caught_up(self, log: str) -> array[int]:
        while events := self._journal.read(self._seen, READ_EVENTS):
            for event in events:
                known = self._logs.get(event.type)
                if known is None:
                    known = self._logs[event.type] = log_of(event.type)
                if known:
                    self._positions.setdefault(known, array("q")).append(event.position)
            self._seen = events[-1].position
        return self._positions.get(log, array("q"))


def read_at(journal: Journal, positions: Sequence[int]) -> Iterator[RecordedEvent]:
    """The events at these ascending positions; what stands side by side is read at once."""
    index = 0
    while index < len(positions):
        first = positions[index]
        length = 1
        while index + length < len(positions) and positions[index + length] == first + length:
            length += 1
        events = journal.read(first - 1, length)
        yield from events
        index += len(events)


def wait_for_more(journal: Journal, position: int, timeout_s: float) -> None:
    """Until there is an event beyond a position, or the time is over. Raises OperationalError when the journal has ended: it does
    not wait any more then, and who asked again would ask for ever."""
    start_s = monotonic()
    if not journal.wait_beyond(position, timeout_s) and monotonic() - start_s < timeout_s / 2:
        raise OperationalError("the journal was closed or has stopped: nothing more will come")


class JournalSubscription(Subscription["JournalApplicationRecorder"]):
    """Yields what was recorded, then waits for more, in the thread that iterates. Raises OperationalError when the journal is closed."""

    def __init__(self, recorder: JournalApplicationRecorder, gt: int | None = None, topics: Sequence[str] = ()) -> None:
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._after = gt or 0
        self._pending: deque[Notification] = deque()

    def __next__(self) -> Notification:
        while not self._has_been_stopped:
            if self._pending:
                return self._pending.popleft()
            durable = self._recorder.journal.position
            notifications = self._recorder.select_notifications(
                self._after, SELECT_NOTIFICATIONS, topics=self._topics, inclusive_of_start=False
            )
            self._pending.extend(notifications)
            if len(notifications) == SELECT_NOTIFICATIONS:
                self._after = notifications[-1].id
            else:
                self._after = max(self._after, durable, notifications[-1].id if notifications else 0)
            if not notifications:
                wait_for_more(self._recorder.journal, self._after, STOP_NOTICED_S)
        raise StopIteration
