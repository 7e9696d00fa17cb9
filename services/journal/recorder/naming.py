"""How an application's events stand in the journal.

    type                       stream                          version          payload
    es:APP:TOPIC               the aggregate's UUID            the event's      the event's state, as it is
    es.PURPOSE:APP:TOPIC       name16 of purpose, APP and id   the snapshot's   the snapshot's state, as it is
    es.tracking:APP            name16 of APP and upstream      notification id  the upstream application's name

APP is the application's name, percent-encoded, so that it has no colon. An aggregate whose id is a text has
``.named`` after the ``es`` or ``es.PURPOSE``: its stream is a name16 too, and before its state stands the id with its length.
"""
from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from urllib.parse import quote
from uuid import UUID

from eventsourcing.persistence import DataError, Notification, StoredEvent, Tracking

from opsledger.core.ports import NewEvent, RecordedEvent
from opsledger.core.tickets.identity import name16

EVENTS = "events"
"""The purpose whose events are in the notification log."""
SNAPSHOTS = "snapshots"
"""The library's name for the purpose of its snapshots."""
_LENGTH_BYTES = 2


def _prefix(purpose: str, named: bool, application: str) -> str:
    return f"es{'' if purpose == EVENTS else f'.{purpose}'}{'.named' if named else ''}:{quote(application, safe='')}:"


def log_of(type_: str) -> str:
    """What the events of one notification log have in common in their type; empty for events that are in none."""
    kind, _, rest = type_.partition(":")
    return f"es:{rest.partition(':')[0]}:" if kind in ("es", "es.named") and rest else ""


class Naming:
    """Stored events of one application and purpose to journal events and back."""

    def __init__(self, application: str, purpose: str = EVENTS) -> None:
        self._application = application
        self.purpose = purpose
        self._by_id = _prefix(purpose, False, application)
        self._by_name = _prefix(purpose, True, application)
        self._topics: dict[str, tuple[str, bool] | None] = {}
        self.log = _prefix(EVENTS, False, application)

    def stream_id(self, originator_id: UUID | str) -> bytes:
        if self.purpose == EVENTS and isinstance(originator_id, UUID):
            return originator_id.bytes
        return name16(f"es.{self.purpose}", self._application, str(originator_id))

    def new_event(self, stored: StoredEvent, tenant: str, occurred_at_us: int) -> NewEvent:
        """Raises DataError for an id that is too long."""
        originator_id, payload = stored.originator_id, stored.state
        if isinstance(originator_id, UUID):
            type_ = self._by_id + stored.topic
        else:
            type_ = self._by_name + stored.topic
            payload = _with_name(originator_id, payload)
        return NewEvent(self.stream_id(originator_id), type_, tenant, occurred_at_us, payload, version=stored.originator_version)

    def types(self, topics: Collection[str]) -> frozenset[str]:
        """Of the events with these topics."""
        return frozenset(prefix + topic for topic in topics for prefix in (self._by_id, self._by_name))

    def stored_event(self, originator_id: UUID | str, event: RecordedEvent) -> StoredEvent | None:
        """None when it is not this application's, or has another purpose."""
        known = self._topic(event.type)
        if known is None:
            return None
        topic, named = known
        return StoredEvent(originator_id, event.version, topic, _without_name(event.payload)[1] if named else event.payload)

    def notification(self, event: RecordedEvent) -> Notification:
        """Of an event in this application's log."""
        known = self._topic(event.type)
        assert known is not None
        topic, named = known
        originator_id: UUID | str
        if named:
            originator_id, state = _without_name(event.payload)
        else:
            originator_id, state = _uuid(event.stream_id), event.payload
        return Notification(originator_id, event.version, topic, state, event.position)

    def _topic(self, type_: str) -> tuple[str, bool] | None:
        """Topic, and whether the id is a text."""
        try:
            return self._topics[type_]
        except KeyError:
            for prefix, named in ((self._by_id, False), (self._by_name, True)):
                if type_.startswith(prefix):
                    return self._topics.setdefault(type_, (type_.removeprefix(prefix), named))
            return self._topics.setdefault(type_, None)

    def tracking_stream_id(self, upstream: str) -> bytes:
        return name16("es.tracking", self._application, upstream)

    def tracking_event(self, tracking: Tracking, tenant: str, occurred_at_us: int) -> NewEvent:
        upstream = tracking.application_name
        return NewEvent(
            self.tracking_stream_id(upstream), f"es.tracking:{quote(self._application, safe='')}", tenant, occurred_at_us,
            upstream.encode(), version=tracking.notification_id,
        )


@lru_cache(maxsize=1_024)  # neighbours in a log often are of one aggregate
def _uuid(stream_id: bytes) -> UUID:
    return UUID(bytes=stream_id)


def _with_name(name: str, state: bytes) -> bytes:
    data = name.encode()
    try:
        return len(data).to_bytes(_LENGTH_BYTES, "little") + data + state
    except OverflowError:
        raise DataError(f"originator id of {len(data)} bytes is too long") from None


def _without_name(payload: bytes) -> tuple[str, bytes]:
    end = _LENGTH_BYTES + int.from_bytes(payload[:_LENGTH_BYTES], "little")
    return payload[_LENGTH_BYTES:end].decode(), payload[end:]
