"""``opsledger coaching plan``, ``agree`` and what follows: the writing commands, which a server carries out."""
from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.services.cli.options import AsJson, RequestId
from opsledger.services.cli.remote import Actor, TheServer, TheTenant, Token, server_client
from opsledger.services.cli.subjects import ticket_named
from opsledger.services.cli.times import instant

if TYPE_CHECKING:
    from google.protobuf.message import Message

Session = Annotated[str, typer.Argument(metavar="SESSION", help="Its id, as sessions shows it.")]
Item = Annotated[str, typer.Argument(metavar="ITEM", help="Its id, as items shows it.")]


def plan(
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="Who is to be coached.")],
    program: Annotated[str, typer.Option(help="Of which program.", show_default=False)],
    server: TheServer, tenant: TheTenant,
    agenda: Annotated[list[str] | None, typer.Option(help="What it is about; may be given again.", metavar="TEXT")] = None,
    ticket: Annotated[list[str] | None, typer.Option(help="A ticket as evidence; may be given again.", metavar="SOURCE/TICKET")] = None,
    evaluation: Annotated[list[str] | None, typer.Option(help="An evaluation as evidence; may be given again.", metavar="ID")] = None,
    at: Annotated[str, typer.Option(help="When it is to be held.", metavar="TIME", show_default=False)] = "",
    actor: Actor = "", request_id: RequestId = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Plan a session. The supervisor is who acts."""
    from opsledger.proto.coaching.v1 import coaching_pb2 as pb

    request = pb.PlanSessionRequest(request_id=request_id, program=program, agent=agent, agenda=agenda)
    request.evidence.extend(pb.Evidence(evaluation=id) for id in evaluation or ())
    for text in ticket or ():
        source, ticket_id = ticket_named(text, "--ticket")
        request.evidence.add(ticket=pb.TicketEvidence(source=source, ticket_id=ticket_id))
    if at:
        request.scheduled_at.CopyFrom(instant(at, "--at"))
    with server_client(server, token, tenant, actor) as client:
        _tell(client.coaching.PlanSession(request), as_json)


def open_session(
    session: Session, server: TheServer, tenant: TheTenant,
    actor: Actor = "", request_id: RequestId = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Open a planned session: action items can be agreed from now on."""
    with server_client(server, token, tenant, actor) as client:
        _tell(client.coaching.OpenSession(request_id=request_id, id=session), as_json)


def agree(
    session: Session,
    change: Annotated[str, typer.Argument(metavar="CHANGE", help="What is to change.")],
    due: Annotated[str, typer.Option(help="Until when.", metavar="TIME", show_default=False)],
    server: TheServer, tenant: TheTenant,
    owner: Annotated[str, typer.Option(help="Who does it; the agent unless given.", show_default=False)] = "",
    follow_up: Annotated[str, typer.Option(help="When to look whether it lasted.", metavar="TIME", show_default=False)] = "",
    actor: Actor = "", request_id: RequestId = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Agree an action item in an open or held session."""
    from opsledger.proto.coaching.v1 import coaching_pb2 as pb

    request = pb.AgreeActionItemRequest(
        request_id=request_id, session=session, change=change, owner=owner, due_at=instant(due, "--due"),
        follow_up_at=instant(follow_up, "--follow-up") if follow_up else None,
    )
    with server_client(server, token, tenant, actor) as client:
        _tell(client.coaching.AgreeActionItem(request), as_json)


def hold(
    session: Session, server: TheServer, tenant: TheTenant,
    summary: Annotated[str, typer.Option(help="The supervisor's.", metavar="TEXT", show_default=False)] = "",
    actor: Actor = "", request_id: RequestId = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Say that an open session has taken place."""
    with server_client(server, token, tenant, actor) as client:
        _tell(client.coaching.HoldSession(request_id=request_id, id=session, summary=summary), as_json)


def acknowledge(
    session: Session, server: TheServer, tenant: TheTenant,
    comment: Annotated[str, typer.Option(help="The agent's.", metavar="TEXT", show_default=False)] = "",
    actor: Actor = "", request_id: RequestId = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Acknowledge a session that was held: by the agent who was coached, and nobody else."""
    with server_client(server, token, tenant, actor) as client:
        _tell(client.coaching.AcknowledgeSession(request_id=request_id, id=session, comment=comment), as_json)


def close(
    session: Session, server: TheServer, tenant: TheTenant,
    actor: Actor = "", request_id: RequestId = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Close a session that was acknowledged."""
    with server_client(server, token, tenant, actor) as client:
        _tell(client.coaching.CloseSession(request_id=request_id, id=session), as_json)


def complete(
    item: Item, server: TheServer, tenant: TheTenant,
    evidence: Annotated[str, typer.Option(help="What its owner shows for it.", metavar="TEXT", show_default=False)] = "",
    actor: Actor = "", request_id: RequestId = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Say that an action item is done: by its owner."""
    with server_client(server, token, tenant, actor) as client:
        _tell(client.coaching.CompleteActionItem(request_id=request_id, id=item, evidence=evidence), as_json)


def add_to(group: typer.Typer) -> None:
    """The commands in the order in which a session goes through them."""
    group.command()(plan)
    group.command("open")(open_session)
    for command in (agree, hold, acknowledge, close, complete):
        group.command()(command)


def _tell(answer: Message, as_json: bool) -> None:
    from opsledger.services.cli.coaching_tables import show_change
    from opsledger.services.cli.json_output import print_json

    if as_json:
        print_json(answer)
    else:
        show_change(answer)
