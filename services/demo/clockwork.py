"""The clockwork of one client's floor: an agenda of what happens when, chance, and the facts that come of it."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from math import log
from random import Random
from typing import TypeAlias

from opsledger.core.tickets.facts import Actor, ActorKind, Fact, Status, StatusChanged, TicketFact
from opsledger.services.demo.ticket import Ticket

SECOND_US, MINUTE_US, HOUR_US, DAY_US = 1_000_000, 60_000_000, 3_600_000_000, 86_400_000_000
SYSTEM = Actor(ActorKind.SYSTEM, "workflow")
Act: TypeAlias = Callable[[int], None]
"""Something that happens; it gets the instant."""


def whole_seconds(us: float) -> int:
    return int(us // SECOND_US) * SECOND_US


class Clockwork:
    """It ticks in whole seconds, as most ticketing systems do."""

    def __init__(self, random: Random, end_us: int) -> None:
        self.random, self._end_us = random, end_us
        self._agenda: list[tuple[int, int, Act]] = []
        self._order = count()
        self._facts: list[TicketFact] = []

    def run(self) -> Iterator[TicketFact]:
        """Everything on the agenda up to the end, and what it puts there itself."""
        while self._agenda and self._agenda[0][0] <= self._end_us:
            at_us, _, act = heappop(self._agenda)
            act(at_us)
            yield from self._facts
            self._facts.clear()

    def at(self, at_us: int, act: Act) -> None:
        heappush(self._agenda, (whole_seconds(at_us), next(self._order), act))

    def say(self, ticket: Ticket, at_us: int, actor: Actor, fact: Fact) -> None:
        """A fact, unless it lies after the end."""
        if at_us <= self._end_us:
            self._facts.append(ticket.fact(at_us, actor, fact))

    def becomes(self, ticket: Ticket, at_us: int, actor: Actor, status: Status, source_status: str = "") -> None:
        ticket.status = status
        self.say(ticket, at_us, actor, StatusChanged(status, source_status))

    def span_us(self, median_us: float, spread: float = 0.5) -> int:
        """A log-normal span."""
        return whole_seconds(self.random.lognormvariate(log(median_us), spread))

    def chance(self, share: float) -> bool:
        return self.random.random() < share
