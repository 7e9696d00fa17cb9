"""``opsledger rules``: publish, show and check the SLA rules of a program."""
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol
from uuid import uuid4

import typer

from opsledger.services.cli.local import journal_to_write
from opsledger.services.cli.options import DEFAULT_DATABASE, DEFAULT_JOURNAL, AsJson, DatabaseUrl, JournalFolder, NoProject, RequestId
from opsledger.services.cli.remote import ServerAddress, Token, server_client

if TYPE_CHECKING:
    from opsledger.core.sla.rules import Rules
    from opsledger.proto.sla.v1 import rules_pb2 as pb

group = typer.Typer(no_args_is_help=True, help="The SLA rules of a program: calendars and policies, in versions that never change.")

RulesFile = Annotated[Path, typer.Argument(metavar="FILE", help="Rules (YAML or JSON); docs/sla.md describes them.", allow_dash=True)]
Tenant = Annotated[str, typer.Option(help="Whose rules; else as the file says, else default.", show_default=False)]
Program = Annotated[str, typer.Option(help="For which program; else as the file says, else default.", show_default=False)]
NAMELESS = "default"


class Registry(Protocol):
    """The RuleService: of a server, or over a journal here."""

    def PublishRules(self, request: pb.PublishRulesRequest) -> pb.PublishRulesResponse: ...
    def GetRules(self, request: pb.GetRulesRequest) -> pb.GetRulesResponse: ...


@group.command()
def check(file: RulesFile, as_json: AsJson = False) -> None:
    """Say whether FILE holds valid rules, and what they promise."""
    from rich.console import Console
    from rich.table import Table

    from opsledger.core.sla.durations import format_duration

    _, rules = read_rules(file)
    promises = [
        (policy.name, metric, target.calendar, {**dict(target.spans_us), **({} if target.default_us is None else {"": target.default_us})})
        for policy in rules.policies for metric, target in policy.targets.items()
    ]
    if as_json:
        print(json.dumps({
            "valid": True, "time_zone": rules.time_zone.key, "policies": [policy.name for policy in rules.policies],
            "choices": {policy.name: policy.choices for policy in rules.policies},
        }))
        return
    table = Table("policy", "metric", "calendar", "targets", box=None)
    for name, metric, calendar, spans_us in promises:
        table.add_row(name, metric, calendar, ", ".join(f"{value or 'else'}: {format_duration(us)}" for value, us in spans_us.items()))
    Console(soft_wrap=True).print(table)
    for policy in rules.policies:
        for key, choice in policy.choices.items():
            print(f"{policy.name} chooses {key}: {choice}")
    print(f"{file} holds valid rules; times are shown in {rules.time_zone.key}")


@group.command()
def publish(
    file: RulesFile,
    tenant: Tenant = "",
    program: Program = "",
    effective_from: Annotated[
        str | None, typer.Option(help="ISO time from which on they judge; the first version from the beginning, later ones from now.")
    ] = None,
    request_id: RequestId = "",
    server: ServerAddress = "",
    token: Token = "",
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    no_project: NoProject = False,
    as_json: AsJson = False,
) -> None:
    """Make FILE the next version of a program's rules: through --server, else straight into --journal, which no server may have open."""
    from opsledger.core.sla.calendar import parse_calendar
    from opsledger.proto.sla.v1 import rules_pb2 as pb
    from opsledger.services.tickets.codec import timestamp

    document_json, rules = read_rules(file)
    request = pb.PublishRulesRequest(
        request_id=request_id or uuid4().hex, tenant=tenant or rules.tenant or NAMELESS, program=program or rules.program or NAMELESS,
        document_json=document_json,
    )
    if effective_from is not None:
        zone = parse_calendar({"time_zone": rules.time_zone.key, "hours": "always"})
        request.effective_from.CopyFrom(timestamp(zone.instant_us(effective_from, field="--effective-from")))
    with _registry(server, token, journal, None if no_project else database, write=True) as registry:
        published = registry.PublishRules(request)
    _tell(published.rules, published.position, as_json)


@group.command()
def show(
    tenant: Annotated[str, typer.Option(help="Whose rules.")] = NAMELESS,
    program: Annotated[str, typer.Option(help="Of which program.")] = NAMELESS,
    version: Annotated[int, typer.Option(help="0: the one in force.", min=0)] = 0,
    at: Annotated[str | None, typer.Option(help="In force at this ISO time (UTC unless it says otherwise) instead of now.")] = None,
    server: ServerAddress = "",
    token: Token = "",
    journal: JournalFolder = DEFAULT_JOURNAL,
    as_json: AsJson = False,
) -> None:
    """Print a published version as YAML."""
    import yaml

    from opsledger.core.sla.calendar import ALWAYS
    from opsledger.proto.sla.v1 import rules_pb2 as pb
    from opsledger.services.tickets.codec import timestamp

    request = pb.GetRulesRequest(tenant=tenant, program=program, version=version)
    if at is not None:
        request.at.CopyFrom(timestamp(ALWAYS.instant_us(at, field="--at")))
    with _registry(server, token, journal, None, write=False) as registry:
        rules = registry.GetRules(request).rules
    if as_json:
        _tell(rules, None, as_json)
    else:
        print(f"# {rules.tenant} / {rules.program}, version {rules.version}, {_since(rules)}")
        print(yaml.safe_dump(json.loads(rules.document_json), sort_keys=False, allow_unicode=True), end="")


def read_rules(file: Path) -> tuple[str, Rules]:
    """The document as JSON, and what it says. Raises InvalidRules, naming file and field."""
    from opsledger.core.sla.rules import parse_rules
    from opsledger.services.documents import as_json, naming
    from opsledger.services.rules.files import read_rules_document

    document = read_rules_document(file)
    with naming(file):
        text = as_json(document)
        return text, parse_rules(json.loads(text))


def _tell(rules: pb.RulesPublished, position: int | None, as_json: bool) -> None:
    if as_json:
        from google.protobuf.json_format import MessageToDict

        found = {**MessageToDict(rules, preserving_proto_field_name=True), "document": json.loads(rules.document_json)}
        del found["document_json"]
        print(json.dumps(found if position is None else {**found, "position": position}, ensure_ascii=False))
    else:
        print(f"{rules.tenant} / {rules.program}: version {rules.version} stands, {_since(rules)}")


def _since(rules: pb.RulesPublished) -> str:
    if not rules.HasField("effective_from"):
        return "in force from the beginning"
    return f"in force from {rules.effective_from.ToJsonString()}"


@contextmanager
def _registry(server: str, token: str, journal: Path, database: str | None, *, write: bool) -> Iterator[Registry]:
    if server:
        with server_client(server, token) as client:
            yield client.rules
        return
    from opsledger.services.journal.folders import open_to_read
    from opsledger.services.rules.registry import RuleRegistry

    with journal_to_write(journal, database) if write else open_to_read(journal) as events:
        yield RuleRegistry(events)
