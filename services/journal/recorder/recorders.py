"""The library's four recorders over a journal."""
from __future__ import annotations

import time
from collections.abc import Sequence
from threading import Event
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    IntegrityError,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Tracking,
    TrackingRecorder,
    WaitInterruptedError,
)

from opsledger.core.ports import Commit, Journal, NewEvent
from opsledger.core.tickets.identity import request_key
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.recorder.errors import TRANSLATED
from opsledger.services.journal.recorder.naming import EVENTS, SNAPSHOTS, Naming
from opsledger.services.journal.recorder.notifications import JournalSubscription, read_at, wait_for_more
from opsledger.services.journal.recorder.sharing import OpenJournal

TOPICS_SCANNED = 1_000
"""How many notifications are looked at together when only some topics are wanted."""
INTERRUPT_NOTICED_S = 0.1


class _JournalRecorder:
    def __init__(self, opened: OpenJournal, application: str = "", purpose: str = EVENTS) -> None:
        self.journal: Journal = opened.journal
        self._index = opened.notifications
        self._naming = Naming(application, purpose)

    def _record(
        self, stored_events: Sequence[StoredEvent], tracking: Tracking | None = None, *,
        request_id: str = "", named: bytes = b"", said: bytes = b"", tenant: str = "", occurred_at_us: int | None = None, **_: Any,
    ) -> list[int]:
        """Positions of the stored events, once they are durable."""
        at_us = wall_clock_us() if occurred_at_us is None else occurred_at_us
        events: list[NewEvent] = [self._naming.new_event(stored, tenant, at_us) for stored in stored_events]
        if events and said:
            events[-1] = events[-1]._replace(key=said)
        if tracking is not None:
            events.append(self._naming.tracking_event(tracking, tenant, at_us))
        if not events:
            return []
        with TRANSLATED:
            receipt = self.journal.append(Commit(events, named or (request_key(tenant, request_id) if request_id else b"")))
        if len(receipt.positions) != len(events):  # a repeated request, decided on another state than the first
            return []
        return list(receipt.positions[:len(stored_events)])


class JournalAggregateRecorder(_JournalRecorder, AggregateRecorder):
    """Streams of aggregates, or of their snapshots."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """A snapshot that comes after one of a later version is passed over: nobody would read it, and what it was taken of is recorded."""
        if self._naming.purpose != SNAPSHOTS:
            self._record(stored_events, **kwargs)
            return None
        wanted = list(stored_events)
        while True:
            try:
                self._record(wanted, **kwargs)
                return None
            except IntegrityError:
                newer = [stored for stored in wanted if not self._is_overtaken(stored)]
                if newer == wanted:
                    raise
                wanted = newer

    def _is_overtaken(self, snapshot: StoredEvent) -> bool:
        """There is a later one, and none of this version: that would be the same snapshot twice."""
        id, version = snapshot.originator_id, snapshot.originator_version
        found = self.select_events(id, gt=version - 1, desc=True, limit=1)
        return bool(found) and found[0].originator_version > version and not self.select_events(id, gt=version - 1, lte=version)

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, desc: bool = False, limit: int | None = None
    ) -> Sequence[StoredEvent]:
        naming = self._naming
        with TRANSLATED:
            events = self.journal.read_stream(naming.stream_id(originator_id), after=gt, up_to=lte, limit=limit, descending=desc)
        return [stored for event in events if (stored := naming.stored_event(originator_id, event)) is not None]


class JournalApplicationRecorder(JournalAggregateRecorder, ApplicationRecorder):
    """Streams of aggregates and the notification log of one application. A notification's id is its position in the journal."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        return self._record(stored_events, **kwargs)

    def select_notifications(
        self, start: int | None, limit: int, stop: int | None = None, topics: Sequence[str] = (), *, inclusive_of_start: bool = True
    ) -> Sequence[Notification]:
        first = 1 if start is None else start + (not inclusive_of_start)
        wanted = self._naming.types(topics)
        chosen: list[Notification] = []
        with TRANSLATED:
            while len(chosen) < limit:
                positions = self._index.between(self._naming.log, first, stop, TOPICS_SCANNED if wanted else limit - len(chosen))
                if not positions:
                    break
                events = read_at(self.journal, positions)
                chosen.extend(self._naming.notification(event) for event in events if not wanted or event.type in wanted)
                first = positions[-1] + 1
        return chosen[:limit]

    def max_notification_id(self) -> int | None:
        with TRANSLATED:
            return self._index.last(self._naming.log)

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> JournalSubscription:
        return JournalSubscription(self, gt, topics)


class JournalTrackingRecorder(_JournalRecorder, TrackingRecorder):
    """How far each upstream application was processed: the last version of a stream, so that it can only go up."""

    def insert_tracking(self, tracking: Tracking) -> None:
        self._record((), tracking)

    def max_tracking_id(self, application_name: str) -> int | None:
        with TRANSLATED:
            return self.journal.version(self._naming.tracking_stream_id(application_name))

    def wait(
        self, application_name: str, notification_id: int | None, timeout: float = 1.0, interrupt: Event | None = None
    ) -> None:
        """See the library. It waits for the journal instead of polling."""
        deadline_s = time.monotonic() + timeout
        while True:
            durable = self.journal.position
            if self.has_tracking_id(application_name, notification_id):
                return
            if interrupt is not None and interrupt.is_set():
                raise WaitInterruptedError
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0:
                raise TimeoutError(f"notification {notification_id} of {application_name!r} was not processed within {timeout} s")
            wait_for_more(self.journal, durable, remaining_s if interrupt is None else min(remaining_s, INTERRUPT_NOTICED_S))


class JournalProcessRecorder(JournalTrackingRecorder, JournalApplicationRecorder, ProcessRecorder):
    """Events and the tracking of what led to them, in one commit."""
