"""Recorded announcements to rows."""
from __future__ import annotations

from opsledger.core.ports import RecordedEvent
from opsledger.proto.sla.v1.announcement_pb2 import Announcement
from opsledger.services.tickets.codec import timestamp_us

ANNOUNCEMENT = "sla.v1.announcement"
"""Type of the event whose payload is an Announcement message."""
_NUMBERS = {
    "warning": Announcement.KIND_WARNING, "breach": Announcement.KIND_BREACH, "retraction": Announcement.KIND_RETRACTION,
}
_WORDS = {int(number): word for word, number in _NUMBERS.items()}


def kind_word(number: int) -> str:
    """As it stands in the table: ``warning``; empty for none and for a kind of a later version."""
    return _WORDS.get(number, "")


def kind_number(word: str) -> Announcement.Kind:
    """The reverse of ``kind_word``."""
    return _NUMBERS.get(word, Announcement.KIND_UNSPECIFIED)


def announcement_row(event: RecordedEvent) -> tuple[object, ...]:
    """A row of the table `announcements`. Raises DecodeError for bytes that are no Announcement."""
    message = Announcement.FromString(event.payload)
    due_at_us = timestamp_us(message.due_at) if message.HasField("due_at") else None
    return (
        event.position, message.tenant, message.source, message.ticket_id, message.program, kind_word(message.kind),
        message.metric, message.cycle, message.policy, message.step, due_at_us, timestamp_us(message.at), kind_word(message.retracts),
    )
