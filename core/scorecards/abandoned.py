"""Which tickets are nothing but calls that nobody took."""
from __future__ import annotations

from collections.abc import Iterable

from opsledger.core.tickets.facts import ActorKind, Channel, InteractionEnded, Replied, TicketFact


def only_abandoned_calls(facts: Iterable[TicketFact]) -> bool:
    """Whether all contacts in ``facts`` are calls without an answer, one at least, and no agent did anything beside. What the requester
    wrote is a contact too."""
    any_call = False
    for fact in facts:
        match fact.fact:
            case InteractionEnded(channel=Channel.CALL, answered=False):
                any_call = True
            case InteractionEnded():
                return False
            case Replied() if fact.actor.kind is ActorKind.REQUESTER:
                return False
            case _ if fact.actor.kind is ActorKind.AGENT:
                return False
    return any_call
