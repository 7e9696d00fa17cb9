"""A case that counts for a scorecard, and the steps of a ticket that cases are read from."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from opsledger.core.scorecards.choices import Choices
from opsledger.core.scorecards.kpis import MILLIONTHS, Kpi
from opsledger.core.tickets.facts import ActorKind, InteractionEnded, Replied, TicketFact
from opsledger.core.tickets.state import TicketState, begin, evolve


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


class Step(NamedTuple):
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


def steps_of(facts: Sequence[TicketFact]) -> Iterator[Step]:
    state = begin(facts[0])
    for fact in facts:
        before, state = state, evolve(state, fact)
        yield Step(fact, before, state)


def answered(step: Step) -> bool:
    return isinstance(step.fact.fact, InteractionEnded) and step.fact.fact.answered


def agent_replied(step: Step) -> bool:
    return isinstance(step.fact.fact, Replied) and step.fact.fact.public and step.fact.actor.kind is ActorKind.AGENT


def row_of(kpi: Kpi, step: Step, numerator: int, detail: str = "") -> Outcome:
    return Outcome(kpi.name, step.fact.occurred_at_us, step.agent, step.after.group, numerator, 1, None, detail)


def share_of(kpi: Kpi, step: Step, met: bool, detail: str = "") -> Outcome:
    return row_of(kpi, step, int(met), detail)


def mean_of(kpi: Kpi, step: Step, millionths: int, detail: str) -> Outcome:
    return row_of(kpi, step, millionths, detail)._replace(value=millionths / MILLIONTHS)
