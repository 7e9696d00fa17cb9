"""From what a watch noted to a clock: elapsed, due, breach and the escalation ladder, by calendar arithmetic."""
from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter

from opsledger.core.errors import TargetUnreachable
from opsledger.core.sla.calendar import Calendar
from opsledger.core.sla.clock import Applied, Clock, ClockState, Span
from opsledger.core.sla.metrics.watch import End, Ending, Watch
from opsledger.core.sla.policy import Step, Target
from opsledger.core.tickets.state import TicketState


def measure(metric: str, watch: Watch, ticket: TicketState, seen_us: int) -> Clock | None:
    """The clock of a watch after the ticket's last fact; None when nothing was ever promised.

    ``seen_us``: up to when an open clock is measured, at or after the last fact.
    """
    if watch.target is None or watch.calendar is None:
        return None
    applied, target, calendar, end, promise_us = _in_force(watch, watch.target, watch.calendar)
    assert applied.target_us is not None
    spans = _spans(watch, seen_us if end is None else end.at_us)
    counted = _Measure(calendar, spans, watch.started_at_us, end, paused=not watch.marks[-1].running)
    due_at_us = counted.reached(applied.target_us) if promise_us is None else promise_us
    late = due_at_us is not None and due_at_us < (seen_us if end is None else end.at_us)
    steps = [
        (step.name, at_us) for step in target.escalation
        if (at_us := _step_us(counted, step, applied.target_us, promise_us)) is not None and (end is None or at_us < end.at_us)
    ]
    return Clock(
        metric, watch.cycle, watch.group, ticket.agent if end is None else end.agent,
        applied.policy, applied.rules_version, applied.calendar, applied.tz_version, applied.priority, applied.target_us,
        watch.started_at_us, _state(end, late=late, paused=counted.paused), due_at_us, promise_us is not None,
        None if end is None else end.at_us, None if end is None else end.cause, due_at_us if late else None,
        counted.elapsed_us, counted.paused_us,
        tuple(sorted(steps, key=itemgetter(1))), spans, tuple(watch.applied),
    )


def _in_force(watch: Watch, target: Target, calendar: Calendar) -> tuple[Applied, Target, Calendar, End | None, int | None]:
    """What it is judged by, its end, and the promised time. When the target was dropped, that was the end."""
    last = watch.applied[-1]
    if last.target_us is not None:
        return last, target, calendar, watch.end, watch.promise_us
    if watch.dropped is not None:
        return watch.dropped
    promised = next(applied for applied in reversed(watch.applied) if applied.target_us is not None)
    return promised, target, calendar, End(last.cause.occurred_at_us, Ending.CANCELLED, last.cause, ""), watch.promise_us


def _state(end: End | None, *, late: bool, paused: bool) -> ClockState:
    if end is None:
        return ClockState.PAUSED if paused else ClockState.RUNNING
    if end.ending is Ending.CANCELLED or (end.ending is Ending.DROPPED and not late):
        return ClockState.CANCELLED
    return ClockState.BREACHED if late else ClockState.MET


def _spans(watch: Watch, to_us: int) -> tuple[Span, ...]:
    ends_us = [mark.at_us for mark in watch.marks[1:]] + [to_us]
    return tuple(
        Span(mark.at_us, min(end_us, to_us), mark.running, mark.cause)
        for mark, end_us in zip(watch.marks, ends_us, strict=True) if mark.at_us < min(end_us, to_us)
    )


def _step_us(counted: _Measure, step: Step, target_us: int, promise_us: int | None) -> int | None:
    """When a step of the ladder is reached; never before the start."""
    if promise_us is None:
        return counted.reached(target_us + step.offset_us if step.percent is None else target_us * step.percent // 100)
    if step.percent is not None:
        return counted.later(counted.start_us, counted.calendar.elapsed_us(counted.start_us, promise_us) * step.percent // 100)
    at_us = counted.later(promise_us, step.offset_us)
    return None if at_us is None else max(counted.start_us, at_us)


class _Measure:
    """Spans under a calendar."""

    def __init__(self, calendar: Calendar, spans: tuple[Span, ...], start_us: int, end: End | None, *, paused: bool) -> None:
        self.calendar, self.start_us, self.paused = calendar, start_us, paused
        self._spans, self._end = spans, end
        self._open_us = [calendar.elapsed_us(span.from_us, span.to_us) for span in spans]
        self.elapsed_us = sum(us for span, us in zip(spans, self._open_us, strict=True) if span.running)
        self.paused_us = sum(self._open_us) - self.elapsed_us

    def reached(self, elapsed_us: int) -> int | None:
        """The first instant at which it shows this much, or at which it will if it runs on; None while it is paused before that."""
        if elapsed_us <= 0:
            return self.start_us
        for span, open_us in self._running():
            if elapsed_us <= open_us:
                return self.later(span.from_us, elapsed_us)
            elapsed_us -= open_us
        if self.paused and self._end is None:
            return None
        return self.later(self._spans[-1].to_us if self._spans else self.start_us, elapsed_us)

    def later(self, from_us: int, open_us: int) -> int | None:
        """None when the calendar does not open for so long any more."""
        try:
            return self.calendar.due_us(from_us, open_us)
        except TargetUnreachable:
            return None

    def _running(self) -> Iterator[tuple[Span, int]]:
        return ((span, us) for span, us in zip(self._spans, self._open_us, strict=True) if span.running)
