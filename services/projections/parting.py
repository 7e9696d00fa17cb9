"""Changes one by one, each with what is written instead when the database refuses it."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from sqlalchemy.exc import DataError, IntegrityError

from opsledger.services.projections import decision_views, tables
from opsledger.services.projections.fact_cache import Unreadable
from opsledger.services.projections.folding import ChangedAggregate, ChangedTicket, Changes, set_aside_row

REFUSED = (DataError, IntegrityError)
"""A row is at fault; anything else is about the database as a whole."""
Without = Callable[[str], Changes]
"""What is written instead, for a reason."""


def parted(changes: Changes) -> Iterator[tuple[Changes, Without]]:
    yield Changes(unreadable=changes.unreadable), lambda _: Changes()
    for ticket in changes.tickets:
        yield Changes(tickets=[ticket]), partial(_without_ticket, ticket)
    for aggregate in changes.aggregates:
        yield Changes(aggregates=[aggregate]), partial(_without_aggregate, aggregate)
    for announcement in changes.announcements:
        yield Changes(announcements=[announcement]), partial(_without_event, announcement[0], announcement[1], tables.announcements.name)
    for rules in changes.rules:
        program = (rules.tenant, rules.program)
        clocks = {program: changes.offsets[program]} if program in changes.offsets else {}
        yield Changes(rules=[rules], offsets=clocks), partial(_without_event, rules.position, rules.tenant, tables.rules.name)
    for rules in changes.shared_rules:
        yield Changes(shared_rules=[rules]), partial(_without_event, rules.position, rules.tenant, tables.shared_rules.name)


def _without_ticket(ticket: ChangedTicket, reason: str) -> Changes:
    noted = set_aside_row(ticket.position, ticket.key.tenant, tables.tickets.name, reason)
    return Changes(withdrawn=[ticket.key], unreadable=[noted])


def _without_aggregate(aggregate: ChangedAggregate, reason: str) -> Changes:
    tenant = next((str(row["tenant"]) for _, row in aggregate.rows if "tenant" in row), "")
    noted: list[Unreadable] = [set_aside_row(aggregate.first_position, tenant, decision_views.decisions.name, reason)]
    return Changes(aggregates=[aggregate._replace(rows=[], set_aside=noted)])


def _without_event(position: int, tenant: str, table: str, reason: str) -> Changes:
    return Changes(unreadable=[set_aside_row(position, tenant, table, reason)])
