"""A seeded service floor: tickets arrive, wait in queues, are worked on, handed over, paused, resolved, reopened and rated.

A discrete-event simulation, pure: the same arguments always give the same facts. Nothing in it knows of SLAs; whether they are
met follows from how many people are there.
"""
from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from random import Random

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Channel,
    Classified,
    InteractionEnded,
    Opened,
    PriorityChanged,
    Replied,
    Status,
    TicketFact,
)
from opsledger.services.demo.arrivals import arrivals
from opsledger.services.demo.clients import CLIENTS, Client
from opsledger.services.demo.clockwork import DAY_US, HOUR_US, MINUTE_US, SYSTEM, Act, Clockwork, whole_seconds
from opsledger.services.demo.endings import Endings
from opsledger.services.demo.people import Agent, Group, staff
from opsledger.services.demo.ticket import Ticket


def simulate(seed: int, start_us: int, days: int, tickets: int) -> Iterator[TicketFact]:
    """The facts of a floor from ``start_us`` on, about by when they happen; none lies after the last day.

    ``tickets``: expected number, over all clients.
    """
    for client in CLIENTS:
        yield from _Floor(Random(f"{seed} {client.tenant}"), client, start_us, days).run(tickets * client.share)


class _Floor:
    """One client's part of it."""

    def __init__(self, random: Random, client: Client, start_us: int, days: int) -> None:
        self._client, self._start_us, self._days = client, start_us, days
        self._clockwork = Clockwork(random, start_us + days * DAY_US)
        self._endings = Endings(self._clockwork, client, self._waits)
        self._groups: dict[str, Group] = {}
        self._numbers = count(10_001)

    def run(self, tickets: float) -> Iterator[TicketFact]:
        random, client = self._clockwork.random, self._client
        for group in staff(random, client, tickets * 7 / self._days):
            self._groups[group.name] = group
            for agent in group.agents:
                for begin_us, end_us in agent.shifts(client.time_zone, self._start_us, self._days):
                    self._clockwork.at(max(begin_us, self._start_us), self._comes_in(agent, group, end_us))
        for at_us in arrivals(random, client, self._start_us, self._days, tickets):
            self._clockwork.at(at_us, self._arrives)
        return self._clockwork.run()

    def _comes_in(self, agent: Agent, group: Group, until_us: int) -> Act:
        def act(at_us: int) -> None:
            agent.on_until_us = max(agent.on_until_us, until_us)
            self._dispatch(group, at_us)
        return act

    def _dispatch(self, group: Group, at_us: int) -> None:
        while (match := group.next_match(self._clockwork.random, at_us)) is not None:
            self._takes(*match, group, at_us)

    def _waits(self, ticket: Ticket, at_us: int) -> None:
        group = self._groups[ticket.group]
        group.add(ticket, at_us)
        self._dispatch(group, at_us)

    def _arrives(self, at_us: int) -> None:
        client, choose = self._client, self._clockwork.random.choices
        topic = choose(client.topics, [topic.weight for topic in client.topics])[0]
        channel = choose(list(client.channels), list(client.channels.values()))[0]
        if not self._groups[client.first_line].is_open(at_us):
            channel = "email"  # nobody would take the call
        priority = choose(list(client.priorities), list(client.priorities.values()))[0]
        requester = f"r{self._clockwork.random.randrange(10**6):06}"
        ticket = Ticket(
            client, client.ticket_format.format(next(self._numbers)), requester, topic, channel, priority,
            list(client.priorities).index(priority), group=client.first_line, is_live=channel in ("call", "chat"),
        )
        ticket.is_classified = channel == "portal" or ticket.is_live
        self._clockwork.say(ticket, at_us, ticket.requester_actor, Opened(
            channel, ticket.requester, priority=priority, group=ticket.group, category=topic.category if ticket.is_classified else "",
            tags=(channel,), attributes={"plan": choose(("basic", "plus", "premium"), (6, 3, 1))[0]},
        ))
        if ticket.is_live:
            self._clockwork.at(at_us + round(self._clockwork.random.expovariate(1 / (8 * MINUTE_US))), self._gives_up(ticket))
        elif self._clockwork.chance(0.12):
            self._clockwork.at(at_us + self._clockwork.span_us(5 * HOUR_US), self._reminds(ticket))
        self._waits(ticket, at_us)

    def _gives_up(self, ticket: Ticket) -> Act:
        def act(at_us: int) -> None:
            if ticket.is_live and not ticket.pieces_of_work:
                ticket.is_live = False  # somebody calls or writes back later
                waited_us = at_us - ticket.waiting_since_us
                self._clockwork.say(ticket, at_us, ticket.requester_actor, InteractionEnded(
                    f"{ticket.id}-c0", Channel(ticket.channel), False, group=ticket.group, queue_wait_us=waited_us
                ))
        return act

    def _reminds(self, ticket: Ticket) -> Act:
        def act(at_us: int) -> None:
            if not ticket.status.is_done:
                self._clockwork.say(ticket, at_us, ticket.requester_actor, Replied(True, ticket.channel))
        return act

    def _takes(self, agent: Agent, ticket: Ticket, group: Group, at_us: int) -> None:
        """An agent begins to work on the ticket that comes first."""
        agent.is_busy = True
        ticket.pieces_of_work += 1
        waited_us = at_us - ticket.waiting_since_us
        if ticket.agent != agent.id:
            ticket.agent = agent.id
            self._clockwork.say(ticket, at_us, SYSTEM, Assigned(agent=agent.id))
        if ticket.status is not Status.OPEN:
            self._clockwork.becomes(ticket, at_us, Actor(ActorKind.AGENT, agent.id), Status.OPEN)
        if not ticket.is_classified:
            ticket.is_classified = True
            self._clockwork.say(ticket, at_us + MINUTE_US, Actor(ActorKind.AGENT, agent.id), Classified(ticket.topic.category))
        if ticket.pieces_of_work == 1 and self._clockwork.chance(0.06):
            self._changes_priority(ticket, at_us + MINUTE_US, agent)
        done_us = at_us + self._clockwork.span_us(ticket.topic.handle_min * MINUTE_US / agent.speed)
        self._clockwork.at(done_us, lambda end_us: self._finishes(agent, ticket, group, at_us, end_us, waited_us))

    def _changes_priority(self, ticket: Ticket, at_us: int, agent: Agent) -> None:
        scale = list(self._client.priorities)
        ticket.urgency = max(0, ticket.urgency - 1) if self._clockwork.chance(0.7) else min(len(scale) - 1, ticket.urgency + 1)
        if scale[ticket.urgency] != ticket.priority:
            ticket.priority = scale[ticket.urgency]
            self._clockwork.say(ticket, at_us, Actor(ActorKind.AGENT, agent.id), PriorityChanged(ticket.priority))

    def _finishes(self, agent: Agent, ticket: Ticket, group: Group, begun_us: int, end_us: int, waited_us: int) -> None:
        me = Actor(ActorKind.AGENT, agent.id)
        work_us = end_us - begun_us
        wrap_us = whole_seconds(work_us / 5)
        hold_us = whole_seconds(work_us / 8) if ticket.is_live and self._clockwork.chance(0.4) else 0
        channel = Channel(ticket.channel) if ticket.is_live else Channel.EMAIL
        name = f"{ticket.id}-c{ticket.pieces_of_work}"
        self._clockwork.say(ticket, end_us, me, InteractionEnded(
            name, channel, True, agent.id, group.name, waited_us if ticket.is_live else 0, work_us - wrap_us - hold_us, hold_us, wrap_us,
            f"rec/{name}.ogg" if channel is Channel.CALL else "",
        ))
        ticket.is_live = False
        self._endings.decide(agent, me, ticket, end_us - wrap_us, end_us)
        agent.is_busy = False
        self._dispatch(group, end_us)

