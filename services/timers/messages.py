"""Clocks as Timer messages: from the read models' rows, and from a recomputed clock."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.core.sla.clock import Clock
from opsledger.core.sla.explain import Segment, SegmentState, describe
from opsledger.core.tickets.facts import TicketKey
from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.services.tickets.codec import timestamp
from opsledger.services.timers.measuring import Calendars, Measured

STATES = {
    "running": pb.TIMER_STATE_RUNNING, "paused": pb.TIMER_STATE_PAUSED, "met": pb.TIMER_STATE_MET,
    "breached": pb.TIMER_STATE_BREACHED, "cancelled": pb.TIMER_STATE_CANCELLED,
}
_SEGMENT_STATES = {
    SegmentState.RUNNING: pb.Segment.STATE_RUNNING, SegmentState.PAUSED: pb.Segment.STATE_PAUSED,
    SegmentState.OUTSIDE_HOURS: pb.Segment.STATE_OUTSIDE_HOURS,
}


class Owner(NamedTuple):
    """Whose clock it is."""

    ticket: TicketKey
    program: str
    group: str


def timer_of_row(row: Any, now_us: int, calendars: Calendars) -> pb.Timer:
    """``row``: of the table `clocks`, with its ticket's last change."""
    owner = Owner(TicketKey(row.tenant, row.source, row.ticket_id), row.program, row.group_name)
    return _timer(row, owner, now_us, calendars.measured(row, now_us))


def _timer(clock: Any, owner: Owner, now_us: int, measured: Measured) -> pb.Timer:
    """``clock``: a Clock, or a row that has its fields."""
    ticket, program, group = owner
    return pb.Timer(
        tenant=ticket.tenant, program=program, source=ticket.source, ticket_id=ticket.ticket_id,
        metric=clock.metric, cycle=clock.cycle, state=STATES[clock.state], late=_is_late(clock, now_us),
        group=group, agent=clock.agent, policy=clock.policy, rules_version=clock.rules_version, calendar=clock.calendar,
        tz_version=clock.tz_version, priority=clock.priority, target=duration(clock.target_us),
        started_at=timestamp(clock.started_at_us), due_at=instant(clock.due_at_us), promised=bool(clock.promised),
        ended_at=instant(clock.ended_at_us), elapsed=duration(measured.elapsed_us), paused=duration(measured.paused_us),
    )


def _is_late(clock: Any, now_us: int) -> bool:
    return clock.breached_at_us is not None or (clock.state == "running" and clock.due_at_us is not None and clock.due_at_us < now_us)


def explained_timer(clock: Clock, segments: Sequence[Segment], owner: Owner, now_us: int) -> pb.ExplainedTimer:
    return pb.ExplainedTimer(
        timer=_timer(clock, owner, now_us, Measured(clock.elapsed_us, clock.paused_us)),
        segments=[_segment(segment) for segment in segments],
        steps=[pb.LadderStep(name=name, at=timestamp(at_us)) for name, at_us in clock.steps],
    )


def _segment(segment: Segment) -> pb.Segment:
    opens_at_us, closes_at_us = segment.interval or (None, None)
    message = pb.Segment(
        state=_SEGMENT_STATES[segment.state], to=timestamp(segment.to_us), span=duration(segment.span_us),
        opens_at=instant(opens_at_us), closes_at=instant(closes_at_us),
        cause_event_id=segment.cause.event_id, cause=describe(segment.cause),
    )
    getattr(message, "from").CopyFrom(timestamp(segment.from_us))
    return message


def instant(at_us: int | None) -> Timestamp | None:
    """Unset for None."""
    return None if at_us is None else timestamp(at_us)


def duration(span_us: int) -> Duration:
    """Negative ones too: seconds and nanos of one sign, as protobuf wants it."""
    sign = -1 if span_us < 0 else 1
    seconds, us = divmod(abs(span_us), 1_000_000)
    return Duration(seconds=sign * seconds, nanos=sign * us * 1_000)
