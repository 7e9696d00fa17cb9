"""The versions of an evaluation form: one draft that may change, and published versions that never do.

Times are microseconds since 1970 UTC and come in as arguments.
"""
from __future__ import annotations

import json
from typing import NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from opsledger.core.documents import check_document
from opsledger.core.errors import FieldViolation, InvalidForm, NotFound
from opsledger.core.quality.form_document import load_document, read_form
from opsledger.core.quality.form_names import check_names
from opsledger.core.tickets.identity import name16


class FormVersion(NamedTuple):
    """One published version."""

    version: int
    """From 1, without gaps."""
    document_json: str
    published_by: str
    published_at_us: int


class EvaluationForm(Aggregate):
    """One form of a tenant; its id is made of both names."""

    # Events

    class Begun(Aggregate.Created):
        TOPIC = "quality.form.begun"
        tenant: str
        form_id: str

    class Drafted(Aggregate.Event):
        TOPIC = "quality.form.drafted"
        document_json: str
        drafted_by: str
        drafted_at_us: int

    class DraftDiscarded(Aggregate.Event):
        TOPIC = "quality.form.draft_discarded"

    class Published(Aggregate.Event):
        TOPIC = "quality.form.published"
        document_json: str
        published_by: str
        published_at_us: int

    class Confirmed(Aggregate.Event):
        """What was to be published stands already. It keeps the request's answer, so that a late repetition publishes nothing."""

        TOPIC = "quality.form.confirmed"

    @staticmethod
    def create_id(tenant: str, form_id: str) -> UUID:
        return UUID(bytes=name16("evaluation form", tenant, form_id))

    # Commands

    @event(Begun)
    def __init__(self, tenant: str, form_id: str) -> None:
        self.tenant = tenant
        self.form_id = form_id
        self.draft_json = ""
        self.drafted_by = ""
        self.drafted_at_us = 0
        self.versions: list[FormVersion] = []

    def draft(self, document_json: str, drafted_by: str, now_us: int) -> None:
        """Keep a form that is to be published later. Raises InvalidForm when it is another one's; it may be unfinished."""
        check_document(document_json, "document_json", InvalidForm)
        self._check_name(load_document(document_json).get("form"))
        if not _same(document_json, self.draft_json):
            self._drafted(document_json=document_json, drafted_by=drafted_by, drafted_at_us=now_us)

    def discard_draft(self) -> None:
        if self.draft_json:
            self._draft_discarded()

    def publish(self, document_json: str, published_by: str, now_us: int) -> None:
        """Make a document, or with empty text the draft, the next version. Raises InvalidForm, naming every field that is wrong."""
        document_json = document_json or self.draft_json
        if not document_json:
            raise InvalidForm(FieldViolation("document_json", "REQUIRED", "must be set, as there is no draft to publish"))
        check_document(document_json, "document_json", InvalidForm)
        form = read_form(document_json)
        self._check_name(form.id)
        if self.versions and _same(document_json, self.versions[-1].document_json):
            self._confirmed()
        else:
            check_names(form)
            self._published(document_json=document_json, published_by=published_by, published_at_us=now_us)

    def _check_name(self, name: object) -> None:
        if name != self.form_id:
            raise InvalidForm(FieldViolation("form", "MISMATCH", f"the document is of the form {name!r}, not {self.form_id!r}"))

    # Fold

    @event(Drafted)
    def _drafted(self, document_json: str, drafted_by: str, drafted_at_us: int) -> None:
        self.draft_json, self.drafted_by, self.drafted_at_us = document_json, drafted_by, drafted_at_us

    @event(DraftDiscarded)
    def _draft_discarded(self) -> None:
        self.draft_json = ""

    @event(Published)
    def _published(self, document_json: str, published_by: str, published_at_us: int) -> None:
        self.versions = [*self.versions, FormVersion(len(self.versions) + 1, document_json, published_by, published_at_us)]
        self.draft_json = ""

    @event(Confirmed)
    def _confirmed(self) -> None:
        self.draft_json = ""

    # Queries

    def numbered(self, version: int) -> FormVersion:
        """0: the newest one. Raises NotFound."""
        if not self.versions or not 0 <= version <= len(self.versions):
            raise NotFound("form version", f"{self.form_id}/{version}" if version else self.form_id)
        return self.versions[version - 1]


def _same(one: str, other: str) -> bool:
    return bool(other) and _canonical(one) == _canonical(other)


def _canonical(document_json: str) -> str:
    return json.dumps(json.loads(document_json), sort_keys=True)
