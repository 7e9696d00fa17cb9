"""The segments of a clock have a cause each and sum exactly."""
from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.core.sla.calendar import ALWAYS
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.explain import FACT_KINDS, SegmentState, describe, explain
from opsledger.core.sla.rules import WEEKDAYS, RuleBook, parse_rules
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
from opsledger.core.tickets.order import in_order
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from tests.kit.sla import AGENT, HOUR_US, REQUESTER, ROBOT, at, clocks, policy, shown, time_us
from tests.kit.sla_histories import books, histories


@settings(max_examples=80, deadline=None)
@given(histories(), books())
def test_they_sum_exactly(history: list[TicketFact], book: RuleBook) -> None:
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


@pytest.mark.parametrize(("zone", "hours", "around"), [
    ("America/Sao_Paulo", "always", "2015-10-18"),  # midnight is skipped
    ("Europe/Paris", ["00:00-24:00"], "2019-10-27"),
    ("Asia/Tehran", ["08:00-13:00", "14:00-24:00"], "2015-09-22"),
    ("Pacific/Apia", ["09:00-17:00"], "2011-12-30"),  # a day that does not exist
])
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_they_sum_exactly_where_clocks_are_changed(zone: str, hours: str | list[str], around: str, data: st.DataObject) -> None:
    week = hours if isinstance(hours, str) else dict.fromkeys(WEEKDAYS, hours)
    book = RuleBook([(0, 1, parse_rules({
        "time_zone": zone, "calendars": {"desk": {"time_zone": zone, "hours": week}},
        "policies": [{"name": "all", "calendar": "desk", "reopen": "resume", "targets": {"resolution": "8h"}}],
    }))])
    middle_us = ALWAYS.instant_us(around)
    times_us = sorted(data.draw(st.lists(st.integers(middle_us - 4 * 24 * HOUR_US, middle_us + 4 * 24 * HOUR_US), min_size=2, max_size=8)))
    statuses = [Status.ON_HOLD, Status.OPEN] * 4
    facts = [at(times_us[0], Opened()), *(at(us, StatusChanged(status)) for us, status in zip(times_us[1:], statuses, strict=False))]
    (clock,) = run_clocks(in_order(facts), book)
    segments = explain(clock, book)
    assert sum(segment.span_us for segment in segments if segment.state is SegmentState.RUNNING) == clock.elapsed_us
    assert sum(segment.span_us for segment in segments if segment.state is SegmentState.PAUSED) == clock.paused_us
    assert sum(segment.span_us for segment in segments) == times_us[-1] - times_us[0]


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
