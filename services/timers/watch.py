"""What has changed about a tenant's timers since places in the journal, in messages of bounded size."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine

from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.proto.sla.v1.announcement_pb2 import Announcement
from opsledger.services.projections.announcing import kind_number
from opsledger.services.projections.database import reader
from opsledger.services.resuming import Places, resume_token
from opsledger.services.tickets.codec import timestamp
from opsledger.services.timers import queries
from opsledger.services.timers.measuring import Calendars
from opsledger.services.timers.messages import instant, timer_of_row

TICKETS_PER_MESSAGE, ANNOUNCEMENTS_PER_MESSAGE = 200, 500


def changes(engine: Engine, tenant: str, program: str, after: Places, up_to: Places, now_us: int) -> Iterator[pb.WatchTimersResponse]:
    """The messages that bring a subscriber from some places to others; the last one, which may be empty, has the token.

    Each is read when it is asked for. A ticket that changes once more meanwhile comes in a later change.
    """
    last = pb.WatchTimersResponse()
    for partition, end in up_to.items():
        for message in _messages(reader(engine), tenant, program, after[partition], end, now_us):
            if last.tickets or last.announcements:
                yield last
            last = message
    last.resume_token = resume_token(up_to.values())
    yield last


def _messages(engine: Engine, tenant: str, program: str, after: int, up_to: int, now_us: int) -> Iterator[pb.WatchTimersResponse]:
    """Of one partition."""
    if after == up_to:
        return
    beyond = (after + 1, "", "")
    while True:
        with engine.connect() as connection:
            tickets = queries.changed_tickets(connection, tenant, program, beyond, up_to, TICKETS_PER_MESSAGE)
            message = pb.WatchTimersResponse(tickets=_tickets(connection, tenant, tickets, now_us))
        if not tickets:
            break
        yield message
        beyond = tickets[-1][:3]
    while True:
        with engine.connect() as connection:
            rows = queries.announcements_between(connection, tenant, program, after, up_to, ANNOUNCEMENTS_PER_MESSAGE)
        if not rows:
            break
        yield pb.WatchTimersResponse(announcements=[_announcement(row) for row in rows])
        after = rows[-1].position


def _tickets(connection: Connection, tenant: str, tickets: list[queries.Changed], now_us: int) -> Iterator[pb.TicketTimers]:
    if not tickets:
        return
    found, calendars = queries.timers_of(connection, tenant, tickets), Calendars(connection)
    for ticket, rows in zip(tickets, found.values(), strict=True):
        yield pb.TicketTimers(
            tenant=tenant, program=ticket.program, source=ticket.source, ticket_id=ticket.ticket_id,
            timers=[timer_of_row(row, now_us, calendars) for row in rows],
        )


def _announcement(row: Any) -> pb.RecordedAnnouncement:
    return pb.RecordedAnnouncement(position=row.position, announcement=Announcement(
        kind=kind_number(row.kind), tenant=row.tenant, program=row.program, source=row.source, ticket_id=row.ticket_id,
        metric=row.metric, cycle=row.cycle, policy=row.policy, step=row.step, due_at=instant(row.due_at_us), at=timestamp(row.at_us),
        retracts=kind_number(row.retracts),
    ))
