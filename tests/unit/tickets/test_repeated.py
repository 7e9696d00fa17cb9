"""Facts that come again: the same, however it is written, or another one under the same name. Wire bytes after the protobuf encoding
guide: a field is its number and wire type, then its value; fields may come in any order."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.tickets.facts import Opened, PriorityChanged
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.tickets.codec import encode
from opsledger.services.tickets.intake import Intake, Outcome
from opsledger.services.tickets.repeated import is_same
from tests.kit.events import event
from tests.kit.ticket_facts import ticket_facts

LATER_FIELD, OTHER_LATER_FIELD = b"\xc2\x3e\x03new", b"\xca\x3e\x03new"
"""Fields 1000 and 1001, which this version does not know."""
SEQUENCE_0 = b"\x38\x00"
"""Field 7, a varint, with its default spelled out."""


def low() -> TicketEvent:
    return event("e1", fact=PriorityChanged("low"))


def high() -> bytes:
    return event("e1", fact=PriorityChanged("high")).SerializeToString()


def test_the_first_stands_and_what_differs_is_said() -> None:
    journal = MemoryJournal()
    intake = Intake(journal)
    first = low().SerializeToString()
    assert intake.record([event("e0").SerializeToString(), first]) == [Outcome(0, 1, False, ()), Outcome(1, 2, False, ())]
    assert intake.record([high(), first]) == [Outcome(0, 2, True, (), True), Outcome(1, 2, True, (), False)]
    assert [recorded.payload for recorded in journal.read(1)] == [first]


def test_within_a_batch_the_first_is_compared_with() -> None:
    first = low().SerializeToString()
    outcomes = Intake(MemoryJournal()).record([b"\xff", first, high(), first])
    assert [(outcome.duplicate, outcome.differs) for outcome in outcomes] == [(False, False), (False, False), (True, True), (True, False)]


def test_another_ticket_under_the_same_name_differs() -> None:
    intake = Intake(MemoryJournal())
    intake.record([event("e1", ticket_id="T1").SerializeToString()])
    assert intake.record([event("e1", ticket_id="T2").SerializeToString()]) == [Outcome(0, 1, True, (), True)]


@pytest.mark.parametrize("gap", [1, 40])
def test_a_batch_is_compared_wherever_its_firsts_stand(gap: int) -> None:
    intake = Intake(MemoryJournal())
    intake.record([event(f"e{n}").SerializeToString() for n in range(1_000)])
    numbers = list(range(999, -1, -gap))
    again = [event(f"e{n}", ticket_id="T1" if n % 3 else "T2").SerializeToString() for n in numbers]
    outcomes = intake.record(again)
    assert [outcome.position for outcome in outcomes] == [n + 1 for n in numbers]
    assert [outcome.differs for outcome in outcomes] == [n % 3 == 0 for n in numbers]


def test_the_order_of_fields_and_a_spelled_out_default_are_not_content() -> None:
    first = low().SerializeToString()
    head = event("e1", fact=PriorityChanged("low"))
    head.ClearField("priority_changed")
    tail = TicketEvent(priority_changed=low().priority_changed).SerializeToString()
    assert is_same(first, tail + head.SerializeToString())
    assert is_same(first, first + SEQUENCE_0)
    finer = low()
    finer.occurred_at.nanos += 999  # instants are kept to the microsecond
    assert is_same(first, finer.SerializeToString())


def test_what_this_version_does_not_know_is_content() -> None:
    first = low().SerializeToString()
    assert not is_same(first, first + LATER_FIELD)
    assert is_same(LATER_FIELD + first, first + LATER_FIELD)
    assert not is_same(first + LATER_FIELD, first + OTHER_LATER_FIELD)
    later = low()
    later.ClearField("priority_changed")
    assert not is_same(first, later.SerializeToString() + LATER_FIELD)  # its fact, if it has one, is of a later version


@given(ticket_facts, st.randoms(use_true_random=False))
def test_any_fact_is_itself_in_any_order_of_its_fields(fact: object, random: object) -> None:
    message = encode(fact)  # type: ignore[arg-type]  # a TicketFact
    parts = []
    for field, _ in message.ListFields():
        part = TicketEvent()
        part.CopyFrom(message)
        for other, _ in message.ListFields():
            if other.name != field.name:
                part.ClearField(other.name)
        parts.append(part.SerializeToString())
    random.shuffle(parts)  # type: ignore[attr-defined]  # a Random
    assert is_same(message.SerializeToString(), b"".join(parts))


@given(ticket_facts, ticket_facts)
def test_two_facts_are_the_same_when_they_are_equal(one: object, other: object) -> None:
    first, again = (encode(fact).SerializeToString() for fact in (one, other))  # type: ignore[arg-type]  # TicketFacts
    assert is_same(first, again) == (one == other)


def test_opened_without_words_is_itself() -> None:
    data = event("e1", fact=Opened()).SerializeToString()
    assert is_same(data, data)
