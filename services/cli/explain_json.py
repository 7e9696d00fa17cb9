"""Clocks and their segments as JSON; docs/sla.md lists the keys.

Times are ISO 8601 in the program's zone, and microseconds since 1970 UTC in ``*_us``.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opsledger.core.sla.calendar import Calendar
from opsledger.core.sla.clock import Applied, Clock, ClockState
from opsledger.core.sla.explain import FACT_KINDS, Segment, SegmentState, describe, explain
from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.remarks import remarks


class ExplanationWriter:
    def __init__(self, book: RuleBook, zone: Calendar) -> None:
        """``zone`` is a calendar in the program's time zone."""
        self._book, self._zone = book, zone

    def ticket(self, ticket: TicketKey, facts: Sequence[TicketFact], clocks: Sequence[Clock]) -> dict[str, Any]:
        return {
            "tenant": ticket.tenant, "program": facts[-1].program, "source": ticket.source, "ticket_id": ticket.ticket_id,
            "facts": len(facts), "clocks": [self.clock(clock) for clock in clocks],
            "remarks": [{"text": remark.text, "cause": self._fact(remark.fact)} for remark in remarks(facts)],
        }

    def clock(self, clock: Clock) -> dict[str, Any]:
        fulfilled = clock.state in (ClockState.MET, ClockState.BREACHED) and not clock.is_dropped
        return {
            "metric": clock.metric, "cycle": clock.cycle, "group": clock.group, "agent": clock.agent, "state": clock.state.value,
            "policy": clock.policy, "rules_version": clock.rules_version, "calendar": clock.calendar, "tz_version": clock.tz_version,
            "priority": clock.priority, **_span("target", clock.target_us), "promised": clock.promised,
            **self._time("started", clock.started_at_us),
            **self._time("due", clock.due_at_us),
            **self._time("fulfilled", clock.ended_at_us if fulfilled else None),
            **self._time("cancelled", None if fulfilled else clock.ended_at_us),
            **self._time("breached", clock.breached_at_us),
            **_span("elapsed", clock.elapsed_us), **_span("paused", clock.paused_us),
            "ended_by": None if clock.ended_by is None else self._fact(clock.ended_by),
            "steps": [{"step": name, **self._time("at", at_us)} for name, at_us in clock.steps],
            "applied": [self._applied(applied) for applied in clock.applied],
            "segments": [self._segment(segment) for segment in explain(clock, self._book)],
        }

    def _segment(self, segment: Segment) -> dict[str, Any]:
        interval = segment.interval
        return {
            "state": segment.state.value, **self._time("from", segment.from_us), **self._time("to", segment.to_us),
            **_span("span", segment.span_us),
            "elapsed_us": segment.span_us if segment.state is SegmentState.RUNNING else 0,
            "paused_us": segment.span_us if segment.state is SegmentState.PAUSED else 0,
            "interval": None if interval is None else {**self._time("from", interval[0]), **self._time("to", interval[1])},
            "policy": None if segment.applied is None else segment.applied.policy,
            "target_us": None if segment.applied is None else segment.applied.target_us,
            "cause": self._fact(segment.cause),
        }

    def _applied(self, applied: Applied) -> dict[str, Any]:
        return {
            **self._time("at", applied.cause.occurred_at_us), "policy": applied.policy, "rules_version": applied.rules_version,
            "calendar": applied.calendar, "tz_version": applied.tz_version, "priority": applied.priority,
            **_span("target", applied.target_us), "cause": self._fact(applied.cause),
        }

    def _fact(self, fact: TicketFact) -> dict[str, Any]:
        return {
            "event_id": fact.event_id, "fact": FACT_KINDS[type(fact.fact)], **self._time("at", fact.occurred_at_us),
            "actor": {"kind": fact.actor.kind.value, "id": fact.actor.id}, "text": describe(fact),
        }

    def _time(self, name: str, at_us: int | None) -> dict[str, Any]:
        return {name: None if at_us is None else self._zone.text(at_us), f"{name}_us": at_us}


def _span(name: str, span_us: int | None) -> dict[str, Any]:
    seconds = None if span_us is None else span_us / 1_000_000 if span_us % 1_000_000 else span_us // 1_000_000
    return {f"{name}_s": seconds, f"{name}_us": span_us}
