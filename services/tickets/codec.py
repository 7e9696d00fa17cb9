"""TicketEvent messages to ticket facts and back. The only place that knows both."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Channel,
    Classified,
    DueSet,
    Fact,
    FeedbackKind,
    FeedbackReceived,
    InteractionEnded,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.core.tickets.validation import violations
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent

_ACTORS = (None, ActorKind.AGENT, ActorKind.REQUESTER, ActorKind.SYSTEM)
_CHANNELS = (None, Channel.CALL, Channel.CHAT, Channel.EMAIL)
_FEEDBACK = (None, FeedbackKind.CSAT, FeedbackKind.NPS)
_STATUSES = (None, *Status)
_PUBLIC = (None, True, False)

TYPE_PREFIX = "tickets.v1."
"""A fact's type in the journal is this and the name of its oneof field: ``tickets.v1.status_changed``."""


def event_type(message: TicketEvent) -> str:
    return f"{TYPE_PREFIX}{message.WhichOneof('fact')}"


def timestamp_us(stamp: Timestamp) -> int:
    return stamp.seconds * 1_000_000 + stamp.nanos // 1_000


def timestamp(at_us: int) -> Timestamp:
    seconds, us = divmod(at_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=us * 1_000)


def _duration_us(span: Duration) -> int:
    return span.seconds * 1_000_000 + span.nanos // 1_000


def _duration(span_us: int) -> Duration:
    seconds, us = divmod(span_us, 1_000_000)
    return Duration(seconds=seconds, nanos=us * 1_000)


Faults: TypeAlias = list[FieldViolation]
_SOME_INSTANT_US = 1
"""Stands for an instant that cannot be read, in a fact that is not used but looked at for further faults."""


def _known(values: tuple[Any, ...], number: int, field: str, faults: Faults) -> Any:
    """The domain's word for an enum number. UNSPECIFIED and numbers of a later version are faults."""
    if 0 < number < len(values):
        return values[number]
    reason, text = ("REQUIRED", "must be set") if number == 0 else ("UNKNOWN", f"{number} is not a value of this version")
    faults.append(FieldViolation(field, reason, text))
    return values[1]


def _instant_us(stamp: Timestamp, field: str, faults: Faults) -> int:
    """Nanos that the protobuf specification does not allow are a fault: they would move the instant."""
    if 0 <= stamp.nanos < 1_000_000_000:
        return timestamp_us(stamp)
    faults.append(FieldViolation(field, "OUT_OF_RANGE", "nanos must lie between 0 and 999,999,999"))
    return _SOME_INSTANT_US


def decode(message: TicketEvent) -> TicketFact:
    """The fact that a message carries. Raises InvalidInput, with every fault, when it carries none, has unknown or missing enum values, or
    timestamps that are none.

    It does not check what core.tickets.validation checks.
    """
    faults: Faults = []
    fact = _decoded(message, faults)
    if faults:
        raise InvalidInput(*faults)
    return fact


def examine(message: TicketEvent) -> tuple[TicketFact, tuple[FieldViolation, ...]]:
    """The fact that a message carries, and everything that is wrong with it; the fact is not to be used then."""
    faults: Faults = []
    fact = _decoded(message, faults)
    return fact, (*faults, *violations(fact))


def _decoded(message: TicketEvent, faults: Faults) -> TicketFact:
    """With something in the place of what cannot be read."""
    case, actor, occurred_at_us = message.WhichOneof("fact"), message.actor, _SOME_INSTANT_US
    if message.HasField("occurred_at"):
        occurred_at_us = _instant_us(message.occurred_at, "occurred_at", faults)
    else:
        faults.append(FieldViolation("occurred_at", "REQUIRED", "must be set"))
    kind = _known(_ACTORS, actor.kind, "actor.kind", faults) if case == "replied" or actor.kind else ActorKind.SYSTEM
    if case is None:
        faults.append(FieldViolation("fact", "REQUIRED", "must carry one fact"))
    return TicketFact(
        message.tenant, message.program, message.source, message.ticket_id, message.event_id,
        occurred_at_us, message.sequence, Actor(kind, actor.id),
        Reopened() if case is None else _DECODERS[case](getattr(message, case), faults),
    )


def decode_bytes(data: bytes) -> TicketFact:
    """``decode`` of a recorded payload."""
    return decode(TicketEvent.FromString(data))


