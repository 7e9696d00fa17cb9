"""``opsledger qa import``: evaluations that were made elsewhere or before, from a file."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple
from uuid import uuid4

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.options import DEFAULT_DATABASE, DEFAULT_JOURNAL, AsJson, DatabaseUrl, Delimiter, JournalFolder, RequestId
from opsledger.services.cli.remote import ServerAddress, Token, server_client

if TYPE_CHECKING:
    from opsledger.core.quality.form import Form
    from opsledger.proto.quality.v1 import evaluations_pb2 as pb
    from opsledger.proto.quality.v1 import forms_pb2
    from opsledger.services.quality.imported_file import Item

SHOWN_MAX = 10_000
"""Faults and remarks in a JSON answer; how many there are beyond is said."""


def import_evaluations(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV or JSON lines; a row for each evaluation, a column for each question.")],
    form: Annotated[str, typer.Option(help="The published form by which they were made.")],
    program: Annotated[str, typer.Option(help="Of which program.")],
    source: Annotated[str, typer.Option(help="The tickets' system, where the rows do not say it.", show_default=False)] = "",
    column: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=COLUMN", help="Where a column is not called like its field or question.")] = None,
    zone: Annotated[str, typer.Option(help="Of times without an offset.")] = "UTC",
    delimiter: Delimiter = ",",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would become of each; nothing is recorded.")] = False,
    request_id: RequestId = "",
    tenant: Annotated[str, typer.Option(help="Whose evaluations.")] = "default",
    server: ServerAddress = "",
    token: Token = "",
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Take evaluations with the date of their judging, each once: through --server, else straight into --journal, which no server may have
    open. A row that does not fit is named with its line and left out; the others are taken. Exit code 1 when one was left out.

    Example: opsledger qa import 2024.csv --form calls --program desk --source zendesk --column judged_at='Reviewed on' --dry-run
    """
    from opsledger.core.quality.evaluation_import import BATCH_MAX
    from opsledger.proto.quality.v1 import evaluations_pb2 as pb
    from opsledger.proto.quality.v1 import forms_pb2
    from opsledger.services.quality.imported_file import Reading, read_imported

    columns = dict(entry.partition("=")[::2] for entry in column or ())
    if not all(columns.values()):
        raise InvalidInput(FieldViolation("--column", "INVALID", "must be like FIELD=COLUMN"))
    found, name = _Found(file, as_json), request_id or uuid4().hex
    with _quality(server, token, journal, database) as quality:
        parsed = _form(quality.get_form(forms_pb2.GetFormRequest(tenant=tenant, form=form)))
        batch: list[Item] = []

        def send(items: list[Item]) -> None:
            request = pb.ImportEvaluationsRequest(
                request_id=f"{name} {items[0].line}-{items[-1].line}", tenant=tenant, program=program, form=form, dry_run=dry_run,
                evaluations=[item.evaluation for item in items if item.evaluation])
            try:
                found.add(items, quality.import_evaluations(request))
            except InvalidInput as error:
                if len(items) == 1 or not _is_too_large(error):
                    raise
                for half in (items[:len(items) // 2], items[len(items) // 2:]):
                    send(half)

        for item in read_imported(file, parsed, Reading(columns, source, delimiter, zone)):
            if item.evaluation is None:
                found.refuse(item.line, item.violations)
                continue
            batch.append(item)
            if len(batch) == BATCH_MAX:
                send(batch)
                batch = []
        if batch:
            send(batch)
    found.show(dry_run)
    raise typer.Exit(1 if found.refused else 0)


class _Quality(NamedTuple):
    """What is needed of a server, or of the files here."""

    get_form: Callable[[forms_pb2.GetFormRequest], forms_pb2.GetFormResponse]
    import_evaluations: Callable[[pb.ImportEvaluationsRequest], pb.ImportEvaluationsResponse]


@contextmanager
def _quality(server: str, token: str, journal: Path, database: str) -> Iterator[_Quality]:
    if server:
        with server_client(server, token) as client:
            yield _Quality(client.forms.GetForm, client.evaluations.ImportEvaluations)
        return
    from opsledger.services.cli.local_quality import quality_here

    with quality_here(journal, database) as here:
        yield _Quality(here.GetForm, here.ImportEvaluations)


def _is_too_large(error: InvalidInput) -> bool:
    """They do not fit into one record of the journal together: a form with many questions makes large evaluations."""
    return any((each.field, each.reason) == ("events", "TOO_LONG") for each in error.violations)


def _form(response: forms_pb2.GetFormResponse) -> Form:
    from opsledger.core.quality.form_document import read_form

    return read_form(response.form.document_json)


class _Found:
    """What became of the rows. Faults are told as they come; a JSON answer holds SHOWN_MAX of each kind."""

    def __init__(self, file: str, as_json: bool) -> None:
        self._file, self._as_json = file, as_json
        self.imported = self.known = self.refused = self.remarked = 0
        self._faults: list[dict[str, Any]] = []
        self._remarks: list[dict[str, Any]] = []

    def add(self, batch: list[Item], response: pb.ImportEvaluationsResponse) -> None:
        from opsledger.proto.quality.v1 import evaluations_pb2 as pb

        for item, outcome in zip(batch, response.outcomes, strict=True):
            self.imported += outcome.result == pb.IMPORT_RESULT_IMPORTED
            self.known += outcome.result == pb.IMPORT_RESULT_KNOWN
            if outcome.result == pb.IMPORT_RESULT_REFUSED:
                self.refuse(item.line, [FieldViolation(each.field, each.reason, each.description) for each in outcome.violations])
            self.remarked += len(outcome.remarks) > 0
            for each in outcome.remarks:
                self._note(self._remarks, "remark: ", item.line, FieldViolation(each.field, each.reason, each.description))

    def refuse(self, line: int, violations: list[FieldViolation] | tuple[FieldViolation, ...]) -> None:
        self.refused += 1
        for violation in violations:
            self._note(self._faults, "", line, violation)

    def _note(self, notes: list[dict[str, Any]], kind: str, line: int, violation: FieldViolation) -> None:
        if self._as_json:
            if len(notes) < SHOWN_MAX:
                notes.append({"line": line, **violation._asdict()})
            return
        place = f"{self._file}: line {line}" + (f": {violation.field}" if violation.field else "")
        typer.echo(f"{kind}{place}: {violation.description}", err=True)

    def show(self, dry_run: bool) -> None:
        numbers = {"imported": self.imported, "known": self.known, "refused": self.refused, "remarked": self.remarked}
        if self._as_json:
            print(json.dumps({"dry_run": dry_run, **numbers, "faults": self._faults, "remarks": self._remarks}, ensure_ascii=False))
            return
        would = "would be imported" if dry_run else "imported"
        print(f"{self.imported} {would}, {self.known} known already, {self.refused} left out; {self.remarked} with a remark")
