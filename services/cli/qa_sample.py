"""``opsledger qa sample``: contacts drawn by chance into analysts' queues, and drawn again to check."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol
from uuid import uuid4

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.cli.options import DEFAULT_DATABASE, DEFAULT_JOURNAL, AsJson, DatabaseUrl, JournalFolder
from opsledger.services.cli.remote import ServerAddress, Token, server_client
from opsledger.services.cli.times import instant, span_us

if TYPE_CHECKING:
    from opsledger.proto.quality.v1 import sampling_pb2 as pb

METHODS = ("per_agent", "stratified", "risk")


class Sampling(Protocol):
    """What is needed of the SamplingService: of a server, or over the files here."""

    def DrawSample(self, request: pb.DrawSampleRequest) -> pb.DrawSampleResponse: ...

    def ReplayDraw(self, request: pb.ReplayDrawRequest) -> pb.ReplayDrawResponse: ...


def sample(
    program: Annotated[str, typer.Option(help="Of which program.", show_default=False)] = "",
    form: Annotated[str, typer.Option(help="The form to evaluate by.", show_default=False)] = "",
    from_: Annotated[str, typer.Option("--from", help="Contacts from this time on.", metavar="TIME", show_default=False)] = "",
    to: Annotated[str, typer.Option(help="Contacts before this time.", metavar="TIME", show_default=False)] = "",
    method: Annotated[str, typer.Option(help="per_agent (--size of each), stratified or risk (--size in all).")] = "per_agent",
    size: Annotated[int, typer.Option(help="How many.", min=1)] = 5,
    seed: Annotated[int | None, typer.Option(help="Draws the same from the same frame; by chance unless given.", min=0)] = None,
    interactions: Annotated[bool, typer.Option("--interactions", help="Single interactions instead of resolved tickets.")] = False,
    contributors: Annotated[
        bool, typer.Option("--contributors", help="The part of everybody who worked on a ticket, not only of who resolved it.")] = False,
    agent: Annotated[list[str] | None, typer.Option(help="Only of this agent; may be repeated.")] = None,
    exclude_agent: Annotated[list[str] | None, typer.Option(help="None of this agent; may be repeated.")] = None,
    analyst: Annotated[list[str] | None, typer.Option(metavar="NAME=MOST", help="Who evaluates, and at most how many.")] = None,
    conflict: Annotated[list[str] | None, typer.Option(metavar="ANALYST:AGENT", help="This analyst is not to judge this agent.")] = None,
    due_in: Annotated[str, typer.Option(help="Until when: a time of --calendar such as 16h.", metavar="DURATION", show_default=False)] = "",
    calendar: Annotated[str, typer.Option(help="Of the program's rules; around the clock unless given.", show_default=False)] = "",
    preview: Annotated[bool, typer.Option("--preview", help="Only show what would be drawn.")] = False,
    replay: Annotated[str, typer.Option(metavar="DRAW", help="Draw again, and say whether it is the same.", show_default=False)] = "",
    request_id: Annotated[str, typer.Option(help="Names this draw, so that repeating it draws nothing more.", show_default=False)] = "",
    tenant: Annotated[str, typer.Option(help="Whose contacts.")] = "default",
    server: ServerAddress = "",
    token: Token = "",
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Draw contacts by chance and put them into analysts' queues: through --server, else straight into --journal, which no server may
    have open. Seed, filter and a hash of the frame are kept, so that --replay can draw again."""
    from opsledger.proto.quality.v1 import sampling_pb2 as pb
    from opsledger.services.cli.json_output import print_json
    from opsledger.services.cli.qa_sample_tables import show, show_replay

    if replay:
        with _sampling(server, token, journal, database) as sampling:
            found = sampling.ReplayDraw(pb.ReplayDrawRequest(tenant=tenant, id=replay))
        print_json(found) if as_json else show_replay(found)
        raise typer.Exit(0 if found.same_sample else 1)
    _require(**{"--program": program, "--form": form, "--from": from_, "--to": to})
    if method not in METHODS:
        raise InvalidInput(FieldViolation("--method", "UNKNOWN", f"{method!r} is none of {', '.join(METHODS)}"))
    request = pb.DrawSampleRequest(
        request_id=request_id or uuid4().hex, tenant=tenant, program=program, form=form, size=size, seed=seed, preview=preview,
        method=pb.SamplingMethod.Value(f"SAMPLING_METHOD_{method.upper()}"),  # type: ignore[arg-type]  # a number
        filter=pb.FrameFilter(
            kind=pb.CONTACT_KIND_INTERACTIONS if interactions else pb.CONTACT_KIND_TICKETS, agents=agent,
            excluded_agents=exclude_agent, every_contributor=contributors),
        quotas=[_quota(text) for text in analyst or ()], conflicts=[_conflict(text) for text in conflict or ()],
    )
    getattr(request.filter, "from").CopyFrom(instant(from_, "--from"))
    request.filter.to.CopyFrom(instant(to, "--to"))
    if due_in:
        request.due.within.FromMicroseconds(span_us(due_in, "--due-in"))
        request.due.calendar = calendar
    with _sampling(server, token, journal, database) as sampling:
        draw = sampling.DrawSample(request).draw
    print_json(draw) if as_json else show(draw)


def _require(**options: str) -> None:
    missing = [FieldViolation(name, "REQUIRED", "must be given") for name, value in options.items() if not value]
    if missing:
        raise InvalidInput(*missing)


def _quota(text: str) -> pb.AnalystQuota:
    from opsledger.proto.quality.v1 import sampling_pb2 as pb

    name, _, most = text.rpartition("=")
    if not name or not most.isdecimal():
        raise InvalidInput(FieldViolation("--analyst", "INVALID", f"{text!r} is not a name and a number such as ann=10"))
    return pb.AnalystQuota(analyst=name, contacts=int(most))


def _conflict(text: str) -> pb.ConflictOfInterest:
    from opsledger.proto.quality.v1 import sampling_pb2 as pb

    analyst, _, agent = text.partition(":")
    if not analyst or not agent:
        raise InvalidInput(FieldViolation("--conflict", "INVALID", f"{text!r} is not two names such as ann:bob"))
    return pb.ConflictOfInterest(analyst=analyst, agent=agent)


@contextmanager
def _sampling(server: str, token: str, journal: Path, database: str) -> Iterator[Sampling]:
    if server:
        with server_client(server, token) as client:
            yield client.sampling
        return
    from opsledger.services.cli.local_quality import quality_here

    with quality_here(journal, database) as here:
        yield here
