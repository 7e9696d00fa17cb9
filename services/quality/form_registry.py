"""The forms of all tenants, kept in the journal. It has methods of the FormService; the servicer and the command line use it."""
from __future__ import annotations

from collections.abc import Callable

from opsledger.core.documents import check_document
from opsledger.core.errors import FieldViolation, InvalidForm, InvalidInput, NotFound, VersionConflict
from opsledger.core.quality.form import Form
from opsledger.core.quality.form_document import load_document, read_form
from opsledger.core.quality.form_publication import EvaluationForm, FormVersion
from opsledger.core.tickets.validation import check_name
from opsledger.proto.quality.v1 import forms_pb2 as pb
from opsledger.services.decisions.decisions import Decided, Decisions, etag_of
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.masks import masked
from opsledger.services.projections.tables_forms import title_of
from opsledger.services.tickets.codec import timestamp


class FormRegistry:
    def __init__(self, decisions: Decisions, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._decisions, self._now_us = decisions, now_us

    def PublishForm(self, request: pb.PublishFormRequest, published_by: str = "") -> pb.PublishFormResponse:
        """Raises InvalidForm, InvalidInput; NotFound for the draft of a form that there is not; VersionConflict for a stale etag."""
        form_id = request.form or _named(request.document_json)
        now_us = self._now_us()
        decided = self._decide(
            _named_by(request, published_by), form_id, request.etag, create=bool(request.document_json),
            command=lambda form: form.publish(request.document_json, published_by, now_us),
        )
        return pb.PublishFormResponse(form=_message(decided.aggregate, decided.aggregate.numbered(0)), position=decided.position)

    def SaveFormDraft(self, request: pb.SaveFormDraftRequest, drafted_by: str = "") -> pb.SaveFormDraftResponse:
        """Raises InvalidForm, InvalidInput; VersionConflict for a stale etag."""
        form_id, now_us = _named(request.document_json), self._now_us()
        decided = self._decide(
            _named_by(request, drafted_by), form_id, request.etag, create=True,
            command=lambda form: form.draft(request.document_json, drafted_by, now_us),
        )
        return pb.SaveFormDraftResponse(draft=_draft(decided.aggregate), form=form_id, etag=decided.etag, position=decided.position)

    def GetForm(self, request: pb.GetFormRequest) -> pb.GetFormResponse:
        """Raises NotFound."""
        form = self._get(request.tenant, request.form)
        only_draft = not form.versions and not request.version
        return pb.GetFormResponse(
            form=None if only_draft else masked(_message(form, form.numbered(request.version)), request.read_mask), draft=_draft(form))

    def form(self, tenant: str, form_id: str, version: int = 0) -> tuple[int, Form]:
        """A published version (0: the newest) with its number. Raises NotFound."""
        found = self._get(tenant, form_id).numbered(version)
        return found.version, read_form(found.document_json)

    def referred(self, tenant: str, ref: pb.FormRef, field: str) -> Form:
        """A published version, or the document that the reference holds. Raises NotFound, InvalidForm."""
        if ref.document_json:
            check_document(ref.document_json, f"{field}.document_json", InvalidForm)
            return read_form(ref.document_json)
        if not ref.form:
            raise InvalidInput(FieldViolation(f"{field}.form", "REQUIRED", "must name a form, unless document_json is set"))
        return self.form(tenant, ref.form, ref.version)[1]

    def _get(self, tenant: str, form_id: str) -> EvaluationForm:
        try:
            return self._decisions.get(EvaluationForm, EvaluationForm.create_id(tenant, form_id), tenant=tenant)
        except NotFound:
            raise NotFound("form", form_id) from None

    def _decide(
        self, request: Request, form_id: str, etag: str, *, create: bool, command: Callable[[EvaluationForm], None]
    ) -> Decided[EvaluationForm]:
        """``create``: a form that there is not yet begins with this command."""
        tenant = request.tenant
        if found := [*check_name("tenant", tenant, required=True), *check_name("form", form_id, required=True)]:
            raise InvalidInput(*found)
        id = EvaluationForm.create_id(tenant, form_id)
        try:
            return self._decisions.change(EvaluationForm, id, request, etag=etag, command=command)
        except NotFound:
            if not create or etag:
                raise NotFound("form", form_id) from None

        def begun() -> EvaluationForm:
            form = EvaluationForm(tenant=tenant, form_id=form_id)
            command(form)
            return form

        try:
            return self._decisions.create(EvaluationForm, request, make=begun)
        except VersionConflict:  # somebody else began it in between
            return self._decisions.change(EvaluationForm, id, request, etag=etag, command=command)


def _named_by(request: pb.PublishFormRequest | pb.SaveFormDraftRequest, principal: str) -> Request:
    return Request.of(request, principal, earlier_name=request.request_id)


def _named(document_json: str) -> str:
    """The form that a document says it is of."""
    form = load_document(document_json).get("form")
    if not isinstance(form, str) or not form:
        raise InvalidForm(FieldViolation("form", "REQUIRED", "must be set, as text"))
    return form


def _message(form: EvaluationForm, version: FormVersion) -> pb.Form:
    return pb.Form(
        tenant=form.tenant, form=form.form_id, version=version.version, document_json=version.document_json,
        title=read_form(version.document_json).title, published_by=version.published_by, published_at=timestamp(version.published_at_us),
        etag=etag_of(form), newest_version=len(form.versions),
    )


def _draft(form: EvaluationForm) -> pb.FormDraft | None:
    if not form.draft_json:
        return None
    return pb.FormDraft(
        document_json=form.draft_json, drafted_by=form.drafted_by, drafted_at=timestamp(form.drafted_at_us), form=form.form_id,
        title=title_of(form.draft_json), etag=etag_of(form),
    )
