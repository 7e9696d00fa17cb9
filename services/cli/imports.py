"""``opsledger import``: logs of other systems become ticket facts in the journal."""
from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidRules
from opsledger.services.cli.options import DEFAULT_DATABASE, DEFAULT_JOURNAL, AsJson, DatabaseUrl, JournalFolder, NoProject
from opsledger.services.cli.remote import ServerAddress, Token

if TYPE_CHECKING:
    from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
    from opsledger.services.importers.destination import Destination
    from opsledger.services.importers.runner import Reader
    from opsledger.services.importers.summary import Summary

group = typer.Typer(
    no_args_is_help=True,
    help="Record the logs of other systems. The whole file is checked first; wrong input leaves the journal as it was. "
    "Running an import again records nothing twice.",
)

File = Annotated[str, typer.Argument(help="The file, plain or compressed (.gz, .xz); - reads standard input.", metavar="FILE")]
Tenant = Annotated[str, typer.Option(help="The client whose tickets they are.")]
Program = Annotated[str, typer.Option(help="The piece of work that has its own SLA rules.")]
SourceName = Annotated[str, typer.Option("--source", help="Name of the system they come from.")]
SkipInvalid = Annotated[bool, typer.Option("--skip-invalid", help="Leave wrong rows out and record the others.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and count; record nothing.")]
RulesFile = Annotated[
    Path | None, typer.Option("--rules", help="SLA rules (YAML) to publish first; once, however often they are given.", show_default=False)
]


@group.command()
def servicenow(
    file: File,
    tenant: Tenant = "default",
    program: Program = "default",
    source: SourceName = "servicenow",
    time_zone: Annotated[str, typer.Option(help="Of the times in the file, which carry none.")] = "UTC",
    keep_last: Annotated[bool, typer.Option("--keep-last", help="Take the last incident even when the file is cut off in it.")] = False,
    rules: RulesFile = None,
    skip_invalid: SkipInvalid = False,
    dry_run: DryRun = False,
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    no_project: NoProject = False,
    server: ServerAddress = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """The audit export (CSV) of a ServiceNow incident table: one row is an incident after a change."""
    from opsledger.services.importers.audit_export import ServiceNowReader
    from opsledger.services.importers.writing import Owner

    reader = ServiceNowReader(Owner(tenant, program, source), time_zone, keep_last)
    target = _target(journal, database, no_project, server, token, _rules(rules, tenant, program))
    _run(file, reader, target, skip_invalid, dry_run, as_json)


@group.command()
def events(
    file: File,
    rules: RulesFile = None,
    skip_invalid: SkipInvalid = False,
    dry_run: DryRun = False,
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    no_project: NoProject = False,
    server: ServerAddress = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """JSON lines: one TicketEvent in protobuf JSON on each."""
    from opsledger.services.importers.json_lines import EventsReader

    target = _target(journal, database, no_project, server, token, _rules(rules))
    _run(file, EventsReader(), target, skip_invalid, dry_run, as_json)


@group.command()
def csv(
    file: File,
    mapping: Annotated[Path, typer.Option("--mapping", help="YAML file that says what the columns mean (docs/importing.md).")],
    tenant: Annotated[str, typer.Option(help="Instead of the mapping's tenant.")] = "",
    program: Annotated[str, typer.Option(help="Instead of the mapping's program.")] = "",
    source: Annotated[str, typer.Option(help="Instead of the mapping's source.")] = "",
    rules: RulesFile = None,
    skip_invalid: SkipInvalid = False,
    dry_run: DryRun = False,
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    no_project: NoProject = False,
    server: ServerAddress = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Any table of ticket events, snapshots or tickets, as a mapping file describes it."""
    from opsledger.services.importers.csv_table import CsvReader
    from opsledger.services.importers.mapping import ValueSpec, load_mapping

    given = {"tenant": tenant, "program": program, "source": source}
    spec = load_mapping(mapping).model_copy(update={name: ValueSpec(value=text) for name, text in given.items() if text})
    published = _rules(rules, spec.tenant.constant, spec.program.constant)
    target = _target(journal, database, no_project, server, token, published)
    _run(file, CsvReader(spec, str(mapping)), target, skip_invalid, dry_run, as_json)


def _target(
    journal: Path, database: str, no_project: bool, server: str, token: str, rules: PublishRulesRequest | None
) -> Destination:
    from opsledger.services.importers.destination import JournalDestination, ServerDestination

    if server:
        return ServerDestination(server, token, rules)
    return JournalDestination(journal, None if no_project else database, rules)


def _rules(file: Path | None, tenant: str = "", program: str = "") -> PublishRulesRequest | None:
    """The request that publishes them: for the program that the file names, else the one that all facts belong to.

    Raises InvalidRules when neither says whose they are.
    """
    if file is None:
        return None
    from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
    from opsledger.services.cli.rules import read_rules
    from opsledger.services.importers.writing import derived_id

    document_json, rules = read_rules(file)
    tenant, program = rules.tenant or tenant, rules.program or program
    if missing := [name for name, value in (("tenant", tenant), ("program", program)) if not value]:
        raise InvalidRules(*(
            FieldViolation(f"{file}: {name}", "REQUIRED", "must be given, because the events are not all of one") for name in missing
        ))
    return PublishRulesRequest(
        request_id=derived_id("rules", tenant, program, document_json), tenant=tenant, program=program, document_json=document_json,
    )


def _run(file: str, reader: Reader, target: Destination, skip_invalid: bool, dry_run: bool, as_json: bool) -> None:
    from opsledger.services.cli.progress import progress_steps
    from opsledger.services.importers.runner import run_import

    with progress_steps() as progress, closing(target):
        summary = run_import(file, reader, None if dry_run else target.open_sink, skip_invalid=skip_invalid, progress=progress)
        if not dry_run:
            target.project(progress)
    if as_json:
        print(json.dumps(summary.as_json(), ensure_ascii=False))
    else:
        _print(summary)


def _print(summary: Summary) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(show_header=False, box=None)
    table.add_column(justify="right")
    table.add_column()
    lines: list[tuple[int, str]] = [(summary.rows, "rows"), (summary.tickets, "tickets"), (summary.events, "events")]
    if summary.dry_run:
        lines.append((0, "recorded: this was a dry run"))
    else:
        lines += [(summary.recorded, "recorded"), (summary.duplicates, "known already")]
    lines += [(summary.invalid, "invalid rows left out")] * bool(summary.invalid)
    lines += [(count, what) for what, count in summary.notes.items()]
    for count, what in lines:
        table.add_row(f"{count:,}", what)
    Console().print(table)
    for remark in summary.remarks:
        print(f"note: {remark}", file=sys.stderr)
    for violation in summary.problems:
        print(f"left out: {violation.field}: {violation.description}", file=sys.stderr)
