"""A form and evaluations by it. Weights 40, 20, 20, 20: a published example gives 60 % for 10, 5, 5 and 0 of 10."""
from __future__ import annotations

from typing import Any

from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.result import plain_result
from opsledger.core.quality.scoring import score
from opsledger.core.quality.sheet import Plain, Sheet
from opsledger.core.quality.subject import Subject, SubjectKind

START_US, HOUR_US = 1_767_949_200_000_000, 3_600_000_000
"""2026-01-09 09:00 UTC."""
UNTIL_US = START_US + 48 * HOUR_US


def numeric(id: str, weight: int, **more: Any) -> dict[str, Any]:
    return {"id": id, "text": id, "type": "numeric", "weight": weight, "min": 0, "max": 10, "na": True, **more}


FORM_DOCUMENT: dict[str, Any] = {
    "form": "calls", "title": "Calls",
    "scoring": {
        "mode": "question_weights", "na": "redistribute", "pass_mark": 70,
        "bands": [{"name": "red", "from": 0}, {"name": "green", "from": 80}]},
    "sections": [{"id": "call", "title": "The call", "questions": [
        numeric("greeting", 40, critical="customer"), numeric("solution", 20, critical="business"), numeric("tone", 20),
        numeric("closing", 20, critical="compliance"),
    ]}],
}
FORM = parse_form(FORM_DOCUMENT)
SIXTY = {"greeting": 10, "solution": 5, "tone": 5, "closing": 0}
SEVENTY_FIVE = {**SIXTY, "closing": "na"}
TICKET = Subject(SubjectKind.TICKET, source="zendesk", ticket_id="T1")


def sheet(answers: dict[str, Any], comment: str = "", **notes: Plain) -> Sheet:
    return Sheet(read_answers(FORM, answers).plain(), notes, comment)


def result(answers: dict[str, Any]) -> Plain:
    return plain_result(score(FORM, read_answers(FORM, answers)))


def started(agent: str = "bob", analyst: str = "ann", subject: Subject = TICKET, **more: Any) -> Evaluation:
    fields: dict[str, Any] = {
        "tenant": "acme", "program": "desk", "subject": subject.plain(), "group": "tier 1", "form_id": "calls", "form_version": 1,
        "draw_id": "", "contact_at_us": START_US - HOUR_US, "due_at_us": None, "dispute_within_us": 48 * HOUR_US, "calendar": "",
        "started_at_us": START_US, **more}
    return Evaluation.start(actor_id="sue", agent_id=agent, analyst_id=analyst, **fields)
