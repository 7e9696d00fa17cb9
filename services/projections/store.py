"""The projector's SQL over one set of the tables, within the connection's transaction."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table, delete, insert, select, update

from opsledger.core.tickets.facts import TicketKey
from opsledger.services.projections import decision_views, tables
from opsledger.services.projections.folding import ChangedAggregate, ChangedTicket, Changes
from opsledger.services.projections.rule_books import Program, RulesRow
from opsledger.services.projections.table_sets import TableSet
from opsledger.services.projections.ticket_view import COLUMNS, Row


class Place(NamedTuple):
    """How far the tables have come."""

    position: int
    origin: str
    """Fingerprint of the journal that they come from; empty before its first event."""


class Store:
    def __init__(self, connection: Connection, table_set: TableSet) -> None:
        self._connection = connection
        self._tables = table_set

    def place(self, *, hold: bool = False) -> Place:
        """``hold``: nobody moves on from there until the transaction ends."""
        positions = self._tables.of(tables.positions)
        query = select(positions.c.position, positions.c.origin).where(positions.c.name == tables.VIEWS_POSITION)
        return Place(*self._connection.execute(query.with_for_update() if hold else query).one())

    def advance(self, old: Place, new: Place) -> bool:
        """Move on, and let nobody else do so until the transaction ends. False: somebody else has moved on already."""
        positions = self._tables.of(tables.positions)
        return self._connection.execute(
            update(positions).where(positions.c.name == tables.VIEWS_POSITION, positions.c.position == old.position)
            .values(position=new.position, origin=new.origin)
        ).rowcount == 1

    def rules(self) -> list[RulesRow]:
        rules = self._tables.of(tables.rules)
        return [RulesRow(*row) for row in self._connection.execute(select(rules).order_by(rules.c.position))]

    def tickets_of(self, program: Program) -> Iterator[TicketKey]:
        tickets = self._tables.of(tables.tickets)
        query = select(tickets.c.tenant, tickets.c.source, tickets.c.ticket_id).where(
            tickets.c.tenant == program[0], tickets.c.program == program[1]
        )
        return (TicketKey(*row) for row in self._connection.execute(query).all())

    def write(self, changes: Changes) -> None:
        old = [ticket.key for ticket in changes.tickets if not ticket.is_new]
        for table in tables.TICKET_TABLES:
            self._delete(table, old)
            self._insert(table, list(_rows_of(table.name, changes.tickets)))
        self._write_aggregates(changes.aggregates)
        self._insert(tables.announcements, changes.announcements)
        self._insert(tables.rules, changes.rules)
        self._insert(tables.unreadable, changes.unreadable)

    def _write_aggregates(self, changed: Sequence[ChangedAggregate]) -> None:
        """Few and small beside tickets: written one by one."""
        for aggregate in changed:
            for table in decision_views.TABLES:
                live = self._tables.of(table)
                self._connection.execute(delete(live).where(live.c.aggregate_id == aggregate.id))
            for table, row in aggregate.rows:
                self._connection.execute(insert(self._tables.of(table)).values(aggregate_id=aggregate.id, **row))

    def _delete(self, table: Table, keys: Sequence[TicketKey]) -> None:
        mark = self._mark
        self._many(f"DELETE FROM {self._tables.of(table).name} WHERE tenant = {mark} AND source = {mark} AND ticket_id = {mark}", keys)

    def _insert(self, table: Table, rows: Sequence[Row]) -> None:
        columns = COLUMNS.get(table.name) or tuple(column.name for column in table.columns)
        marks = ", ".join([self._mark] * len(columns))
        self._many(f"INSERT INTO {self._tables.of(table).name} ({', '.join(columns)}) VALUES ({marks})", rows)

    def _many(self, statement: str, rows: Sequence[Row]) -> None:
        """Straight to the driver's executemany: SQLAlchemy would look at every value of every row."""
        if rows:
            self._connection.exec_driver_sql(statement, [tuple(row) for row in rows])

    @property
    def _mark(self) -> str:
        return "?" if self._connection.dialect.paramstyle == "qmark" else "%s"


def _rows_of(table: str, changed: Iterable[ChangedTicket]) -> Iterator[Row]:
    for ticket in changed:
        match table:
            case "tickets":
                yield ticket.rows.tickets
            case "changes":
                yield (*ticket.key, ticket.program, ticket.position)
            case _:
                yield from getattr(ticket.rows, table)
