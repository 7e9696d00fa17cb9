"""When a fact is malformed, the field that is wrong is named."""
from __future__ import annotations

from dataclasses import replace

import pytest

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

GOOD = TicketFact("acme", "voice", "zendesk", "1", "e1", 1_767_949_200_000_000, 0, Actor(ActorKind.AGENT, "a"), Reopened())


def wrong(fact: TicketFact) -> list[tuple[str, str]]:
    return [(v.field, v.reason) for v in violations(fact)]


def test_a_good_fact() -> None:
    assert wrong(GOOD) == []


@pytest.mark.parametrize("name", ["event_id", "tenant", "program", "source", "ticket_id"])
def test_names_are_required_bounded_and_printable(name: str) -> None:
    assert wrong(replace(GOOD, **{name: ""})) == [(name, "REQUIRED")]
    assert wrong(replace(GOOD, **{name: "x" * 200})) == []
    assert wrong(replace(GOOD, **{name: "x" * 201})) == [(name, "TOO_LONG")]
    assert wrong(replace(GOOD, **{name: "é" * 101})) == [(name, "TOO_LONG")], "the bound is in bytes"
    assert wrong(replace(GOOD, **{name: "a\nb"})) == [(name, "UNPRINTABLE")]


@pytest.mark.parametrize("at_us", [0, -1, 7_258_118_400_000_000])
def test_times_lie_between_1970_and_2200(at_us: int) -> None:
    assert wrong(replace(GOOD, occurred_at_us=at_us)) == [("occurred_at", "OUT_OF_RANGE")]


@pytest.mark.parametrize(("inner", "expected"), [
    (Opened(tags=("",)), [("opened.tags[0]", "REQUIRED")]),
    (Opened(attributes={"": "x"}), [("opened.attributes key", "REQUIRED")]),
    (Opened(attributes={"k": "x" * 2001}), [("opened.attributes['k']", "TOO_LONG")]),
    (Opened(priority="x" * 201), [("opened.priority", "TOO_LONG")]),
    (Assigned(), [("assigned", "EMPTY")]),
    (Classified(), [("classified", "EMPTY")]),
    (StatusChanged(Status.OPEN, "x" * 201), [("status_changed.source_status", "TOO_LONG")]),
    (StatusChanged(Status.OPEN, "", "x" * 2001), [("status_changed.reason", "TOO_LONG")]),
    (PriorityChanged("x" * 201), [("priority_changed.priority", "TOO_LONG")]),
    (DueSet(None, "lunch"), [("due_set.metric", "UNKNOWN")]),
    (Merged(""), [("merged.into_ticket_id", "REQUIRED")]),
    (Merged("1"), [("merged.into_ticket_id", "INVALID")]),
    (InteractionEnded("", Channel.CALL, True), [("interaction_ended.interaction_id", "REQUIRED")]),
    (InteractionEnded("i", Channel.CALL, True, hold_us=-1), [("interaction_ended.hold", "OUT_OF_RANGE")]),
    (FeedbackReceived(FeedbackKind.CSAT, 6, 1, 5), [("feedback_received.score", "OUT_OF_RANGE")]),
    (FeedbackReceived(FeedbackKind.CSAT, 5, 5, 5), [("feedback_received.scale_max", "OUT_OF_RANGE")]),
    (FeedbackReceived(FeedbackKind.NPS, float("nan"), 0, 10), [("feedback_received.score", "NOT_A_NUMBER")]),
])
def test_each_fact_has_its_own_bounds(inner: Fact, expected: list[tuple[str, str]]) -> None:
    assert wrong(replace(GOOD, fact=inner)) == expected


def test_a_private_comment_of_a_requester_is_what_happened() -> None:
    assert wrong(replace(GOOD, actor=Actor(ActorKind.REQUESTER), fact=Replied(public=False))) == []
