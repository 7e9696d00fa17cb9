"""A stretch of the journal to the rows that it changes."""
from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from eventsourcing.domain import Aggregate
from google.protobuf.message import DecodeError
from sqlalchemy import Table

from opsledger.core.ports import Journal, RecordedEvent
from opsledger.core.tickets.facts import TicketKey
from opsledger.core.tickets.identity import ticket_stream_id
from opsledger.services.decisions.reading import AggregateReader
from opsledger.services.projections import decision_views, tables
from opsledger.services.projections.announcing import ANNOUNCEMENT, announcement_row
from opsledger.services.projections.fact_cache import FACTS_MAX, FactCache, Unreadable, plain, unreadable
from opsledger.services.projections.holding import unholdable
from opsledger.services.projections.rule_books import (
    NOT_RULES,
    RULES_PUBLISHED,
    RULES_SHARED,
    OffsetRow,
    Program,
    RuleBooks,
    RulesRow,
    rules_row,
)
from opsledger.services.projections.ticket_view import Row, TicketRows, ticket_rows
from opsledger.services.tickets.codec import TYPE_PREFIX

_log = logging.getLogger(__name__)
ROW_OF = "row of "
"""What is set aside is of this type, with the table's name."""
FOLDED_PER_WRITE = 500
"""Of how many tickets or aggregates the rows are held in memory at once; and the database hears of the transaction in between, however
slow the machine is (see FROZEN_TIMEOUT_MS)."""


class ChangedTicket(NamedTuple):
    key: TicketKey
    program: str
    position: int
    """Of the event that changed it."""
    is_new: bool
    """No row of it has been written before."""
    rows: TicketRows


class ChangedAggregate(NamedTuple):
    id: str
    first_position: int
    """Of the event that created it."""
    rows: list[tuple[Table, decision_views.Row]]
    set_aside: list[Unreadable]
    """Instead of the rows that no database is given."""


@dataclass(slots=True)
class Changes:
    """What to write; every ticket's rows as a whole."""

    tickets: list[ChangedTicket] = field(default_factory=list)
    announcements: list[Row] = field(default_factory=list)
    rules: list[RulesRow] = field(default_factory=list)
    shared_rules: list[RulesRow] = field(default_factory=list)
    offsets: dict[Program, list[OffsetRow]] = field(default_factory=dict)
    """The clocks of programs whose rules have changed."""
    unreadable: list[Unreadable] = field(default_factory=list)
    aggregates: list[ChangedAggregate] = field(default_factory=list)
    withdrawn: list[TicketKey] = field(default_factory=list)
    """Tickets whose rows the database refuses."""


@dataclass(slots=True)
class _Touched:
    position: int
    """Of the last event that changes it."""
    events: list[RecordedEvent] = field(default_factory=list)


