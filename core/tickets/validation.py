"""When a ticket fact is malformed. Only that: a fact that happened is never refused by a business rule."""
from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from opsledger.core.errors import FieldViolation
from opsledger.core.names import unfit
from opsledger.core.tickets.facts import (
    Assigned,
    Classified,
    DueSet,
    FeedbackReceived,
    InteractionEnded,
    Merged,
    Opened,
    Replied,
    TicketFact,
)

NAME_BYTES_MAX = 200
"""Names: ids, groups, agents, priorities, tags, keys."""
VALUE_BYTES_MAX = 2_000
"""Attribute values, reasons, references."""
TAGS_MAX = 200
ATTRIBUTES_MAX = 200
INSTANT_US_MIN = 0
"""1970-01-01: an older time is a source's way of saying that it has none."""
INSTANT_US_MAX = 7_258_118_400_000_000
"""2200-01-01."""
DURATION_US_MAX = 366 * 86_400_000_000

METRICS = ("first_reply", "next_reply", "periodic_update", "requester_wait", "agent_work", "resolution", "ownership", "closure")


def violations(fact: TicketFact) -> list[FieldViolation]:
    """What is wrong with it, field by field; empty when it can be recorded."""
    found: list[FieldViolation] = []
    for name in ("event_id", "tenant", "program", "source", "ticket_id"):
        found += check_name(name, getattr(fact, name), required=True)
    found += check_name("actor.id", fact.actor.id)
    found += check_instant("occurred_at", fact.occurred_at_us)
    found += _inner(fact)
    return found


def _inner(fact: TicketFact) -> Iterator[FieldViolation]:
    match fact.fact:
        case Opened() as opened:
            for name in ("channel", "requester_id", "source_status", "priority", "group", "agent", "category"):
                yield from check_name(f"opened.{name}", getattr(opened, name))
            yield from _tags("opened.tags", opened.tags)
            yield from _attributes("opened.attributes", opened.attributes)
        case Assigned(group, agent):
            if group is None and agent is None:
                yield FieldViolation("assigned", "EMPTY", "must name a group or an agent")
            yield from check_name("assigned.group", group or "")
            yield from check_name("assigned.agent", agent or "")
        case Classified(category, tags, attributes):
            if category is None and tags is None and not attributes:
                yield FieldViolation("classified", "EMPTY", "must carry a category, tags or attributes")
            yield from check_name("classified.category", category or "")
            yield from _tags("classified.tags", tags or ())
            yield from _attributes("classified.attributes", attributes)
        case Replied():
            pass  # also of a requester in private: it is what happened, and counts as private
        case InteractionEnded() as ended:
            yield from check_name("interaction_ended.interaction_id", ended.interaction_id, required=True)
            yield from check_name("interaction_ended.agent", ended.agent)
            yield from check_name("interaction_ended.group", ended.group)
            yield from _text("interaction_ended.recording_ref", ended.recording_ref)
            for name in ("queue_wait", "talk", "hold", "wrap"):
                if not 0 <= (getattr(ended, f"{name}_us") or 0) <= DURATION_US_MAX:
                    yield FieldViolation(f"interaction_ended.{name}", "OUT_OF_RANGE", "must lie between 0 and 366 days")
        case FeedbackReceived() as feedback:
            yield from check_name("feedback_received.agent", feedback.agent)
            yield from check_name("feedback_received.feedback_id", feedback.feedback_id)
            if not all(map(math.isfinite, (feedback.score, feedback.scale_min, feedback.scale_max))):
                yield FieldViolation("feedback_received.score", "NOT_A_NUMBER", "score and scale must be finite numbers")
            elif not feedback.scale_min < feedback.scale_max:
                yield FieldViolation("feedback_received.scale_max", "OUT_OF_RANGE", "must be greater than scale_min")
            elif not feedback.scale_min <= feedback.score <= feedback.scale_max:
                yield FieldViolation("feedback_received.score", "OUT_OF_RANGE", "must lie between scale_min and scale_max")
        case Merged(into_ticket_id):
            yield from check_name("merged.into_ticket_id", into_ticket_id, required=True)
            if into_ticket_id == fact.ticket_id:
                yield FieldViolation("merged.into_ticket_id", "INVALID", "a ticket cannot be merged into itself")
        case DueSet(due_at_us, metric):
            if metric not in METRICS:
                yield FieldViolation("due_set.metric", "UNKNOWN", f"must be one of {', '.join(METRICS)}")
            if due_at_us is not None:
                yield from check_instant("due_set.due_at", due_at_us)
        case inner:
            label, names, texts = _PLAIN[type(inner).__name__]
            for name in names:
                yield from check_name(f"{label}.{name}", getattr(inner, name))
            for name in texts:
                yield from _text(f"{label}.{name}", getattr(inner, name))


_PLAIN: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "StatusChanged": ("status_changed", ("source_status",), ("reason",)),
    "PriorityChanged": ("priority_changed", ("priority",), ()),
    "Reopened": ("reopened", (), ("reason",)),
}


def check_instant(field: str, at_us: int) -> Iterator[FieldViolation]:
    if not INSTANT_US_MIN < at_us < INSTANT_US_MAX:
        yield FieldViolation(field, "OUT_OF_RANGE", "must lie between 1970 and 2200")


def check_name(field: str, value: str, *, required: bool = False) -> Iterator[FieldViolation]:
    if not value:
        if required:
            yield FieldViolation(field, "REQUIRED", "must not be empty")
        return
    if len(value) * 4 > NAME_BYTES_MAX and len(value.encode()) > NAME_BYTES_MAX:
        yield FieldViolation(field, "TOO_LONG", f"must be at most {NAME_BYTES_MAX} bytes")
    if reason := unfit(value):
        yield FieldViolation(field, "UNPRINTABLE", reason)


def _text(field: str, value: str) -> Iterator[FieldViolation]:
    if len(value) * 4 > VALUE_BYTES_MAX and len(value.encode()) > VALUE_BYTES_MAX:
        yield FieldViolation(field, "TOO_LONG", f"must be at most {VALUE_BYTES_MAX} bytes")


def _tags(field: str, tags: tuple[str, ...]) -> Iterator[FieldViolation]:
    if len(tags) > TAGS_MAX:
        yield FieldViolation(field, "TOO_MANY", f"must be at most {TAGS_MAX}")
    for index, tag in enumerate(tags[:TAGS_MAX]):
        yield from check_name(f"{field}[{index}]", tag, required=True)


def _attributes(field: str, attributes: Mapping[str, str]) -> Iterator[FieldViolation]:
    if len(attributes) > ATTRIBUTES_MAX:
        yield FieldViolation(field, "TOO_MANY", f"must be at most {ATTRIBUTES_MAX}")
        return
    for key, value in attributes.items():
        yield from check_name(f"{field} key", key, required=True)
        yield from _text(f"{field}[{key!r}]", value)
