"""How a piece of work ends, and what follows from it: hand-over, waiting, resolution, reopening, rating."""
from __future__ import annotations

from collections.abc import Callable

from opsledger.core.tickets.facts import (
    Actor,
    Assigned,
    DueSet,
    FeedbackKind,
    FeedbackReceived,
    Merged,
    Reopened,
    Replied,
    Status,
)
from opsledger.services.demo.clients import Client
from opsledger.services.demo.clockwork import DAY_US, HOUR_US, SYSTEM, Act, Clockwork
from opsledger.services.demo.people import Agent
from opsledger.services.demo.ticket import Ticket


class Endings:
    """``waits`` puts a ticket back into its group's queue."""

    def __init__(self, clockwork: Clockwork, client: Client, waits: Callable[[Ticket, int], None]) -> None:
        self._clockwork, self._client, self._waits = clockwork, client, waits
        self._last_ticket = ""

    def decide(self, agent: Agent, me: Actor, ticket: Ticket, replied_us: int, at_us: int) -> None:
        """A piece of work is over at ``at_us``; what was written, was written a little before."""
        in_first_line = ticket.group == self._client.first_line
        if ticket.pieces_of_work == 1 and self._last_ticket and self._clockwork.chance(0.015):
            self._clockwork.say(ticket, at_us, me, Merged(self._last_ticket))
            return
        if in_first_line and self._clockwork.chance(ticket.topic.transfer):
            self._clockwork.say(ticket, replied_us, me, Replied(False))
            ticket.group, ticket.agent = self._client.second_line, ""
            self._clockwork.say(ticket, at_us, me, Assigned(ticket.group, ""))
            self._waits(ticket, at_us)
            return
        self._clockwork.say(ticket, replied_us, me, Replied(True, ticket.channel))
        fate = self._clockwork.random.random()
        if fate < 0.2 and ticket.pieces_of_work < 6:
            self._clockwork.becomes(ticket, at_us, me, Status.PENDING, "awaiting requester")
            self._clockwork.at(at_us + self._clockwork.span_us(6 * HOUR_US, 1.1), self._answers(ticket))
        elif fate < 0.28 and ticket.pieces_of_work < 6:
            self._clockwork.becomes(ticket, at_us, me, Status.ON_HOLD, "awaiting vendor")
            if self._clockwork.chance(0.2):
                self._clockwork.say(ticket, at_us, me, DueSet(at_us // HOUR_US * HOUR_US + 3 * DAY_US))
            self._clockwork.at(at_us + self._clockwork.span_us(20 * HOUR_US, 0.7), self._comes_back(ticket))
        else:
            self._resolves(agent, me, ticket, at_us)

    def _resolves(self, agent: Agent, me: Actor, ticket: Ticket, at_us: int) -> None:
        self._clockwork.becomes(ticket, at_us, me, Status.RESOLVED)
        self._last_ticket = ticket.id
        if self._clockwork.chance(0.28):
            self._clockwork.at(at_us + self._clockwork.span_us(3 * HOUR_US, 1), self._rates(ticket, agent))
        if self._clockwork.chance(0.16 * (1.3 - agent.quality)):
            self._clockwork.at(at_us + self._clockwork.span_us(20 * HOUR_US, 0.8), self._objects(ticket))
        else:
            self._clockwork.at(at_us + 3 * DAY_US, self._closes(ticket))

    def _answers(self, ticket: Ticket) -> Act:
        def act(at_us: int) -> None:
            if self._clockwork.chance(0.1):  # never heard of again
                self._clockwork.at(at_us + 3 * DAY_US, self._falls_silent(ticket))
                return
            requester = ticket.requester_actor
            self._clockwork.say(ticket, at_us, requester, Replied(True, "email"))
            self._clockwork.becomes(ticket, at_us, requester, Status.OPEN)
            self._waits(ticket, at_us)
        return act

    def _falls_silent(self, ticket: Ticket) -> Act:
        def act(at_us: int) -> None:
            self._clockwork.becomes(ticket, at_us, SYSTEM, Status.RESOLVED, "no answer")
        return act

    def _comes_back(self, ticket: Ticket) -> Act:
        def act(at_us: int) -> None:
            self._clockwork.becomes(ticket, at_us, SYSTEM, Status.OPEN, "vendor answered")
            self._waits(ticket, at_us)
        return act

    def _objects(self, ticket: Ticket) -> Act:
        """The requester is not content: the ticket is reopened."""
        def act(at_us: int) -> None:
            requester = ticket.requester_actor
            self._clockwork.say(ticket, at_us, requester, Replied(True, "email"))
            if self._client.says_reopened:
                self._clockwork.say(ticket, at_us, requester, Reopened("not solved"))
                ticket.status = Status.OPEN
            else:
                self._clockwork.becomes(ticket, at_us, requester, Status.OPEN)
            self._waits(ticket, at_us)
        return act

    def _rates(self, ticket: Ticket, agent: Agent) -> Act:
        def act(at_us: int) -> None:
            mood = min(1.0, max(0.0, self._clockwork.random.gauss(0.45 + 0.5 * agent.quality, 0.22)))
            low, high = (1, 5) if self._client.feedback is FeedbackKind.CSAT else (0, 10)
            self._clockwork.say(ticket, at_us, ticket.requester_actor, FeedbackReceived(
                self._client.feedback, low + round(mood * (high - low)), low, high, agent.id
            ))
        return act

    def _closes(self, ticket: Ticket) -> Act:
        def act(at_us: int) -> None:
            if ticket.status is Status.RESOLVED:
                self._clockwork.becomes(ticket, at_us, SYSTEM, Status.CLOSED)
        return act
