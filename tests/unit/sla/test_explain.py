"""The segments of a clock have a cause each and sum exactly."""
from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings

from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.explain import FACT_KINDS, SegmentState, describe, explain
from opsledger.core.tickets.facts import (
    Assigned,
    Classified,
    DueSet,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from tests.kit.sla import AGENT, HOUR_US, REQUESTER, ROBOT, at, clocks, policy, shown, time_us
from tests.kit.sla_histories import books, histories


@settings(max_examples=80, deadline=None)
@given(histories(), books())
def test_they_sum_exactly(history: list[TicketFact], book) -> None:  # type: ignore[no-untyped-def]  # a RuleBook
    for clock in run_clocks(history, book):
        segments = explain(clock, book)
        assert sum(segment.span_us for segment in segments if segment.state is SegmentState.RUNNING) == clock.elapsed_us
        assert sum(segment.span_us for segment in segments if segment.state is SegmentState.PAUSED) == clock.paused_us
        assert all(segment.span_us > 0 for segment in segments)
        assert all(before.to_us == after.from_us for before, after in pairwise(segments))
        end_us = history[-1].occurred_at_us if clock.ended_at_us is None else clock.ended_at_us
        assert [segments[0].from_us, segments[-1].to_us] == [clock.started_at_us, end_us] if segments else clock.started_at_us == end_us
        for segment in segments:
            assert segment.cause in history
            assert (segment.interval is None) == (segment.state is SegmentState.OUTSIDE_HOURS)
            if segment.interval is not None:
                assert segment.interval[0] <= segment.from_us < segment.to_us <= segment.interval[1]


def test_each_says_what_caused_it_and_what_was_promised_by_then() -> None:
    book = policy("resolution: {P1: 2h, default: 6h}", calendar="desk")
    facts = [
        at("thu 15:00", Opened(), REQUESTER), at("thu 15:30", StatusChanged(Status.ON_HOLD)), at("thu 16:00", PriorityChanged("P1"), ROBOT),
        at("thu 16:30", StatusChanged(Status.OPEN)), at("fri 10:15", StatusChanged(Status.RESOLVED)),
    ]
    clock = clocks(book, facts)["resolution", 1]
    assert [
        (shown(segment.from_us), segment.state.value, describe(segment.cause), (segment.applied.target_us or 0) // HOUR_US)
        for segment in explain(clock, book) if segment.applied is not None
    ] == [
        ("thu 15:00", "running", "opened as new by requester r-1", 6),
        ("thu 15:30", "paused", "status changed to on_hold by agent anna", 6),
        ("thu 16:00", "paused", "status changed to on_hold by agent anna", 2),
        ("thu 16:30", "running", "status changed to open by agent anna", 2),
        ("thu 18:00", "outside_hours", "status changed to open by agent anna", 2),
        ("fri 10:00", "running", "status changed to open by agent anna", 2),
    ]
    assert clock.ended_by == facts[-1]


def test_before_a_late_policy_nothing_had_been_promised() -> None:
    book = policy("resolution: {P1: 2h}")
    facts = [at("thu 15:00", Opened()), at("thu 16:00", PriorityChanged("P1")), at("thu 17:00", StatusChanged(Status.RESOLVED))]
    first, second = explain(clocks(book, facts)["resolution", 1], book)
    assert (first.applied, shown(first.to_us), second.applied is None) == (None, "thu 16:00", False)


def test_facts_in_few_words() -> None:
    described = [describe(at("thu 15:00", fact, AGENT)) for fact in (
        Assigned("tier-1", "bert"), Assigned(""), Classified("order"), Classified(tags=("vip",)), Replied(False),
        DueSet(time_us("fri 10:00")), DueSet(None), Merged("2"), Reopened(),
    )]
    assert described == [f"{words} by agent anna" for words in (
        "assigned to tier-1 / bert", "assigned to nobody", "classified as order", "classified", "replied in private", "due set",
        "due set to nothing", "merged into 2", "reopened",
    )]


def test_fact_kinds_are_called_as_on_the_wire() -> None:
    assert set(FACT_KINDS.values()) == {field.name for field in TicketEvent.DESCRIPTOR.oneofs_by_name["fact"].fields}
