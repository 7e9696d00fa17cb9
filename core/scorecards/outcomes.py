"""What a ticket contributes to scorecards: one row for each thing that went well or not, credited and dated.

A row is a function of the ticket's facts in order, and of its clocks. A later fact can change an earlier row (a reopening
months later turns a resolution into a reopened one), never by when somebody looked. The rules in words, with their edge
cases: docs/scorecards.md.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.abandoned import only_abandoned_calls
from opsledger.core.scorecards.choices import UNSAID, Choices, Credit
from opsledger.core.scorecards.kpis import MILLIONTHS, Kpi
from opsledger.core.scorecards.service_level import ServiceLevel
from opsledger.core.sla.clock import Clock, ClockState
from opsledger.core.tickets.facts import (
    ActorKind,
    Channel,
    FeedbackKind,
    FeedbackReceived,
    InteractionEnded,
    Replied,
    TicketFact,
)
from opsledger.core.tickets.state import TicketState, begin, evolve

SATISFIED = Fraction(3, 4)
"""Top two boxes of a scale of five, as a place on any scale: 0 is its lower end, 1 its upper."""
PROMOTER, DETRACTOR = Fraction(9, 10), Fraction(6, 10)
"""Promoters stand at 9 and 10 of 0 to 10, detractors at 0 to 6 (Reichheld 2003), as places on any scale."""


class Outcome(NamedTuple):
    kpi: str
    """Name of a KPI in kpis.KPIS."""
    at_us: int
    """The instant that decides into which period it falls."""
    agent: str
    """Who is credited; empty when nobody can be named."""
    group: str
    numerator: int
    """COUNT: 1. SHARE: 1 when it went as the KPI's name says, else 0. MEAN: the value in millionths. BALANCE: −1, 0 or 1."""
    denominator: int
    """Always 1: a row is one case."""
    value: float | None
    """The value of a MEAN row in the KPI's unit; None for the others."""
    detail: str
    """What is behind it, for people: an interaction's id, a policy and cycle."""


class _Step(NamedTuple):
    """One fact, and the ticket before and after it."""

    fact: TicketFact
    before: TicketState
    after: TicketState

    @property
    def resolves(self) -> bool:
        return self.after.resolutions > self.before.resolutions

    @property
    def reopens(self) -> bool:
        return self.after.reopenings > self.before.reopenings

    @property
    def acting(self) -> str:
        """The agent who did it; empty where none did."""
        return self.fact.actor.id if self.fact.actor.kind is ActorKind.AGENT else ""

    @property
    def agent(self) -> str:
        """The agent who had the ticket; the one who acted where it was nobody's."""
        return self.after.agent or self.acting


ChoicesAt = Callable[[int], Choices]
"""What the program has chosen about its figures, at an instant."""


def ticket_outcomes(
    facts: Sequence[TicketFact], clocks: Sequence[Clock], choices_at: ChoicesAt = lambda _: UNSAID
) -> tuple[Outcome, ...]:
    """The rows of one ticket, whose facts must be in order. Any recorded past is accepted; no facts give no rows."""
    if not facts:
        return ()
    steps = list(_steps(facts))
    return (
        *_resolutions(steps, choices_at), *_contacts(steps, choices_at), *_first_reply(steps), *_feedback(steps),
        *_sla(steps, clocks, choices_at),
    )


def _steps(facts: Sequence[TicketFact]) -> Iterator[_Step]:
    state = begin(facts[0])
    for fact in facts:
        before, state = state, evolve(state, fact)
        yield _Step(fact, before, state)


def _resolutions(steps: Sequence[_Step], choices_at: ChoicesAt) -> Iterator[Outcome]:
    """Volume, reopenings, transfers, handling and time per ticket, and how many of those opened are resolved. A merged ticket's work
    counts where it went."""
    end = steps[-1].after
    if end.merged_into:
        return

    def credited(row: Outcome, step: _Step) -> Outcome:
        to_resolver = choices_at(step.fact.occurred_at_us).resolutions_credited_to is Credit.RESOLVER
        return row._replace(agent=step.acting or row.agent) if to_resolver else row

    resolved = [index for index, step in enumerate(steps) if step.resolves]
    for index, until in zip(resolved, [*resolved[1:], len(steps)], strict=bool(resolved)):
        reopened = any(step.reopens for step in steps[index + 1:until]) or (index == resolved[0] and _reopened_somewhen(steps, index))
        yield credited(_share(kpis.REOPEN_RATE, steps[index], reopened), steps[index])
    yield from _first_contact(steps, resolved[0] if resolved else None)
    last = steps[resolved[-1]] if resolved and end.resolved_at_us is not None else None
    if last is not None:
        yield credited(_row(kpis.TICKETS_RESOLVED, last, 1), last)
        yield credited(_share(kpis.TRANSFER_RATE, last, last.after.transfers > 0), last)
        handled = [_handling_us(step.fact.fact) for step in steps if _answered(step)]
        if handled:
            yield credited(_mean(kpis.HANDLE_TIME_PER_TICKET, last, sum(handled), f"{len(handled)} contacts"), last)
    if end.opening_seen:
        share = _share(kpis.RESOLUTION_RATE, steps[-1], False)._replace(at_us=end.opened_at_us, agent=end.agent, group=end.group)
        if last is not None:
            share = credited(_share(kpis.RESOLUTION_RATE, last, True)._replace(at_us=end.opened_at_us), last)
            if last.fact.occurred_at_us >= end.opened_at_us:
                yield credited(_mean(kpis.RESOLUTION_TIME, last, last.fact.occurred_at_us - end.opened_at_us, ""), last)
        yield share


