"""SLA clocks: what the facts of a ticket say about the promises of its program's rules. docs/sla.md is the specification in prose.

A fold: the clocks are a function of the facts in order and of the rules, whatever the past. Calendar arithmetic happens once, when
the last fact is in; until then a clock only notes when it ran and which target was in force.
"""
from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from opsledger.core.sla.clock import Clock
from opsledger.core.sla.measure import measure
from opsledger.core.sla.metrics import METRICS, STEPS
from opsledger.core.sla.metrics.moment import Moment, moment_of
from opsledger.core.sla.metrics.track import Track
from opsledger.core.sla.policy import DEFAULT_PAUSE_ON, Policy
from opsledger.core.sla.rules import RuleBook, Rules
from opsledger.core.tickets.facts import Assigned, Classified, DueSet, Opened, PriorityChanged, Replied, TicketFact
from opsledger.core.tickets.state import TicketState, begin, evolve

_MATCHED = (Opened, Classified, PriorityChanged, Assigned)
"""Facts that change something a policy's condition looks at."""
_SEEN = attrgetter("status", "priority", "group", "category", "channel", "merged_into")
"""What clocks look at, beside the policy."""


def run_clocks(facts: Sequence[TicketFact], book: RuleBook, until_us: int | None = None) -> tuple[Clock, ...]:
    """The clocks of one ticket, by metric and cycle.

    ``facts`` are all facts of the ticket in order (core/tickets/order.py), each once. A policy is matched at each fact, under the rules in
    force when it occurred. ``until_us`` is how far time is known to have passed beyond the last fact; open clocks are
    measured up to there. Raises nothing.
    """
    tracks = [Track(metric) for metric in METRICS if metric in book.metrics]
    if not tracks or not facts:
        return ()
    ticket: TicketState | None = None
    in_force: tuple[int, Rules] | None = None
    policy: Policy | None = None
    for fact in facts:
        before, begins = (begin(fact), True) if ticket is None else (ticket, False)
        ticket = evolve(before, fact)
        found = book.at(fact.occurred_at_us)
        matched = policy
        if begins or found is not in_force or isinstance(fact.fact, _MATCHED):
            matched = found[1].match(ticket) if found else None
        if (
            begins or found is not in_force or matched is not policy or isinstance(fact.fact, Replied | DueSet)
            or _SEEN(before) != _SEEN(ticket)
        ):
            in_force, policy = found, matched
            moment = moment_of(fact, before, ticket, begins=begins, in_force=in_force, policy=policy)
            for track in tracks:
                _step(track, moment)
    assert ticket is not None
    seen_us = max(facts[-1].occurred_at_us, until_us or 0)
    return tuple(
        clock for track in tracks for watch in track.watches if (clock := measure(track.metric, watch, ticket, seen_us)) is not None
    )


def _step(track: Track, moment: Moment) -> None:
    """Let one fact act on one metric; then the target and the pause of what runs are those of the ticket after it."""
    fact = moment.fact
    if isinstance(fact.fact, DueSet) and fact.fact.metric == track.metric:
        track.promise(fact.fact.due_at_us)
    if moment.merged:
        track.cancel(moment)
    elif not moment.after.merged_into:
        STEPS[track.metric](track, moment)
    watch = track.running
    if watch is None:
        return
    target = moment.target(track.metric)
    watch.retarget(moment, target)
    watch.hold(fact, moment.after.status in (DEFAULT_PAUSE_ON[track.metric] if target is None else target.pause_on))
