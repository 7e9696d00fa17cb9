"""The one order of a ticket's facts, whatever the order of their arrival.

By occurred_at, then the source's own sequence. Where a source gives neither, the facts of one instant are put in the
order of a ticket's life (it opens before it is assigned, is assigned before it is answered, is answered before it is
resolved), and what is still equal by event id: a choice that depends on the facts alone, so that every order of arrival ends
in the same view.
"""
from __future__ import annotations

from collections.abc import Iterable

from opsledger.core.tickets.facts import (
    Assigned,
    Classified,
    DueSet,
    FeedbackReceived,
    InteractionEnded,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    StatusChanged,
    TicketFact,
)

_RANK: dict[type, int] = {
    Opened: 0, Classified: 1, PriorityChanged: 2, DueSet: 3, Reopened: 4, Assigned: 5, InteractionEnded: 6, Replied: 7,
    StatusChanged: 8, Merged: 20, FeedbackReceived: 21,
}


def rank(fact: TicketFact) -> int:
    """Place in a ticket's life; status changes by where they lead (8 + 1…6)."""
    inner = fact.fact
    place = _RANK[type(inner)]
    return place + inner.status if isinstance(inner, StatusChanged) else place


def sort_key(fact: TicketFact) -> tuple[int, int, int, str]:
    return (fact.occurred_at_us, fact.sequence, rank(fact), fact.event_id)


def in_order(facts: Iterable[TicketFact]) -> list[TicketFact]:
    """The facts of one ticket in the order in which they are folded."""
    return sorted(facts, key=sort_key)
