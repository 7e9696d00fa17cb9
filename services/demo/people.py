"""The people of the demo floor: agents with their skill and shifts, and the queues they work on."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from math import ceil
from random import Random

from opsledger.core.sla.zones import instant_us, local_time, zone
from opsledger.services.demo.clients import NAMES, Client, Shift
from opsledger.services.demo.ticket import Ticket

_PRODUCTIVE_H_PER_WEEK = 22.0
"""Of one agent: a week of 38 hours at an occupancy of about 60 %."""
_WORK_PER_TICKET = 1.7
"""Pieces of work, on average over both lines."""


@dataclass(eq=False)
class Agent:
    id: str
    shift: Shift
    first_day_off: int
    """Weekday; the others follow it."""
    speed: float
    """1 is average; 1.3 does the work of 1.3 agents."""
    quality: float
    """0 to 1: few reopenings, good feedback."""
    on_until_us: int = 0
    is_busy: bool = False

    def works_on(self, weekday: int) -> bool:
        return (weekday - self.first_day_off) % 7 >= 7 - self.shift.days_per_week

    def shifts(self, time_zone: str, start_us: int, days: int) -> Iterator[tuple[int, int]]:
        """Begin and end of each shift that touches the span."""
        where = zone(time_zone)
        first = local_time(start_us, where).date()
        for day in (first + timedelta(days=n) for n in range(-1, days + 1)):
            if self.works_on(day.weekday()):
                midnight = datetime(day.year, day.month, day.day)
                yield tuple(instant_us(midnight + timedelta(hours=h), where) for h in self.shift[:2])  # type: ignore[misc]  # two of them


@dataclass(eq=False)
class Group:
    """The agents of one line of a client, and the tickets that wait for them: who is on the line comes first,
    then the higher priority, then who waits longer."""

    name: str
    agents: list[Agent]
    _waiting: list[tuple[bool, int, int, int, Ticket]] = field(default_factory=list)
    _order: Iterator[int] = field(default_factory=count)

    def add(self, ticket: Ticket, at_us: int) -> None:
        ticket.waiting_since_us = at_us
        heappush(self._waiting, (not ticket.is_live, ticket.urgency, at_us, next(self._order), ticket))

    def is_open(self, at_us: int) -> bool:
        """Whether anybody is on shift."""
        return any(agent.on_until_us > at_us for agent in self.agents)

    def next_match(self, random: Random, at_us: int) -> tuple[Agent, Ticket] | None:
        """A free agent on shift and the ticket that comes first; None when one of them is missing."""
        free = [agent for agent in self.agents if not agent.is_busy and agent.on_until_us > at_us]
        if not free or not self._waiting:
            return None
        return random.choice(free), heappop(self._waiting)[-1]


def staff(random: Random, client: Client, tickets_per_week: float) -> tuple[Group, Group]:
    """First and second line, with enough agents for the expected work."""
    total = sum(topic.weight for topic in client.topics)
    handle_h = sum(topic.weight * topic.handle_min for topic in client.topics) / total / 60
    transfer = sum(topic.weight * topic.transfer for topic in client.topics) / total
    load_h = tickets_per_week * _WORK_PER_TICKET * handle_h
    names = iter(random.sample(NAMES, len(NAMES)) * 40)
    return (
        _group(random, client, client.first_line, 2 * len(client.shifts), load_h * (1 - transfer), names),
        _group(random, client, client.second_line, len(client.shifts), load_h * transfer * 1.5, names),
    )


def _group(random: Random, client: Client, name: str, size_min: int, load_h_per_week: float, names: Iterator[str]) -> Group:
    size = max(size_min, ceil(load_h_per_week / _PRODUCTIVE_H_PER_WEEK))
    tag = "".join(word[0] for word in name.split()).lower()
    quiet = [1 / (rate * client.by_weekday[(day + 1) % 7]) for day, rate in enumerate(client.by_weekday)]
    days_off = random.choices(range(7), quiet, k=size)
    for n in range(len(client.shifts), size):  # not the same days as the one before on the same shift
        if days_off[n] == days_off[n - len(client.shifts)]:
            days_off[n] = (days_off[n] + 3) % 7
    return Group(name, [
        Agent(f"{next(names)}.{tag}{n + 1}", client.shifts[n % len(client.shifts)], day_off,
              min(1.6, max(0.6, random.gauss(1, 0.18))), random.betavariate(5, 2))
        for n, day_off in enumerate(days_off)
    ])
