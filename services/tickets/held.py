"""The facts of a ticket that a journal holds."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from google.protobuf.message import DecodeError

from opsledger.core.errors import InvalidInput
from opsledger.core.ports import RecordedEvent
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.identity import ticket_stream_id
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.validation import violations
from opsledger.services.tickets.codec import decode_bytes


class Streams(Protocol):
    """A journal, or several as one."""

    def read_stream(self, stream_id: bytes) -> Sequence[RecordedEvent]: ...


def read_fact(event: RecordedEvent) -> TicketFact:
    """The fact that an event carries. Raises InvalidInput, DecodeError for one that intake would not have let in."""
    fact = decode_bytes(event.payload)
    if found := violations(fact):
        raise InvalidInput(*found)
    return fact


def held_facts(journal: Streams, ticket: TicketKey, as_known_at_us: int | None = None) -> list[TicketFact]:
    """In the order of the fold: all of them, or those that were recorded until ``as_known_at_us``."""
    found = []
    for event in journal.read_stream(ticket_stream_id(ticket)):
        if as_known_at_us is not None and event.recorded_at_us > as_known_at_us:
            break
        try:
            fact = read_fact(event)
        except (InvalidInput, DecodeError):
            continue  # the projector has noted it in the table `unreadable`
        if fact.ticket == ticket:
            found.append(fact)
    return in_order(found)
