"""Intake over a journal in memory: what is recorded is what came, and anything else is said, event by event."""
from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import InvalidInput, JournalStopped
from opsledger.core.tickets.facts import DueSet, TicketKey
from opsledger.core.tickets.identity import fact_key, ticket_stream_id
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.tickets.codec import decode_bytes, encode
from opsledger.services.tickets.intake import Intake, Outcome
from tests.kit.events import FRIDAY_US, event, event_bytes
from tests.kit.ticket_facts import ticket_facts


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def intake(journal: MemoryJournal) -> Intake:
    return Intake(journal, batch_events_max=5, event_bytes_max=500)


def reasons(outcomes: Sequence[Outcome]) -> list[list[tuple[str, str]]]:
    return [[(violation.field, violation.reason) for violation in outcome.violations] for outcome in outcomes]


def test_an_event_stands_under_its_ticket_and_its_name(intake: Intake, journal: MemoryJournal) -> None:
    assert intake.record([event_bytes("e1", ticket_id="T1")]) == [Outcome(0, 1, False, ())]
    recorded, = journal.read()
    assert (recorded.stream_id, recorded.version) == (ticket_stream_id(TicketKey("acme", "zendesk", "T1")), 1)
    assert (recorded.key, recorded.type, recorded.occurred_at_us) == (fact_key("acme", "zendesk", "e1"), "tickets.v1.opened", FRIDAY_US)


def test_the_same_event_of_another_source_or_tenant_is_another_one(intake: Intake) -> None:
    batch = [event_bytes("e1"), event_bytes("e1", source="other"), event_bytes("e1", tenant="other"), event_bytes("e1")]
    assert [(outcome.position, outcome.duplicate) for outcome in intake.record(batch)] == [(1, False), (2, False), (3, False), (1, True)]


def test_a_batch_of_nothing_but_malformed_events_is_no_commit(intake: Intake, journal: MemoryJournal) -> None:
    factless = event_bytes("e1")[:20]
    outcomes = intake.record([b"\xff", event_bytes("x" * 201), event_bytes("y" * 500), factless])
    assert reasons(outcomes) == [
        [("", "MALFORMED")], [("event_id", "TOO_LONG")], [("", "TOO_LONG")], [("", "MALFORMED")],
    ]
    assert [outcome.position for outcome in outcomes] == [0] * 4
    assert journal.position == 0


def test_everything_that_is_wrong_with_an_event_is_said(intake: Intake) -> None:
    assert reasons(intake.record([event_bytes("", ticket_id="a\nb")])) == [[("event_id", "REQUIRED"), ("ticket_id", "UNPRINTABLE")]]


@pytest.mark.parametrize(("seconds", "nanos"), [(1_767_949_200, -1), (1_767_949_200, 1_000_000_000), (-1, 0), (1 << 60, 0)])
def test_an_instant_that_is_none_is_malformed(intake: Intake, seconds: int, nanos: int) -> None:
    occurred, due = event("e1"), event("e2", fact=DueSet(FRIDAY_US))
    for stamp in (occurred.occurred_at, due.due_set.due_at):
        stamp.seconds, stamp.nanos = seconds, nanos
    assert reasons(intake.record([occurred.SerializeToString(), due.SerializeToString()])) == [
        [("occurred_at", "OUT_OF_RANGE")], [("due_set.due_at", "OUT_OF_RANGE")],
    ]


def test_a_batch_that_is_too_long_is_refused_whole(intake: Intake, journal: MemoryJournal) -> None:
    with pytest.raises(InvalidInput, match="events: must be at most 5"):
        intake.submit([event_bytes(f"e{n}") for n in range(6)])
    assert journal.position == 0


def test_events_of_tenants_that_are_not_the_callers_are_rejected(intake: Intake) -> None:
    outcomes = intake.record([event_bytes("e1"), event_bytes("e2", tenant="globex")], tenants={"acme"})
    assert [outcome.position for outcome in outcomes] == [1, 0]
    assert reasons(outcomes)[1] == [("tenant", "NOT_ALLOWED")]


def test_what_the_journal_says_comes_out_of_the_future(intake: Intake, journal: MemoryJournal) -> None:
    journal.close()
    answer = intake.submit([event_bytes("e1")])
    assert isinstance(answer.exception(), JournalStopped)


@given(st.lists(ticket_facts, max_size=5))
def test_every_whole_fact_is_recorded_to_the_byte(facts: list[object]) -> None:
    journal = MemoryJournal()
    batch = [encode(fact).SerializeToString() for fact in facts]
    outcomes = Intake(journal).record(batch)
    stored = {recorded.position: recorded.payload for recorded in journal.read()}
    first: dict[bytes, bytes] = {}
    for data, outcome in zip(batch, outcomes, strict=True):
        fact = decode_bytes(data)
        assert stored[outcome.position] == first.setdefault(fact_key(fact.tenant, fact.source, fact.event_id), data)


@given(st.binary(max_size=60) | st.builds(lambda data, cut: data[:cut], st.just(event_bytes("e1")), st.integers(0, 80)))
def test_any_bytes_are_recorded_as_they_are_or_rejected(data: bytes) -> None:
    journal = MemoryJournal()
    outcome, = Intake(journal).record([data])
    assert bool(outcome.position) != bool(outcome.violations)
    assert [recorded.payload for recorded in journal.read()] == ([data] if outcome.position else [])
    if outcome.position:
        TicketEvent.FromString(data)


def test_every_fault_of_an_event_is_named_at_once() -> None:
    """What cannot be read, what breaks a rule, and the tenant that the caller may not write for."""
    message = TicketEvent(tenant="other", program="a\x07", source="zendesk", ticket_id="T1")
    message.occurred_at.nanos = -1
    message.replied.SetInParent()
    [outcome] = Intake(MemoryJournal()).record([message.SerializeToString()], tenants={"acme"})
    assert {(fault.field, fault.reason) for fault in outcome.violations} == {
        ("occurred_at", "OUT_OF_RANGE"), ("actor.kind", "REQUIRED"), ("replied.visibility", "REQUIRED"), ("event_id", "REQUIRED"),
        ("program", "UNPRINTABLE"), ("tenant", "NOT_ALLOWED"),
    }


def test_an_empty_event_says_all_that_it_lacks() -> None:
    [outcome] = Intake(MemoryJournal()).record([b""], tenants={"acme"})
    assert {fault.field for fault in outcome.violations} == {"fact", "occurred_at", "event_id", "tenant", "program", "source", "ticket_id"}
