"""What forms and answers come to, as messages; nothing is written."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from google.protobuf.json_format import MessageToDict

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality import rescore
from opsledger.core.quality.answers import Answers, read_answers
from opsledger.core.quality.form import Form
from opsledger.core.quality.form_diff import diff
from opsledger.core.quality.scoring import score_all
from opsledger.proto.quality.v1 import forms_pb2 as pb
from opsledger.services.quality.form_queries import FormQueries, Sheet
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.quality.score_messages import score_message

SHEETS_MAX = 1_000


class FormAnswers:
    """Methods as those of the generated stub. They raise NotFound, InvalidForm, InvalidAnswers."""

    def __init__(self, registry: FormRegistry, queries: FormQueries) -> None:
        self._registry, self._queries = registry, queries

    def DiffForms(self, request: pb.DiffFormsRequest) -> pb.DiffFormsResponse:
        old, new = (self._registry.referred(request.tenant, getattr(request, name), name) for name in ("old", "new"))
        return pb.DiffFormsResponse(changes=[
            pb.FormChange(path=each.path, kind=each.kind, before=each.before, after=each.after, affects_results=each.affects_results)
            for each in diff(old, new)
        ])

    def ScoreAnswers(self, request: pb.ScoreAnswersRequest) -> pb.ScoreAnswersResponse:
        form = self._registry.referred(request.tenant, request.form, "form")
        sheets = _sheets(request.sheets)
        batch = _answers(form, sheets, missing_is_na=request.missing_is_na)
        return pb.ScoreAnswersResponse(sheets=[
            pb.ScoredSheet(id=sheet.id, score=score_message(scored, form.scoring))
            for sheet, scored in zip(sheets, score_all(form, batch), strict=True)
        ])

    def SimulateForm(self, request: pb.SimulateFormRequest, viewer: str) -> pb.SimulateFormResponse:
        old, new = (self._registry.referred(request.tenant, getattr(request, name), name) for name in ("old", "new"))
        sheets = _sheets(request.sheets) or self._recorded(request, viewer)
        found = list(rescore.rescore(old, new, _answers(old, sheets, missing_is_na=False)))
        return pb.SimulateFormResponse(
            sheets=[
                pb.SimulatedSheet(
                    id=sheet.id, before=score_message(each.before, old.scoring), after=score_message(each.after, new.scoring),
                    dropped=each.dropped,
                    unanswerable=[pb.UnanswerableQuestion(question=id, reason=why) for id, why in each.unanswerable.items()],
                )
                for sheet, each in zip(sheets, found, strict=True)
            ],
            report=_report(rescore.report(found)),
        )

    def _recorded(self, request: pb.SimulateFormRequest, viewer: str) -> list[Sheet]:
        if request.old.document_json:
            text = "must name a published version, unless there are sheets: evaluations are recorded by published versions"
            raise InvalidInput(FieldViolation("old", "REQUIRED", text))
        version, _ = self._registry.form(request.tenant, request.old.form, request.old.version)
        return self._queries.past(request.tenant, request.old.form, version, min(request.recorded_max, SHEETS_MAX), viewer)


def _sheets(messages: Sequence[pb.AnswerSheet]) -> list[Sheet]:
    return [Sheet(message.id, MessageToDict(message.answers)) for message in messages]


def _answers(form: Form, sheets: Sequence[Sheet], *, missing_is_na: bool) -> list[Answers]:
    if len(sheets) > SHEETS_MAX:
        raise InvalidInput(FieldViolation("sheets", "OUT_OF_RANGE", f"must not be more than {SHEETS_MAX}; ask for the others separately"))
    return [
        read_answers(form, sheet.answers, field=f"sheets[{place}].answers", missing_is_na=missing_is_na)
        for place, sheet in enumerate(sheets)
    ]


def _report(report: rescore.Report) -> pb.SimulationReport:
    return pb.SimulationReport(
        evaluations=report.evaluations, compared=report.compared, changed=report.changed, mean_before=report.mean_before,
        mean_after=report.mean_after, outcomes=_moves(report.outcomes), bands=_moves(report.bands),
    )


def _moves(moves: Mapping[tuple[str, str], int]) -> list[pb.Move]:
    return [pb.Move(before=before, after=after, evaluations=many) for (before, after), many in sorted(moves.items())]
