"""Calibration sessions as rows. What raters said is there once a session is closed: who reads tables is blind until then."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Double, Index, Table

from opsledger.core.quality.calibration import Calibration, CalibrationStatus
from opsledger.services.projections.columns import aggregate_id, count, metadata, ordinal, text, time_us

calibrations = Table(
    "calibrations", metadata, aggregate_id(),
    text("tenant"), text("program"), text("title"), text("form"), count("form_version"),
    text("status", comment="open, closed, cancelled"), text("reference", comment="the rater who is the standard; '' without one"),
    text("contacts", comment="JSON list"), time_us("due_at_us", optional=True), text("opened_by"), time_us("opened_at_us"),
    time_us("ended_at_us", optional=True), text("cancel_reason"),
    Index("calibrations_by_status", "tenant", "status"),
)

calibration_raters = Table(
    "calibration_raters", metadata, aggregate_id(), ordinal(), text("rater"), count("submitted", comment="contacts"),
    count("withdrawn", comment="1: what they said does not count"), text("withdrawal_reason"),
    Index("calibration_raters_by_name", "rater"),
)

calibration_ratings = Table(
    "calibration_ratings", metadata, aggregate_id(), ordinal(), text("rater"), text("contact", comment="JSON"),
    text("answers", comment="JSON"), Column("score", Double, nullable=True), text("outcome", comment="pass, fail"), time_us("at_us"),
)

CALIBRATION_TABLES = (calibrations, calibration_raters, calibration_ratings)


def calibration_rows(calibration: Calibration) -> Iterator[tuple[Table, Mapping[str, Any]]]:
    yield calibrations, {
        "tenant": calibration.tenant, "program": calibration.program, "title": calibration.title, "form": calibration.form_id,
        "form_version": calibration.form_version, "status": calibration.status.value, "reference": calibration.reference_id,
        "contacts": _json([contact.plain() for contact in calibration.contacts]), "due_at_us": calibration.due_at_us,
        "opened_by": calibration.opened_by, "opened_at_us": calibration.opened_at_us, "ended_at_us": calibration.ended_at_us,
        "cancel_reason": calibration.cancel_reason,
    }
    for place, rater in enumerate(calibration.raters, start=1):
        yield calibration_raters, {
            "ordinal": place, "rater": rater, "submitted": calibration.submitted(rater), "withdrawn": int(rater in calibration.withdrawn),
            "withdrawal_reason": calibration.withdrawn.get(rater, ""),
        }
    if calibration.status is not CalibrationStatus.CLOSED:
        return
    for place, rating in enumerate(calibration.ratings, start=1):
        score = rating.result["score"]
        yield calibration_ratings, {
            "ordinal": place, "rater": rating.rater_id, "contact": _json(rating.contact.plain()), "answers": _json(rating.sheet.answers),
            "score": None if score is None else score[0] / score[1], "outcome": rating.result["outcome"] or "", "at_us": rating.at_us,
        }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
