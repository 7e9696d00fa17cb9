"""What the timer service reads about the tickets of one partition, in one transaction."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, func, select, tuple_, union

from opsledger.core.partitions import begin_of
from opsledger.core.tickets.facts import TicketKey
from opsledger.services.projections.tables import announcements, changes, steps
from opsledger.services.timers.announced import RETRACTION, Details, Subject


class Stretch(NamedTuple):
    """Up to where somebody has looked."""

    position: int
    now_us: int


class AnnouncerQueries:
    def __init__(self, connection: Connection, partition: int) -> None:
        self._connection, self._partition = connection, partition

    def tickets_to_look_at(self, before: Stretch | None, now: Stretch, not_before_us: int) -> list[TicketKey]:
        """Of which something may have to be said: since the last look, or at the first one (``before`` is None) at all."""
        due_after_us = not_before_us if before is None else min(before.now_us, now.now_us)
        spoken_after = begin_of(self._partition) if before is None else before.position
        ends = begin_of(self._partition + 1)
        queries = [
            select(*_key(steps)).where(
                steps.c.partition == self._partition, steps.c.at_us > due_after_us, steps.c.at_us <= now.now_us
            ),
            select(*_key(announcements)).where(announcements.c.position > spoken_after, announcements.c.position <= ends),
        ]
        if before is not None:
            queries.append(select(*_key(changes)).where(changes.c.position > before.position, changes.c.position <= ends))
        return [TicketKey._make(row) for row in self._connection.execute(union(*queries))]

    def steps(self, tickets: Sequence[TicketKey]) -> dict[Subject, Details]:
        query = select(
            *_key(steps), steps.c.metric, steps.c.cycle, steps.c.kind, steps.c.step, steps.c.at_us,
            steps.c.program, steps.c.policy, steps.c.due_at_us,
        ).where(_among(steps, tickets))
        return {Subject._make(row[:8]): Details._make(row[8:]) for row in self._connection.execute(query)}

    def announcements(self, tickets: Sequence[TicketKey]) -> Iterator[tuple[Subject, Details, bool]]:
        """In the order in which they were made."""
        table = announcements.c
        query = select(
            *_key(announcements), table.metric, table.cycle, table.kind, table.retracts, table.step, table.at_us,
            table.program, table.policy, table.due_at_us,
        ).where(_among(announcements, tickets)).order_by(table.position)
        for tenant, source, ticket_id, metric, cycle, kind, retracts, step, at_us, *details in self._connection.execute(query):
            announced = kind != RETRACTION
            subject = Subject(tenant, source, ticket_id, metric, cycle, kind if announced else retracts, step, at_us)
            yield subject, Details(*details), announced

    def next_step_us(self, now_us: int) -> int | None:
        query = select(func.min(steps.c.at_us)).where(steps.c.partition == self._partition, steps.c.at_us > now_us)
        at_us: int | None = self._connection.execute(query).scalar_one()
        return at_us


def _key(table: Table) -> tuple[ColumnElement[Any], ...]:
    return table.c.tenant, table.c.source, table.c.ticket_id


def _among(table: Table, tickets: Sequence[TicketKey]) -> ColumnElement[bool]:
    return tuple_(*_key(table)).in_([tuple(ticket) for ticket in tickets])
