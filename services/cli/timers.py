"""``opsledger timers``: what is due next, what is late, what has ended."""
from __future__ import annotations

from typing import Annotated

import typer

from opsledger.services.cli.options import DEFAULT_DATABASE, AsJson, DatabaseUrl
from opsledger.services.cli.remote import ServerAddress, Token
from opsledger.services.cli.times import span_us


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
    from opsledger.services.cli.json_output import print_json
    from opsledger.services.cli.source import answers_of, first
    from opsledger.services.cli.timers_table import show
    from opsledger.services.timers.answers import TimerAnswers

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
        request.within.FromMicroseconds(span_us(due_within, "--due-within"))
    with answers_of(
        database, server, token, tenant, there=lambda client: client.timers, here=TimerAnswers
    ) as (source, request.tenant):
        found = first(source.ListTimers, request, "timers", limit)
    if as_json:
        print_json(found)
    else:
        show(found, where, limit)

