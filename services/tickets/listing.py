"""What is recorded of some tickets, page by page, for importers that are not where the journal is."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from google.protobuf.message import DecodeError

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.ports import RecordedEvent
from opsledger.core.tickets.facts import TicketKey
from opsledger.core.tickets.identity import ticket_stream_id
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.journal.partitions import PartitionedJournal

TICKETS_MAX = 1_000
PAGE_BYTES_MAX = 1 << 20
"""Of payloads; an answer has one event at least."""


class Place(NamedTuple):
    """How far the pages before this one came."""

    ticket: int = 0
    """Its number in the request."""
    version: int = 0
    """In its stream, of the last event that was sent."""


class TicketEvents:
    def __init__(self, journal: PartitionedJournal) -> None:
        self._journal = journal

    def ListTicketEvents(self, request: pb.ListTicketEventsRequest) -> pb.ListTicketEventsResponse:
        """Raises InvalidInput, and what freshening raises where other nodes write the journal too."""
        if len(request.tickets) > TICKETS_MAX:
            raise InvalidInput(FieldViolation("tickets", "TOO_MANY", f"must be at most {TICKETS_MAX} in a request"))
        begin = _place(request.page_token)
        keys = [TicketKey(name.tenant, name.source, name.ticket_id) for name in request.tickets]
        for part in {part.number: part for part in map(self._journal.of_ticket, map(ticket_stream_id, keys))}.values():
            part.freshen()
        response, size = pb.ListTicketEventsResponse(), 0
        for place, event in self._events(keys, begin):
            if size and size + len(event.payload) > PAGE_BYTES_MAX:
                response.next_page_token = "{}.{}".format(*begin)
                break
            begin, size = place, size + len(event.payload)
            try:
                response.events.append(TicketEvent.FromString(event.payload))
            except DecodeError:
                continue  # the projector has noted it in the table `unreadable`
        return response

    def _events(self, keys: Sequence[TicketKey], begin: Place) -> Iterator[tuple[Place, RecordedEvent]]:
        for number, key in islice(enumerate(keys), begin.ticket, None):
            after = begin.version if number == begin.ticket else 0
            for event in self._journal.read_stream(ticket_stream_id(key), after=after):
                yield Place(number, event.version), event


def _place(token: str) -> Place:
    ticket, _, version = token.partition(".")
    if not token:
        return Place()
    if not (ticket.isdecimal() and version.isdecimal()):
        raise InvalidInput(FieldViolation("page_token", "INVALID", "is not one of this server"))
    return Place(int(ticket), int(version))
