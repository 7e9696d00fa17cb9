"""One cycle while it is folded: it notes when it ran, what ended it and which target was in force, and computes nothing."""
from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from opsledger.core.sla.calendar import Calendar
from opsledger.core.sla.clock import Applied
from opsledger.core.sla.metrics.moment import Moment
from opsledger.core.sla.policy import Target
from opsledger.core.tickets.facts import ActorKind, TicketFact


class Ending(Enum):
    ANSWERED = auto()
    """By a public reply of an agent, or of a robot whose replies count."""
    MOVED = auto()
    """The group gave the ticket away."""
    RESOLVED = auto()
    CANCELLED = auto()
    DROPPED = auto()
    """No target holds any more, under a policy that keeps breaches."""


class Mark(NamedTuple):
    """From here on it runs, or is paused."""

    at_us: int
    running: bool
    cause: TicketFact


class End(NamedTuple):
    at_us: int
    ending: Ending
    cause: TicketFact
    agent: str


class Dropped(NamedTuple):
    """What a clock is judged by whose policy dropped the target and keeps breaches."""

    applied: Applied
    target: Target
    calendar: Calendar
    end: End
    promise_us: int | None


class Watch:
    """A stopwatch. Marks are in order of time, alternate, and no two are at the same instant."""

    __slots__ = (
        "applied", "calendar", "cycle", "dropped", "end", "group", "keeps_breach", "marks", "promise_us", "promised_from_us", "target",
    )

    def __init__(self, cycle: int, cause: TicketFact, group: str, promise_us: int | None) -> None:
        self.cycle, self.group = cycle, group
        self.marks = [Mark(cause.occurred_at_us, True, cause)]
        self.end: End | None = None
        self.applied: list[Applied] = []
        self.target: Target | None = None
        """The last that was applied; with ``calendar`` what the clock is measured by."""
        self.calendar: Calendar | None = None
        self.keeps_breach = False
        """Of the policy whose target was the last."""
        self.promised_from_us = 0
        """Since when some target has held."""
        self.dropped: Dropped | None = None
        """Counts while no target holds; None when the last policy does not keep breaches."""
        self.promise_us: int | None = None
        self.promise(promise_us)

    @property
    def started_at_us(self) -> int:
        return self.marks[0].at_us

    def promise(self, due_at_us: int | None) -> None:
        """A promised time governs every clock that starts no later than it."""
        self.promise_us = due_at_us if due_at_us is not None and due_at_us >= self.started_at_us else None

    def hold(self, cause: TicketFact, paused: bool) -> None:
        """Pause it or let it run, from the fact on."""
        self._mark(cause.occurred_at_us, not paused, cause)

    def _mark(self, at_us: int, running: bool, cause: TicketFact) -> None:
        """A stretch of no length leaves no trace."""
        if self.marks[-1].running == running:
            return
        if self.marks[-1].at_us == at_us:
            self.marks.pop()
            if self.marks and self.marks[-1].running == running:
                return
        self.marks.append(Mark(at_us, running, cause))

    def stop(self, moment: Moment, ending: Ending) -> None:
        fact, agent = moment.fact, moment.before.agent if ending is Ending.MOVED else moment.after.agent
        if fact.actor.kind is ActorKind.AGENT and (ending is Ending.ANSWERED or not agent):
            agent = fact.actor.id or agent
        elif ending is Ending.ANSWERED:
            agent = ""  # a robot's reply is nobody's work
        self.end = End(fact.occurred_at_us, ending, fact, agent)

    def resume(self, *, counting: bool) -> None:
        """Take the end back; the time since counts, or is a pause. What runs from now on is for ``hold`` to say."""
        if self.end is not None:
            self._mark(self.end.at_us, counting, self.end.cause)
            self.end = None

    def retarget(self, moment: Moment, target: Target | None) -> None:
        """Apply what is promised after the fact; nothing is noted when nothing changed."""
        ticket, in_force = moment.after, moment.in_force
        span_us = None if target is None else target.span_us(ticket)
        version = in_force[0] if in_force is not None else 0
        policy = moment.policy.name if moment.policy is not None else ""
        if self.applied:
            last = self.applied[-1]
            if span_us is None and last.target_us is None:
                return
            if (version, policy, span_us, ticket.priority) == (last.rules_version, last.policy, last.target_us, last.priority):
                return
        elif span_us is None:
            return
        if span_us is not None and target is not None and in_force is not None:
            self.target, self.calendar = target, in_force[1].calendars[target.calendar]
            self.keeps_breach = moment.policy is not None and moment.policy.keep_breach
            if not self.applied or self.applied[-1].target_us is None:
                self.promised_from_us = moment.fact.occurred_at_us
        elif self.promised_from_us < moment.fact.occurred_at_us:  # what held for no time leaves no trace
            self.dropped = self._drop(moment) if self.keeps_breach else None
        assert self.target is not None
        assert self.calendar is not None
        self.applied.append(
            Applied(moment.fact, policy, version, self.target.calendar, self.calendar.tz_version, ticket.priority, span_us)
        )

    def _drop(self, moment: Moment) -> Dropped:
        """It is about who had the ticket while it was promised, else who acted."""
        assert self.target is not None
        assert self.calendar is not None
        fact, agent = moment.fact, moment.before.agent
        if fact.actor.kind is ActorKind.AGENT:
            agent = agent or fact.actor.id
        end = End(fact.occurred_at_us, Ending.DROPPED, fact, agent)
        return Dropped(self.applied[-1], self.target, self.calendar, end, self.promise_us)
