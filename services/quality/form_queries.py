"""Forms from the read models."""
from __future__ import annotations

import json
from typing import Any, NamedTuple

from google.protobuf.field_mask_pb2 import FieldMask
from sqlalchemy import Engine, and_, not_, select

from opsledger.proto.quality.v1 import forms_pb2 as pb
from opsledger.services.masks import masked
from opsledger.services.paging import last_of, page_size, page_token
from opsledger.services.projections.database import reader
from opsledger.services.projections.tables_forms import form_drafts, forms
from opsledger.services.projections.tables_quality import evaluation_answers, evaluations
from opsledger.services.quality.sight import hidden, rated_by
from opsledger.services.tickets.codec import timestamp

PAGE_DEFAULT, PAGE_MAX = 50, 1_000
_SUMMARY = FieldMask(paths=[field.name for field in pb.Form.DESCRIPTOR.fields if field.name != "document_json"])


class Sheet(NamedTuple):
    """The answers of one evaluation."""

    id: str
    answers: dict[str, object]


class FormQueries:
    def __init__(self, engine: Engine) -> None:
        self._engine = reader(engine)

    def past(self, tenant: str, form: str, version: int, limit: int, viewer: str) -> list[Sheet]:
        """Of evaluations by a form version the answers that count, the newest contacts first; without those that an open calibration
        hides from the viewer."""
        with self._engine.connect() as connection:
            chosen = select(evaluations.c.aggregate_id, evaluations.c.counting_version).where(
                evaluations.c.tenant == tenant, evaluations.c.form == form, evaluations.c.form_version == version,
                evaluations.c.counting_version > 0, not_(hidden(viewer, rated_by(connection, tenant, viewer))),
            ).order_by(evaluations.c.contact_at_us.desc(), evaluations.c.aggregate_id).limit(limit).subquery()
            answers = evaluation_answers.c
            of_chosen = select(answers.aggregate_id, answers.question, answers.answer).join(
                chosen, and_(answers.aggregate_id == chosen.c.aggregate_id, answers.version == chosen.c.counting_version))
            found: dict[str, dict[str, object]] = {row.aggregate_id: {} for row in connection.execute(select(chosen))}
            for row in connection.execute(of_chosen):
                if row.answer:
                    found[row.aggregate_id][row.question] = json.loads(row.answer)
        return [Sheet(id, answers) for id, answers in found.items()]

    def ListForms(self, request: pb.ListFormsRequest) -> pb.ListFormsResponse:
        """Raises InvalidInput, InvalidPageToken."""
        limit, query = page_size(request.page_size, PAGE_DEFAULT, PAGE_MAX), ("ListForms", request.tenant, request.drafts)
        after = last_of(request.page_token, query, 1)
        table = form_drafts if request.drafts else forms
        chosen = select(table).where(table.c.tenant == request.tenant).order_by(table.c.form).limit(limit + 1)
        if not request.drafts:
            chosen = chosen.where(forms.c.newest == 1)
        if after is not None:
            chosen = chosen.where(table.c.form > str(after[0]))
        with self._engine.connect() as connection:
            rows = connection.execute(chosen).all()
        page, token = rows[:limit], page_token(query, (rows[limit - 1].form,)) if len(rows) > limit else ""
        if request.drafts:
            return pb.ListFormsResponse(drafts=map(_draft, page), next_page_token=token)
        mask = request.read_mask if request.read_mask.paths else _SUMMARY
        return pb.ListFormsResponse(forms=[masked(_form(row), mask) for row in page], next_page_token=token)


def _form(row: Any) -> pb.Form:
    return pb.Form(
        tenant=row.tenant, form=row.form, version=row.version, document_json=row.document_json, title=row.title,
        published_by=row.published_by, published_at=timestamp(row.published_at_us), etag=str(row.etag), newest_version=row.version,
    )


def _draft(row: Any) -> pb.FormDraft:
    return pb.FormDraft(
        form=row.form, title=row.title, drafted_by=row.drafted_by, drafted_at=timestamp(row.drafted_at_us), etag=str(row.etag),
    )
