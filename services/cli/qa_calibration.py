"""``opsledger qa calibration``: the sessions of a server, from their opening to what they showed."""
from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.options import AsJson, Delimiter, RequestId
from opsledger.services.cli.remote import Actor, TheServer, TheTenant, Token, server_client
from opsledger.services.cli.subjects import ticket_named
from opsledger.services.cli.times import instant

if TYPE_CHECKING:
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb
    from opsledger.proto.quality.v1.evaluations_pb2 import EvaluationSubject
    from opsledger.services.client import Client

group = typer.Typer(no_args_is_help=True, help="Calibration sessions of a server.")

Id = Annotated[str, typer.Argument(metavar="ID", help="Of the session, as list shows it.")]


@group.command("open")
def open_session(
    title: Annotated[str, typer.Argument(metavar="TITLE", help="What raters know it by.")],
    program: Annotated[str, typer.Option(help="Of which program.", show_default=False)],
    form: Annotated[str, typer.Option(help="The published form to judge by.", show_default=False)],
    ticket: Annotated[list[str], typer.Option(help="A contact to judge; once for each.", metavar="SOURCE/TICKET", show_default=False)],
    rater: Annotated[list[str], typer.Option(help="Who judges; once for each.", metavar="NAME", show_default=False)],
    server: TheServer,
    tenant: TheTenant,
    reference: Annotated[str, typer.Option(help="The rater who is the standard.", metavar="NAME", show_default=False)] = "",
    form_version: Annotated[int, typer.Option(help="The newest unless given.", min=0, show_default=False)] = 0,
    due: Annotated[str, typer.Option(help="Until when.", metavar="TIME", show_default=False)] = "",
    actor: Actor = "",
    request_id: RequestId = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Open a session: the raters judge the same contacts, blind until each has submitted all."""
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb

    request = pb.OpenCalibrationRequest(
        request_id=request_id, program=program, title=title, form=form, form_version=form_version, raters=rater, reference=reference,
        contacts=[_contact(text) for text in ticket], due_at=instant(due, "--due") if due else None,
    )
    with server_client(server, token, tenant, actor) as client:
        _tell(client.calibrations.OpenCalibration(request), as_json)


@group.command()
def submit(
    id: Id,
    answers: Annotated[str, typer.Argument(
        metavar="ANSWERS", help="CSV, JSON, JSON lines or YAML as for qa score; the column id or ticket names the contact.")],
    server: TheServer,
    tenant: TheTenant,
    delimiter: Delimiter = ",",
    actor: Actor = "",
    request_id: RequestId = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Submit the ratings of a rater, who is who acts: of some contacts or of all, once and for good."""
    with server_client(server, token, tenant, actor) as client:
        calibration = client.calibrations.GetCalibration(id=id).calibration
        ratings = _ratings(client, calibration, answers, delimiter)
        _tell(client.calibrations.SubmitRatings(request_id=request_id, id=id, ratings=ratings), as_json)


@group.command()
def close(
    id: Id,
    server: TheServer,
    tenant: TheTenant,
    actor: Actor = "",
    request_id: RequestId = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Close a session: everybody sees what everybody said."""
    with server_client(server, token, tenant, actor) as client:
        _tell(client.calibrations.CloseCalibration(request_id=request_id, id=id), as_json)


@group.command("list")
def list_sessions(
    server: TheServer,
    tenant: TheTenant,
    program: Annotated[str, typer.Option(help="Only of this program.", show_default=False)] = "",
    rater: Annotated[str, typer.Option(help="Only those with this rater.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(help="At most so many.", min=1, max=200)] = 50,
    actor: Actor = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Sessions, last changed first, and how far their raters are."""
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb
    from opsledger.services.cli.calibration_tables import show_sessions
    from opsledger.services.cli.json_output import print_json

    request = pb.ListCalibrationsRequest(program=program, rater=rater, page_size=limit)
    with server_client(server, token, tenant, actor) as client:
        found = client.calibrations.ListCalibrations(request)
    if as_json:
        print_json(found)
    else:
        show_sessions(found)


@group.command()
def report(
    id: Id,
    server: TheServer,
    tenant: TheTenant,
    actor: Actor = "",
    confidence: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """How far its raters agree, how far each is from the standard, and the questions that split them."""
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb
    from opsledger.services.cli.calibration_tables import show_report
    from opsledger.services.cli.json_output import print_json

    request = pb.GetCalibrationReportRequest(id=id, confidence=confidence)
    with server_client(server, token, tenant, actor) as client:
        found = client.calibrations.GetCalibrationReport(request)
    if as_json:
        print_json(found)
    else:
        show_report(found)


def _contact(text: str) -> EvaluationSubject:
    from opsledger.proto.quality.v1 import evaluations_pb2 as pb

    source, ticket_id = ticket_named(text, "--ticket")
    return pb.EvaluationSubject(ticket=pb.TicketSubject(source=source, ticket_id=ticket_id))


def _ratings(client: Client, calibration: pb.Calibration, answers: str, delimiter: str) -> list[pb.ContactSheet]:
    """The sheets of a file with the contacts that they are about. Raises InvalidInput for a contact that is none of the session's."""
    from opsledger.core.quality.form_document import read_form
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb
    from opsledger.proto.quality.v1 import evaluations_pb2
    from opsledger.services.cli.calibration_tables import contact_name
    from opsledger.services.quality.answers_file import Reading, read_answers_file

    form = client.forms.GetForm(form=calibration.form, version=calibration.form_version).form
    known = {name: contact for contact in calibration.contacts for name in (contact_name(contact), contact.ticket.ticket_id)}
    found = []
    for each in read_answers_file(answers, read_form(form.document_json), Reading(delimiter=delimiter)).evaluations:
        if not each.id or each.id not in known:
            contacts = ", ".join(map(contact_name, calibration.contacts))
            raise InvalidInput(FieldViolation(answers, "UNKNOWN", f"{each.id!r} is none of the contacts {contacts}"))
        sheet = evaluations_pb2.Sheet()
        sheet.answers.update(each.answers.plain())  # type: ignore[arg-type]  # they are what JSON has
        found.append(pb.ContactSheet(contact=known[each.id], sheet=sheet))
    return found


def _tell(answer: pb.OpenCalibrationResponse | pb.SubmitRatingsResponse | pb.CloseCalibrationResponse, as_json: bool) -> None:
    from opsledger.services.cli.calibration_tables import show_session
    from opsledger.services.cli.json_output import print_json

    if as_json:
        print_json(answer)
    else:
        show_session(answer.calibration)
