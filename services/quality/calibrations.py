"""Commands on calibrations, and what a person may see of them. The rules are in core/quality/calibration.py."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from uuid import UUID

from opsledger.core.errors import FieldViolation, InvalidAnswers, InvalidInput, NotFound
from opsledger.core.quality.calibration import Calibration
from opsledger.core.quality.calibration_report import calibration_report
from opsledger.core.quality.form import Form
from opsledger.core.quality.sheet import Plain, Sheet
from opsledger.core.quality.sheet_reading import scored_sheet
from opsledger.core.quality.subject import Subject
from opsledger.core.scorecards.statistics import CONFIDENCE
from opsledger.core.tickets.validation import check_instant, check_name
from opsledger.proto.quality.v1 import calibrations_pb2 as pb
from opsledger.proto.quality.v1 import evaluations_pb2
from opsledger.services.decisions.decisions import Decided, Decisions, etag_of
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.masks import masked
from opsledger.services.quality.calibration_messages import calibration_message, report_message
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.evaluation_messages import sheet_of, subject_of
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.scorecards.reports import check_confidence
from opsledger.services.tickets.codec import timestamp_us

R = TypeVar("R")
TITLE_BYTES_MAX = 200
REASON_BYTES_MAX = 2_000


class Calibrations:
    """Methods as those of the generated stub, with the caller. Besides what each says they raise NotFound; VersionConflict for a stale
    etag; InvalidInput; and what core/quality/calibration.py refuses. Every answer shows what its caller may see."""

    def __init__(self, decisions: Decisions, forms: FormRegistry, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._decisions, self._forms, self._now_us = decisions, forms, now_us

    def OpenCalibration(self, request: pb.OpenCalibrationRequest, caller: Caller) -> pb.OpenCalibrationResponse:
        def make() -> Calibration:
            _check(request)
            version, _ = self._forms.form(request.tenant, request.form, request.form_version)
            return Calibration.open(
                tenant=request.tenant, program=request.program, title=request.title, form_id=request.form, form_version=version,
                contacts=[_contact(contact, f"contacts[{place}]") for place, contact in enumerate(request.contacts)],
                raters=request.raters, reference_id=request.reference, actor_id=caller.name, opened_at_us=self._now_us(),
                due_at_us=timestamp_us(request.due_at) if request.HasField("due_at") else None,
            )

        decided = self._decisions.create(Calibration, Request.of(request, caller.name), make=make)
        return self._response(pb.OpenCalibrationResponse, decided, caller)

    def AddRater(self, request: pb.AddRaterRequest, caller: Caller) -> pb.AddRaterResponse:
        def join(calibration: Calibration) -> None:
            if wrong := list(check_name("rater", request.rater, required=True)):
                raise InvalidInput(*wrong)
            calibration.join(request.rater, caller.name, self._now_us())

        return self._change(pb.AddRaterResponse, request, caller, join)

    def WithdrawRater(self, request: pb.WithdrawRaterRequest, caller: Caller) -> pb.WithdrawRaterResponse:
        def withdraw(calibration: Calibration) -> None:
            _check_text("reason", request.reason, REASON_BYTES_MAX)
            calibration.withdraw(request.rater, caller.name, request.reason, self._now_us())

        return self._change(pb.WithdrawRaterResponse, request, caller, withdraw)

    def SubmitRatings(self, request: pb.SubmitRatingsRequest, caller: Caller) -> pb.SubmitRatingsResponse:
        """All of them or none. Raises InvalidAnswers."""

        def submit(calibration: Calibration) -> None:
            if not request.ratings:
                raise InvalidInput(FieldViolation("ratings", "REQUIRED", "must hold at least one contact with its sheet"))
            form = self._form(calibration)
            now_us = self._now_us()
            for place, rating in enumerate(request.ratings):
                contact = _contact(rating.contact, f"ratings[{place}].contact")
                calibration.submit(caller.name, contact, *_scored(form, rating.sheet, f"ratings[{place}].sheet"), now_us)

        return self._change(pb.SubmitRatingsResponse, request, caller, submit)

    def CloseCalibration(self, request: pb.CloseCalibrationRequest, caller: Caller) -> pb.CloseCalibrationResponse:
        return self._change(
            pb.CloseCalibrationResponse, request, caller, lambda calibration: calibration.close(caller.name, self._now_us()))

    def CancelCalibration(self, request: pb.CancelCalibrationRequest, caller: Caller) -> pb.CancelCalibrationResponse:
        def cancel(calibration: Calibration) -> None:
            _check_text("reason", request.reason, REASON_BYTES_MAX)
            calibration.cancel(caller.name, request.reason, self._now_us())

        return self._change(pb.CancelCalibrationResponse, request, caller, cancel)

    def GetCalibration(self, request: pb.GetCalibrationRequest, caller: Caller) -> pb.GetCalibrationResponse:
        calibration = self._decisions.get(Calibration, _id(request.id), tenant=request.tenant)
        return pb.GetCalibrationResponse(calibration=masked(self._shown(calibration, caller), request.read_mask))

    def GetCalibrationReport(self, request: pb.GetCalibrationReportRequest, caller: Caller) -> pb.GetCalibrationReportResponse:
        """Raises StillBlind."""
        confidence = request.confidence if request.HasField("confidence") else CONFIDENCE
        check_confidence(confidence)
        calibration = self._decisions.get(Calibration, _id(request.id), tenant=request.tenant)
        calibration.check_not_blind_to(caller.name)
        report = calibration_report(calibration, self._form(calibration), confidence)
        return report_message(report, confidence, etag_of(calibration))

    def _change(self, response: Callable[..., R], request: Any, caller: Caller, command: Callable[[Calibration], object]) -> R:
        return self._response(response, self._decisions.change(
            Calibration, _id(request.id), Request.of(request, caller.name), etag=request.etag, command=command), caller)

    def _response(self, response: Callable[..., R], decided: Decided[Calibration], caller: Caller) -> R:
        return response(calibration=self._shown(decided.aggregate, caller), position=decided.position)

    def _shown(self, calibration: Calibration, caller: Caller) -> pb.Calibration:
        return calibration_message(calibration, self._form(calibration).scoring, caller.name)

    def _form(self, calibration: Calibration) -> Form:
        return self._forms.form(calibration.tenant, calibration.form_id, calibration.form_version)[1]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("calibration", text) from None


def _check(request: pb.OpenCalibrationRequest) -> None:
    found: list[FieldViolation] = []
    for field in ("tenant", "program", "form"):
        found += check_name(field, getattr(request, field), required=True)
    for place, rater in enumerate(request.raters):
        found += check_name(f"raters[{place}]", rater, required=True)
    if request.HasField("due_at"):
        found += check_instant("due_at", timestamp_us(request.due_at))
    if found:
        raise InvalidInput(*found)
    _check_text("title", request.title, TITLE_BYTES_MAX)


def _check_text(field: str, text: str, bytes_max: int) -> None:
    if len(text.encode()) > bytes_max:
        raise InvalidInput(FieldViolation(field, "TOO_LONG", f"must not have more than {bytes_max} bytes"))


def _contact(message: evaluations_pb2.EvaluationSubject, field: str) -> Subject:
    try:
        return subject_of(message)
    except InvalidInput as error:
        raise InvalidInput(*_within(field, error)) from None


def _scored(form: Form, message: evaluations_pb2.Sheet, field: str) -> tuple[Sheet, Plain]:
    try:
        return scored_sheet(form, sheet_of(message))
    except InvalidAnswers as error:
        raise InvalidAnswers(*_within(field, error)) from None


def _within(field: str, error: InvalidInput) -> Iterator[FieldViolation]:
    """The same violations, of fields of a field."""
    for violation in error.violations:
        inner = violation.field.removeprefix("subject").lstrip(".")
        yield violation._replace(field=f"{field}.{inner}" if inner else field)
