"""Timers, tickets and announcements from the read models, in SQL."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select, tuple_

from opsledger.core.names import lookup_key
from opsledger.core.tickets.facts import TicketKey
from opsledger.services.projections.tables import announcements, changes, clocks, tickets

NO_DUE_US = (1 << 63) - 1
"""Sorts what has no due time after everything else."""
_DUE_US = func.coalesce(clocks.c.due_at_us, NO_DUE_US)
_ORDER = (_DUE_US, clocks.c.source, clocks.c.ticket_id, clocks.c.metric, clocks.c.cycle)


class Filter(NamedTuple):
    """Which timers; empty text is any."""

    tenant: str
    program: str = ""
    which: str = "open"
    """open, running, paused, due_soon, breached or finished"""
    within_us: int = 0
    """For due_soon."""
    group: str = ""
    agent: str = ""
    metric: str = ""


def tenants(connection: Connection) -> list[str]:
    """Those that have tickets."""
    return sorted(connection.scalars(select(tickets.c.tenant).distinct()))


def tickets_called(connection: Connection, ticket_id: str, tenant: str = "", source: str = "") -> list[TicketKey]:
    """All tickets of that id, or else of those that look the same (core/names.py); empty text is any."""
    query = select(tickets.c.tenant, tickets.c.source, tickets.c.ticket_id)
    query = query.where(*(column == value for column, value in ((tickets.c.tenant, tenant), (tickets.c.source, source)) if value))
    found = [TicketKey._make(row) for row in connection.execute(query.where(tickets.c.ticket_id == ticket_id))]
    if not found:
        meant = lookup_key(ticket_id)
        found = [TicketKey._make(row) for row in connection.execute(query) if lookup_key(row.ticket_id) == meant]
    return sorted(found)


def timers(connection: Connection, chosen: Filter, now_us: int, limit: int, after: Sequence[str | int] | None = None) -> list[Any]:
    """Rows of `clocks` with their ticket's last change, by due time; after one of them, given by its ``order_key``."""
    query = _clocks().where(clocks.c.tenant == chosen.tenant, _which(chosen, now_us)).order_by(*_ORDER).limit(limit)
    named = ((clocks.c.program, chosen.program), (clocks.c.group_name, chosen.group), (clocks.c.agent, chosen.agent),
             (clocks.c.metric, chosen.metric))
    query = query.where(*(column == value for column, value in named if value))
    if after is not None:
        query = query.where(tuple_(*_ORDER) > tuple_(*after))
    return list(connection.execute(query))


def _clocks() -> Select[Any]:
    same = and_(*(clocks.c[name] == tickets.c[name] for name in ("tenant", "source", "ticket_id")))
    return select(clocks, tickets.c.changed_at_us).join(tickets, same)


def order_key(row: Any) -> tuple[str | int, ...]:
    return (NO_DUE_US if row.due_at_us is None else row.due_at_us), row.source, row.ticket_id, row.metric, row.cycle


def _which(chosen: Filter, now_us: int) -> ColumnElement[bool]:
    running, paused = clocks.c.state == "running", clocks.c.state == "paused"
    late = or_(clocks.c.breached_at_us.is_not(None), and_(running, clocks.c.due_at_us < now_us))
    match chosen.which:
        case "running":
            return running
        case "paused":
            return paused
        case "due_soon":
            return and_(running, clocks.c.due_at_us >= now_us, clocks.c.due_at_us <= now_us + chosen.within_us)
        case "breached":
            return late
        case "finished":
            return clocks.c.state.not_in(["running", "paused"])
    return clocks.c.state.in_(["running", "paused"])


class Changed(NamedTuple):
    """A ticket that changed, and where in the journal."""

    position: int
    source: str
    ticket_id: str
    program: str


def changed_tickets(
    connection: Connection, tenant: str, program: str, beyond: tuple[int, str, str], up_to: int, limit: int
) -> list[Changed]:
    """By position, source and ticket; those after ``beyond``."""
    table = changes.c
    query = (
        select(table.position, table.source, table.ticket_id, table.program)
        .where(table.tenant == tenant, table.position <= up_to, tuple_(table.position, table.source, table.ticket_id) > tuple_(*beyond))
        .order_by(table.position, table.source, table.ticket_id).limit(limit)
    )
    if program:
        query = query.where(table.program == program)
    return [Changed._make(row) for row in connection.execute(query)]


def timers_of(connection: Connection, tenant: str, tickets: Sequence[Changed]) -> dict[TicketKey, list[Any]]:
    """All rows of `clocks` of some tickets with the ticket's last change, by ticket."""
    found: dict[TicketKey, list[Any]] = {TicketKey(tenant, ticket.source, ticket.ticket_id): [] for ticket in tickets}
    key = (clocks.c.tenant, clocks.c.source, clocks.c.ticket_id)
    query = _clocks().where(tuple_(*key).in_([tuple(ticket) for ticket in found])).order_by(*key, clocks.c.metric, clocks.c.cycle)
    for row in connection.execute(query):
        found[TicketKey(row.tenant, row.source, row.ticket_id)].append(row)
    return found


def announcements_between(connection: Connection, tenant: str, program: str, after: int, up_to: int, limit: int) -> list[Any]:
    """Rows of `announcements`, in their order."""
    query = (
        select(announcements)
        .where(announcements.c.tenant == tenant, announcements.c.position > after, announcements.c.position <= up_to)
        .order_by(announcements.c.position).limit(limit)
    )
    return list(connection.execute(query.where(announcements.c.program == program) if program else query))
