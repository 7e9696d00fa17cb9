"""Evaluation forms as rows: every published version, and drafts."""
from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Index, Table

from opsledger.core.quality.form_publication import EvaluationForm
from opsledger.services.projections.columns import aggregate_id, count, metadata, ordinal, text, time_us

forms = Table(
    "forms", metadata, aggregate_id(), ordinal("version"), text("tenant"), text("form"), text("title"),
    count("newest", comment="1: there is no later version"), count("etag", comment="of the form"), text("published_by"),
    time_us("published_at_us"), text("document_json"),
    Index("forms_by_name", "tenant", "form", "newest"),
)

form_drafts = Table(
    "form_drafts", metadata, aggregate_id(), text("tenant"), text("form"), text("title"), count("etag", comment="of the form"),
    text("drafted_by"), time_us("drafted_at_us"),
    Index("form_drafts_by_name", "tenant", "form"),
)

FORM_TABLES = (forms, form_drafts)


def form_rows(form: EvaluationForm) -> Iterator[tuple[Table, Mapping[str, Any]]]:
    for each in form.versions:
        yield forms, {
            "version": each.version, "tenant": form.tenant, "form": form.form_id, "title": title_of(each.document_json),
            "newest": int(each.version == len(form.versions)), "etag": form.version, "published_by": each.published_by,
            "published_at_us": each.published_at_us, "document_json": each.document_json,
        }
    if form.draft_json:
        yield form_drafts, {
            "tenant": form.tenant, "form": form.form_id, "title": title_of(form.draft_json), "etag": form.version,
            "drafted_by": form.drafted_by, "drafted_at_us": form.drafted_at_us,
        }


def title_of(document_json: str) -> str:
    """Also of a draft, which may be unfinished."""
    title = json.loads(document_json).get("title", "")
    return title if isinstance(title, str) else str(title)
