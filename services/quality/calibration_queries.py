"""What the read models say of calibrations and of the scores that count: lists, and the drift of evaluators."""
from __future__ import annotations

from sqlalchemy import Engine, select, tuple_

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.drift import drift
from opsledger.core.scorecards.statistics import CONFIDENCE, SHARES
from opsledger.core.tickets.validation import check_instant, check_name
from opsledger.proto.quality.v1 import calibrations_pb2 as pb
from opsledger.services.masks import masked
from opsledger.services.paging import last_of, page_size, page_token
from opsledger.services.projections.database import reader
from opsledger.services.projections.decision_views import decisions
from opsledger.services.projections.tables_calibrations import calibration_raters, calibrations
from opsledger.services.quality.calibration_messages import STATUS_WORDS, drift_message, row_message
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.judged_rows import EVALUATIONS_MAX, judged_rows
from opsledger.services.scorecards.reports import check_confidence
from opsledger.services.tickets.codec import timestamp_us


class CalibrationQueries:
    """Methods as those of the generated stub, with the caller. They raise InvalidInput and InvalidPageToken."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reader(engine)

    def ListCalibrations(self, request: pb.ListCalibrationsRequest, caller: Caller) -> pb.ListCalibrationsResponse:
        """Last changed first."""
        size, key = page_size(request.page_size, 50, 200), (decisions.c.position, calibrations.c.aggregate_id)
        asked = (request.tenant, request.program, _statuses(request), request.form, request.rater)
        last = last_of(request.page_token, asked, 2)
        same = decisions.c.aggregate_id == calibrations.c.aggregate_id
        query = (
            select(calibrations, decisions.c.version, decisions.c.position).join(decisions, same)
            .where(calibrations.c.tenant == request.tenant)
            .order_by(*(column.desc() for column in key)).limit(size + 1)
        )
        for column, value in ((calibrations.c.program, request.program), (calibrations.c.form, request.form)):
            query = query.where(column == value) if value else query
        if request.statuses:
            query = query.where(calibrations.c.status.in_(_statuses(request)))
        if request.rater:
            rated = select(calibration_raters.c.aggregate_id).where(calibration_raters.c.rater == request.rater)
            query = query.where(calibrations.c.aggregate_id.in_(rated))
        if last is not None:
            query = query.where(tuple_(*key) < tuple_(*last))
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            page = rows[:size]
            of_page = calibration_raters.c.aggregate_id.in_([row.aggregate_id for row in page])
            raters = connection.execute(select(calibration_raters).where(of_page).order_by(calibration_raters.c.ordinal)).all()
        return pb.ListCalibrationsResponse(
            calibrations=[
                masked(row_message(row, [each for each in raters if each.aggregate_id == row.aggregate_id]), request.read_mask)
                for row in page
            ],
            next_page_token=page_token(asked, [page[-1].position, page[-1].aggregate_id]) if len(rows) > size else "",
        )

    def GetEvaluatorDrift(self, request: pb.GetEvaluatorDriftRequest, caller: Caller) -> pb.GetEvaluatorDriftResponse:
        confidence = request.confidence if request.HasField("confidence") else CONFIDENCE
        check_confidence(confidence)
        if wrong := [*check_name("tenant", request.tenant, required=True), *check_name("program", request.program, required=True)]:
            raise InvalidInput(*wrong)
        start_us, end_us = (_instant_us(request, name) for name in ("start", "end"))
        with self._engine.connect() as connection:
            found = judged_rows(
                connection, request.tenant, request.program, form=request.form, start_us=start_us, end_us=end_us, viewer=caller.name)
        if found is None:
            raise InvalidInput(FieldViolation("start", "OUT_OF_RANGE", f"more than {EVALUATIONS_MAX} evaluations: choose a shorter period"))
        return drift_message(drift(found, confidence, SHARES), len(found), confidence)


def _instant_us(request: pb.GetEvaluatorDriftRequest, field: str) -> int | None:
    if not request.HasField(field):
        return None
    at_us = timestamp_us(getattr(request, field))
    if wrong := list(check_instant(field, at_us)):
        raise InvalidInput(*wrong)
    return at_us


def _statuses(request: pb.ListCalibrationsRequest) -> tuple[str, ...]:
    for number in request.statuses:
        if number not in STATUS_WORDS:
            raise InvalidInput(FieldViolation("statuses", "UNKNOWN", f"{number} is not a value of this version"))
    return tuple(sorted({STATUS_WORDS[number] for number in request.statuses}))
