"""Recorded events for people and other programs: payloads of known types as protobuf JSON, all others in base64."""
from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError, Message

from opsledger.core.ports import RecordedEvent
from opsledger.proto.sla.v1.announcement_pb2 import Announcement
from opsledger.proto.sla.v1.rules_pb2 import RulesPublished
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent

MESSAGES: Mapping[str, type[Message]] = {
    "tickets.v1.": TicketEvent, "sla.v1.announcement": Announcement, "sla.v1.rules_published": RulesPublished,
    "sla.v1.rules_shared": RulesPublished,
}
"""Begin of an event's type -> the message in its payload."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso_time(at_us: int) -> str:
    """ISO 8601 in UTC; the number itself when it lies outside the years 1 to 9999."""
    try:
        return (_EPOCH + timedelta(microseconds=at_us)).isoformat().replace("+00:00", "Z")
    except OverflowError:
        return str(at_us)


def readable(event: RecordedEvent) -> dict[str, Any]:
    """An event as a JSON object."""
    return {
        "position": event.position, "stream_id": event.stream_id.hex(), "version": event.version, "type": event.type,
        "tenant": event.tenant, "occurred_at": iso_time(event.occurred_at_us), "recorded_at": iso_time(event.recorded_at_us),
        "key": event.key.hex(), **_payload(event),
    }


def _payload(event: RecordedEvent) -> dict[str, Any]:
    for begin, message in MESSAGES.items():
        if event.type.startswith(begin):
            try:
                return {"event": MessageToDict(message.FromString(event.payload), preserving_proto_field_name=True)}
            except DecodeError:
                break
    return {"payload_base64": b64encode(event.payload).decode()}
