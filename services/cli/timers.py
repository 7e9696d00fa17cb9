"""``opsledger timers``: what is due next, what is late, what has ended."""
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.options import DEFAULT_DATABASE, AsJson, DatabaseUrl
from opsledger.services.cli.remote import ServerAddress, Token, server_client

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from opsledger.proto.sla.v1 import timers_pb2 as pb


class Timers(Protocol):
    """What is needed of the TimerService: of a server, or over a database here."""

    def ListTimers(self, request: pb.ListTimersRequest) -> pb.ListTimersResponse: ...


def timers(
    due_within: Annotated[str | None, typer.Option(help="Running, and due within a time such as 2h.", metavar="DURATION")] = None,
    breached: Annotated[bool, typer.Option("--breached", help="Late: still open, or ended after the due time.")] = False,
    running: Annotated[bool, typer.Option("--running", help="Running now.")] = False,
    paused: Annotated[bool, typer.Option("--paused", help="Paused now.")] = False,
    finished: Annotated[bool, typer.Option("--finished", help="Ended.")] = False,
    tenant: Annotated[str, typer.Option(help="Needed when there are several.", show_default=False)] = "",
    program: Annotated[str, typer.Option(help="Only of this program.", show_default=False)] = "",
    group: Annotated[str, typer.Option(help="Only of this group.", show_default=False)] = "",
    agent: Annotated[str, typer.Option(help="Only of this agent.", show_default=False)] = "",
    metric: Annotated[str, typer.Option(help="Only of this metric.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    time_zone: Annotated[str, typer.Option(help="In which times are shown.")] = "UTC",
    database: DatabaseUrl = DEFAULT_DATABASE,
    server: ServerAddress = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """The timers of open tickets, the one that is due first on top; paused ones, which have no due time, last."""
    from opsledger.core.sla.zones import zone
    from opsledger.proto.sla.v1 import timers_pb2 as pb
    from opsledger.services.cli.timers_table import as_document, show

    where = zone(time_zone)
    request = pb.ListTimersRequest(program=program, group=group, agent=agent, metric=metric)
    chosen = {
        pb.TIMER_FILTER_DUE_SOON: due_within is not None, pb.TIMER_FILTER_BREACHED: breached, pb.TIMER_FILTER_RUNNING: running,
        pb.TIMER_FILTER_PAUSED: paused, pb.TIMER_FILTER_FINISHED: finished,
    }
    if sum(chosen.values()) > 1:
        raise typer.BadParameter("give one of --due-within, --breached, --running, --paused, --finished")
    request.filter = next((number for number, given in chosen.items() if given), pb.TIMER_FILTER_UNSPECIFIED)
    if due_within is not None:
        request.within.FromMicroseconds(_span_us(due_within))
    with _source(database, server, token, tenant) as (source, request.tenant):
        found = _first(source, request, limit)
    if as_json:
        print(json.dumps(as_document(found), ensure_ascii=False))
    else:
        show(found, where, limit)


def _first(source: Timers, request: pb.ListTimersRequest, limit: int) -> pb.ListTimersResponse:
    """So many timers, page by page."""
    request.page_size = min(limit, 1000)
    found = source.ListTimers(request)
    while len(found.timers) < limit and found.next_page_token:
        request.page_token = found.next_page_token
        request.page_size = min(limit - len(found.timers), 1000)
        page = source.ListTimers(request)
        found.timers.extend(page.timers)
        found.next_page_token = page.next_page_token
    return found


@contextmanager
def _source(database: str, server: str, token: str, tenant: str) -> Iterator[tuple[Timers, str]]:
    if server:
        if not tenant:
            raise InvalidInput(FieldViolation("--tenant", "REQUIRED", "must be given with --server ('default' if none was named)"))
        with server_client(server, token) as client:
            yield client.timers, tenant
        return
    from opsledger.services.projections.database import open_database
    from opsledger.services.timers.answers import TimerAnswers

    engine = open_database(database, must_exist=True)
    try:
        yield TimerAnswers(engine), tenant or only_tenant(engine)
    finally:
        engine.dispose()


def only_tenant(engine: Engine) -> str:
    """The one that has tickets. Raises InvalidInput when there are several, naming them."""
    from opsledger.services.timers.queries import tenants

    with engine.connect() as connection:
        found = tenants(connection)
    if len(found) > 1:
        raise InvalidInput(FieldViolation("--tenant", "AMBIGUOUS", f"choose one of {', '.join(found)}"))
    return found[0] if found else "default"


def _span_us(text: str) -> int:
    from opsledger.core.sla.durations import parse_duration_us

    try:
        return parse_duration_us(text)
    except ValueError as error:
        raise InvalidInput(FieldViolation("--due-within", "INVALID", str(error))) from None
