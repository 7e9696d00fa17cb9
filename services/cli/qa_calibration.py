"""``opsledger qa calibration``: the sessions of a server, and what they showed."""
from __future__ import annotations

from typing import Annotated

import typer

from opsledger.services.cli.options import AsJson
from opsledger.services.cli.remote import ADDRESSES, Token, server_client

group = typer.Typer(no_args_is_help=True, help="Calibration sessions of a server.")

Server = Annotated[str, typer.Option("--server", help="The server.", metavar=ADDRESSES, show_default=False)]
Tenant = Annotated[str, typer.Option(help="Whose sessions.", show_default=False)]
Actor = Annotated[str, typer.Option("--as", help="Who asks; else the token's subject.", show_default=False)]


@group.command("list")
def list_sessions(
    server: Server,
    tenant: Tenant,
    program: Annotated[str, typer.Option(help="Only of this program.", show_default=False)] = "",
    rater: Annotated[str, typer.Option(help="Only those with this rater.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=200)] = 50,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Sessions, last changed first, and how far their raters are."""
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb
    from opsledger.services.cli.calibration_tables import show_sessions
    from opsledger.services.cli.json_output import print_json

    request = pb.ListCalibrationsRequest(tenant=tenant, program=program, rater=rater, page_size=limit)
    with server_client(server, token) as client:
        found = client.calibrations.ListCalibrations(request)
    if as_json:
        print_json(found)
    else:
        show_sessions(found)


@group.command()
def report(
    id: Annotated[str, typer.Argument(metavar="ID", help="Of the session, as list shows it.")],
    server: Server,
    tenant: Tenant,
    actor: Actor = "",
    confidence: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """How far its raters agree, how far each is from the standard, and the questions that split them."""
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb
    from opsledger.services.cli.calibration_tables import show_report
    from opsledger.services.cli.json_output import print_json

    request = pb.GetCalibrationReportRequest(tenant=tenant, id=id, actor=actor, confidence=confidence)
    with server_client(server, token) as client:
        found = client.calibrations.GetCalibrationReport(request)
    if as_json:
        print_json(found)
    else:
        show_report(found)
