"""All facts of a ticket, from memory where they are known, else from its journal stream."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from google.protobuf.message import DecodeError

from opsledger.core.errors import InvalidInput
from opsledger.core.ports import Journal, RecordedEvent
from opsledger.core.text import unkept
from opsledger.core.tickets.facts import TicketFact
from opsledger.core.tickets.identity import ticket_stream_id
from opsledger.core.tickets.order import in_order
from opsledger.services.tickets.held import read_fact

FACTS_MAX = 200_000
"""How many facts are kept in memory, of the tickets touched last."""


class Unreadable(NamedTuple):
    """A recorded event that says nothing to the views although it should."""

    position: int
    tenant: str
    type: str
    reason: str


def unreadable(event: RecordedEvent, reason: Exception | str) -> Unreadable:
    return Unreadable(event.position, plain(event.tenant), plain(event.type), ascii(str(reason))[1:-1])


def plain(text: str) -> str:
    """A text that every database keeps: as it is, or with what no database keeps written out."""
    return ascii(text)[1:-1] if unkept(text) else text


class _Known(NamedTuple):
    version: int
    """Of the last event of the stream that is in ``facts``."""
    facts: list[TicketFact]


class FactCache:
    """Not thread-safe: it belongs to one projector."""

    def __init__(self, journal: Journal, facts_max: int = FACTS_MAX) -> None:
        self._journal = journal
        self._facts_max = facts_max
        self._facts = 0
        self._streams: OrderedDict[bytes, _Known] = OrderedDict()

    def facts(self, stream_id: bytes, new: Sequence[RecordedEvent], up_to: int) -> tuple[list[TicketFact], list[Unreadable]]:
        """The stream's facts with position <= up_to, in order; and what of ``new`` (its events since last asked) cannot be read."""
        known = self._streams.pop(stream_id, None)
        if known is not None:
            self._facts -= len(known.facts)
        elif new and new[0].version == 1:
            known = _Known(0, [])
        if known is not None and (not new or new[0].version == known.version + 1):
            facts, failed = _read(stream_id, new, known.facts)
            version = new[-1].version if new else known.version
        else:
            events = [event for event in self._journal.read_stream(stream_id) if event.position <= up_to]
            facts, failed = _read(stream_id, events, [])
            version = events[-1].version if events else 0
            asked = {event.position for event in new}
            failed = [item for item in failed if item.position in asked]
        ordered = in_order(facts)
        self._keep(stream_id, _Known(version, ordered))
        return ordered, failed

    def _keep(self, stream_id: bytes, known: _Known) -> None:
        self._streams[stream_id] = known
        self._facts += len(known.facts)
        while self._facts > self._facts_max and self._streams:
            _, oldest = self._streams.popitem(last=False)
            self._facts -= len(oldest.facts)


def _read(
    stream_id: bytes, events: Sequence[RecordedEvent], known: Sequence[TicketFact]
) -> tuple[list[TicketFact], list[Unreadable]]:
    facts, failed = list(known), []
    for event in events:
        try:
            fact = read_fact(event)
        except (InvalidInput, DecodeError) as error:
            failed.append(unreadable(event, error))
            continue
        if facts[0].ticket == fact.ticket if facts else ticket_stream_id(fact.ticket) == stream_id:
            facts.append(fact)
        else:
            failed.append(unreadable(event, ValueError(f"it is about {fact.ticket}, to which this stream does not belong")))
    return facts, failed
