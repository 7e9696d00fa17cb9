"""Ticket facts to messages and back, and what is refused on the way."""
from __future__ import annotations

import pytest
from hypothesis import given

from opsledger.core.errors import InvalidInput
from opsledger.core.tickets.facts import TicketFact
from opsledger.core.tickets.validation import violations
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.tickets.codec import decode, decode_bytes, encode, event_type
from tests.kit.ticket_facts import ticket_facts


@given(ticket_facts)
def test_a_fact_survives_the_wire(fact: TicketFact) -> None:
    assert decode_bytes(encode(fact).SerializeToString()) == fact
    assert violations(fact) == []


@given(ticket_facts)
def test_every_kind_of_fact_has_a_type_of_its_own(fact: TicketFact) -> None:
    kind = type(fact.fact).__name__
    assert event_type(encode(fact)).removeprefix("tickets.v1.").replace("_", "") == kind.lower()


@pytest.mark.parametrize(("text", "field", "reason"), [
    ('{"occurredAt": "2026-01-05T09:00:00Z"}', "fact", "REQUIRED"),
    ('{"reopened": {}}', "occurred_at", "REQUIRED"),
    ('{"occurredAt": "2026-01-05T09:00:00Z", "statusChanged": {}}', "status_changed.status", "REQUIRED"),
    ('{"occurredAt": "2026-01-05T09:00:00Z", "statusChanged": {"status": 77}}', "status_changed.status", "UNKNOWN"),
    ('{"occurredAt": "2026-01-05T09:00:00Z", "replied": {"visibility": "VISIBILITY_PUBLIC"}}', "actor.kind", "REQUIRED"),
    ('{"occurredAt": "2026-01-05T09:00:00Z", "actor": {"kind": "KIND_AGENT"}, "replied": {}}', "replied.visibility", "REQUIRED"),
    ('{"occurredAt": "2026-01-05T09:00:00Z", "interactionEnded": {}}', "interaction_ended.channel", "REQUIRED"),
])
def test_what_has_no_meaning_is_refused_by_field(text: str, field: str, reason: str) -> None:
    from google.protobuf.json_format import Parse

    with pytest.raises(InvalidInput) as refused:
        decode(Parse(text, TicketEvent()))
    assert [(v.field, v.reason) for v in refused.value.violations] == [(field, reason)]