_DECODERS: dict[str, Callable[[Any, Faults], Fact]] = {
    "opened": lambda m, faults: Opened(
        m.channel, m.requester_id, _known(_STATUSES, m.status, "opened.status", faults) if m.status else Status.NEW,
        m.source_status, m.priority, m.group, m.agent, m.category, tuple(m.tags), dict(m.attributes),
    ),
    "assigned": lambda m, faults: Assigned(m.group if m.HasField("group") else None, m.agent if m.HasField("agent") else None),
    "status_changed": lambda m, faults: StatusChanged(
        _known(_STATUSES, m.status, "status_changed.status", faults), m.source_status, m.reason
    ),
    "priority_changed": lambda m, faults: PriorityChanged(m.priority),
    "classified": lambda m, faults: Classified(
        m.category if m.HasField("category") else None, tuple(m.tags.values) if m.HasField("tags") else None, dict(m.attributes)
    ),
    "replied": lambda m, faults: Replied(_known(_PUBLIC, m.visibility, "replied.visibility", faults), m.channel),
    "interaction_ended": lambda m, faults: InteractionEnded(
        m.interaction_id, _known(_CHANNELS, m.channel, "interaction_ended.channel", faults), m.answered, m.agent, m.group,
        _duration_us(m.queue_wait) if m.HasField("queue_wait") else None,
        _duration_us(m.talk), _duration_us(m.hold), _duration_us(m.wrap), m.recording_ref,
    ),
    "feedback_received": lambda m, faults: FeedbackReceived(
        _known(_FEEDBACK, m.kind, "feedback_received.kind", faults), m.score, m.scale_min, m.scale_max, m.agent,
        m.feedback_id,
    ),
    "due_set": lambda m, faults: DueSet(
        _instant_us(m.due_at, "due_set.due_at", faults) if m.HasField("due_at") else None, m.metric or "resolution"
    ),
    "merged": lambda m, faults: Merged(m.into_ticket_id),
    "reopened": lambda m, faults: Reopened(m.reason),
}


def encode(fact: TicketFact) -> TicketEvent:
    """The message of a fact; ``decode(encode(fact)) == fact``."""
    message = TicketEvent(
        event_id=fact.event_id, tenant=fact.tenant, program=fact.program, source=fact.source, ticket_id=fact.ticket_id,
        occurred_at=timestamp(fact.occurred_at_us), sequence=fact.sequence,
    )
    message.actor.kind = _ACTORS.index(fact.actor.kind)  # type: ignore[assignment]  # enum numbers are ints on the wire
    message.actor.id = fact.actor.id
    _fill(message, fact.fact)
    return message


def _fill(message: TicketEvent, fact: Fact) -> None:
    target: Any
    match fact:
        case Opened():
            target = message.opened
            target.SetInParent()
            for name in ("channel", "requester_id", "source_status", "priority", "group", "agent", "category"):
                setattr(target, name, getattr(fact, name))
            target.status = int(fact.status)
            target.tags.extend(fact.tags)
            target.attributes.update(fact.attributes)
        case Assigned(group, agent):
            target = message.assigned
            target.SetInParent()
            if group is not None:
                target.group = group
            if agent is not None:
                target.agent = agent
        case StatusChanged(status, source_status, reason):
            target = message.status_changed
            target.status, target.source_status, target.reason = int(status), source_status, reason
        case PriorityChanged(priority):
            message.priority_changed.SetInParent()
            message.priority_changed.priority = priority
        case Classified(category, tags, attributes):
            target = message.classified
            target.SetInParent()
            if category is not None:
                target.category = category
            if tags is not None:
                target.tags.SetInParent()
                target.tags.values.extend(tags)
            target.attributes.update(attributes)
        case Replied(public, channel):
            target = message.replied
            target.visibility, target.channel = _PUBLIC.index(public), channel
        case InteractionEnded():
            target = message.interaction_ended
            target.interaction_id, target.answered = fact.interaction_id, fact.answered
            target.channel = _CHANNELS.index(fact.channel)
            target.agent, target.group, target.recording_ref = fact.agent, fact.group, fact.recording_ref
            if fact.queue_wait_us is not None:
                target.queue_wait.CopyFrom(_duration(fact.queue_wait_us))
            for name in ("talk", "hold", "wrap"):
                if span_us := getattr(fact, f"{name}_us"):
                    getattr(target, name).CopyFrom(_duration(span_us))
        case FeedbackReceived():
            target = message.feedback_received
            target.kind = _FEEDBACK.index(fact.kind)
            target.score, target.scale_min, target.scale_max = fact.score, fact.scale_min, fact.scale_max
            target.agent, target.feedback_id = fact.agent, fact.feedback_id
        case DueSet(due_at_us, metric):
            message.due_set.metric = metric
            if due_at_us is not None:
                message.due_set.due_at.CopyFrom(timestamp(due_at_us))
        case Merged(into_ticket_id):
            message.merged.into_ticket_id = into_ticket_id
        case Reopened(reason):
            message.reopened.SetInParent()
            message.reopened.reason = reason
