"""``opsledger import``: logs of other systems become ticket facts in the journal."""
from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.services.cli.differing import differing
from opsledger.services.cli.import_summary import answering, print_summary
from opsledger.services.cli.options import DEFAULT_DATABASE, DEFAULT_JOURNAL, AsJson, DatabaseUrl, JournalFolder, NoProject
from opsledger.services.cli.remote import ServerAddress, Token, bearer, credentials

if TYPE_CHECKING:
    from opsledger.services.importers.destination import Destination
    from opsledger.services.importers.first_rules import FirstRules
    from opsledger.services.importers.runner import Reader
    from opsledger.services.importers.spool import Program

group = typer.Typer(
    no_args_is_help=True,
    help="Record the logs of other systems. The whole file is checked first; wrong input leaves the journal as it was. "
    "Running an import again records nothing twice.",
)

group.command()(differing)

File = Annotated[str, typer.Argument(
    help="The file, plain or packed (.gz, .xz, .bz2, .zip), or a workbook (.xlsx); - reads standard input.", metavar="FILE",
)]
Tenant = Annotated[str, typer.Option(help="The client whose tickets they are.")]
ProgramName = Annotated[str, typer.Option(help="The piece of work that has its own SLA rules.")]
SourceName = Annotated[str, typer.Option("--source", help="Name of the system they come from.")]
SkipInvalid = Annotated[bool, typer.Option("--skip-invalid", help="Leave wrong rows out and record the others.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check and count; record nothing.")]
ShownTicket = Annotated[str, typer.Option("--ticket", help="With --dry-run: show the facts of this ticket, and which rows say them.")]
RulesFile = Annotated[
    Path | None, typer.Option("--rules", help="SLA rules (YAML) to publish first; once, however often they are given.", show_default=False)
]


@group.command()
def servicenow(
    file: File,
    tenant: Tenant = "default",
    program: ProgramName = "default",
    source: SourceName = "servicenow",
    time_zone: Annotated[str, typer.Option(help="Of the times in the file, which carry none.")] = "UTC",
    keep_last: Annotated[bool, typer.Option("--keep-last", help="Take the last incident even when the file is cut off in it.")] = False,
    rules: RulesFile = None,
    skip_invalid: SkipInvalid = False,
    dry_run: DryRun = False,
    ticket: ShownTicket = "",
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
    with answering(as_json, dry_run):
        target = _target(journal, database, no_project, server, token)
        _run(file, reader, target, _rules(rules, tenant, program), skip_invalid, dry_run, ticket, as_json)


@group.command()
def events(
    file: File,
    rules: RulesFile = None,
    skip_invalid: SkipInvalid = False,
    dry_run: DryRun = False,
    ticket: ShownTicket = "",
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    no_project: NoProject = False,
    server: ServerAddress = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """JSON lines: one TicketEvent in protobuf JSON on each."""
    from opsledger.services.importers.json_lines import EventsReader

    with answering(as_json, dry_run):
        target = _target(journal, database, no_project, server, token)
        _run(file, EventsReader(), target, _rules(rules), skip_invalid, dry_run, ticket, as_json)


@group.command()
def csv(
    file: File,
    mapping: Annotated[Path, typer.Option("--mapping", help="YAML file that says what the columns mean (docs/importing.md).")],
    tenant: Annotated[str, typer.Option(help="Instead of the mapping's tenant.")] = "",
    program: Annotated[str, typer.Option(help="Instead of the mapping's program.")] = "",
    source: Annotated[str, typer.Option(help="Instead of the mapping's source.")] = "",
    as_of: Annotated[str, typer.Option(help="Date of a table of tickets, written as the mapping's times are; instead of its as_of.")] = "",
    rules: RulesFile = None,
    skip_invalid: SkipInvalid = False,
    dry_run: DryRun = False,
    ticket: ShownTicket = "",
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    no_project: NoProject = False,
    server: ServerAddress = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Any table of ticket events, snapshots or tickets, as a mapping file describes it."""
    from opsledger.services.importers.csv_table import CsvReader
    from opsledger.services.importers.mapping import load_mapping
    from opsledger.services.importers.mapping_values import ValueSpec

    given = {"tenant": tenant, "program": program, "source": source, "as_of": as_of}
    with answering(as_json, dry_run):
        spec = load_mapping(mapping).model_copy(update={name: ValueSpec(value=text) for name, text in given.items() if text})
        if as_of and spec.rows == "events":
            raise typer.BadParameter("is the date of a table whose rows are tickets (rows: tickets)", param_hint="--as-of")
        published = _rules(rules, spec.tenant.constant, spec.program.constant)
        target = _target(journal, database, no_project, server, token)
        _run(file, CsvReader(spec, str(mapping)), target, published, skip_invalid, dry_run, ticket, as_json)


def _target(journal: Path, database: str, no_project: bool, server: str, token: str) -> Destination:
    from opsledger.services.importers.destination import JournalDestination, ServerDestination

    if server:
        return ServerDestination(server, bearer(token), credentials=credentials())
    return JournalDestination(journal, None if no_project else database)


def _rules(file: Path | None, tenant: str = "", program: str = "") -> FirstRules | None:
    """For the program that the file names, else the one that the command line or the mapping does, else that of the events."""
    if file is None:
        return None
    from opsledger.services.cli.rules import read_rules
    from opsledger.services.importers.first_rules import FirstRules

    document_json, rules = read_rules(file)
    return FirstRules(str(file), document_json, rules.tenant or tenant, rules.program or program)


def _run(
    file: str, reader: Reader, target: Destination, rules: FirstRules | None, skip_invalid: bool, dry_run: bool, ticket: str, as_json: bool
) -> None:
    from opsledger.services.cli.progress import progress_steps
    from opsledger.services.importers.runner import run_import

    if ticket and not dry_run:
        raise typer.BadParameter("shows the facts of a dry run: give --dry-run too", param_hint="--ticket")

    def publish(programs: Collection[Program]) -> None:
        target.rules = rules.request(programs) if rules is not None else None

    with progress_steps() as progress, closing(target):
        summary = run_import(
            file, reader, None if dry_run else target.open_sink, skip_invalid=skip_invalid, ticket_id=ticket, belonging=publish,
            progress=progress,
        )
        if not dry_run:
            target.project(progress)
    print_summary(summary, as_json)
    if summary.differing:
        raise typer.Exit(1)  # not all that the file says is in the ledger now
