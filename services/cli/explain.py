"""``opsledger sla explain``: every clock of some tickets, and where its time went."""
from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

from opsledger.services.cli.options import AsJson


def explain(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Rules and ticket events (YAML or JSON); - is standard input.", allow_dash=True)
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="Rules (YAML or JSON) instead of FILE, with --events.", allow_dash=True)] = None,
    events: Annotated[Path | None, typer.Option(help="Ticket events, one on each line (JSON), with --rules.", allow_dash=True)] = None,
    now: Annotated[str | None, typer.Option(help="Measure open clocks up to this ISO time; else up to the ticket's last fact.")] = None,
    as_json: AsJson = False,
) -> None:
    """Every clock of the tickets in FILE: policy, target, due, elapsed, paused, and the segments they are made of.

    FILE has the keys of a rules document (time_zone, calendars, policies), and events. docs/sla.md describes both.
    """
    from rich.console import Console

    from opsledger.core.sla.clocks import run_clocks
    from opsledger.core.sla.rules import RuleBook
    from opsledger.services.cli.explain_drawing import Drawing
    from opsledger.services.cli.explain_input import read_case, read_rules_and_events
    from opsledger.services.cli.explain_json import ExplanationWriter

    if file is not None and rules is None and events is None:
        case = read_case(file)
    elif file is None and rules is not None and events is not None:
        case = read_rules_and_events(rules, events)
    else:
        raise typer.BadParameter("give FILE, or both --rules and --events")
    until_us = None if now is None else case.zone.instant_us(now, field="--now")
    book = RuleBook([(0, 1, case.rules)])
    explained = ((ticket, facts, run_clocks(facts, book, until_us)) for ticket, facts in case.tickets.items())
    if as_json:
        writer = ExplanationWriter(book, case.zone)
        _print_tickets(writer.ticket(*entry) for entry in explained)
    else:
        drawing = Drawing(Console(), book, case.zone)
        for entry in explained:
            drawing.ticket(*entry)


def _print_tickets(tickets: Iterable[dict[str, Any]]) -> None:
    """One JSON document, a line for each ticket, written as they come: thousands need not fit into memory."""
    separator = '{"tickets": [\n'
    for ticket in tickets:
        sys.stdout.write(separator + json.dumps(ticket))
        separator = ",\n"
    sys.stdout.write("\n]}\n" if separator == ",\n" else '{"tickets": []}\n')
