"""How fast recorded facts become states and clocks, in one thread."""
from __future__ import annotations

from collections.abc import Callable
from random import Random

from loadtests.benchmarks.kernels import HOUR_US, OFFICE, YEAR_START_US, Call
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import RuleBook, parse_rules
from opsledger.core.tickets.facts import Actor, ActorKind, Assigned, Fact, Opened, Replied, Status, StatusChanged, TicketFact
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import fold
from opsledger.services.tickets.codec import decode_bytes, encode

OURS = "opsledger"
TICKETS = 200
RULES = {
    "time_zone": "Europe/Berlin",
    "calendars": {"office": OFFICE},
    "policies": [{
        "name": "standard", "calendar": "office", "reopen": "resume",
        "targets": {"first_reply": "1h", "resolution": "8h", "requester_wait": "16h"},
    }],
}


def calls(seed: int) -> dict[str, dict[str, Call]]:
    """Measurement -> contender -> the work; all count facts."""
    random = Random(seed)
    tickets = [_ticket(index, random) for index in range(TICKETS)]
    payloads = [encode(fact).SerializeToString() for facts in tickets for fact in facts]
    book = RuleBook([(0, 1, parse_rules(RULES))])
    return {
        "facts: decode": {OURS: lambda: len([decode_bytes(data) for data in payloads])},
        "facts: order and fold": {OURS: _each(tickets, lambda facts: fold(in_order(facts)))},
        "facts: run SLA clocks": {OURS: _each(tickets, lambda facts: run_clocks(facts, book))},
    }


def _each(tickets: list[list[TicketFact]], work: Callable[[list[TicketFact]], object]) -> Call:
    def call() -> int:
        for facts in tickets:
            work(facts)
        return sum(map(len, tickets))

    return call


def _ticket(index: int, random: Random) -> list[TicketFact]:
    """A ticket of ten facts over three days, in order."""
    agent, requester = Actor(ActorKind.AGENT, f"agent-{index % 20}"), Actor(ActorKind.REQUESTER, f"user-{index}")
    script: list[tuple[Actor, Fact]] = [
        (requester, Opened("email", f"user-{index}", Status.NEW, "New", "3", "desk", "", "access", ("vpn",), {"site": "B2"})),
        (agent, Assigned("desk", agent.id)),
        (agent, StatusChanged(Status.OPEN, "Open", "")),
        (agent, Replied(True, "email")),
        (agent, StatusChanged(Status.PENDING, "Waiting", "")),
        (requester, Replied(True, "email")),
        (agent, StatusChanged(Status.OPEN, "Open", "")),
        (agent, Replied(True, "email")),
        (agent, StatusChanged(Status.RESOLVED, "Resolved", "fixed")),
        (agent, StatusChanged(Status.CLOSED, "Closed", "")),
    ]
    at_us = YEAR_START_US + index * HOUR_US
    facts = []
    for sequence, (actor, fact) in enumerate(script):
        at_us += random.randrange(8 * HOUR_US)
        facts.append(TicketFact("acme", "desk", "bench", f"T-{index}", f"E-{index}-{sequence}", at_us, sequence, actor, fact))
    return facts
