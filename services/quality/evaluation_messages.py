"""Evaluations as messages, and what people send as what the core knows. The only place that knows both."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.evaluation_parts import Dispute, Status, Version
from opsledger.core.quality.form import Scoring
from opsledger.core.quality.remark import Remark
from opsledger.core.quality.sheet import EMPTY, Sheet
from opsledger.core.quality.subject import Subject, SubjectKind, check_subject
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.quality.v1 import score_pb2
from opsledger.services.decisions.decisions import etag_of
from opsledger.services.quality.score_messages import recorded_score_message
from opsledger.services.tickets.codec import timestamp

STATUS_NUMBERS = {status.value: pb.EvaluationStatus.Value(f"EVALUATION_STATUS_{status.name}") for status in Status}
STATUS_WORDS = {number: word for word, number in STATUS_NUMBERS.items()}


def remark_messages(remarks: Iterable[Remark]) -> list[pb.Remark]:
    return [pb.Remark(**each._asdict()) for each in remarks]


def subject_of(message: pb.EvaluationSubject) -> Subject:
    """Raises InvalidInput for one that names nothing."""
    match message.WhichOneof("subject"):
        case "ticket":
            subject = Subject(SubjectKind.TICKET, message.ticket.source, message.ticket.ticket_id)
        case "interaction":
            found = message.interaction
            subject = Subject(SubjectKind.INTERACTION, found.source, found.ticket_id, found.interaction_id)
        case "evaluation":
            subject = Subject(SubjectKind.EVALUATION, evaluation_id=message.evaluation)
        case _:
            raise InvalidInput(FieldViolation("subject", "REQUIRED", "must be a ticket, an interaction or an evaluation"))
    check_subject(subject)
    return subject


def sheet_of(message: pb.Sheet) -> Sheet:
    """As it was said; not yet checked against a form."""
    notes = {
        id: {"comment": note.comment, "evidence": [{"kind": each.kind, "ref": each.ref} for each in note.evidence],
             "root_causes": list(note.root_causes)}
        for id, note in message.notes.items()
    }
    return Sheet(MessageToDict(message.answers), notes, message.comment)


def evaluation_message(evaluation: Evaluation, scoring: Scoring, *, draft: bool) -> pb.Evaluation:
    """The whole of it, with its draft or without. ``scoring``: that of its form."""
    versions = evaluation.versions
    message = pb.Evaluation(
        id=str(evaluation.id), etag=etag_of(evaluation), tenant=evaluation.tenant, program=evaluation.program,
        subject=subject_message(evaluation.subject), agent=evaluation.agent_id, group=evaluation.group,
        form=evaluation.form_id, form_version=evaluation.form_version, analyst=evaluation.analyst_id, draw=evaluation.draw_id,
        status=STATUS_NUMBERS[evaluation.status], contact_at=timestamp(evaluation.contact_at_us),  # type: ignore[arg-type]  # a number
        started_at=timestamp(evaluation.started_at_us), due_at=instant(evaluation.due_at_us),
        changed_at=timestamp(evaluation.changed_at_us), submitted_at=instant(versions[0].at_us if versions else None),
        dispute_until=instant(evaluation.dispute_until_us), acknowledged_at=instant(evaluation.acknowledged_at_us),
        draft=sheet_message(evaluation.draft) if draft and evaluation.draft != EMPTY else None,
        versions=[_version(version, scoring) for version in versions], counting_version=evaluation.counting,
        score=recorded_score_message(evaluation.current.result, scoring) if evaluation.counting else None,
        disputes=[_dispute(dispute) for dispute in evaluation.all_disputes],
    )
    if (voided := evaluation.voided) is not None:
        message.voiding.CopyFrom(pb.Voiding(actor=voided.actor_id, reason=voided.reason, at=timestamp(voided.at_us)))
    if (origin := evaluation.origin) is not None:
        message.origin.CopyFrom(pb.Origin(name=origin.name, importer=origin.importer_id, at=timestamp(origin.at_us)))
    return message


def row_message(row: Any) -> pb.Evaluation:
    """Of a row of `evaluations` with the version of its aggregate."""
    numerator, _, denominator = row.score_exact.partition("/")
    score = score_pb2.Fraction(numerator=numerator, denominator=denominator, value=row.score) if row.score_exact else None
    return pb.Evaluation(
        id=row.aggregate_id, etag=str(row.version), tenant=row.tenant, program=row.program,
        subject=subject_message(Subject(SubjectKind(row.subject), row.source, row.ticket_id, row.interaction_id, row.evaluation_id)),
        agent=row.agent, group=row.group_name, form=row.form, form_version=row.form_version, analyst=row.analyst, draw=row.draw,
        status=STATUS_NUMBERS[row.status], contact_at=timestamp(row.contact_at_us),  # type: ignore[arg-type]  # a number
        started_at=timestamp(row.started_at_us), due_at=instant(row.due_at_us), changed_at=timestamp(row.changed_at_us),
        submitted_at=instant(row.submitted_at_us), dispute_until=instant(row.dispute_until_us),
        acknowledged_at=instant(row.acknowledged_at_us), counting_version=row.counting_version,
        score=score_pb2.Score(score=score, reason=row.reason, outcome=row.outcome, band=row.band) if row.counting_version else None,
    )


def taken_message(row: Any) -> pb.Evaluation:
    """Of work that is not open any more: what others may know."""
    return pb.Evaluation(id=row.aggregate_id, status=STATUS_NUMBERS[row.status])  # type: ignore[arg-type]  # a number


def subject_message(subject: Subject) -> pb.EvaluationSubject:
    match subject.kind:
        case SubjectKind.TICKET:
            return pb.EvaluationSubject(ticket=pb.TicketSubject(source=subject.source, ticket_id=subject.ticket_id))
        case SubjectKind.INTERACTION:
            return pb.EvaluationSubject(interaction=pb.InteractionSubject(
                source=subject.source, ticket_id=subject.ticket_id, interaction_id=subject.interaction_id))
        case SubjectKind.EVALUATION:
            return pb.EvaluationSubject(evaluation=subject.evaluation_id)


def instant(at_us: int | None) -> Timestamp | None:
    return None if at_us is None else timestamp(at_us)


def _version(version: Version, scoring: Scoring) -> pb.EvaluationVersion:
    return pb.EvaluationVersion(
        number=version.number, cause=version.cause.value, actor=version.actor_id, at=timestamp(version.at_us), reason=version.reason,
        sheet=sheet_message(version.sheet), score=recorded_score_message(version.result, scoring), other_reasons=version.other_reasons,
    )


def sheet_message(sheet: Sheet) -> pb.Sheet:
    message = pb.Sheet(comment=sheet.comment, notes={id: pb.Note(**note) for id, note in sheet.notes.items()})
    message.answers.update(sheet.answers)
    return message


def _dispute(dispute: Dispute) -> pb.Dispute:
    return pb.Dispute(
        question=dispute.question, reason=dispute.reason, version=dispute.version, at=timestamp(dispute.at_us),
        decision=dispute.decision, reviewer=dispute.reviewer_id, review_reason=dispute.review_reason,
        reviewed_at=instant(dispute.reviewed_at_us),
    )
