"""``opsledger explain``: every clock of one recorded ticket, and where its time went."""
from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from opsledger.core.errors import FieldViolation, InvalidInput, NotFound
from opsledger.services.cli.options import DEFAULT_DATABASE, DEFAULT_JOURNAL, AsJson, DatabaseUrl, JournalFolder

if TYPE_CHECKING:
    from opsledger.core.tickets.facts import TicketKey


def explain(
    ticket_id: Annotated[str, typer.Argument(metavar="TICKET", help="The ticket, as its source names it.")],
    tenant: Annotated[str, typer.Option(help="Needed when several have such a ticket.", show_default=False)] = "",
    source: Annotated[str, typer.Option(help="Needed when several have such a ticket.", show_default=False)] = "",
    as_known_at: Annotated[
        str | None, typer.Option(help="By what had been recorded until this ISO time (UTC unless it says otherwise).")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option(help="How the clocks stand at this ISO time (UTC unless it says otherwise) instead of now.")
    ] = None,
    metric: Annotated[str, typer.Option(help="Only the clocks of this metric.", show_default=False)] = "",
    journal: JournalFolder = DEFAULT_JOURNAL,
    database: DatabaseUrl = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> None:
    """Recompute the clocks of a ticket from the journal: policy, due, elapsed, paused, and the segments that sum to them.

    opsledger explain INC0000045 --metric resolution --as-of 2016-03-01T12:00

    It may run beside a server. `opsledger sla explain` does the same for rules and events in a file.
    """
    from opsledger.core.sla.calendar import ALWAYS, parse_calendar
    from opsledger.services.cli.explain_drawing import Drawing
    from opsledger.services.cli.explain_json import ExplanationWriter
    from opsledger.services.cli.listing import wide_console
    from opsledger.services.journal.clock import wall_clock_us
    from opsledger.services.journal.folders import open_to_read
    from opsledger.services.rules.registry import RuleRegistry
    from opsledger.services.timers.explaining import recompute

    known_us = None if as_known_at is None else ALWAYS.instant_us(as_known_at, field="--as-known-at")
    as_of_us = None if as_of is None else ALWAYS.instant_us(as_of, field="--as-of")
    ticket = _find(journal, database, tenant, source, ticket_id)
    with open_to_read(journal) as events:
        case = recompute(events, RuleRegistry(events), ticket, wall_clock_us(), known_us, as_of_us)
    clocks = [clock for clock in case.clocks if metric in ("", clock.metric)]
    if metric and not clocks:
        there_are = ", ".join(dict.fromkeys(clock.metric for clock in case.clocks)) or "none"
        raise InvalidInput(FieldViolation("--metric", "UNKNOWN", f"the ticket has no clock of {metric!r}; its clocks are of: {there_are}"))
    zone = parse_calendar({"time_zone": case.time_zone, "hours": "always"})
    if as_json:
        json.dump(ExplanationWriter(case.book, zone).ticket(ticket, case.facts, clocks), sys.stdout, indent=1)
        print()
    else:
        Drawing(wide_console(), case.book, zone).ticket(ticket, case.facts, clocks)


def _find(journal: Path, database: str, tenant: str, source: str, ticket_id: str) -> TicketKey:
    """The ticket that was named, looked up in the read models unless it was named in full."""
    from opsledger.core.tickets.facts import TicketKey
    from opsledger.services.projections.database import open_database
    from opsledger.services.timers.queries import tickets_called

    if tenant and source:
        return TicketKey(tenant, source, ticket_id)
    engine = open_database(database, must_exist=True)
    try:
        with engine.connect() as connection:
            found = tickets_called(connection, ticket_id, tenant, source)
    finally:
        engine.dispose()
    if not found:
        raise NotFound("ticket", ticket_id)
    if len(found) > 1:
        there_are = "; ".join(f"--tenant {ticket.tenant} --source {ticket.source}" for ticket in found)
        raise InvalidInput(FieldViolation("TICKET", "AMBIGUOUS", f"choose one of: {there_are}"))
    return found[0]