def _first_contact(steps: Sequence[_Step], resolution: int | None) -> Iterator[Outcome]:
    """Of every ticket that somebody took up, an answered interaction or a public reply of an agent, resolved or not."""
    contact = next((step for step in steps if _answered(step) or _agent_replied(step)), None)
    if contact is not None:
        solved = resolution is not None and _in_one_contact(steps, resolution)
        row, ended = _share(kpis.FIRST_CONTACT_RESOLUTION, contact, solved), contact.fact.fact
        if isinstance(ended, InteractionEnded):
            row = row._replace(agent=ended.agent or row.agent, group=ended.group or row.group)
        yield row


def _in_one_contact(steps: Sequence[_Step], first: int) -> bool:
    """Resolved for good by the first resolution, in one group, with at most one answered contact and one public reply."""
    resolution = steps[first].after
    return (
        resolution.public_replies <= 1
        and sum(map(_answered, steps[:first + 1])) <= 1
        and resolution.transfers == 0
        and not any(step.reopens for step in steps[first + 1:])
        and not _reopened_somewhen(steps, first)
    )


def _reopened_somewhen(steps: Sequence[_Step], first: int) -> bool:
    """A source that knows that a ticket was reopened, but not when, says it at the instant of the one resolution that it knows. There it
    comes before the resolution, and is of that one: no other is known."""
    at_us = steps[first].fact.occurred_at_us
    return any(step.reopens and step.fact.occurred_at_us == at_us for step in steps[:first])


def _answered(step: _Step) -> bool:
    return isinstance(step.fact.fact, InteractionEnded) and step.fact.fact.answered


def _agent_replied(step: _Step) -> bool:
    return isinstance(step.fact.fact, Replied) and step.fact.fact.public and step.fact.actor.kind is ActorKind.AGENT


def _handling_us(fact: object) -> int:
    return fact.talk_us + fact.hold_us + fact.wrap_us if isinstance(fact, InteractionEnded) else 0


def _contacts(steps: Sequence[_Step], choices_at: ChoicesAt) -> Iterator[Outcome]:
    """Contacts handled and their handle time; of calls offered how many were answered, how fast, and how many abandoned."""
    for step in steps:
        match step.fact.fact:
            case InteractionEnded() as ended:
                agent = ended.agent or (step.agent if ended.answered else "")
                group = ended.group or step.after.group
                if ended.channel is Channel.CALL:
                    level = choices_at(step.fact.occurred_at_us).service_level
                    yield from (row._replace(agent=agent, group=group) for row in _call(step, ended, level))
                if ended.answered:
                    yield _row(kpis.CONTACTS_HANDLED, step, 1, ended.interaction_id)._replace(agent=agent, group=group)
                    handle_time = _mean(kpis.HANDLE_TIME, step, _handling_us(ended), ended.interaction_id)
                    yield handle_time._replace(agent=agent, group=group)


def _call(step: _Step, ended: InteractionEnded, level: ServiceLevel | None) -> Iterator[Outcome]:
    yield _share(kpis.CALLS_ANSWERED, step, ended.answered, ended.interaction_id)
    yield _share(kpis.ABANDONMENT, step, not ended.answered, ended.interaction_id)
    if ended.answered and ended.queue_wait_us is not None:
        yield _mean(kpis.SPEED_OF_ANSWER, step, ended.queue_wait_us, ended.interaction_id)
    judged = level and level.judge(answered=ended.answered, wait_us=ended.queue_wait_us)
    if level is not None and judged is not None:
        yield _share(kpis.SERVICE_LEVEL, step, judged, f"{ended.interaction_id}, {level.words}")


