"""A journal event as the record of a public topic: a CloudEvent in binary mode. Pure; None for what is not public.

``ce_id`` follows from what the event is, not from where it stands, so that it is the same in a journal that was filled anew.
"""
from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

from google.protobuf.message import DecodeError, Message

from opsledger.core.ports import RecordedEvent
from opsledger.proto.decisions.v1.decision_event_pb2 import DecisionEvent
from opsledger.proto.sla.v1.announcement_pb2 import Announcement
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.decisions.decisions import APPLICATION
from opsledger.services.exchange.topics import Topics
from opsledger.services.journal.recorder.naming import Naming
from opsledger.services.projections.announcing import ANNOUNCEMENT, kind_word
from opsledger.services.tickets.codec import TYPE_PREFIX, timestamp

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DECISIONS = Naming(APPLICATION)
_UNFINISHED = frozenset({"quality.evaluation.draft_saved"})
"""What an analyst has not submitted is nobody's business yet."""
_OF_THE_LIBRARY = frozenset({"timestamp", "originator_topic"})


class PublicRecord(NamedTuple):
    topic: str
    key: bytes
    headers: list[tuple[str, bytes]]
    value: bytes


def public_record(event: RecordedEvent, topics: Topics) -> PublicRecord | None:
    """Raises ValueError for a payload that is not what its type says."""
    try:
        if event.type.startswith(TYPE_PREFIX):
            return _ticket(event, topics.tickets.name)
        if event.type == ANNOUNCEMENT:
            return _announcement(event, topics.sla.name)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    if event.type.startswith(_DECISIONS.log):
        return _decision(event, topics)
    return None


def _ticket(event: RecordedEvent, topic: str) -> PublicRecord:
    message = TicketEvent.FromString(event.payload)
    message.DiscardUnknownFields()  # only what the public contract names leaves the house
    key = _ticket_key(message.tenant, message.source, message.ticket_id)
    return _record(event, topic, key, event.type, message)


def _announcement(event: RecordedEvent, topic: str) -> PublicRecord:
    message = Announcement.FromString(event.payload)
    message.DiscardUnknownFields()
    key = _ticket_key(message.tenant, message.source, message.ticket_id)
    return _record(event, topic, key, f"sla.v1.{kind_word(message.kind) or 'announcement'}", message)


def _decision(event: RecordedEvent, topics: Topics) -> PublicRecord | None:
    name = event.type.removeprefix(_DECISIONS.log)
    if name.startswith("quality.evaluation.") and name not in _UNFINISHED:
        topic = topics.evaluations.name
    elif name.startswith("coaching."):
        topic = topics.coaching.name
    else:
        return None
    fields = {name: value for name, value in json.loads(event.payload).items() if name not in _OF_THE_LIBRARY}
    message = DecisionEvent(
        event_id=_id(event), tenant=event.tenant, type=name, aggregate_id=str(UUID(bytes=event.stream_id)), version=event.version,
        occurred_at=timestamp(event.occurred_at_us), recorded_at=timestamp(event.recorded_at_us),
        data_json=json.dumps(fields, ensure_ascii=False, separators=(",", ":")),
    )
    return _record(event, topic, message.aggregate_id, name, message)


def _record(event: RecordedEvent, topic: str, key: str, type_: str, message: Message) -> PublicRecord:
    headers = {
        "ce_specversion": "1.0", "ce_id": _id(event), "ce_source": f"/opsledger/{quote(event.tenant, safe='')}",
        "ce_type": f"opsledger.{type_}", "ce_subject": key, "ce_time": _rfc3339(event.occurred_at_us),
        "ce_recordedtime": _rfc3339(event.recorded_at_us), "ce_position": str(event.position), "content-type": "application/protobuf",
    }
    # map fields have no order of their own: a fixed one makes what is sent twice equal to the byte
    value = message.SerializeToString(deterministic=True)
    return PublicRecord(topic, key.encode(), [(name, text.encode()) for name, text in headers.items()], value)


def _id(event: RecordedEvent) -> str:
    """Of a decision by its aggregate: its key says which request led to it, which another version may name otherwise."""
    if event.key and not event.type.startswith(_DECISIONS.log):
        return event.key.hex()
    return f"{event.stream_id.hex()}-{event.version}"


def _ticket_key(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)


def _rfc3339(at_us: int) -> str:
    return (_EPOCH + timedelta(microseconds=at_us)).isoformat(timespec="microseconds").replace("+00:00", "Z")
