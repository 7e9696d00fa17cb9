"""How facts reach the ledger in real life: mostly at once, some late and so out of order, some twice, a few broken."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from random import Random
from typing import NamedTuple

from opsledger.core.tickets.facts import Actor, ActorKind, Assigned, FeedbackKind, FeedbackReceived, TicketFact

LATE, TWICE, BROKEN = 0.03, 0.015, 0.002
"""Shares of the facts."""


class Delivery(NamedTuple):
    arrives_at_us: int
    fact: TicketFact
    kind: str
    """"first", "again" (the same fact once more) or "broken" (it must be rejected)."""


def deliver(seed: int, facts: Iterable[TicketFact], until_us: int) -> list[Delivery]:
    """Every fact as it arrives, in the order of arrival; what is still on its way at ``until_us`` is left out."""
    random = Random(f"{seed} delivery")
    found: list[Delivery] = []
    for fact in facts:
        delay_us = round(random.expovariate(1 / 3_000_000))
        if random.random() < LATE:
            delay_us = round(random.lognormvariate(21.5, 1.2))  # median half an hour, some of them a day
        found.append(Delivery(fact.occurred_at_us + delay_us, fact, "first"))
        if random.random() < TWICE:
            found.append(Delivery(fact.occurred_at_us + delay_us + round(random.expovariate(1 / 60_000_000)), fact, "again"))
        if random.random() < BROKEN:
            found.append(Delivery(fact.occurred_at_us + delay_us, _broken(random, fact), "broken"))
    return sorted((item for item in found if item.arrives_at_us <= until_us), key=lambda item: (item.arrives_at_us, item.fact.event_id))


def _broken(random: Random, fact: TicketFact) -> TicketFact:
    """What careless connectors send."""
    copy = replace(fact, event_id=f"{fact.event_id}-broken")
    return random.choice((
        replace(copy, ticket_id=""),
        replace(copy, occurred_at_us=0),
        replace(copy, actor=Actor(ActorKind.AGENT, "x" * 300)),
        replace(copy, fact=Assigned()),
        replace(copy, fact=FeedbackReceived(FeedbackKind.CSAT, 7, 1, 5)),
    ))
