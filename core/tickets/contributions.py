"""Who worked on a ticket: agents who replied, spoke with the requester or changed its status. To be given it is not yet to work on it."""
from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from opsledger.core.tickets.facts import ActorKind, InteractionEnded, Reopened, Replied, StatusChanged, TicketFact
from opsledger.core.tickets.state import begin, evolve


class Contribution(NamedTuple):
    """One agent's part of a ticket."""

    agent: str
    group: str
    """In which they did the last of it."""
    first_at_us: int
    last_at_us: int
    acts: int
    """Replies, answered interactions and changes of status."""


def contributions(facts: Sequence[TicketFact]) -> list[Contribution]:
    """By agent, sorted. The facts must be in order; any recorded past is accepted."""
    found: dict[str, Contribution] = {}
    if not facts:
        return []
    state = begin(facts[0])
    for fact in facts:
        state = evolve(state, fact)
        agent, group = _who(fact, state.agent)
        if agent:
            at_us, before = fact.occurred_at_us, found.get(agent)
            found[agent] = Contribution(
                agent, group or state.group, before.first_at_us if before else at_us, at_us, (before.acts if before else 0) + 1)
    return sorted(found.values())


def _who(fact: TicketFact, owner: str) -> tuple[str, str]:
    """Agent and group; empty where it is nobody's work."""
    acting = fact.actor.id if fact.actor.kind is ActorKind.AGENT else ""
    match fact.fact:
        case InteractionEnded() as ended:
            return (ended.agent or acting or owner, ended.group) if ended.answered else ("", "")
        case Replied() | StatusChanged() | Reopened():
            return acting, ""
    return "", ""
