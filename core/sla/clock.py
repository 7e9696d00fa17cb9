"""A clock as its readers see it: one cycle of one metric of one ticket."""
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from opsledger.core.tickets.facts import TicketFact


class ClockState(StrEnum):
    """By the facts alone. A clock is open while it is running or paused; it may be past its due time then (``breached_at_us``)."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    """Ended at or before its due time."""
    BREACHED = "breached"
    """Ended after its due time; or no target holds for it any more, and its policy keeps the breach of before."""
    CANCELLED = "cancelled"
    """Ended without a result: the ticket was merged, or no target holds for it any more."""


class Span(NamedTuple):
    """A stretch of time in which the clock ran or was paused, and the fact that began it."""

    from_us: int
    to_us: int
    running: bool
    cause: TicketFact


class Applied(NamedTuple):
    """A target as it was applied to the clock, and the fact at which that happened."""

    cause: TicketFact
    policy: str
    """Empty when no policy matches."""
    rules_version: int
    """0 when no rules are in force."""
    calendar: str
    tz_version: str
    priority: str
    target_us: int | None
    """None: from here on nothing is promised."""


@dataclass(frozen=True, slots=True)
class Clock:
    metric: str
    cycle: int
    """From 1 per metric, by start. A cycle for which no policy ever had a target has no clock; its number stays free."""
    group: str
    """Whose ownership is measured; empty for the other metrics."""
    agent: str
    """Who ended it by a reply, else who had the ticket at its end, or has it now; empty when nobody, or a robot by a reply."""
    policy: str
    rules_version: int
    calendar: str
    tz_version: str
    priority: str
    target_us: int
    started_at_us: int
    state: ClockState
    due_at_us: int | None
    """When elapsed reaches the target, or the promised time. None while it cannot be known: paused before it was reached.
    A clock that ended in a pause is due as if it had run on from its end."""
    promised: bool
    """The due time is one that a person set (``due_set``): pauses and targets do not move it."""
    ended_at_us: int | None
    ended_by: TicketFact | None
    breached_at_us: int | None
    """The due time, when the clock ended later or a later fact of the ticket is known. Also of an open or cancelled clock."""
    elapsed_us: int
    """Business time in which it ran, until its end or the last fact."""
    paused_us: int
    """Business time in which it was paused. Elapsed and paused together are the business time from start to end."""
    steps: tuple[tuple[str, int], ...]
    """Names and instants of the escalation ladder, by time. Of an ended clock those before its end, of a paused one those
    already reached (around a promised time all are known)."""
    spans: tuple[Span, ...]
    """Without gaps from start to end (or the last fact), none empty, alternately running and paused."""
    applied: tuple[Applied, ...]
    """What was in force, in order. The last target counts from the start."""

    @property
    def is_dropped(self) -> bool:
        """No target holds for it any more; that was its end."""
        return self.applied[-1].target_us is None

    @property
    def is_open(self) -> bool:
        return self.ended_at_us is None
