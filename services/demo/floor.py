"""A seeded service floor: tickets arrive, wait in queues, are worked on, handed over, paused, resolved, reopened and rated.

A discrete-event simulation, pure: the same arguments always give the same facts. Nothing in it knows of SLAs; whether they are
met follows from how many people are there.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from itertools import count
from math import log
from random import Random

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Channel,
    Classified,
    DueSet,
    Fact,
    FeedbackKind,
    FeedbackReceived,
    InteractionEnded,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.services.demo.arrivals import arrivals
from opsledger.services.demo.clients import CLIENTS, Client
from opsledger.services.demo.people import Agent, Group, staff
from opsledger.services.demo.ticket import Ticket

MINUTE_US, HOUR_US, DAY_US = 60_000_000, 3_600_000_000, 86_400_000_000
SYSTEM = Actor(ActorKind.SYSTEM, "workflow")


def simulate(seed: int, start_us: int, days: int, tickets: int) -> Iterator[TicketFact]:
    """The facts of a floor from ``start_us`` on, about by when they happen; none lies after the last day.

    ``tickets``: expected number, over all clients.
    """
    for client in CLIENTS:
        yield from _Floor(Random(f"{seed} {client.tenant}"), client, start_us, days).run(tickets * client.share)


class _Floor:
    """One client's part of it."""

    def __init__(self, random: Random, client: Client, start_us: int, days: int) -> None:
        self._random, self._client, self._start_us, self._days = random, client, start_us, days
        self._end_us = start_us + days * DAY_US
        self._agenda: list[tuple[int, int, Callable[[int], None]]] = []
        self._order, self._numbers = count(), count(1)
        self._facts: list[TicketFact] = []
        self._groups: dict[str, Group] = {}
        self._last_ticket = ""

    def run(self, tickets: float) -> Iterator[TicketFact]:
        for group in staff(self._random, self._client, tickets * 7 / self._days):
            self._groups[group.name] = group
            for agent in group.agents:
                for begin_us, end_us in agent.shifts(self._client.time_zone, self._start_us, self._days):
                    self._at(max(begin_us, self._start_us), self._comes_in(agent, group, end_us))
        for at_us in arrivals(self._random, self._client, self._start_us, self._days, tickets):
            self._at(at_us, self._arrives)
        while self._agenda and self._agenda[0][0] <= self._end_us:
            at_us, _, act = heappop(self._agenda)
            act(at_us)
            yield from self._facts
            self._facts.clear()

    def _at(self, at_us: int, act: Callable[[int], None]) -> None:
        heappush(self._agenda, (at_us, next(self._order), act))

    def _say(self, ticket: Ticket, at_us: int, actor: Actor, fact: Fact) -> None:
        if at_us <= self._end_us:
            self._facts.append(ticket.fact(at_us, actor, fact))

    def _span_us(self, median_us: float, spread: float = 0.5) -> int:
        return round(self._random.lognormvariate(log(median_us), spread))

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    # --- the floor

    def _comes_in(self, agent: Agent, group: Group, until_us: int) -> Callable[[int], None]:
        def act(at_us: int) -> None:
            agent.on_until_us = max(agent.on_until_us, until_us)
            self._dispatch(group, at_us)
        return act

    def _dispatch(self, group: Group, at_us: int) -> None:
        while (match := group.next_match(self._random, at_us)) is not None:
            self._takes(*match, group, at_us)

    def _waits(self, ticket: Ticket, at_us: int) -> None:
        group = self._groups[ticket.group]
        group.add(ticket, at_us)
        self._dispatch(group, at_us)

    # --- a ticket's life

    def _arrives(self, at_us: int) -> None:
        client, choose = self._client, self._random.choices
        topic = choose(client.topics, [topic.weight for topic in client.topics])[0]
        channel = choose(list(client.channels), list(client.channels.values()))[0]
        if not self._groups[client.first_line].is_open(at_us):
            channel = "email"  # nobody would take the call
        priority = choose(list(client.priorities), list(client.priorities.values()))[0]
        ticket = Ticket(
            client, client.ticket_format.format(10_000 + next(self._numbers)), f"r{self._random.randrange(10**6):06}", topic, channel,
            priority, list(client.priorities).index(priority), group=client.first_line, is_live=channel in ("call", "chat"),
        )
        ticket.is_classified = channel == "portal" or ticket.is_live
        self._say(ticket, at_us, self._requester(ticket), Opened(
            channel, ticket.requester, priority=priority, group=ticket.group, category=topic.category if ticket.is_classified else "",
            tags=(channel,), attributes={"plan": choose(("basic", "plus", "premium"), (6, 3, 1))[0]},
        ))
        if ticket.is_live:
            self._at(at_us + round(self._random.expovariate(1 / (8 * MINUTE_US))), self._gives_up(ticket))
        elif self._chance(0.12):
            self._at(at_us + self._span_us(5 * HOUR_US), self._reminds(ticket))
        self._waits(ticket, at_us)

    def _gives_up(self, ticket: Ticket) -> Callable[[int], None]:
        def act(at_us: int) -> None:
            if ticket.is_live and not ticket.pieces_of_work:
                ticket.is_live = False  # somebody calls or writes back later
                waited_us = at_us - ticket.waiting_since_us
                self._say(ticket, at_us, self._requester(ticket), InteractionEnded(
                    f"{ticket.id}-c0", Channel(ticket.channel), False, group=ticket.group, queue_wait_us=waited_us
                ))
        return act

    def _reminds(self, ticket: Ticket) -> Callable[[int], None]:
        def act(at_us: int) -> None:
            if not ticket.status.is_done:
                self._say(ticket, at_us, self._requester(ticket), Replied(True, ticket.channel))
        return act

    def _takes(self, agent: Agent, ticket: Ticket, group: Group, at_us: int) -> None:
        """An agent begins to work on the ticket that comes first."""
        agent.is_busy = True
        ticket.pieces_of_work += 1
        waited_us = at_us - ticket.waiting_since_us
        if ticket.agent != agent.id:
            ticket.agent = agent.id
            self._say(ticket, at_us, SYSTEM, Assigned(agent=agent.id))
        if ticket.status is not Status.OPEN:
            self._becomes(ticket, at_us, Actor(ActorKind.AGENT, agent.id), Status.OPEN)
        if not ticket.is_classified:
            ticket.is_classified = True
            self._say(ticket, at_us + MINUTE_US, Actor(ActorKind.AGENT, agent.id), Classified(ticket.topic.category))
        if ticket.pieces_of_work == 1 and self._chance(0.06):
            self._changes_priority(ticket, at_us + MINUTE_US, agent)
        done_us = at_us + self._span_us(ticket.topic.handle_min * MINUTE_US / agent.speed)
        self._at(done_us, lambda end_us: self._finishes(agent, ticket, group, at_us, end_us, waited_us))

    def _changes_priority(self, ticket: Ticket, at_us: int, agent: Agent) -> None:
        scale = list(self._client.priorities)
        ticket.urgency = max(0, ticket.urgency - 1) if self._chance(0.7) else min(len(scale) - 1, ticket.urgency + 1)
        if scale[ticket.urgency] != ticket.priority:
            ticket.priority = scale[ticket.urgency]
            self._say(ticket, at_us, Actor(ActorKind.AGENT, agent.id), PriorityChanged(ticket.priority))

    def _finishes(self, agent: Agent, ticket: Ticket, group: Group, begun_us: int, end_us: int, waited_us: int) -> None:
        me = Actor(ActorKind.AGENT, agent.id)
        work_us = end_us - begun_us
        wrap_us = work_us // 5
        hold_us = work_us // 8 if ticket.is_live and self._chance(0.4) else 0
        channel = Channel(ticket.channel) if ticket.is_live else Channel.EMAIL
        name = f"{ticket.id}-c{ticket.pieces_of_work}"
        self._say(ticket, end_us, me, InteractionEnded(
            name, channel, True, agent.id, group.name, waited_us if ticket.is_live else 0, work_us - wrap_us - hold_us, hold_us, wrap_us,
            f"rec/{name}.ogg" if channel is Channel.CALL else "",
        ))
        ticket.is_live = False
        self._decides(agent, me, ticket, end_us - wrap_us, end_us)
        agent.is_busy = False
        self._dispatch(group, end_us)

    def _decides(self, agent: Agent, me: Actor, ticket: Ticket, replied_us: int, at_us: int) -> None:
        """How a piece of work ends."""
        in_first_line = ticket.group == self._client.first_line
        if ticket.pieces_of_work == 1 and self._last_ticket and self._chance(0.015):
            self._say(ticket, at_us, me, Merged(self._last_ticket))
            return
        if in_first_line and self._chance(ticket.topic.transfer):
            self._say(ticket, replied_us, me, Replied(False))
            ticket.group, ticket.agent = self._client.second_line, ""
            self._say(ticket, at_us, me, Assigned(ticket.group, ""))
            self._waits(ticket, at_us)
            return
        self._say(ticket, replied_us, me, Replied(True, ticket.channel))
        fate = self._random.random()
        if fate < 0.2 and ticket.pieces_of_work < 6:
            self._becomes(ticket, at_us, me, Status.PENDING, "awaiting requester")
            self._at(at_us + self._span_us(6 * HOUR_US, 1.1), self._answers(ticket))
        elif fate < 0.28 and ticket.pieces_of_work < 6:
            self._becomes(ticket, at_us, me, Status.ON_HOLD, "awaiting vendor")
            if self._chance(0.2):
                self._say(ticket, at_us, me, DueSet(at_us // HOUR_US * HOUR_US + 3 * DAY_US))
            self._at(at_us + self._span_us(20 * HOUR_US, 0.7), self._comes_back(ticket))
        else:
            self._resolves(agent, me, ticket, at_us)

    def _resolves(self, agent: Agent, me: Actor, ticket: Ticket, at_us: int) -> None:
        self._becomes(ticket, at_us, me, Status.RESOLVED)
        self._last_ticket = ticket.id
        if self._chance(0.28):
            self._at(at_us + self._span_us(3 * HOUR_US, 1), self._rates(ticket, agent))
        if self._chance(0.16 * (1.3 - agent.quality)):
            self._at(at_us + self._span_us(20 * HOUR_US, 0.8), self._objects(ticket))
        else:
            self._at(at_us + 3 * DAY_US, self._closes(ticket))

    def _answers(self, ticket: Ticket) -> Callable[[int], None]:
        def act(at_us: int) -> None:
            if self._chance(0.1):  # never heard of again
                self._at(at_us + 3 * DAY_US, lambda later_us: self._becomes(ticket, later_us, SYSTEM, Status.RESOLVED, "no answer"))
                return
            requester = self._requester(ticket)
            self._say(ticket, at_us, requester, Replied(True, "email"))
            self._becomes(ticket, at_us, requester, Status.OPEN)
            self._waits(ticket, at_us)
        return act

    def _comes_back(self, ticket: Ticket) -> Callable[[int], None]:
        def act(at_us: int) -> None:
            self._becomes(ticket, at_us, SYSTEM, Status.OPEN, "vendor answered")
            self._waits(ticket, at_us)
        return act

    def _objects(self, ticket: Ticket) -> Callable[[int], None]:
        """The requester is not content: the ticket is reopened."""
        def act(at_us: int) -> None:
            requester = self._requester(ticket)
            self._say(ticket, at_us, requester, Replied(True, "email"))
            if self._client.says_reopened:
                self._say(ticket, at_us, requester, Reopened("not solved"))
                ticket.status = Status.OPEN
            else:
                self._becomes(ticket, at_us, requester, Status.OPEN)
            self._waits(ticket, at_us)
        return act

    def _rates(self, ticket: Ticket, agent: Agent) -> Callable[[int], None]:
        def act(at_us: int) -> None:
            mood = min(1.0, max(0.0, self._random.gauss(0.45 + 0.5 * agent.quality, 0.22)))
            low, high = (1, 5) if self._client.feedback is FeedbackKind.CSAT else (0, 10)
            self._say(ticket, at_us, self._requester(ticket), FeedbackReceived(
                self._client.feedback, low + round(mood * (high - low)), low, high, agent.id
            ))
        return act

    def _closes(self, ticket: Ticket) -> Callable[[int], None]:
        def act(at_us: int) -> None:
            if ticket.status is Status.RESOLVED:
                self._becomes(ticket, at_us, SYSTEM, Status.CLOSED)
        return act

    def _becomes(self, ticket: Ticket, at_us: int, actor: Actor, status: Status, source_status: str = "") -> None:
        ticket.status = status
        self._say(ticket, at_us, actor, StatusChanged(status, source_status))

    def _requester(self, ticket: Ticket) -> Actor:
        return Actor(ActorKind.REQUESTER, ticket.requester)
