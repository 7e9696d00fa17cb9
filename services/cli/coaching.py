"""``opsledger coaching``: sessions, action items, what is overdue, and whether it had an effect. coaching_commands.py has what writes."""
from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Annotated, Any

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli import coaching_commands
from opsledger.services.cli.options import DEFAULT_DATABASE, AsJson, DatabaseUrl
from opsledger.services.cli.remote import ServerAddress, Token
from opsledger.services.cli.source import answers_of, first

group = typer.Typer(no_args_is_help=True, help="Coaching: sessions, action items and their effect.")

Tenant = Annotated[str, typer.Option(help="Needed when there are several.", show_default=False)]
Program = Annotated[str, typer.Option(help="Only of this program.", show_default=False)]
Agent = Annotated[str, typer.Option(help="Only of this agent.", show_default=False)]
Limit = Annotated[int, typer.Option(help="At most so many.", min=1)]


@group.command()
def sessions(
    tenant: Tenant = "", program: Program = "", agent: Agent = "",
    supervisor: Annotated[str, typer.Option(help="Only of this supervisor.", show_default=False)] = "",
    stage: Annotated[list[str] | None, typer.Option(help="Only at this stage; may be given again.", metavar="STAGE")] = None,
    limit: Limit = 50, database: DatabaseUrl = DEFAULT_DATABASE, server: ServerAddress = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Coaching sessions, last changed first."""
    from opsledger.proto.coaching.v1 import coaching_pb2 as pb
    from opsledger.services.cli.coaching_tables import show_sessions
    from opsledger.services.cli.json_output import print_json
    from opsledger.services.coaching.messages import STAGES

    words = [str(word) for word in STAGES[1:]]
    for word in stage or []:
        if word not in words:
            raise InvalidInput(FieldViolation("--stage", "UNKNOWN", f"{word!r} is none of {', '.join(words)}"))
    request = pb.ListSessionsRequest(
        program=program, agent=agent, supervisor=supervisor, stages=[1 + words.index(word) for word in stage or []])  # type: ignore[misc]  # ints on the wire
    with _source(database, server, token, tenant) as (source, request.tenant):
        found = first(source.ListSessions, request, "sessions", limit)
    if as_json:
        print_json(found)
    else:
        show_sessions(found)


@group.command()
def items(
    tenant: Tenant = "", program: Program = "", agent: Agent = "",
    owner: Annotated[str, typer.Option(help="Only of this owner.", show_default=False)] = "",
    session: Annotated[str, typer.Option(help="Only of this session.", show_default=False)] = "",
    limit: Limit = 50, database: DatabaseUrl = DEFAULT_DATABASE, server: ServerAddress = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Action items, the one that is due first on top."""
    _items({"program": program, "agent": agent, "owner": owner, "session": session}, limit, database, server, token, tenant, as_json)


@group.command()
def overdue(
    tenant: Tenant = "", program: Program = "", agent: Agent = "",
    owner: Annotated[str, typer.Option(help="Only of this owner.", show_default=False)] = "",
    follow_ups: Annotated[bool, typer.Option("--follow-ups", help="Those that somebody should look at again, instead.")] = False,
    limit: Limit = 50, database: DatabaseUrl = DEFAULT_DATABASE, server: ServerAddress = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """Action items past their due time, or past their follow-up time."""
    chosen = {"program": program, "agent": agent, "owner": owner, "overdue": not follow_ups, "follow_up_due": follow_ups}
    _items(chosen, limit, database, server, token, tenant, as_json)


@group.command()
def effect(
    session: Annotated[str, typer.Argument(metavar="SESSION", help="Id of a session whose measure was fixed.")],
    tenant: Tenant = "",
    confidence: Annotated[float | None, typer.Option(help="Level of the intervals; 0.95 unless given.", show_default=False)] = None,
    database: DatabaseUrl = DEFAULT_DATABASE, server: ServerAddress = "", token: Token = "", as_json: AsJson = False,
) -> None:
    """What changed after a session, against the agent's past and the comparison group, and how sure that is."""
    from opsledger.proto.coaching.v1 import coaching_pb2 as pb
    from opsledger.services.cli.coaching_tables import show_effect
    from opsledger.services.cli.json_output import print_json

    request = pb.MeasureEffectRequest(id=session, confidence=confidence)
    with _source(database, server, token, tenant) as (source, request.tenant):
        found = source.MeasureEffect(request)
    if as_json:
        print_json(found)
    else:
        show_effect(found)


def _items(chosen: dict[str, Any], limit: int, database: str, server: str, token: str, tenant: str, as_json: bool) -> None:
    from opsledger.proto.coaching.v1 import coaching_pb2 as pb
    from opsledger.services.cli.coaching_tables import show_items
    from opsledger.services.cli.json_output import print_json

    request = pb.ListActionItemsRequest(**chosen)
    with _source(database, server, token, tenant) as (source, request.tenant):
        found = first(source.ListActionItems, request, "items", limit)
    if as_json:
        print_json(found)
    else:
        show_items(found)


def _source(database: str, server: str, token: str, tenant: str) -> AbstractContextManager[tuple[Any, str]]:
    from opsledger.services.coaching.answers import CoachingAnswers

    return answers_of(database, server, token, tenant, there=lambda client: client.coaching, here=CoachingAnswers)


coaching_commands.add_to(group)
