"""What a ticket contributes to scorecards: one row for each thing that went well or not, credited and dated.

A row is a function of the ticket's facts in order, and of its clocks. A later fact can change an earlier row (a reopening
months later turns a resolution into a reopened one), never by when somebody looked. The rules in words, with their edge
cases: docs/scorecards.md.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.kpis import MILLIONTHS, Kpi
from opsledger.core.sla.clock import Clock, ClockState
from opsledger.core.tickets.facts import (
    ActorKind,
    Channel,
    FeedbackKind,
    FeedbackReceived,
    InteractionEnded,
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
    def agent(self) -> str:
        """The agent who had the ticket; the one who acted where it was nobody's."""
        return self.after.agent or (self.fact.actor.id if self.fact.actor.kind is ActorKind.AGENT else "")


def ticket_outcomes(facts: Sequence[TicketFact], clocks: Sequence[Clock]) -> tuple[Outcome, ...]:
    """The rows of one ticket, whose facts must be in order. Any recorded past is accepted; no facts give no rows."""
    if not facts:
        return ()
    steps = list(_steps(facts))
    return (*_resolutions(steps), *_contacts(steps), *_feedback(steps), *_sla(steps, clocks))


def _steps(facts: Sequence[TicketFact]) -> Iterator[_Step]:
    state = begin(facts[0])
    for fact in facts:
        before, state = state, evolve(state, fact)
        yield _Step(fact, before, state)


def _resolutions(steps: Sequence[_Step]) -> Iterator[Outcome]:
    """Volume, reopenings, first-contact resolution, transfers, handling per ticket. A merged ticket's work counts where it went."""
    resolved = [index for index, step in enumerate(steps) if step.resolves]
    if not resolved or steps[-1].after.merged_into:
        return
    for index, until in zip(resolved, [*resolved[1:], len(steps)], strict=True):
        reopened = any(step.reopens for step in steps[index + 1:until])
        yield _share(kpis.REOPEN_RATE, steps[index], reopened)
    first = resolved[0]
    if _was_in_contact(steps, first):
        yield _share(kpis.FIRST_CONTACT_RESOLUTION, steps[first], _in_one_contact(steps, first))
    if steps[-1].after.resolved_at_us is not None:
        last = steps[resolved[-1]]
        yield _row(kpis.TICKETS_RESOLVED, last, 1)
        yield _share(kpis.TRANSFER_RATE, last, last.after.transfers > 0)
        handled = [_handling_us(step.fact.fact) for step in steps if _answered(step)]
        if handled:
            yield _mean(kpis.HANDLE_TIME_PER_TICKET, last, sum(handled), f"{len(handled)} contacts")


def _was_in_contact(steps: Sequence[_Step], first: int) -> bool:
    """False for a ticket of calls that nobody took and nobody followed up: there was no contact in which to resolve it."""
    contacts = [step for step in steps[:first + 1] if isinstance(step.fact.fact, InteractionEnded)]
    return not contacts or any(map(_answered, contacts)) or steps[first].after.public_replies > 0


def _in_one_contact(steps: Sequence[_Step], first: int) -> bool:
    """Resolved for good by the first resolution, in one group, with at most one answered contact and one public reply."""
    resolution = steps[first].after
    return (
        resolution.public_replies <= 1
        and sum(map(_answered, steps[:first + 1])) <= 1
        and resolution.transfers == 0
        and not any(step.reopens for step in steps[first + 1:])
    )


def _answered(step: _Step) -> bool:
    return isinstance(step.fact.fact, InteractionEnded) and step.fact.fact.answered


def _handling_us(fact: object) -> int:
    return fact.talk_us + fact.hold_us + fact.wrap_us if isinstance(fact, InteractionEnded) else 0


def _contacts(steps: Sequence[_Step]) -> Iterator[Outcome]:
    """Contacts handled and their handle time; calls answered, of those offered."""
    for step in steps:
        match step.fact.fact:
            case InteractionEnded() as ended:
                agent = ended.agent or (step.agent if ended.answered else "")
                group = ended.group or step.after.group
                if ended.channel is Channel.CALL:
                    yield _share(kpis.CALLS_ANSWERED, step, ended.answered, ended.interaction_id)._replace(agent=agent, group=group)
                if ended.answered:
                    yield _row(kpis.CONTACTS_HANDLED, step, 1, ended.interaction_id)._replace(agent=agent, group=group)
                    handle_time = _mean(kpis.HANDLE_TIME, step, _handling_us(ended), ended.interaction_id)
                    yield handle_time._replace(agent=agent, group=group)


def _feedback(steps: Sequence[_Step]) -> Iterator[Outcome]:
    """Satisfaction and recommendation. Every answer counts; about whom it is not said, it is about who had the ticket."""
    resolver = ""
    for step in steps:
        if step.resolves:
            resolver = step.agent
        match step.fact.fact:
            case FeedbackReceived(kind, score, scale_min, scale_max, agent):
                agent = agent or step.after.agent or resolver
                place = (Fraction(score) - Fraction(scale_min)) / (Fraction(scale_max) - Fraction(scale_min))
                detail = f"{score:g} of {scale_min:g} to {scale_max:g}"
                if kind is FeedbackKind.CSAT:
                    yield _share(kpis.CSAT, step, place >= SATISFIED, detail)._replace(agent=agent)
                    yield _mean(kpis.CSAT_MEAN, step, round((1 + 4 * place) * MILLIONTHS), detail)._replace(agent=agent)
                else:
                    yield _row(kpis.NPS, step, (place >= PROMOTER) - (place <= DETRACTOR), detail)._replace(agent=agent)


def _sla(steps: Sequence[_Step], clocks: Sequence[Clock]) -> Iterator[Outcome]:
    """One row for each clock that ended with a result. A cancelled or unfinished clock has none."""
    by_event = {step.fact.event_id: step for step in steps}
    for clock in clocks:
        if clock.ended_by is not None and clock.state in (ClockState.MET, ClockState.BREACHED):
            end = by_event[clock.ended_by.event_id]
            row = _share(kpis.SLA_MET[clock.metric], end, clock.state is ClockState.MET, f"{clock.policy}, cycle {clock.cycle}")
            yield row._replace(agent=clock.agent, group=clock.group or row.group)


def _row(kpi: Kpi, step: _Step, numerator: int, detail: str = "") -> Outcome:
    return Outcome(kpi.name, step.fact.occurred_at_us, step.agent, step.after.group, numerator, 1, None, detail)


def _share(kpi: Kpi, step: _Step, met: bool, detail: str = "") -> Outcome:
    return _row(kpi, step, int(met), detail)


def _mean(kpi: Kpi, step: _Step, millionths: int, detail: str) -> Outcome:
    return _row(kpi, step, millionths, detail)._replace(value=millionths / MILLIONTHS)
