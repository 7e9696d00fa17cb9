"""Lists of forms in a terminal."""
from __future__ import annotations

from rich.table import Table

from opsledger.proto.quality.v1 import forms_pb2 as pb
from opsledger.services.cli.listing import minute, print_listing


def show_forms(found: pb.ListFormsResponse) -> None:
    table = Table("form", "version", "title", "published by", "at", box=None)
    for form in found.forms:
        table.add_row(form.form, str(form.version), form.title, form.published_by, minute(form.published_at))
    print_listing(table, len(found.forms), "form", bool(found.next_page_token))


def show_drafts(found: pb.ListFormsResponse) -> None:
    table = Table("form", "title", "drafted by", "at", box=None)
    for draft in found.drafts:
        table.add_row(draft.form, draft.title, draft.drafted_by, minute(draft.drafted_at))
    print_listing(table, len(found.drafts), "draft", bool(found.next_page_token))

