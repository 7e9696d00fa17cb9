"""Ticket events as a source would send them."""
from __future__ import annotations

from opsledger.core.tickets.facts import Actor, ActorKind, Fact, Opened, TicketFact
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.tickets.codec import encode

FRIDAY_US = 1_767_949_200_000_000


def event(
    event_id: str = "e1", *, ticket_id: str = "T1", tenant: str = "acme", source: str = "zendesk", fact: Fact | None = None
) -> TicketEvent:
    """One well-formed event."""
    return encode(TicketFact(tenant, "desk", source, ticket_id, event_id, FRIDAY_US, 0, Actor(ActorKind.AGENT, "a7"), fact or Opened()))


def event_bytes(event_id: str = "e1", *, ticket_id: str = "T1", tenant: str = "acme", source: str = "zendesk") -> bytes:
    return event(event_id, ticket_id=ticket_id, tenant=tenant, source=source).SerializeToString()
