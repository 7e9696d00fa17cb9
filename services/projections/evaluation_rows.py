"""An evaluation as rows of its tables."""
from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Table

from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.evaluation_parts import Version
from opsledger.core.quality.outcomes import evaluation_outcomes
from opsledger.core.quality.result import PlainFraction
from opsledger.services.projections import tables_quality as tables

Rows = Iterator[tuple[Table, Mapping[str, Any]]]


def evaluation_rows(evaluation: Evaluation) -> Rows:
    yield tables.evaluations, _summary(evaluation)
    for version in evaluation.versions:
        counts = int(version.number == evaluation.counting)
        yield tables.evaluation_versions, {
            "version": version.number, "cause": version.cause.value, "counts": counts, "actor": version.actor_id, "at_us": version.at_us,
            "reason": version.reason, **_score(version), "comment": version.sheet.comment}
        yield from _answers(version)
    for dispute in evaluation.all_disputes:
        yield tables.disputes, {
            "question": dispute.question, "reason": dispute.reason, "version": dispute.version, "at_us": dispute.at_us,
            "decision": dispute.decision, "reviewer": dispute.reviewer_id, "review_reason": dispute.review_reason,
            "reviewed_at_us": dispute.reviewed_at_us}
    yield from _outcomes(evaluation)


def _summary(evaluation: Evaluation) -> dict[str, Any]:
    subject, versions = evaluation.subject, evaluation.versions
    counting = versions[-1] if evaluation.counting else None
    return {
        "tenant": evaluation.tenant, "program": evaluation.program, "status": evaluation.status.value, "subject": subject.kind.value,
        "source": subject.source, "ticket_id": subject.ticket_id, "interaction_id": subject.interaction_id,
        "evaluation_id": subject.evaluation_id, "agent": evaluation.agent_id, "group_name": evaluation.group,
        "form": evaluation.form_id, "form_version": evaluation.form_version, "analyst": evaluation.analyst_id, "draw": evaluation.draw_id,
        "contact_at_us": evaluation.contact_at_us, "started_at_us": evaluation.started_at_us, "due_at_us": evaluation.due_at_us,
        "changed_at_us": evaluation.changed_at_us, "submitted_at_us": versions[0].at_us if versions else None,
        "dispute_until_us": evaluation.dispute_until_us, "acknowledged_at_us": evaluation.acknowledged_at_us,
        "versions": len(versions), "counting_version": evaluation.counting, **_score(counting),
        "reason": (counting and counting.result["reason"]) or "",
    }


def _score(version: Version | None) -> dict[str, Any]:
    result = version.result if version else {"score": None, "outcome": None, "band": None}
    return {"score": near(result["score"]), "score_exact": exact(result["score"]), "outcome": result["outcome"] or "",
            "band": result["band"] or ""}


def _answers(version: Version) -> Rows:
    for each in version.result["questions"]:
        note = version.sheet.notes.get(each["question"], {})
        answer = version.sheet.answers.get(each["question"])
        yield tables.evaluation_answers, {
            "version": version.number, "question": each["question"], "section": each["section"], "state": each["state"],
            "answer": "" if answer is None else json.dumps(answer, ensure_ascii=False), "points": near(each["points"]),
            "possible_points": near(each["possible_points"]), "share": near(each["share"]), "share_exact": exact(each["share"]),
            "comment": note.get("comment", ""), "change_reason": version.other_reasons.get(each["question"], ""),
            "root_causes": json.dumps(note.get("root_causes", []), ensure_ascii=False)}


def _outcomes(evaluation: Evaluation) -> Rows:
    seen: Counter[str] = Counter()
    for row in evaluation_outcomes(evaluation):
        seen[row.kpi] += 1
        yield tables.quality_outcomes, {
            "kpi": row.kpi, "ordinal": seen[row.kpi], "tenant": evaluation.tenant, "program": evaluation.program,
            "source": evaluation.subject.source, "ticket_id": evaluation.subject.ticket_id, "at_us": row.at_us, "agent": row.agent,
            "group_name": row.group, "numerator": row.numerator, "denominator": row.denominator, "value": row.value, "detail": row.detail}


def near(recorded: PlainFraction) -> float | None:
    return None if recorded is None else recorded[0] / recorded[1]


def exact(recorded: PlainFraction) -> str:
    return "" if recorded is None else f"{recorded[0]}/{recorded[1]}"
