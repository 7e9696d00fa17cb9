"""Scorecards on a terminal."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text

from opsledger.core.scorecards.kpis import KPIS
from opsledger.core.sla.zones import zone
from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
from opsledger.services.cli.composite_tables import composite_cell, composite_table
from opsledger.services.cli.listing import wide_console
from opsledger.services.cli.wide_table import Column, tables

NOBODY = "(nobody)"
_VERDICTS = {
    pb.VERDICT_BETTER: Text("better", "green"), pb.VERDICT_WORSE: Text("worse", "red"), pb.VERDICT_NOT_APART: Text("not apart", "dim"),
}
_REASONS = {
    "ONE_CASE": "one case", "FEW_CASES": "too few cases", "NO_SPREAD": "all equal", "NOT_CONNECTED": "one evaluator only",
    "SATURATED": "too few",
}


def show_one(card: pb.Scorecard, kpis: list[str], console: Console | None = None) -> None:
    console = console or wide_console()
    kind = pb.SubjectKind.Name(card.subject.kind).removeprefix("SUBJECT_KIND_").lower()
    table = Table(title=f"{kind} {card.subject.name or NOBODY}, {card.period.label}", title_justify="left")
    for title, justify in _columns(card):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]  # a literal type in rich
    for figure in _with_cases(card.figures):
        before = _value(figure.unit, figure.trend.value) if figure.trend.HasField("value") else ""
        table.add_row(
            KPIS[figure.kpi].title, _marked(figure), _parts(figure), _interval(figure), before, _VERDICTS.get(figure.trend.verdict, "")
        )
        if figure.HasField("adjusted"):
            table.add_row("… without the evaluators' bias", *_adjusted(figure), "", "")
    console.print(table)
    if card.HasField("composite"):
        console.print(composite_table(card.composite))
    _notes(console, [card], kpis)


def show_many(result: pb.ListScorecardsResponse, kpis: list[str], console: Console | None = None) -> None:
    console = console or wide_console()
    if not result.scorecards:
        console.print("no cases in that period; --at names another one")
        return
    first = result.scorecards[0]
    kind = pb.SubjectKind.Name(first.subject.kind).removeprefix("SUBJECT_KIND_").lower()
    used = {figure.kpi for card in result.scorecards for figure in _with_cases(card.figures)}
    shown = [figure.kpi for figure in first.figures if figure.kpi in used]
    names = Column(kind, [card.subject.name or NOBODY for card in result.scorecards])
    columns = [
        Column(KPIS[kpi].title, [_cell(figure) for card in result.scorecards for figure in card.figures if figure.kpi == kpi])
        for kpi in shown
    ]
    if first.HasField("composite"):
        columns.insert(0, Column("Composite", [composite_cell(card.composite) for card in result.scorecards]))
    for table in tables(f"{len(result.scorecards)} by {kind}, {first.period.label}", names, columns, console.width):
        console.print(table)
    _notes(console, result.scorecards, kpis)


def show_tickets(result: pb.ListScorecardTicketsResponse, kpis: list[str]) -> None:
    console = wide_console()
    where = zone(result.period.time_zone)
    table = Table(title=f"{len(result.tickets)} cases, {result.period.label}", title_justify="left")
    for title in ("at", "ticket", "KPI", "value", "agent", "group", "status", "detail"):
        table.add_column(title, justify="right" if title == "value" else "left")
    for case in result.tickets:
        value = _value(KPIS[case.kpi].unit, case.value) if case.kpi not in _YES_NO else ("yes" if case.value else "no")
        table.add_row(
            _time(case.at.seconds, where), f"{case.source} {case.ticket_id}", case.kpi, value, case.agent or NOBODY, case.group,
            case.status, case.detail,
        )
    console.print(table)


_YES_NO = {name for name, kpi in KPIS.items() if kpi.unit == "share"}


def _columns(card: pb.Scorecard) -> list[tuple[str, str]]:
    return [
        ("KPI", "left"), ("value", "right"), ("of", "right"), (f"{100 * card.confidence:.4g} % interval", "right"),
        (card.before.label, "right"), ("change", "left"),
    ]


def _with_cases(figures: Iterable[pb.Figure]) -> list[pb.Figure]:
    return [figure for figure in figures if figure.reason != "NO_CASES" and not (_is_count(figure) and figure.numerator == 0)]


def _is_count(figure: pb.Figure) -> bool:
    return figure.reason == "EXACT"


def _cell(figure: pb.Figure) -> str:
    if _is_count(figure) or not figure.HasField("value"):
        return _marked(figure)
    return f"{_marked(figure)} of {figure.denominator}\n{_interval(figure)}"


def _marked(figure: pb.Figure) -> str:
    value = _value(figure.unit, figure.value) if figure.HasField("value") else "–"
    return f"{value}*" if figure.small_sample else value


def _parts(figure: pb.Figure) -> str:
    if _is_count(figure):
        return ""
    if figure.unit == "share":
        return f"{figure.numerator:,.0f} of {figure.denominator:,}"
    return f"{figure.denominator:,}"


def _interval(figure: pb.Figure) -> str:
    if not figure.HasField("low"):
        return _REASONS.get(figure.reason, "")
    return f"{_value(figure.unit, figure.low)} to {_value(figure.unit, figure.high)}"


def _adjusted(figure: pb.Figure) -> tuple[str, str, str]:
    found = figure.adjusted
    if not found.HasField("value"):
        return "–", "", _REASONS.get(found.reason, "")
    between = f"{_value(figure.unit, found.low)} to {_value(figure.unit, found.high)}" if found.HasField("low") else _REASONS[found.reason]
    return _value(figure.unit, found.value), "", between


_FORMATS: dict[str, Callable[[float], str]] = {
    "share": lambda value: f"{100 * value:.1f} %",
    "s": lambda value: str(timedelta(seconds=round(value))),
    "points": lambda value: f"{value:.2f}",
    "percent": lambda value: f"{value:.1f}",
}


def _value(unit: str, value: float) -> str:
    """Other units count something."""
    return _FORMATS.get(unit, "{:,.0f}".format)(value)


def _time(at_s: int, where: ZoneInfo) -> str:
    return f"{datetime.fromtimestamp(at_s, where):%Y-%m-%d %H:%M}"


def _notes(console: Console, cards: Iterable[pb.Scorecard], kpis: list[str]) -> None:
    cards = list(cards)
    period, figures = cards[0].period, [figure for card in cards for figure in card.figures]
    if any(figure.small_sample for figure in figures):
        console.print("* fewer than 30 cases", style="dim")
    used = {figure.kpi for figure in _with_cases(figures)}
    empty = [figure.kpi for figure in cards[0].figures if figure.kpi not in used]
    for definition in sorted({f"{KPIS[figure.kpi].title}: {figure.definition}" for figure in figures if figure.definition}):
        console.print(definition, style="dim")
    if empty and not kpis:
        console.print(f"no cases: {', '.join(empty)}", style="dim")
    told = f"rules version {period.rules_version}" if period.rules_version else "no rules are published for this program"
    console.print(f"{period.label} in {period.time_zone} ({told}); better and worse only where intervals are apart", style="dim")
