"""``opsledger qa drift``: how strict evaluators are, and agents' scores without that."""
from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.options import AsJson, DecimalMark, Delimiter, Encoding
from opsledger.services.cli.remote import ServerAddress, Token, server_client

if TYPE_CHECKING:
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb


def drift(
    scores: Annotated[str, typer.Argument(metavar="[SCORES.csv]", help="A row per evaluation: agent, evaluator, score.")] = "",
    agent: Annotated[str, typer.Option(help="Column that names the agent.", show_default=False)] = "",
    evaluator: Annotated[str, typer.Option(help="Column that names the evaluator.", show_default=False)] = "",
    score: Annotated[str, typer.Option(help="Column that holds the score.", show_default=False)] = "",
    delimiter: Delimiter = ",",
    decimal: DecimalMark = "",
    encoding: Encoding = "",
    server: ServerAddress = "",
    token: Token = "",
    tenant: Annotated[str, typer.Option(help="With --server.", show_default=False)] = "",
    program: Annotated[str, typer.Option(help="With --server.", show_default=False)] = "",
    form: Annotated[str, typer.Option(help="With --server: only of this form.", show_default=False)] = "",
    confidence: Annotated[float, typer.Option(help="Level of the intervals.")] = 0.95,
    as_json: AsJson = False,
) -> None:
    """The bias of every evaluator, and every agent's mean score with it taken off, beside the original.

    From a file, or from the evaluations that count on a --server.
    """
    from opsledger.services.cli.calibration_tables import show_drift
    from opsledger.services.cli.json_output import print_json
    from opsledger.services.scorecards.reports import check_confidence

    check_confidence(confidence)
    if bool(scores) == bool(server):
        raise InvalidInput(FieldViolation("SCORES.csv", "REQUIRED", "give a file, or --server with --tenant and --program"))
    if server:
        found = _asked(server, token, tenant, program, form, confidence)
    else:
        found = _computed(scores, agent, evaluator, score, delimiter, decimal, encoding, confidence)
    if as_json:
        print_json(found)
    else:
        show_drift(found)


def _computed(
    scores: str, agent: str, evaluator: str, score: str, delimiter: str, decimal: str, encoding: str, confidence: float
) -> pb.GetEvaluatorDriftResponse:
    from opsledger.core.quality.drift import drift
    from opsledger.services.quality.calibration_messages import drift_message
    from opsledger.services.quality.judged_file import read_judged

    file = read_judged(
        scores, agent=agent, evaluator=evaluator, score=score, delimiter=delimiter, decimal=decimal, encoding=encoding)
    return drift_message(drift(file.evaluations, confidence), len(file.evaluations), confidence)


def _asked(server: str, token: str, tenant: str, program: str, form: str, confidence: float) -> pb.GetEvaluatorDriftResponse:
    from opsledger.proto.quality.v1 import calibrations_pb2 as pb

    request = pb.GetEvaluatorDriftRequest(tenant=tenant, program=program, form=form, confidence=confidence)
    with server_client(server, token) as client:
        return client.calibrations.GetEvaluatorDrift(request)
