"""The way in for ticket facts: bytes of TicketEvent messages become commits of the journal.

A fact is refused only when it is malformed, and only it: the rest of its batch is recorded. The bytes that came are the
bytes that stand in the journal, fields of later versions included.
"""
from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

from google.protobuf.message import DecodeError

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.ports import Journal, NewEvent, Receipt
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.identity import fact_key, ticket_stream_id
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.futures import chain, done
from opsledger.services.journal.partitions import Numbered, PartitionedJournal
from opsledger.services.tickets.codec import event_type, examine
from opsledger.services.tickets.differing import DifferingEvents
from opsledger.services.tickets.held import held_facts
from opsledger.services.tickets.repeated import differing

BATCH_EVENTS_MAX = 5_000
EVENT_BYTES_MAX = 1_000_000
COMPARING_MAX = 4
"""Batches that are compared with what was recorded before, at the same time."""


class Outcome(NamedTuple):
    """What became of one event of a batch, once that is durable."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs of it
    position: int
    """Where it stands in the journal, of its first recording; 0 when it was rejected."""
    duplicate: bool
    violations: tuple[FieldViolation, ...]
    """Why it was rejected; empty otherwise."""
    differs: bool = False
    """A duplicate that says something else than the first, which stands: see opsledger.services.tickets.repeated."""


class Intake:
    """Validates, deduplicates and records ticket events. Thread-safe, as its journal is."""

    def __init__(
        self, journal: Journal | PartitionedJournal, *, batch_events_max: int = BATCH_EVENTS_MAX, event_bytes_max: int = EVENT_BYTES_MAX,
        differing_events: DifferingEvents | None = None,
    ) -> None:
        """``differing_events`` keeps those that come again with other content, also for who has no outcome to look at."""
        self._journal = journal if isinstance(journal, PartitionedJournal) else PartitionedJournal([Numbered(journal)])
        self.batch_events_max = batch_events_max
        self._event_bytes_max, self._differing_events = event_bytes_max, differing_events
        self._comparing = ThreadPoolExecutor(COMPARING_MAX, "intake-compare")

    def submit(
        self, events: Sequence[bytes], *, tenants: Container[str] | None = None, places: Sequence[str] = ()
    ) -> Future[list[Outcome]]:
        """Queue the well-formed events as one commit, or several: see PartitionedJournal.submit_facts. The future is done, with one
        outcome for each event in their order, after all are durable; until then nothing is promised.

        Events of tenants outside ``tenants`` are rejected (None: every tenant is allowed). ``places``: where each came from. Raises
        InvalidInput for a batch with too many events and Overloaded when the journal's queue is full; from the future what
        Journal.submit says.
        """
        if len(events) > self.batch_events_max:
            raise InvalidInput(FieldViolation("events", "TOO_MANY", f"must be at most {self.batch_events_max} in a batch"))
        checked = [self._check(data, tenants) for data in events]
        accepted = [event for event in checked if isinstance(event, NewEvent)]

        def compare(receipt: Receipt) -> list[Outcome]:
            firsts = differing(self._journal, accepted, receipt)
            outcomes = list(_outcomes(checked, receipt, firsts))
            if self._differing_events is not None:
                for outcome, first in zip((each for each in outcomes if each.differs), firsts.values(), strict=True):
                    place = places[outcome.index] if places else ""
                    self._differing_events.note(events[outcome.index], first, outcome.position, place)
            return outcomes

        def answer(receipt: Receipt) -> Future[list[Outcome]]:
            if any(receipt.duplicates):  # reads: not on the journal's own thread
                return self._comparing.submit(compare, receipt)
            return done(list(_outcomes(checked, receipt, {})))

        return chain(self._recorded(accepted), answer)

    def _recorded(self, events: Sequence[NewEvent]) -> Future[Receipt]:
        return self._journal.submit_facts(events) if events else done(Receipt((), ()))

    def record(
        self, events: Sequence[bytes], *, tenants: Container[str] | None = None, places: Sequence[str] = ()
    ) -> list[Outcome]:
        """``submit`` and wait."""
        return self.submit(events, tenants=tenants, places=places).result()

    def held(self, tickets: Sequence[TicketKey]) -> Mapping[TicketKey, Sequence[TicketFact]]:
        """The facts of each ticket in the order of the fold; tickets without any are left out."""
        return {ticket: facts for ticket in tickets if (facts := held_facts(self._journal, ticket))}

    def _check(self, data: bytes, tenants: Container[str] | None) -> NewEvent | tuple[FieldViolation, ...]:
        """The event to record, or everything that is wrong with it."""
        if len(data) > self._event_bytes_max:
            return (FieldViolation("", "TOO_LONG", f"must be at most {self._event_bytes_max} bytes"),)
        try:
            message = TicketEvent.FromString(data)
        except DecodeError:
            return (FieldViolation("", "MALFORMED", "these bytes are not a TicketEvent"),)
        fact, found = examine(message)
        if tenants is not None and fact.tenant and fact.tenant not in tenants:
            found = (*found, FieldViolation("tenant", "NOT_ALLOWED", f"the caller may not write for {fact.tenant!r}"))
        if found:
            return found
        event = NewEvent(
            ticket_stream_id(fact.ticket), event_type(message), fact.tenant, fact.occurred_at_us, data,
            fact_key(fact.tenant, fact.source, fact.event_id),
        )
        if not self._journal.fits([event]):
            return (FieldViolation("", "TOO_LONG", "must fit into a record of the journal's topic: see its max.message.bytes"),)
        return event


def _outcomes(
    checked: Sequence[NewEvent | tuple[FieldViolation, ...]], receipt: Receipt, differ: Container[int]
) -> Iterator[Outcome]:
    """``differ``: indexes among the events that were not rejected."""
    recorded = enumerate(zip(receipt.positions, receipt.duplicates, strict=True))
    for index, event in enumerate(checked):
        if isinstance(event, NewEvent):
            accepted, (position, duplicate) = next(recorded)
            yield Outcome(index, position, duplicate, (), duplicate and accepted in differ)
        else:
            yield Outcome(index, 0, False, event)
