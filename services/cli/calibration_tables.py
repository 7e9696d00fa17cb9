"""Calibration sessions, their reports and the evaluators' drift in a terminal."""
from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from opsledger.proto.quality.v1 import calibrations_pb2 as pb
from opsledger.proto.quality.v1.evaluations_pb2 import EvaluationSubject
from opsledger.services.cli.agreement_tables import REASONS, TITLES
from opsledger.services.cli.listing import wide_console

_MORE_REASONS = {
    "NOT_CONNECTED": "judged all of these agents alone", "SATURATED": "no evaluation left over to see the error",
    "NO_SPREAD": "no spread", "NO_CASES": "none", "ONE_CASE": "one only", "FEW_CASES": "two only",
}
_RIGHT = ("units", "value", "bias", "distance", "agreement", "alpha", "part", "evaluations", "effect", "original", "adjusted", "version")


def contact_name(contact: EvaluationSubject) -> str:
    """``zendesk/4711``, as options name it."""
    match contact.WhichOneof("subject"):
        case "interaction":
            return f"{contact.interaction.source}/{contact.interaction.interaction_id}"
        case "evaluation":
            return contact.evaluation
    return f"{contact.ticket.source}/{contact.ticket.ticket_id}"


def show_session(calibration: pb.Calibration) -> None:
    print(f"calibration {calibration.id}: {_status(calibration)}, {_raters(calibration)}")


def _status(calibration: pb.Calibration) -> str:
    return pb.CalibrationStatus.Name(calibration.status).removeprefix("CALIBRATION_STATUS_").lower()


def _raters(calibration: pb.Calibration) -> str:
    contacts = len(calibration.contacts)
    return ", ".join(f"{rater.name} {'left' if rater.withdrawn else f'{rater.submitted}/{contacts}'}" for rater in calibration.raters)


def show_sessions(found: pb.ListCalibrationsResponse) -> None:
    table = _table("Calibrations", "id", "status", "program", "title", "form", "version", "contacts", "raters")
    for each in found.calibrations:
        table.add_row(each.id, _status(each), each.program, each.title, each.form, str(each.form_version), str(len(each.contacts)),
                      _raters(each))
    wide_console().print(table)
    if found.next_page_token:
        print("there are more: raise --limit, or choose a program")


def show_report(found: pb.GetCalibrationReportResponse) -> None:
    console, sure = wide_console(), f"{100 * found.confidence:.4g} % interval"
    for view in found.views:
        table = _table(f"Agreement of {view.view}: {view.pairable_units} units", "coefficient", "level", "value", sure)
        for one in view.coefficients:
            table.add_row(TITLES[one.name], one.level, *_cells(one.estimate))
        console.print(table)
    standard = f"from {found.reference}" if found.reference else "from the mean of the others"
    for title, biases in (("scores", found.score_biases), ("points", found.points_biases)):
        table = _table(f"Raters, by {title}: bias and distance {standard}", "rater", "units", "bias", sure, "distance", sure)
        for each in biases:
            table.add_row(each.rater, str(each.units), *_cells(each.bias, "+"), *_cells(each.distance))
        console.print(table)
    table = _table("Questions, the most divided first", "question", "units", "agreement", sure, "alpha", sure)
    for question in found.questions:
        cells = (*_cells(question.percent_agreement.estimate), *_cells(question.alpha.estimate))
        table.add_row(question.question, str(question.pairable_units), *cells)
    console.print(table)


def show_drift(found: pb.GetEvaluatorDriftResponse) -> None:
    console, sure = wide_console(), f"{100 * found.confidence:.4g} % interval"
    parts = "" if found.parts < 2 else f", in {found.parts} parts that cannot be compared with each other"
    table = _table(f"Evaluators: effect on {found.evaluations} scores{parts}", "evaluator", "part", "evaluations", "effect", sure)
    for each in _by_value(found.evaluators):
        table.add_row(each.evaluator, str(each.part), str(each.evaluations), *_cells(each.effect, "+"))
    console.print(table)
    columns = ("agent", "part", "evaluations", "original", sure, "adjusted", sure)
    table = _table("Agents: original, and adjusted to the average evaluator", *columns)
    for agent in found.agents:
        table.add_row(agent.agent, str(agent.part), str(agent.evaluations), *_cells(agent.original), *_cells(agent.adjusted))
    console.print(table)


def _by_value(effects: Iterable[pb.EvaluatorEffect]) -> list[pb.EvaluatorEffect]:
    """The most lenient of each part first."""
    return sorted(effects, key=lambda each: (each.part, -each.effect.value, each.evaluator))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column in _RIGHT else "left", no_wrap=column == "id")
    return table


def _cells(one: pb.Estimate, sign: str = "") -> tuple[str, str]:
    value = f"{one.value:{sign}.4f}" if one.HasField("value") else "–"
    if one.HasField("low"):
        return value, f"{one.low:{sign}.4f} to {one.high:{sign}.4f}"
    return value, _MORE_REASONS.get(one.reason) or REASONS.get(one.reason, one.reason)
