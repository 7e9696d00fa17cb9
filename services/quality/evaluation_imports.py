"""Importing evaluations that were made elsewhere: requests in, responses out. The rules are in core/quality/evaluation_import.py."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from opsledger.core.errors import FieldViolation, InvalidInput, NotFound
from opsledger.core.quality.errors import OwnWork
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.evaluation_import import (
    EvaluationImport,
    ImportOutcome,
    ImportResult,
    check_size,
    imported_id,
    says_the_same,
)
from opsledger.core.quality.remark import date_remarks
from opsledger.core.quality.sheet_reading import scored_sheet
from opsledger.core.quality.subject import SubjectKind
from opsledger.core.tickets.validation import check_instant, check_name
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.deadlines import DEFAULT_DISPUTE_US, Deadlines, span_us
from opsledger.services.quality.evaluation_messages import remark_messages, sheet_of, subject_of
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.quality.known import Knowledge
from opsledger.services.tickets.codec import timestamp_us

RESULT_NUMBERS = {result: pb.ImportResult.Value(f"IMPORT_RESULT_{result.name}") for result in ImportResult}


class _Read(NamedTuple):
    """A batch, before anything is recorded."""

    outcomes: list[ImportOutcome]
    evaluations: list[Evaluation]
    """The new ones."""


class EvaluationImports:
    def __init__(
        self, decisions: Decisions, forms: FormRegistry, deadlines: Deadlines, knowledge: Knowledge,
        now_us: Callable[[], int] = wall_clock_us,
    ) -> None:
        self._decisions, self._forms, self._deadlines, self._knowledge, self._now_us = decisions, forms, deadlines, knowledge, now_us

    def ImportEvaluations(self, request: pb.ImportEvaluationsRequest, caller: Caller) -> pb.ImportEvaluationsResponse:
        """What is wrong with one is its outcome. Raises InvalidInput for what is wrong with the batch, VersionConflict when somebody
        imports one of them in this moment."""
        if request.dry_run:
            return _response(self._read(request, caller).outcomes, 0)
        read: list[_Read] = []

        def make() -> EvaluationImport:
            read.append(self._read(request, caller))
            return EvaluationImport.of(read[-1].outcomes, request.tenant, caller.name, self._now_us())

        decided = self._decisions.create(
            EvaluationImport, Request.of(request, caller.name), make=make, beside=lambda _: read[-1].evaluations)
        return _response(decided.aggregate.outcomes, decided.position)

    def _read(self, request: pb.ImportEvaluationsRequest, caller: Caller) -> _Read:
        if wrong := list(check_name("tenant", request.tenant, required=True)):
            raise InvalidInput(*wrong)
        check_size(len(request.evaluations))
        now_us = self._now_us()
        found: list[Evaluation | ImportOutcome] = []
        names: set[str] = set()
        for item in request.evaluations:
            try:
                if item.name in names:
                    raise InvalidInput(FieldViolation("name", "DUPLICATE", f"{item.name!r} stands twice in this import"))
                names.add(item.name)
                found.append(self._evaluation(request, item, caller, now_us))
            except InvalidInput as error:
                found.append(ImportOutcome(item.name, ImportResult.REFUSED, "", violations=error.violations))
            except (NotFound, OwnWork) as error:
                field = "form" if isinstance(error, NotFound) else "analyst"
                violation = FieldViolation(field, error.reason, str(error))
                found.append(ImportOutcome(item.name, ImportResult.REFUSED, "", violations=(violation,)))
        return self._compared(request.tenant, found, now_us)

    def _compared(self, tenant: str, found: Sequence[Evaluation | ImportOutcome], now_us: int) -> _Read:
        """With what is recorded already, and what is known of their subjects."""
        made = [each for each in found if isinstance(each, Evaluation)]
        known = self._knowledge.of(tenant, [each.subject for each in made], [each.agent_id for each in made])
        outcomes, new = [], []
        for each in found:
            if isinstance(each, ImportOutcome):
                outcomes.append(each)
                continue
            assert each.origin is not None
            name, remarks = each.origin.name, (
                *known.remarks(each.subject, each.agent_id), *date_remarks(each.contact_at_us, now_us, each.versions[0].at_us))
            if (before := self._before(each)) is None:
                new.append(each)
                outcomes.append(ImportOutcome(name, ImportResult.IMPORTED, str(each.id), remarks))
            elif says_the_same(before, each):
                outcomes.append(ImportOutcome(name, ImportResult.KNOWN, str(before.id), remarks))
            else:
                text = f"{name!r} was imported before and said something else; edit evaluation {before.id} instead"
                outcomes.append(ImportOutcome(
                    name, ImportResult.REFUSED, str(before.id), violations=(FieldViolation("name", "DIFFERS", text),)))
        return _Read(outcomes, new)

    def _before(self, evaluation: Evaluation) -> Evaluation | None:
        try:
            return self._decisions.get(Evaluation, evaluation.id, tenant=evaluation.tenant)
        except NotFound:
            return None

    def _evaluation(self, request: pb.ImportEvaluationsRequest, item: pb.ImportedEvaluation, caller: Caller, now_us: int) -> Evaluation:
        """Not yet recorded. Raises InvalidInput, NotFound, OwnWork."""
        program, form_id = item.program or request.program, item.form or request.form
        required = {"name": item.name, "program": program, "agent": item.agent, "analyst": item.analyst, "form": form_id}
        wrong = [each for field, value in required.items() for each in check_name(field, value, required=True)]
        wrong += check_name("group", item.group)
        judged_at_us = timestamp_us(item.judged_at)
        if item.HasField("judged_at"):
            wrong += check_instant("judged_at", judged_at_us)
        else:
            wrong.append(FieldViolation("judged_at", "REQUIRED", "must say when it was judged"))
        contact_at_us = timestamp_us(item.contact_at) if item.HasField("contact_at") else judged_at_us
        if item.HasField("contact_at"):
            wrong += check_instant("contact_at", contact_at_us)
        try:
            subject = subject_of(item.subject)
            if subject.kind is SubjectKind.EVALUATION:
                wrong.append(FieldViolation("subject", "INVALID", "must be a ticket or an interaction"))
        except InvalidInput as error:
            wrong += error.violations
        if wrong:
            raise InvalidInput(*wrong)
        version, form = self._forms.form(request.tenant, form_id, item.form_version)
        sheet, result = scored_sheet(form, sheet_of(item.sheet))
        within_us = span_us(item.dispute, "dispute") if item.HasField("dispute") else DEFAULT_DISPUTE_US
        until_us = self._deadlines.due_us(request.tenant, program, item.dispute.calendar, min(judged_at_us, now_us), within_us)
        return Evaluation.imported(
            imported_id(request.tenant, item.name), item.name, caller.name, item.agent, item.analyst, sheet, result, judged_at_us, until_us,
            now_us, tenant=request.tenant, program=program, subject=subject.plain(), group=item.group, form_id=form_id,
            form_version=version, contact_at_us=contact_at_us, dispute_within_us=within_us, calendar=item.dispute.calendar)


def _response(outcomes: Iterable[ImportOutcome], position: int) -> pb.ImportEvaluationsResponse:
    return pb.ImportEvaluationsResponse(position=position, outcomes=[
        pb.ImportOutcome(
            name=each.name, result=RESULT_NUMBERS[each.result], evaluation=each.evaluation,  # type: ignore[arg-type]  # a number
            remarks=remark_messages(each.remarks), violations=[pb.ImportViolation(**one._asdict()) for one in each.violations])
        for each in outcomes
    ])
