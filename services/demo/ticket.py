"""One ticket of the demo floor while it is worked on."""
from __future__ import annotations

from dataclasses import dataclass

from opsledger.core.tickets.facts import Actor, ActorKind, Fact, Status, TicketFact
from opsledger.services.demo.clients import Client, Topic


@dataclass(eq=False)
class Ticket:
    client: Client
    id: str
    requester: str
    topic: Topic
    channel: str
    priority: str
    urgency: int
    """0 is the most urgent."""
    waiting_since_us: int = 0
    status: Status = Status.NEW
    agent: str = ""
    group: str = ""
    is_live: bool = False
    """The requester is on the line."""
    is_classified: bool = False
    pieces_of_work: int = 0
    facts: int = 0

    @property
    def requester_actor(self) -> Actor:
        return Actor(ActorKind.REQUESTER, self.requester)

    def fact(self, at_us: int, actor: Actor, fact: Fact) -> TicketFact:
        """The next fact about it."""
        self.facts += 1
        return TicketFact(
            self.client.tenant, self.client.program, self.client.source, self.id, f"{self.id}-{self.facts:03}", at_us,
            self.facts if self.client.numbers_facts else 0, actor, fact,
        )
