"""What ``opsledger sla explain`` reads: rules and ticket events, in one file or in two."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from opsledger.core.documents import parse_json
from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.sla.calendar import Calendar, parse_calendar
from opsledger.core.sla.rules import Rules, parse_rules
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.order import in_order
from opsledger.services.documents import naming, place
from opsledger.services.importers.files import open_source
from opsledger.services.rules.files import read_rules_document
from opsledger.services.tickets.written import ENVELOPE, read_event

_DEFAULTS = {"tenant": "default", "program": "default", "source": "file", "ticket_id": "1"}


class Case(NamedTuple):
    """What is to be explained."""

    rules: Rules
    zone: Calendar
    """Always open, in the program's time zone: it reads and writes times."""
    tickets: Mapping[TicketKey, list[TicketFact]]
    """The facts of each ticket in order, each once."""


def read_case(path: Path) -> Case:
    """One file with both. Raises InvalidInput, naming file and field."""
    document = read_rules_document(path)
    with naming(place(path)):
        rules, zone = _rules({key: value for key, value in document.items() if key not in ("events", "source", "ticket_id")})
        events = document.get("events")
        if not isinstance(events, list):
            raise InvalidInput(FieldViolation("events", "REQUIRED", "must be a list of ticket events"))
        places = [f"events[{index}]." for index in range(len(events))]
        return Case(rules, zone, _tickets(zip(places, events, strict=True), _envelope(document), zone))


def read_rules_and_events(rules_path: Path, events_path: Path) -> Case:
    """Rules (YAML or JSON), and one TicketEvent on each line. Raises InvalidInput, naming file and line or field."""
    document = read_rules_document(rules_path)
    with naming(place(rules_path)):
        rules, zone = _rules(document)
    lines = list(_lines(events_path))
    with naming(place(events_path)):
        return Case(rules, zone, _tickets(iter(lines), _envelope(document), zone))


def _rules(document: Mapping[str, object]) -> tuple[Rules, Calendar]:
    rules = parse_rules(document)
    return rules, parse_calendar({"time_zone": rules.time_zone.key, "hours": "always"})


def _envelope(document: Mapping[str, object]) -> dict[str, str]:
    """What every event has in common unless it says otherwise."""
    return {name: str(document.get(name) or _DEFAULTS[name]) for name in ENVELOPE}


def _tickets(
    events: Iterator[tuple[str, object]], envelope: Mapping[str, str], zone: Calendar
) -> dict[TicketKey, list[TicketFact]]:
    read_time: Callable[[str, str], int] = lambda text, field: zone.instant_us(text, field=field)  # noqa: E731  # binds a keyword
    facts: dict[TicketKey, dict[str, TicketFact]] = {}
    found: list[FieldViolation] = []
    for number, (prefix, event) in enumerate(events, 1):
        try:
            fact = read_event(event, prefix, number, envelope, read_time)
        except InvalidInput as error:
            found += error.violations
        else:
            facts.setdefault(fact.ticket, {}).setdefault(fact.event_id, fact)
    if found:
        raise InvalidInput(*found)
    return {ticket: in_order(of_ticket.values()) for ticket, of_ticket in facts.items()}


def _lines(path: Path) -> Iterator[tuple[str, object]]:
    with open_source(str(path)) as source:
        lines = source.lines("utf-8-sig")
        for number, line in enumerate(lines, 1):
            lines.begin_row()
            if line.strip():
                try:
                    yield f"line {number}: ", parse_json(line)
                except ValueError as error:
                    raise InvalidInput(FieldViolation(f"{source.name}, line {number}", "NOT_JSON", f"is not JSON: {error}")) from None