class Folder:
    """Folds batches of one partition, in their order. What it remembers is for speed alone: another one gives the same rows."""

    def __init__(self, journal: Journal, rules: Iterable[RulesRow], facts_max: int = FACTS_MAX) -> None:
        """``rules``: those that it has brought into the tables already."""
        self._journal = journal
        self._facts = FactCache(journal, facts_max)
        self._aggregates = AggregateReader()
        self._books = RuleBooks()
        for row in rules:
            self._books.add(row)

    def fold(self, batch: Sequence[RecordedEvent], tickets_of: Callable[[Program], Iterable[TicketKey]]) -> Iterator[Changes]:
        """The changes that a batch brings, in bounded parts.

        ``tickets_of``: the partition's tickets of a program as the tables have them; asked when the batch brings rules for it.
        """
        touched: dict[bytes, _Touched] = {}
        published: dict[Program, int] = {}
        decided: dict[bytes, int] = {}
        changes = Changes()
        for event in batch:
            if event.type.startswith(TYPE_PREFIX):
                ticket = touched.setdefault(event.stream_id, _Touched(event.position))
                ticket.position = event.position
                ticket.events.append(event)
            elif self._aggregates.is_decision(event):
                decided[event.stream_id] = event.position
            elif event.type == ANNOUNCEMENT:
                self._announcement(event, changes)
            elif event.type == RULES_PUBLISHED:
                news = self._rules(event, changes.rules, changes)
                changes.offsets |= {program: self._books.clocks(program) for program in news}
                published |= news
            elif event.type == RULES_SHARED:
                published |= self._rules(event, changes.shared_rules, changes)
        for program, position in published.items():
            for key in tickets_of(program):
                touched.setdefault(ticket_stream_id(key), _Touched(position))
        for number, (stream_id, position) in enumerate(decided.items(), start=1):
            self._aggregate(stream_id, batch[0].position, position, changes)
            if number % FOLDED_PER_WRITE == 0:
                yield changes
                changes = Changes()
        for number, (stream_id, ticket) in enumerate(touched.items(), start=1):
            self._ticket(stream_id, ticket, batch[-1].position, published, changes)
            if number % FOLDED_PER_WRITE == 0:
                yield changes
                changes = Changes()
        yield changes

    def _ticket(
        self, stream_id: bytes, ticket: _Touched, up_to: int, published: Mapping[Program, int], changes: Changes
    ) -> None:
        facts, failed = self._facts.facts(stream_id, ticket.events, up_to)
        changes.unreadable += failed
        if not facts:
            return
        key, program = facts[0].ticket, facts[-1].program
        position = max(ticket.position, published.get((key.tenant, program), 0))
        is_new = bool(ticket.events) and ticket.events[0].version == 1
        rows = ticket_rows(facts, self._books.of(key.tenant, program))
        changes.tickets.append(ChangedTicket(key, program, position, is_new, rows))

    def _aggregate(self, stream_id: bytes, first: int, last: int, changes: Changes) -> None:
        """``first``: where the batch begins; what could not be read before it has been noted before."""
        events = [event for event in self._journal.read_stream(stream_id) if event.position <= last]
        aggregate, failed = self._aggregates.fold(events)
        changes.unreadable += [unreadable(event, error) for event, error in failed if event.position >= first]
        if aggregate is not None:
            changes.aggregates.append(_changed(aggregate, events[0], last))

    def _announcement(self, event: RecordedEvent, changes: Changes) -> None:
        try:
            row = announcement_row(event)
        except DecodeError as error:
            changes.unreadable.append(unreadable(event, error))
            return
        if reason := unholdable(tables.announcements, dict(zip(tables.announcements.columns.keys(), row, strict=True))):
            changes.unreadable.append(unreadable(event, reason))
        else:
            changes.announcements.append(row)

    def _rules(self, event: RecordedEvent, rows: list[RulesRow], changes: Changes) -> dict[Program, int]:
        """The program whose rules they are, with their position; nothing when they cannot be used."""
        try:
            row = rules_row(event)
            if reason := unholdable(tables.rules, row._asdict()):
                changes.unreadable.append(unreadable(event, reason))
                return {}
            program = self._books.add(row)
        except NOT_RULES as error:
            changes.unreadable.append(unreadable(event, error))
            return {}
        rows.append(row)
        return {program: event.position}


def _changed(aggregate: Aggregate, first: RecordedEvent, last_position: int) -> ChangedAggregate:
    """Its rows, but for those that no database is given; when they cannot be made at all (a fault of ours), that is said instead."""
    rows: list[tuple[Table, decision_views.Row]] = []
    refused: dict[str, list[str]] = {}
    try:
        for table, row in decision_views.rows_of(aggregate, last_position):
            if reason := unholdable(table, {"aggregate_id": str(aggregate.id), **row}):
                refused.setdefault(table.name, []).append(reason)
            else:
                rows.append((table, row))
    except Exception as error:  # whatever it is, the views of all others go on
        _log.exception("%s %s: its rows cannot be made", type(aggregate).__name__, aggregate.id)
        rows, refused = [], {decision_views.decisions.name: [f"{type(error).__name__}: {error}"]}
    set_aside = [set_aside_row(first.position, first.tenant, table, "; ".join(reasons)) for table, reasons in refused.items()]
    return ChangedAggregate(str(aggregate.id), first.position, rows, set_aside)


def set_aside_row(position: int, tenant: str, table: str, reason: str) -> Unreadable:
    """``position``: of the first event of what the row is about."""
    return Unreadable(position, plain(tenant), ROW_OF + table, ascii(reason)[1:-1])
