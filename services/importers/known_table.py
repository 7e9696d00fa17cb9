"""A table's row of a ticket of which the ledger holds facts already. Pure.

The row shows the ticket as it was at a date. What it shows otherwise than the ledger becomes facts of that date; a moment that it has for
the first time is a fact of its own time.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from dataclasses import fields as dataclass_fields

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Classified,
    Fact,
    Opened,
    PriorityChanged,
    Reopened,
    StatusChanged,
    TicketFact,
)
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import TicketState, fold
from opsledger.services.importers.comparing import Note
from opsledger.services.importers.mapping import MappingSpec
from opsledger.services.importers.snapshots import changes, of_state, overlaid
from opsledger.services.importers.writing import derived_id, kind

_STATE = (Opened, Classified, PriorityChanged, Reopened, Assigned, StatusChanged)
"""What these say is in the ticket's state, and compared there."""
OLDER = "rows older than what the ledger holds of their ticket (the export's date can be given): what they show otherwise is left out"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a row says of its ticket's state: nothing of anything else."""

    fields: frozenset[str]
    attributes: frozenset[str]
    status: bool
    """A column says the status; else moments say whether the ticket is done, and no more."""


def shown_by(mapping: MappingSpec, facts: Sequence[TicketFact]) -> Shown:
    """``facts`` are those of the row."""
    opened = [given for rule in mapping.rules for fact, given in rule.emit if fact == "opened"]
    fields, attributes = {"status"}, set[str]()
    for fact in facts:
        match fact.fact:
            case Opened():
                fields.update(name for given in opened for name in given)
                attributes.update(name for given in opened for name in given.get("attributes", {}))
            case Assigned() | PriorityChanged() | StatusChanged():
                fields.update(field.name for field in dataclass_fields(fact.fact) if getattr(fact.fact, field.name) is not None)
            case Classified(category, tags, given):
                fields.update(name for name, value in (("category", category), ("tags", tags)) if value is not None)
                attributes.update(given)
    status = any("status" in given and "{" in str(given["status"]) for given in opened)
    if not any("source_status" in given for rule in mapping.rules for _, given in rule.emit):
        fields.discard("source_status")
    return Shown(frozenset(fields), frozenset(attributes), status)


def further_row(
    facts: Sequence[TicketFact], held: Sequence[TicketFact], shown: Shown, as_of_us: int | None, note: Note
) -> list[TicketFact]:
    """The facts of the row; ``facts`` are those that it says alone. Known ones are said as they are held, or again where they differ."""
    named = {fact.event_id: fact for fact in held}
    said = [named[fact.event_id] if _same(fact, named.get(fact.event_id)) else fact for fact in facts]
    new = [fact for fact in said if fact.event_id not in named]
    row, ledger, after = fold(in_order(facts)), fold(in_order(held)), fold(in_order([*held, *new]))
    assert row is not None
    assert ledger is not None
    assert after is not None
    at_us = max(fact.occurred_at_us for fact in facts) if as_of_us is None else as_of_us
    latest_us = max(fact.occurred_at_us for fact in held)
    if at_us < latest_us:
        if any(_differences(ledger, row, shown)):
            note(OLDER)
        return [*said, *_placed(_differences(after, ledger, replace(shown, status=True)), facts[0], latest_us, held)]
    return [*said, *_placed(_differences(after, row, shown), facts[0], at_us, held)]


def _same(fact: TicketFact, held: TicketFact | None) -> bool:
    """Held already, or said by the ticket's state: who acted is only known as far as the row's columns say it."""
    return held is not None and (fact.fact == held.fact or isinstance(fact.fact, _STATE))


def _differences(before: TicketState, after: TicketState, shown: Shown) -> Iterator[Fact]:
    was = of_state(before)
    now = replace(overlaid(was, of_state(after), shown.fields, shown.attributes), reopenings=was.reopenings)
    if not shown.status and before.status.is_done == after.status.is_done:
        now = replace(now, status=was.status, source_status=was.source_status)
    tags = after.tags if "tags" in shown.fields and after.tags != before.tags else None
    for change in changes(was, now):
        if isinstance(change, Classified) and tags is not None:
            change, tags = replace(change, tags=tags), None
        yield change
    if tags is not None:
        yield Classified(tags=tags)


def _placed(found: Iterator[Fact], like: TicketFact, at_us: int, held: Sequence[TicketFact]) -> Iterator[TicketFact]:
    """At that instant, after what is held of it."""
    sequence = max((fact.sequence + 1 for fact in held if fact.occurred_at_us == at_us), default=0)
    for fact in found:
        name = derived_id("shown", like.ticket_id, kind(fact), str(at_us), str(sequence))
        yield replace(like, event_id=name, occurred_at_us=at_us, sequence=sequence, actor=Actor(ActorKind.SYSTEM), fact=fact)
