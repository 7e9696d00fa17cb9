"""Events written down by hand: of one instant, the upper came first, unless they say otherwise."""
from __future__ import annotations

from collections.abc import Mapping

from opsledger.core.sla.calendar import ALWAYS
from opsledger.core.tickets.facts import StatusChanged, TicketFact
from opsledger.core.tickets.order import in_order
from opsledger.services.tickets.written import read_event

ENVELOPE = {"tenant": "t", "program": "p", "source": "s", "ticket_id": "1"}
PENDING = {"occurred_at": "2026-01-05T10:10", "status_changed": {"status": "pending"}}
OPEN = {"occurred_at": "2026-01-05T10:10", "status_changed": {"status": "open"}}


def statuses(*written: Mapping[str, object]) -> list[str]:
    facts: list[TicketFact] = [
        read_event(event, "", place, ENVELOPE, lambda text, field: ALWAYS.instant_us(text, field=field))
        for place, event in enumerate(written, 1)
    ]
    return [fact.fact.status.word for fact in in_order(facts) if isinstance(fact.fact, StatusChanged)]


def test_without_event_ids_the_place_in_the_file_decides() -> None:
    assert statuses(PENDING, OPEN) == ["pending", "open"]
    assert statuses(OPEN, PENDING) == ["open", "pending"]


def test_with_event_ids_only_the_facts_decide() -> None:
    named = [{**PENDING, "event_id": "a"}, {**OPEN, "eventId": "b"}]
    assert statuses(*named) == statuses(*reversed(named)) == ["open", "pending"]


def test_a_sequence_of_its_own_stands() -> None:
    assert statuses({**PENDING, "sequence": 9}, {**OPEN, "sequence": "8"}) == ["open", "pending"]
