"""Events that came again under a known name with other content: kept for who asks, and told in the log.

Nothing of them is recorded, because the first stands; so this is what one node has seen since it was started.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterator
from threading import Lock
from typing import Any, NamedTuple

import structlog
from google.protobuf.message import Message

from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.journal.clock import SECOND_US, wall_clock_us

KEPT_MAX = 1_000
LINES_MAX, LINES_US = 20, 60 * SECOND_US
"""So many lines of the log in so long a time; then one that says how many more there were."""
UNKNOWN = "a field of a later version"
log = structlog.get_logger(__name__)


class Differing(NamedTuple):
    """An event that is not recorded."""

    event: TicketEvent
    position: int
    """Of the one that stands under its name."""
    fields: tuple[str, ...]
    """Where they differ: ``opened.priority``."""
    place: str
    """Where it came from, when that is not a caller who was told: a record of a topic."""
    at_us: int


class DifferingEvents:
    """Thread-safe."""

    def __init__(self, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._now_us = now_us
        self._lock = Lock()
        self._kept: deque[Differing] = deque(maxlen=KEPT_MAX)
        self._begin_us, self._lines, self._untold = 0, 0, 0

    def note(self, event: bytes, first: bytes, position: int, place: str = "") -> None:
        again, stands = TicketEvent.FromString(event), TicketEvent.FromString(first)
        found = Differing(again, position, tuple(differing_fields(stands, again)) or (UNKNOWN,), place, self._now_us())
        with self._lock:
            self._kept.appendleft(found)
            told = self._may_tell(found.at_us)
        if told:
            log.warning(
                "an event came again with other content and is not recorded", tenant=again.tenant, source=again.source,
                event_id=again.event_id, ticket=again.ticket_id, first=position, fields=", ".join(found.fields), place=place,
            )

    def latest(self, tenants: Container[str]) -> list[Differing]:
        """The newest first."""
        with self._lock:
            return [each for each in self._kept if each.event.tenant in tenants]

    def _may_tell(self, at_us: int) -> bool:
        if not self._begin_us <= at_us < self._begin_us + LINES_US:
            if self._untold:
                log.warning("more events came again with other content", events=self._untold)
            self._begin_us, self._lines, self._untold = at_us, 0, 0
        self._lines += 1
        self._untold += self._lines > LINES_MAX
        return self._lines <= LINES_MAX


def differing_fields(first: Message, again: Message, path: str = "") -> Iterator[str]:
    """The paths of the known fields in which two messages of one kind differ."""
    for field in first.DESCRIPTOR.fields:
        one, other = getattr(first, field.name), getattr(again, field.name)
        if _said(first, field) == _said(again, field) and one == other:
            continue
        is_plain = field.message_type is None or field.is_repeated or field.message_type.full_name.startswith("google.")
        if is_plain or _said(first, field) != _said(again, field):
            yield f"{path}{field.name}"
        else:
            yield from differing_fields(one, other, f"{path}{field.name}.")


def _said(message: Message, field: Any) -> bool:
    return not field.has_presence or message.HasField(field.name)
