"""``opsledger form``: check, compare, publish and list evaluation forms."""
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol
from uuid import uuid4

import typer

from opsledger.core.errors import FieldViolation, InvalidForm
from opsledger.services.cli.local import journal_to_write
from opsledger.services.cli.options import DEFAULT_DATABASE, DEFAULT_JOURNAL, AsJson, DatabaseUrl, JournalFolder, NoProject, RequestId
from opsledger.services.cli.remote import ServerAddress, Token, server_client

if TYPE_CHECKING:
    from opsledger.core.quality.form import Form, Question
    from opsledger.proto.quality.v1 import forms_pb2 as pb

group = typer.Typer(no_args_is_help=True, help="Evaluation forms, in versions that never change.")

FormFile = Annotated[Path, typer.Argument(metavar="FILE", help="Form (YAML or JSON); docs/quality.md describes it.", allow_dash=True)]


class Registry(Protocol):
    """The FormService: of a server, or over a journal here."""

    def PublishForm(self, request: pb.PublishFormRequest) -> pb.PublishFormResponse: ...


@group.command()
def validate(file: FormFile, as_json: AsJson = False) -> None:
    """Say whether FILE holds a valid form, and what its questions are worth."""
    from rich.console import Console
    from rich.table import Table

    from opsledger.core.quality.form_names import check_names
    from opsledger.services.documents import naming

    _, form = read_form_file(file)
    with naming(file):
        check_names(form)
    if as_json:
        questions = [{"id": each.id, "section": each.section, "type": each.kind, "possible": float(each.possible)} for each in form]
        print(json.dumps({"valid": True, "form": form.id, "mode": form.scoring.mode, "na": form.scoring.na, "questions": questions}))
        return
    table = Table("section", "weight", "question", "type", "weight", "points", "notes", box=None)
    for section in form.sections:
        for each in section.questions:
            table.add_row(section.id, _number(section.weight), each.id, each.kind, _number(each.weight), _number(each.possible or None),
                          ", ".join(_notes(form, each)))
    Console(soft_wrap=True).print(table)
    print(f"{file} holds the valid form {form.id}: {len(form.questions)} questions, {form.scoring.mode}, N/A {form.scoring.na}")


@group.command()
def diff(old: FormFile, new: FormFile, as_json: AsJson = False) -> None:
    """Say what differs between two forms, and whether it can change results. Exit code 0 also when they differ."""
    from rich.console import Console
    from rich.table import Table

    from opsledger.core.quality import form_diff

    changes = form_diff.diff(read_form_file(old)[1], read_form_file(new)[1])
    if as_json:
        print(json.dumps([each._asdict() for each in changes], ensure_ascii=False, indent=2))
        return
    table = Table("what", "", "before", "after", "changes results", box=None)
    for each in changes:
        table.add_row(each.path, each.kind, each.before, each.after, "yes" if each.affects_results else "")
    Console(soft_wrap=True).print(table if changes else "the forms do not differ")


@group.command()
def publish(
    file: FormFile,
    tenant: Annotated[str, typer.Option(help="Whose form.")] = "default",
    request_id: RequestId = "",
    server: ServerAddress = "",
    token: Token = "",
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    no_project: NoProject = False,
    as_json: AsJson = False,
) -> None:
    """Make FILE the next version of its form: through --server, else straight into --journal, which no server may have open."""
    from opsledger.proto.quality.v1 import forms_pb2 as pb

    document_json, form = read_form_file(file)
    request = pb.PublishFormRequest(request_id=request_id or uuid4().hex, tenant=tenant, form=form.id, document_json=document_json)
    with _registry(server, token, journal, None if no_project else database) as registry:
        response = registry.PublishForm(request)
    published = response.form
    if as_json:
        print(json.dumps({"tenant": tenant, "form": published.form, "version": published.version, "position": response.position}))
    else:
        print(f"{tenant} / {published.form}: version {published.version} stands")


@group.command("list")
def list_forms(
    tenant: Annotated[str, typer.Option(help="Needed when there are several.", show_default=False)] = "",
    drafts: Annotated[bool, typer.Option("--drafts", help="The drafts instead, published or not.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many.", min=1)] = 50,
    database: DatabaseUrl = DEFAULT_DATABASE,
    server: ServerAddress = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """The newest published version of every form, by name."""
    from opsledger.proto.quality.v1 import forms_pb2 as pb
    from opsledger.services.cli.form_tables import show_drafts, show_forms
    from opsledger.services.cli.json_output import print_json
    from opsledger.services.cli.source import answers_of, first
    from opsledger.services.quality.form_queries import FormQueries

    request = pb.ListFormsRequest(drafts=drafts)
    with answers_of(
        database, server, token, tenant, there=lambda client: client.forms, here=FormQueries
    ) as (source, request.tenant):
        found = first(source.ListForms, request, "drafts" if drafts else "forms", limit)
    if as_json:
        print_json(found)
    elif drafts:
        show_drafts(found)
    else:
        show_forms(found)


def read_form_file(file: Path) -> tuple[str, Form]:
    """The document as JSON, and the form it describes. Raises InvalidForm, naming file and field."""
    from opsledger.core.quality.form_document import read_form
    from opsledger.services.documents import as_json, naming, read_document

    document = read_document(file)
    with naming(file):
        if not isinstance(document, dict):
            raise InvalidForm(FieldViolation("form", "NOT_A_MAPPING", "must have the keys form, scoring, sections"))
        text = as_json(document)
        return text, read_form(text)


def _notes(form: Form, question: Question) -> Iterator[str]:
    if question.may_be_na:
        yield "N/A"
    if question.bonus:
        yield "only deducts" if question.only_deducts else "bonus"
    if form.shown_when[question.id]:
        yield "conditional"
    if question.critical:
        yield f"{question.critical.value} critical"
    yield from sorted({f"fails {then.auto_fail.name.lower()}" for then in question.consequences if then.auto_fail})


def _number(value: object) -> str:
    return "" if value is None else f"{float(value):g}"  # type: ignore[arg-type]  # a Fraction


@contextmanager
def _registry(server: str, token: str, journal: Path, database: str | None) -> Iterator[Registry]:
    if server:
        with server_client(server, token) as client:
            yield client.forms
        return
    from contextlib import closing

    from opsledger.services.decisions.decisions import Decisions
    from opsledger.services.journal.clock import wall_clock_us
    from opsledger.services.quality.form_registry import FormRegistry

    with journal_to_write(journal, database) as events, closing(Decisions(events, journal, wall_clock_us)) as decisions:
        yield FormRegistry(decisions)