def _first_reply(steps: Sequence[_Step]) -> Iterator[Outcome]:
    """From the opening to the first public reply of an agent, by the calendar on the wall."""
    end = steps[-1].after
    reply = next(filter(_agent_replied, steps), None)
    if reply is not None and end.opening_seen and reply.fact.occurred_at_us >= end.opened_at_us:
        row = _mean(kpis.FIRST_REPLY_TIME, reply, reply.fact.occurred_at_us - end.opened_at_us, "")
        yield row._replace(agent=reply.acting or reply.agent)


def _feedback(steps: Sequence[_Step]) -> Iterator[Outcome]:
    """Satisfaction and recommendation. An answer goes to the agent it names, else to whoever had the ticket when the last contact before it
    had ended, whoever has it later. A corrected answer keeps the place of the first one."""
    first: dict[object, tuple[_Step, FeedbackReceived, str, str]] = {}
    last: dict[object, FeedbackReceived] = {}
    agent = group = ""
    for step in steps:
        if step.resolves or _answered(step):
            agent, group = step.agent or getattr(step.fact.fact, "agent", "") or agent, step.after.group or group
        if isinstance(answer := step.fact.fact, FeedbackReceived):
            key: object = (answer.kind, answer.feedback_id) if answer.feedback_id else step.fact.event_id
            first.setdefault(key, (step, answer, agent or step.after.agent, group or step.after.group))
            last[key] = answer
    for key, (step, was, agent, group) in first.items():
        answer = last[key]
        corrected = f", corrected from {was.score:g}" if answer is not was else ""
        for row in _answer(step, answer, corrected):
            yield row._replace(agent=answer.agent or was.agent or agent, group=group)


def _answer(step: _Step, answer: FeedbackReceived, corrected: str) -> Iterator[Outcome]:
    low = Fraction(answer.scale_min)
    place = (Fraction(answer.score) - low) / (Fraction(answer.scale_max) - low)
    detail = f"{answer.score:g} of {answer.scale_min:g} to {answer.scale_max:g}{corrected}"
    if answer.kind is FeedbackKind.CSAT:
        yield _share(kpis.CSAT, step, place >= SATISFIED, detail)
        yield _mean(kpis.CSAT_MEAN, step, round((1 + 4 * place) * MILLIONTHS), detail)
    else:
        yield _row(kpis.NPS, step, (place >= PROMOTER) - (place <= DETRACTOR), detail)


def _sla(steps: Sequence[_Step], clocks: Sequence[Clock], choices_at: ChoicesAt) -> Iterator[Outcome]:
    """One row for each clock that ended with a result. A cancelled or unfinished clock has none, nor has one that ended by closing what
    is nothing but abandoned calls: no promise was kept there."""
    places = {step.fact.event_id: place for place, step in enumerate(steps)}
    for clock in clocks:
        if clock.ended_by is not None and clock.state in (ClockState.MET, ClockState.BREACHED):
            place = places[clock.ended_by.event_id]
            end = steps[place]
            detail, agent = f"{clock.policy}, cycle {clock.cycle}", clock.agent
            group = clock.group or (end.before if clock.is_dropped else end.after).group
            met = clock.state is ClockState.MET
            if choices_at(end.fact.occurred_at_us).abandoned_calls_count or not _closes_abandoned_calls(steps, place):
                yield _share(kpis.SLA_MET[clock.metric], end, met, detail)._replace(agent=agent, group=group)
            kpi = None if clock.is_dropped else _BUSINESS_TIMES.get(clock.metric)
            if kpi and (kpi is not kpis.FIRST_REPLY_BUSINESS_TIME or _agent_replied(end)):
                yield _mean(kpi, end, clock.elapsed_us, detail)._replace(agent=agent, group=group)


def _closes_abandoned_calls(steps: Sequence[_Step], place: int) -> bool:
    """Judged by all that happened until the ticket was reopened: what came after that does not change what it was closed on."""
    if not steps[place].after.status.is_done:
        return False
    later = (index for index in range(place + 1, len(steps)) if steps[index].reopens)
    return only_abandoned_calls(step.fact for step in steps[:next(later, len(steps))])


_BUSINESS_TIMES = {"first_reply": kpis.FIRST_REPLY_BUSINESS_TIME, "resolution": kpis.RESOLUTION_BUSINESS_TIME}


def _row(kpi: Kpi, step: _Step, numerator: int, detail: str = "") -> Outcome:
    return Outcome(kpi.name, step.fact.occurred_at_us, step.agent, step.after.group, numerator, 1, None, detail)


def _share(kpi: Kpi, step: _Step, met: bool, detail: str = "") -> Outcome:
    return _row(kpi, step, int(met), detail)


def _mean(kpi: Kpi, step: _Step, millionths: int, detail: str) -> Outcome:
    return _row(kpi, step, millionths, detail)._replace(value=millionths / MILLIONTHS)
