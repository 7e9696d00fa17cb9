"""What is kept and told of events that came again with other content."""
from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from opsledger.core.tickets.facts import Assigned, Opened, PriorityChanged
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.tickets.differing import KEPT_MAX, LINES_MAX, UNKNOWN, DifferingEvents, differing_fields
from tests.kit.events import FRIDAY_US, event
from tests.kit.journals import Clock

MINUTE_US = 60_000_000


def other(**fields: object) -> TicketEvent:
    message = event("e1", fact=Opened(priority="P1", tags=("a",)))
    for name, value in fields.items():
        setattr(message, name, value)
    return message


@pytest.mark.parametrize(("again", "fields"), [
    (event("e1", fact=Opened(priority="P2", tags=("a", "b"))), ["opened.priority", "opened.tags"]),
    (event("e1", fact=PriorityChanged("P1")), ["opened", "priority_changed"]),
    (other(ticket_id="T2", sequence=5), ["ticket_id", "sequence"]),
    (other(), []),
])
def test_where_two_events_differ(again: TicketEvent, fields: list[str]) -> None:
    assert list(differing_fields(other(), again)) == fields


def test_taken_away_and_left_as_it_was_differ() -> None:
    one, two = event("e1", fact=Assigned(group="")), event("e1", fact=Assigned())
    assert list(differing_fields(one, two)) == ["assigned.group"]


def test_instants_are_one_field() -> None:
    moved = event("e1")
    moved.occurred_at.FromMicroseconds(FRIDAY_US + 1)
    assert list(differing_fields(event("e1"), moved)) == ["occurred_at"]


def test_the_newest_come_first_and_no_more_than_bounded_memory() -> None:
    kept = DifferingEvents(Clock())
    first, later = event("e1"), event("e1", ticket_id="T2")
    for position in range(1, KEPT_MAX + 3):
        kept.note(later.SerializeToString(), first.SerializeToString(), position, "in[3]@17")
    kept.note(event("e1", tenant="other").SerializeToString() + b"\xc2\x3e\x03new", event("e1", tenant="other").SerializeToString(), 1)
    latest = kept.latest({"acme"})
    assert len(latest) == KEPT_MAX - 1
    assert (latest[0].position, latest[0].fields, latest[0].place) == (KEPT_MAX + 2, ("ticket_id",), "in[3]@17")
    assert [each.fields for each in kept.latest({"other"})] == [(UNKNOWN,)]


def test_the_log_says_so_many_and_how_many_more() -> None:
    clock = Clock()
    kept = DifferingEvents(clock)
    first, later = event("e1").SerializeToString(), event("e1", ticket_id="T2").SerializeToString()
    with capture_logs() as lines:
        for _ in range(LINES_MAX + 5):
            kept.note(later, first, 7)
        clock.at_us += MINUTE_US
        kept.note(later, first, 7)
    assert len(lines) == LINES_MAX + 2
    assert (lines[0]["event_id"], lines[0]["first"], lines[0]["fields"], lines[0]["log_level"]) == ("e1", 7, "ticket_id", "warning")
    assert lines[LINES_MAX]["events"] == 5
