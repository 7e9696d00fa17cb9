"""A ServiceNow incident of which the ledger holds facts already: the rows of a further export, or of an overlapping or earlier one.

An incident's rows are told apart by sys_mod_count, which names their facts. A count that the ledger knows is a row that it knows.
"""
from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from opsledger.core.tickets.facts import Opened, TicketFact
from opsledger.services.importers.comparing import Note
from opsledger.services.importers.known_ticket import KnownTicket, Place
from opsledger.services.importers.servicenow import ATTRIBUTES, COLUMNS, AuditRow, Incident, changed_by, counted, one_per_count, opened_by
from opsledger.services.importers.snapshots import CHANGES, overlaid
from opsledger.services.importers.times import TimeReader
from opsledger.services.importers.writing import Owner

LATE_OPENING = "incidents whose first rows came after later ones: they opened as the first export showed them"


def further_facts(
    rows: Sequence[AuditRow], owner: Owner, times: TimeReader, held: Sequence[TicketFact], columns: Collection[str], note: Note
) -> Incident:
    """The facts of the rows, given in any order, as differences from what is held; known ones are said as they are held."""
    incident, known, in_order = Incident(), KnownTicket(held, note), counted(rows)
    fields = {field for column in columns for field in COLUMNS.get(column, ())}
    attributes = ATTRIBUTES.intersection(columns)
    held_times = _Times(in_order[0].number, held)
    chosen = list(one_per_count(in_order))
    incident.set_aside = len(rows) - len(chosen)
    latest_us, silent = in_order[0].opened_at_us, _silent_first(in_order[0].number, held)
    for row in chosen:
        if silent is not None and row.mod_count >= silent.sequence:
            incident.facts.append((row.line, known.say_again(replace(silent, occurred_at_us=latest_us))))
            silent = None
        facts = _opening(row, owner, known, note) if row is chosen[0] else []
        same = [fact for kind in CHANGES if (fact := known.named.get(f"{row.number}:{row.mod_count}:{kind}"))]
        earliest_us, last_us = held_times.around(row.mod_count)
        latest_us = max(latest_us, earliest_us)
        at_us = times.instant_us(row.updated_at, not_before_us=latest_us)
        incident.moved += not latest_us <= at_us <= last_us
        latest_us = min(max(latest_us, at_us), last_us)
        if same and same[0].occurred_at_us != latest_us:
            incident.set_aside += 1  # the ledger has another row of this count
            incident.facts.append((row.line, [*facts, *same]))
            latest_us = same[0].occurred_at_us
            continue
        facts += known.reach(Place(latest_us, row.mod_count))
        said = {fact.event_id: fact for fact in same}
        for fact in known.shows(
            lambda before: overlaid(before, row.snapshot, fields, attributes),  # noqa: B023  # called at once
            lambda change: changed_by(row, owner, latest_us, change),  # noqa: B023
            is_known=bool(same),
        ):
            said[fact.event_id] = fact
        incident.facts.append((row.line, [*facts, *said.values()]))
    again = known.say_again(replace(silent, occurred_at_us=latest_us)) if silent is not None else []
    incident.facts.append((chosen[-1].line, [*again, *known.end()]))
    return incident


def _silent_first(number: str, held: Sequence[TicketFact]) -> TicketFact | None:
    """The opening, where the row that told it, the first of its export, had no facts of its own: nothing else tells that it was there."""
    opened = next((fact for fact in held if fact.event_id == f"{number}:opened"), None)
    if opened is None or any(fact.sequence == opened.sequence for fact in held if fact is not opened):
        return None
    return opened


def _opening(first: AuditRow, owner: Owner, known: KnownTicket, note: Note) -> list[TicketFact]:
    if (held := known.named.get(f"{first.number}:opened")) is not None:
        if first.mod_count < held.sequence:
            note(LATE_OPENING)
        return [held]
    if known.is_opened:
        return []
    opened, _ = opened_by(first, owner, first.opened_at_us)
    before = known.reach(Place(opened.occurred_at_us, opened.sequence - 1))
    known.add(opened)
    return [*before, opened]


class _Times:
    """When the rows were that have left facts."""

    def __init__(self, number: str, held: Sequence[TicketFact]) -> None:
        self._rows = [
            (fact.sequence, fact.occurred_at_us) for fact in held
            if fact.event_id.startswith(f"{number}:") and not isinstance(fact.fact, Opened)
        ]

    def around(self, mod_count: int) -> tuple[int, int]:
        """Between the rows before and after that count."""
        before = (at_us for count, at_us in self._rows if count < mod_count)
        after = (at_us for count, at_us in self._rows if count > mod_count)
        return max(before, default=0), min(after, default=1 << 62)
