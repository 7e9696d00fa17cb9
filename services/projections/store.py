"""The projector's SQL over one partition's rows in one set of the tables, within the connection's transaction."""
from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from opsledger.core.partitions import begin_of, partition_at
from opsledger.core.tickets.facts import TicketKey
from opsledger.services.projections import decision_views, tables
from opsledger.services.projections.database import other_version
from opsledger.services.projections.folding import ROW_OF, ChangedAggregate, ChangedTicket, Changes
from opsledger.services.projections.following import tell
from opsledger.services.projections.parting import REFUSED, parted
from opsledger.services.projections.rule_books import Program, RulesRow
from opsledger.services.projections.schema import SCHEMA_VERSION
from opsledger.services.projections.table_sets import LIVE, TableSet
from opsledger.services.projections.ticket_view import COLUMNS, Row

_log = logging.getLogger(__name__)


class Place(NamedTuple):
    """How far the tables have come in a partition."""

    position: int
    origin: str = ""
    """Fingerprint of the partition that they come from; empty before its first event."""


def places(connection: Connection, table_set: TableSet) -> dict[int, Place]:
    """By partition; of those that have been begun."""
    positions = table_set.of(tables.positions)
    found = connection.execute(select(positions.c.partition, positions.c.position, positions.c.origin).order_by(positions.c.partition))
    return {number: Place(position, origin) for number, position, origin in found}


def hold_places(connection: Connection) -> None:
    """No projector moves on until the transaction ends."""
    if connection.dialect.name == "postgresql":  # SQLite has one writer
        connection.exec_driver_sql(f"LOCK TABLE {tables.positions.name} IN SHARE ROW EXCLUSIVE MODE")


def positions_reached(connection: Connection) -> dict[int, int]:
    """Up to where the live tables have come, by partition; of those that have been begun."""
    return {number: place.position for number, place in places(connection, LIVE).items()}


class Store:
    def __init__(self, connection: Connection, table_set: TableSet, partition: int) -> None:
        self._connection = connection
        self._tables = table_set
        self._partition = partition

    def place(self) -> Place:
        positions = self._tables.of(tables.positions)
        query = select(positions.c.position, positions.c.origin).where(positions.c.partition == self._partition)
        found = self._connection.execute(query).one_or_none()
        return Place(begin_of(self._partition)) if found is None else Place(*found)

    def advance(self, old: Place, new: Place) -> bool:
        """Move on, and let nobody else do so until the transaction ends. False: somebody else has moved on already."""
        positions = self._tables.of(tables.positions)
        if old.position == begin_of(self._partition):
            insert_new = postgresql.insert if self._connection.dialect.name == "postgresql" else sqlite.insert
            self._connection.execute(insert_new(positions).values(partition=self._partition, **old._asdict()).on_conflict_do_nothing())
        moved = self._connection.execute(
            update(positions).where(positions.c.partition == self._partition, positions.c.position == old.position)
            .values(**new._asdict())
        ).rowcount == 1
        if moved and self._tables is LIVE:
            self._check_version()
            tell(self._connection, new.position)
        return moved

    def _check_version(self) -> None:
        """After the place is taken: a rebuild of another version ends before it or waits for this transaction."""
        version = self._connection.scalar(select(tables.about.c.schema_version))
        if version != SCHEMA_VERSION:
            raise other_version(self._connection.engine, version)

    def rules(self) -> list[RulesRow]:
        """What the partition itself has said about rules so far."""
        both = (self._tables.of(table) for table in (tables.rules, tables.shared_rules))
        return [RulesRow(*row) for table in both for row in self._connection.execute(select(table).where(self._ours(table)))]

    def tickets_of(self, program: Program) -> Iterator[TicketKey]:
        """Those whose facts stand in the partition."""
        tickets, changes = self._tables.of(tables.tickets), self._tables.of(tables.changes)
        key = (tickets.c.tenant, tickets.c.source, tickets.c.ticket_id)
        query = select(*key).join(changes, and_(*(changes.c[column.name] == column for column in key))).where(
            tickets.c.tenant == program[0], tickets.c.program == program[1], self._ours(changes)
        )
        return (TicketKey(*row) for row in self._connection.execute(query).all())

    def _ours(self, table: Table) -> ColumnElement[bool]:
        return in_partition(table, self._partition)

    def write(self, changes: Changes) -> None:
        """What the database refuses although holding.py lets it pass is set aside, and the rest is written: nothing that was recorded may
        stop the views of others."""
        try:
            with self._connection.begin_nested():
                self._write(changes)
        except REFUSED:
            for part, without in parted(changes):
                try:
                    with self._connection.begin_nested():
                        self._write(part)
                except REFUSED as error:
                    _log.exception("rows are set aside: the database refuses them")
                    self._write(without(str(error.orig)))

    def _write(self, changes: Changes) -> None:
        old = [ticket.key for ticket in changes.tickets if not ticket.is_new]
        for table in tables.TICKET_TABLES:
            self._delete(table, [*old, *changes.withdrawn])
            self._insert(table, list(_rows_of(table.name, changes.tickets)))
        self._write_aggregates(changes.aggregates)
        self._insert(tables.announcements, changes.announcements)
        self._insert(tables.rules, changes.rules)
        self._insert(tables.shared_rules, changes.shared_rules)
        for program, offsets in changes.offsets.items():
            live = self._tables.of(tables.program_offsets)
            self._connection.execute(delete(live).where(live.c.tenant == program[0], live.c.program == program[1]))
            self._insert(tables.program_offsets, offsets)
        self._insert(tables.unreadable, changes.unreadable)

    def _write_aggregates(self, changed: Sequence[ChangedAggregate]) -> None:
        """Few and small beside tickets: written one by one."""
        unreadable = self._tables.of(tables.unreadable)
        for aggregate in changed:
            self._connection.execute(
                delete(unreadable).where(unreadable.c.position == aggregate.first_position, unreadable.c.type.startswith(ROW_OF))
            )
            self._insert(tables.unreadable, aggregate.set_aside)
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


def in_partition(table: Table, partition: int) -> ColumnElement[bool]:
    """Rows whose position lies in the partition."""
    return and_(table.c.position > begin_of(partition), table.c.position <= begin_of(partition + 1))


def _rows_of(table: str, changed: Iterable[ChangedTicket]) -> Iterator[Row]:
    for ticket in changed:
        match table:
            case "tickets":
                yield ticket.rows.tickets
            case "steps":
                yield from ((*row, partition_at(ticket.position)) for row in ticket.rows.steps)
            case "changes":
                yield (*ticket.key, ticket.program, ticket.position)
            case _:
                yield from getattr(ticket.rows, table)
