"""``opsledger scorecard``: figures of agents, groups and programs, and the tickets behind them."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.scorecards.kpis import KPIS
from opsledger.core.scorecards.periods import PeriodKind, kind_of
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.services.cli.options import DEFAULT_DATABASE, AsJson, DatabaseUrl
from opsledger.services.cli.remote import ServerAddress, Token

if TYPE_CHECKING:
    from opsledger.services.cli.scorecard_source import Source

PAGE = 200


def scorecard(
    tenant: Annotated[str, typer.Option(help="Needed when there are several.", show_default=False)] = "",
    program: Annotated[str, typer.Option(help="Needed when there are several.", show_default=False)] = "",
    by: Annotated[SubjectKind, typer.Option(help="The whole program, or all its agents or groups.")] = SubjectKind.PROGRAM,
    agent: Annotated[str | None, typer.Option(help="One agent.", metavar="NAME")] = None,
    group: Annotated[str | None, typer.Option(help="One group.", metavar="NAME")] = None,
    period: Annotated[PeriodKind | None, typer.Option(help="Kind of period; a week unless --at or --from say otherwise.")] = None,
    at: Annotated[
        str, typer.Option(help="2016-03-24, 2016-W12, 2016-03; else the last complete one with data.", metavar="LABEL", show_default=False)
    ] = "",
    from_: Annotated[str, typer.Option("--from", help="First day of a range.", metavar="DATE", show_default=False)] = "",
    to: Annotated[str, typer.Option(help="Its last day, included.", metavar="DATE", show_default=False)] = "",
    kpi: Annotated[list[str] | None, typer.Option(help="Only this KPI; may be given again.", metavar="NAME")] = None,
    order: Annotated[str, typer.Option(help="Of agents or groups: name or a KPI; 'csat desc' is the reverse.")] = "name",
    composite: Annotated[Path | None, typer.Option(
        help="One figure out of several, as this file (YAML or JSON) defines it.", metavar="FILE", allow_dash=True, show_default=False,
    )] = None,
    tickets: Annotated[bool, typer.Option("--tickets", help="The tickets behind the figures.")] = False,
    limit: Annotated[int | None, typer.Option(
        help="At most so many agents, groups or tickets (of each KPI); all unless given.", min=1, show_default=False,
    )] = None,
    confidence: Annotated[float | None, typer.Option(help="Level of the intervals; 0.95 unless given.", show_default=False)] = None,
    database: DatabaseUrl = DEFAULT_DATABASE,
    server: ServerAddress = "",
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Volume, handle time, SLA, reopenings, first-contact resolution, transfers and satisfaction, each with its interval."""
    from opsledger.services.cli import scorecard_tables
    from opsledger.services.cli.composite_file import read_composite
    from opsledger.services.cli.json_output import print_json
    from opsledger.services.cli.scorecard_source import open_source
    from opsledger.services.scorecards.messages import period_name

    kpis = _known(kpi or [])
    subject = _subject(by, agent, group)
    named = period_name(*_period(period, at, from_, to))
    figures: dict[str, Any] = {"confidence": confidence, "composite": composite and read_composite(composite)}
    show: Callable[[Any, list[str]], None]
    with open_source(database, server, token) as source:
        where = source.program(tenant, program)
        common = {"tenant": where.tenant, "program": where.name, "period": named}
        if tickets:
            result, show = _tickets(source, common, subject or Subject(SubjectKind.PROGRAM, ""), kpis, limit), scorecard_tables.show_tickets
        elif subject is None:
            result, show = _many(source, common | figures, by, order, kpis, limit), scorecard_tables.show_many
        else:
            result, show = _one(source, common | figures, subject, kpis), scorecard_tables.show_one
    if as_json:
        print_json(result)
    else:
        show(result, kpis)
        if limit is not None and subject is None and not tickets and result.total_size > limit:
            print(f"the first {limit} of {result.total_size} in this order; --limit shows more")


def _one(source: Source, common: dict[str, Any], subject: Subject, kpis: list[str]) -> Any:
    from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
    from opsledger.services.scorecards.messages import subject_message

    request = pb.GetScorecardRequest(**common, subject=subject_message(subject))
    return _only(source.answers.GetScorecard(request).scorecard, kpis)


def _many(source: Source, common: dict[str, Any], by: SubjectKind, order: str, kpis: list[str], limit: int | None) -> Any:
    from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
    from opsledger.services.scorecards.messages import subject_message

    kind = subject_message(Subject(by, "")).kind
    result = pb.ListScorecardsResponse()
    for page in source.pages(source.answers.ListScorecards, pb.ListScorecardsRequest(
        **common, by=kind, order_by=order, page_size=min(PAGE, limit or PAGE),
    )):
        result.total_size = page.total_size
        result.scorecards.extend(_only(card, kpis) for card in page.scorecards[:None if limit is None else limit - len(result.scorecards)])
        if len(result.scorecards) == limit:
            break
    return result


def _tickets(source: Source, common: dict[str, Any], subject: Subject, kpis: list[str], limit: int | None) -> Any:
    from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
    from opsledger.services.scorecards.messages import subject_message

    result = pb.ListScorecardTicketsResponse()
    for kpi in kpis or [""]:
        request = pb.ListScorecardTicketsRequest(**common, subject=subject_message(subject), kpi=kpi, page_size=min(1000, limit or 1000))
        left = limit
        for page in source.pages(source.answers.ListScorecardTickets, request):
            result.tickets.extend(page.tickets[:left])
            result.period.CopyFrom(page.period)
            if left is not None and (left := left - len(page.tickets)) <= 0:
                break
    return result


def _only(card: Any, kpis: list[str]) -> Any:
    if kpis:
        chosen = [figure for figure in card.figures if figure.kpi in kpis]
        del card.figures[:]
        card.figures.extend(chosen)
    return card


def _known(kpis: list[str]) -> list[str]:
    for kpi in kpis:
        if kpi not in KPIS:
            raise InvalidInput(FieldViolation("--kpi", "UNKNOWN", f"{kpi!r} is none of {', '.join(KPIS)}"))
    return kpis


def _subject(by: SubjectKind, agent: str | None, group: str | None) -> Subject | None:
    """Whom it is about; None: all of them."""
    if agent is not None and group is not None:
        raise typer.BadParameter("give --agent or --group, not both")
    if agent is not None:
        return Subject(SubjectKind.AGENT, agent)
    if group is not None:
        return Subject(SubjectKind.GROUP, group)
    return Subject(by, "") if by is SubjectKind.PROGRAM else None


def _period(period: PeriodKind | None, at: str, from_: str, to: str) -> tuple[PeriodKind, str]:
    """Kind and label of what was asked for; without a label the last complete one."""
    if from_ or to:
        if at or period not in (None, PeriodKind.RANGE) or not from_:
            raise typer.BadParameter("a range is --from and --to, without --at and --period")
        return PeriodKind.RANGE, f"{from_}..{to or from_}"
    if not at:
        return period or PeriodKind.WEEK, ""
    return period or kind_of(at), at
