"""Calibrations and their reports as messages. The only place that knows both."""
from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from opsledger.core.quality.agreement import Agreement
from opsledger.core.quality.calibration import Calibration, CalibrationStatus, Rating
from opsledger.core.quality.calibration_report import CalibrationReport
from opsledger.core.quality.drift import Drift
from opsledger.core.quality.form import Scoring
from opsledger.core.quality.rater_bias import Mean, RaterBias
from opsledger.core.quality.splits import Split
from opsledger.core.quality.subject import read_subject
from opsledger.proto.quality.v1 import calibrations_pb2 as pb
from opsledger.services.decisions.decisions import etag_of
from opsledger.services.quality.evaluation_messages import instant, sheet_message, subject_message
from opsledger.services.quality.score_messages import recorded_score_message
from opsledger.services.tickets.codec import timestamp

STATUS_NUMBERS = {status.value: pb.CalibrationStatus.Value(f"CALIBRATION_STATUS_{status.name}") for status in CalibrationStatus}
STATUS_WORDS = {number: word for word, number in STATUS_NUMBERS.items()}


def calibration_message(calibration: Calibration, scoring: Scoring, viewer: str) -> pb.Calibration:
    """As this person may see it."""
    return pb.Calibration(
        id=str(calibration.id), etag=etag_of(calibration), tenant=calibration.tenant, program=calibration.program,
        title=calibration.title, form=calibration.form_id, form_version=calibration.form_version,
        contacts=[subject_message(contact) for contact in calibration.contacts],
        raters=[
            pb.CalibrationRater(
                name=rater, submitted=calibration.submitted(rater), withdrawn=rater in calibration.withdrawn,
                withdrawal_reason=calibration.withdrawn.get(rater, ""),
            )
            for rater in calibration.raters
        ],
        reference=calibration.reference_id, status=STATUS_NUMBERS[calibration.status],  # type: ignore[arg-type]  # a number
        due_at=instant(calibration.due_at_us), opened_by=calibration.opened_by, opened_at=timestamp(calibration.opened_at_us),
        ended_at=instant(calibration.ended_at_us), cancel_reason=calibration.cancel_reason,
        ratings=[_rating(rating, scoring) for rating in calibration.ratings_for(viewer)], blind=calibration.is_blind_to(viewer),
    )


def row_message(row: Any, raters: Sequence[Any]) -> pb.Calibration:
    """Of a row of `calibrations` with the version of its aggregate, and its rows of `calibration_raters`."""
    return pb.Calibration(
        id=row.aggregate_id, etag=str(row.version), tenant=row.tenant, program=row.program, title=row.title, form=row.form,
        form_version=row.form_version, contacts=[subject_message(read_subject(contact)) for contact in json.loads(row.contacts)],
        raters=[
            pb.CalibrationRater(
                name=each.rater, submitted=each.submitted, withdrawn=bool(each.withdrawn), withdrawal_reason=each.withdrawal_reason)
            for each in raters
        ],
        reference=row.reference, status=STATUS_NUMBERS[row.status],  # type: ignore[arg-type]  # a number
        due_at=instant(row.due_at_us), opened_by=row.opened_by, opened_at=timestamp(row.opened_at_us), ended_at=instant(row.ended_at_us),
        cancel_reason=row.cancel_reason,
    )


def report_message(report: CalibrationReport, confidence: float, etag: str) -> pb.GetCalibrationReportResponse:
    return pb.GetCalibrationReportResponse(
        raters=report.raters, reference=report.reference_id, confidence=confidence, etag=etag,
        views=[
            pb.AgreementView(
                view=each.view, units=each.units, pairable_units=each.pairable_units,
                coefficients=[_coefficient(one) for one in each.agreements],
            )
            for each in report.agreed
        ],
        score_biases=_biases(report.raters, report.score_biases), points_biases=_biases(report.raters, report.points_biases),
        questions=[_question(split) for split in report.splits],
    )


def drift_message(drift: Drift, evaluations: int, confidence: float) -> pb.GetEvaluatorDriftResponse:
    return pb.GetEvaluatorDriftResponse(
        evaluators=[
            pb.EvaluatorEffect(evaluator=each.evaluator, evaluations=each.evaluations, part=each.part, effect=_estimate(each.effect))
            for each in drift.evaluators
        ],
        agents=[
            pb.AdjustedScore(
                agent=each.agent, evaluations=each.evaluations, part=each.part, original=_estimate(each.original),
                adjusted=_estimate(each.adjusted),
            )
            for each in drift.agents
        ],
        parts=drift.parts, evaluations=evaluations, confidence=confidence,
    )


def _rating(rating: Rating, scoring: Scoring) -> pb.CalibrationRating:
    return pb.CalibrationRating(
        rater=rating.rater_id, contact=subject_message(rating.contact), sheet=sheet_message(rating.sheet),
        score=recorded_score_message(rating.result, scoring), at=timestamp(rating.at_us),
    )


def _biases(raters: Sequence[str], biases: Sequence[RaterBias]) -> list[pb.RaterBias]:
    return [
        pb.RaterBias(rater=raters[each.rater], units=each.units, bias=_estimate(each.bias), distance=_estimate(each.distance))
        for each in biases
    ]


def _question(split: Split) -> pb.QuestionAgreement:
    return pb.QuestionAgreement(
        question=split.question, units=split.ratings.units, pairable_units=split.ratings.pairable_units,
        percent_agreement=_coefficient(split.percent_agreement), alpha=_coefficient(split.alpha),
    )


def _coefficient(agreement: Agreement) -> pb.Coefficient:
    return pb.Coefficient(
        name=agreement.coefficient, level=agreement.level or "", estimate=_estimate(agreement), standard_error=agreement.standard_error)


def _estimate(found: Agreement | Mean) -> pb.Estimate:
    low, high, method = found.interval or (None, None, "")
    return pb.Estimate(value=found.value, low=low, high=high, method=method, reason=found.reason or "")
