"""Commands on evaluations: requests in, responses out. The servicer adds who calls; the rules are in core/quality."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID

from opsledger.core.errors import FieldViolation, InvalidInput, NotFound
from opsledger.core.names import find
from opsledger.core.quality import errors
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.form import Form
from opsledger.core.quality.sheet import Plain, Sheet
from opsledger.core.quality.sheet_reading import read_sheet, scored_sheet
from opsledger.core.quality.subject import Subject, SubjectKind
from opsledger.core.quality.visibility import may_see, sees_draft
from opsledger.core.tickets.validation import check_instant, check_name
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.services.decisions.decisions import Decided, Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.masks import masked
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.deadlines import DEFAULT_DISPUTE_US, Deadlines, span_us
from opsledger.services.quality.evaluation_messages import evaluation_message, remark_messages, sheet_of, subject_of
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.quality.known import Knowledge
from opsledger.services.quality.sight import Sight
from opsledger.services.tickets.codec import timestamp_us

R = TypeVar("R")


class Evaluations:
    """Methods as those of the generated stub, with the caller. Besides what each says they raise NotFound; VersionConflict for a stale
    etag; InvalidInput; and what core/quality/evaluation.py refuses."""

    def __init__(
        self, decisions: Decisions, forms: FormRegistry, deadlines: Deadlines, sight: Sight, knowledge: Knowledge,
        now_us: Callable[[], int] = wall_clock_us,
    ) -> None:
        self._decisions, self._forms, self._deadlines, self._now_us = decisions, forms, deadlines, now_us
        self._sight, self._knowledge = sight, knowledge

    def StartEvaluation(self, request: pb.StartEvaluationRequest, caller: Caller) -> pb.StartEvaluationResponse:
        def make() -> Evaluation:
            _check_names(tenant=request.tenant, form=request.form)
            version, _ = self._forms.form(request.tenant, request.form, request.form_version)
            return self.begin(request, caller.name, version)

        decided = self._decisions.create(Evaluation, Request.of(request, caller.name), make=make)
        response = self._response(pb.StartEvaluationResponse, decided, caller)
        response.remarks.extend(remark_messages(self._knowledge.remarks(decided.aggregate, self._now_us())))
        return response

    def begin(self, request: pb.StartEvaluationRequest, actor: str, form_version: int, draw: str = "") -> Evaluation:
        """A new evaluation by this version of the form that the request names, not yet recorded."""
        subject, now_us = subject_of(request.subject), self._now_us()
        judged = self._judged(request.tenant, subject)
        program, agent, group = (
            (judged.program, judged.analyst_id, judged.group) if judged else (request.program, request.agent, request.group))
        _check_names(program=program, agent=agent)
        _check_names(required=False, group=group, analyst=request.analyst)
        due_at_us, contact_at_us = None, judged.versions[0].at_us if judged else now_us
        if request.HasField("due"):
            due_at_us = self._deadlines.due_us(request.tenant, program, request.due.calendar, now_us, span_us(request.due, "due"))
        if request.HasField("contact_at"):
            contact_at_us = timestamp_us(request.contact_at)
            if wrong := list(check_instant("contact_at", contact_at_us)):
                raise InvalidInput(*wrong)
        within_us = span_us(request.dispute, "dispute") if request.HasField("dispute") else DEFAULT_DISPUTE_US
        self._deadlines.due_us(request.tenant, program, request.dispute.calendar, now_us, within_us)  # so that no submission can fail by it
        return Evaluation.start(
            actor_id=actor, agent_id=agent, analyst_id=request.analyst, tenant=request.tenant, program=program, subject=subject.plain(),
            group=group, form_id=request.form, form_version=form_version, draw_id=draw, contact_at_us=contact_at_us, due_at_us=due_at_us,
            dispute_within_us=within_us, calendar=request.dispute.calendar, started_at_us=now_us,
        )

    def ClaimEvaluation(self, request: pb.ClaimEvaluationRequest, caller: Caller) -> pb.ClaimEvaluationResponse:
        return self._change(pb.ClaimEvaluationResponse, request, caller, lambda evaluation: evaluation.claim(caller.name, self._now_us()))

    def SaveDraft(self, request: pb.SaveDraftRequest, caller: Caller) -> pb.SaveDraftResponse:
        def save(evaluation: Evaluation) -> None:
            sheet, _ = read_sheet(self._form(evaluation), sheet_of(request.sheet), complete=False)
            evaluation.save_draft(caller.name, sheet, self._now_us())

        return self._change(pb.SaveDraftResponse, request, caller, save)

    def SubmitEvaluation(self, request: pb.SubmitEvaluationRequest, caller: Caller) -> pb.SubmitEvaluationResponse:
        def submit(evaluation: Evaluation) -> None:
            now_us = self._now_us()
            sheet, result = self._scored(evaluation, sheet_of(request.sheet) if request.HasField("sheet") else evaluation.draft)
            evaluation.submit(caller.name, sheet, result, self._dispute_until_us(evaluation, now_us), now_us)

        return self._change(pb.SubmitEvaluationResponse, request, caller, submit)

    def AcknowledgeEvaluation(self, request: pb.AcknowledgeEvaluationRequest, caller: Caller) -> pb.AcknowledgeEvaluationResponse:
        return self._change(
            pb.AcknowledgeEvaluationResponse, request, caller, lambda evaluation: evaluation.acknowledge(caller.name, self._now_us()))

    def DisputeEvaluation(self, request: pb.DisputeEvaluationRequest, caller: Caller) -> pb.DisputeEvaluationResponse:
        return self._change(
            pb.DisputeEvaluationResponse, request, caller,
            lambda evaluation: evaluation.dispute(
                caller.name, self._by_id(evaluation, request.reasons), self._now_us()))

    def ReviewDispute(self, request: pb.ReviewDisputeRequest, caller: Caller) -> pb.ReviewDisputeResponse:
        def review(evaluation: Evaluation) -> None:
            questions = list(self._by_id(evaluation, dict.fromkeys(request.questions, "")))
            if request.HasField("rescore"):
                now_us = self._now_us()
                sheet, result = self._scored(evaluation, sheet_of(request.rescore))
                evaluation.rescore(
                    caller.name, questions, sheet, result, request.reason, now_us,
                    other_reasons=self._by_id(evaluation, request.other_reasons),
                    dispute_until_us=self._dispute_until_us(evaluation, now_us))
            else:
                evaluation.uphold(caller.name, questions, request.reason, self._now_us())

        return self._change(pb.ReviewDisputeResponse, request, caller, review)

    def EditEvaluation(self, request: pb.EditEvaluationRequest, caller: Caller) -> pb.EditEvaluationResponse:
        """Raises NotTheAnalyst for another analyst who is no supervisor."""

        def edit(evaluation: Evaluation) -> None:
            if not caller.supervises and caller.name != evaluation.analyst_id:
                raise errors.NotTheAnalyst(evaluation.id, caller.name, evaluation.analyst_id)
            sheet, result = self._scored(evaluation, sheet_of(request.sheet))
            now_us = self._now_us()
            evaluation.edit(
                caller.name, sheet, result, request.reason, now_us, dispute_until_us=self._dispute_until_us(evaluation, now_us))

        return self._change(pb.EditEvaluationResponse, request, caller, edit)

    def VoidEvaluation(self, request: pb.VoidEvaluationRequest, caller: Caller) -> pb.VoidEvaluationResponse:
        return self._change(
            pb.VoidEvaluationResponse, request, caller, lambda evaluation: evaluation.void(caller.name, request.reason, self._now_us()))

    def GetEvaluation(self, request: pb.GetEvaluationRequest, caller: Caller) -> pb.GetEvaluationResponse:
        """Raises NotFound for what the caller may not see, CalibrationOpen."""
        evaluation = self._decisions.get(Evaluation, _id(request.id), tenant=request.tenant)
        self._sight.check(evaluation, caller)
        return pb.GetEvaluationResponse(evaluation=masked(self._shown(evaluation, caller), request.read_mask))

    def _change(self, response: Callable[..., R], request: Any, caller: Caller, command: Callable[[Evaluation], object]) -> R:
        """Raises CalibrationOpen before anything is done: the answer shows the evaluation."""

        def unblinded(evaluation: Evaluation) -> None:
            self._sight.check_not_blind(evaluation, caller)
            command(evaluation)

        decided = self._decisions.change(
            Evaluation, _id(request.id), Request.of(request, caller.name), etag=request.etag, command=unblinded)
        return self._response(response, decided, caller)

    def _response(self, response: Callable[..., R], decided: Decided[Evaluation], caller: Caller) -> R:
        """Of a repetition: raises NotFound for who may no longer see it, or never could, and CalibrationOpen."""
        evaluation = decided.aggregate
        if decided.repeated:
            if not (caller.sees_all or may_see(evaluation, caller)):
                raise NotFound("evaluation", str(evaluation.id))
            self._sight.check_not_blind(evaluation, caller)
        return response(evaluation=self._shown(evaluation, caller), position=decided.position)

    def _shown(self, evaluation: Evaluation, caller: Caller) -> pb.Evaluation:
        return evaluation_message(evaluation, self._form(evaluation).scoring, draft=sees_draft(evaluation, caller))

    def _dispute_until_us(self, evaluation: Evaluation, from_us: int) -> int:
        return self._deadlines.due_us(
            evaluation.tenant, evaluation.program, evaluation.calendar, from_us, evaluation.dispute_within_us)

    def _by_id(self, evaluation: Evaluation, of_questions: Mapping[str, str]) -> dict[str, str]:
        """By the ids of the questions that are meant, however they are written."""
        known = self._form(evaluation).questions
        return {find(said, known) or said: value for said, value in of_questions.items()}

    def _form(self, evaluation: Evaluation) -> Form:
        return self._forms.form(evaluation.tenant, evaluation.form_id, evaluation.form_version)[1]

    def _scored(self, evaluation: Evaluation, said: Sheet) -> tuple[Sheet, Plain]:
        return scored_sheet(self._form(evaluation), said)

    def _judged(self, tenant: str, subject: Subject) -> Evaluation | None:
        """The evaluation that is to be evaluated. Raises NotFound, NotSubmitted."""
        if subject.kind is not SubjectKind.EVALUATION:
            return None
        judged = self._decisions.get(Evaluation, _id(subject.evaluation_id), tenant=tenant)
        if not judged.versions:
            raise errors.NotSubmitted(judged.id)
        return judged


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("evaluation", text) from None


def _check_names(*, required: bool = True, **names: str) -> None:
    found: list[FieldViolation] = []
    for field, name in names.items():
        found += check_name(field, name, required=required)
    if found:
        raise InvalidInput(*found)
