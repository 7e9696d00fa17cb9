"""Why a clock shows what it shows: its time cut into segments, each with its cause, that sum exactly to elapsed and paused."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import get_args

from opsledger.core.sla.calendar import Calendar
from opsledger.core.sla.clock import Applied, Clock, Span
from opsledger.core.sla.rules import RuleBook
from opsledger.core.sla.zones import instant_us, local_time
from opsledger.core.tickets.facts import (
    Assigned,
    Classified,
    DueSet,
    Fact,
    Merged,
    Opened,
    PriorityChanged,
    Replied,
    StatusChanged,
    TicketFact,
)

FACT_KINDS: dict[type, str] = {
    kind: "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in kind.__name__).lstrip("_")
    for kind in get_args(Fact)
}
"""As they are called in a TicketEvent: ``status_changed``."""


class SegmentState(StrEnum):
    RUNNING = "running"
    """Counts as elapsed."""
    PAUSED = "paused"
    """Within opening hours; counts as paused."""
    OUTSIDE_HOURS = "outside_hours"
    """Counts as nothing, whether the clock ran or was paused."""


@dataclass(frozen=True, slots=True)
class Segment:
    from_us: int
    to_us: int
    state: SegmentState
    interval: tuple[int, int] | None
    """The opening interval it lies in, clipped to the local days around the segment; None outside hours."""
    cause: TicketFact
    """The fact since which the clock has been running or paused."""
    applied: Applied | None
    """What had been promised by then; None when a policy came later and counted from the original start."""

    @property
    def span_us(self) -> int:
        return self.to_us - self.from_us


def explain(clock: Clock, book: RuleBook) -> tuple[Segment, ...]:
    """The segments of a clock from its start to its end (or the last fact), without gaps.

    ``book`` is the one by which the clock was made. The durations of RUNNING segments sum to ``clock.elapsed_us``, of PAUSED ones to
    ``clock.paused_us``, of all to the time from start to end: an identity, not an approximation.
    """
    calendar = book.version(clock.rules_version).calendars[clock.calendar]
    return tuple(
        Segment(from_us, to_us, state, interval, span.cause, applied)
        for span in clock.spans
        for piece, applied in _by_promise(span, clock.applied)
        for from_us, to_us, state, interval in _by_hours(piece, calendar)
    )


def describe(fact: TicketFact) -> str:
    """A fact in few words, for people: ``status changed to on_hold by agent anna``."""
    match fact.fact:
        case StatusChanged(status):
            what = f" to {status.word}"
        case Opened() as opened:
            what = f" as {opened.status.word}"
        case PriorityChanged(priority):
            what = f" to {priority or 'none'}"
        case Assigned(group, agent):
            what = " to " + (" / ".join(filter(None, (group, agent))) or "nobody")
        case Classified(category):
            what = f" as {category}" if category else ""
        case Replied(public):
            what = " in public" if public else " in private"
        case DueSet(due_at_us):
            what = " to nothing" if due_at_us is None else ""
        case Merged(into_ticket_id):
            what = f" into {into_ticket_id}"
        case _:
            what = ""
    return f"{FACT_KINDS[type(fact.fact)].replace('_', ' ')}{what} by {' '.join(filter(None, (fact.actor.kind.value, fact.actor.id)))}"


def _by_promise(span: Span, applied: tuple[Applied, ...]) -> Iterator[tuple[Span, Applied | None]]:
    """Cut where another target was applied."""
    current: Applied | None = None
    from_us = span.from_us
    for promise in applied:
        at_us = promise.cause.occurred_at_us
        if at_us >= span.to_us:
            break
        if at_us > from_us:
            yield span._replace(from_us=from_us, to_us=at_us), current
            from_us = at_us
        current = promise
    yield span._replace(from_us=from_us), current


def _by_hours(span: Span, calendar: Calendar) -> Iterator[tuple[int, int, SegmentState, tuple[int, int] | None]]:
    """Cut where the calendar opens and closes."""
    inside = SegmentState.RUNNING if span.running else SegmentState.PAUSED
    at_us = span.from_us
    for interval in calendar.intervals(_midnight_us(span.from_us, calendar, 0), _midnight_us(span.to_us, calendar, 1)):
        from_us, to_us = max(interval[0], span.from_us), min(interval[1], span.to_us)
        if from_us >= to_us:
            continue
        if at_us < from_us:
            yield at_us, from_us, SegmentState.OUTSIDE_HOURS, None
        yield from_us, to_us, inside, interval
        at_us = to_us
    if at_us < span.to_us:
        yield at_us, span.to_us, SegmentState.OUTSIDE_HOURS, None


def _midnight_us(at_us: int, calendar: Calendar, days: int) -> int:
    day = local_time(at_us, calendar.time_zone).date() + timedelta(days=days)
    return instant_us(datetime.combine(day, datetime.min.time()), calendar.time_zone)
