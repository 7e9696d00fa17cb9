"""Facts that came again: is each the one that was recorded under its name, or does it say something else?

The first stands, whatever comes after it. But a source that says two things under one name is to be told so.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from google.protobuf.message import DecodeError

from opsledger.core.errors import InvalidInput, JournalUnreachable
from opsledger.core.ports import NewEvent, Receipt
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.journal.partitions import PartitionedJournal
from opsledger.services.tickets.codec import decode

GAP_MAX = 16
"""Positions that are read although nobody asked, rather than reading twice."""
PATIENCE_S = 10.0
"""How long what another node has recorded may take to come here."""


def differing(journal: PartitionedJournal, events: Sequence[NewEvent], receipt: Receipt) -> dict[int, bytes]:
    """What stands at their position, by index, for the events that say something else; ``receipt`` is of these events.

    Raises JournalUnreachable when the first is on another node and has not come here, and what reading raises.
    """
    again = [index for index, duplicate in enumerate(receipt.duplicates) if duplicate]
    if not again:
        return {}
    first = {
        position: event.payload for event, position, duplicate in zip(events, *receipt, strict=True) if not duplicate
    }
    first.update(_payloads(journal, sorted({receipt.positions[index] for index in again} - first.keys())))
    standing = {index: first[receipt.positions[index]] for index in again}
    return {index: payload for index, payload in standing.items() if not is_same(payload, events[index].payload)}


def is_same(first: bytes, again: bytes) -> bool:
    """Whether two TicketEvents say the same, however they are written: in another order of fields, with a default that is spelled
    out. What this version does not know counts too."""
    if first == again:
        return True
    try:
        one, other = TicketEvent.FromString(first), TicketEvent.FromString(again)
        return one == other or (_is_known(one) and _is_known(other) and decode(one) == decode(other))
    except (DecodeError, InvalidInput):
        return False  # the first has a word of a later version


def _is_known(message: TicketEvent) -> bool:
    """This version knows every field of it."""
    known = TicketEvent()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return known == message


def _payloads(journal: PartitionedJournal, positions: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    for run in _runs(positions):
        wanted, after, last = frozenset(run), run[0] - 1, run[-1]
        if not journal.wait_beyond(last - 1, PATIENCE_S):
            raise JournalUnreachable("what was recorded first has not come here yet; send the same events again")
        while after < last:
            read = journal.read(after, last - after)
            yield from ((event.position, event.payload) for event in read if event.position in wanted)
            after = read[-1].position


def _runs(positions: Sequence[int]) -> Iterator[Sequence[int]]:
    """Those that lie close together, to be read at once."""
    begin = 0
    for end in range(1, len(positions) + 1):
        if end == len(positions) or positions[end] - positions[end - 1] > GAP_MAX:
            yield positions[begin:end]
            begin = end
