"""What the timer service will have to announce about the clocks of a ticket."""
from __future__ import annotations

from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.facts import DueSet, Opened, Replied, Status, StatusChanged, TicketFact
from opsledger.services.projections.ticket_view import ticket_rows
from tests.kit.sla import at, policy, shown, time_us

OPENED, ON_HOLD, RESOLVED = Opened(), StatusChanged(Status.ON_HOLD), StatusChanged(Status.RESOLVED)
BOOK = policy("resolution: 2h", more='escalation: [{step: warn, at: "-30m"}]')


def announced(book: RuleBook, *facts: TicketFact) -> list[tuple[object, str | None]]:
    """Step and instant, of the rows of the table ``steps``."""
    return [(row[6], shown(row[9])) for row in ticket_rows(facts, book).steps]


def test_warnings_and_the_breach_of_what_runs() -> None:
    assert announced(BOOK, at("thu 10:00", OPENED)) == [("warn", "thu 11:30"), ("breach", "thu 12:00")]


def test_nothing_that_a_pause_may_still_move() -> None:
    assert announced(BOOK, at("thu 10:00", OPENED), at("thu 11:45", ON_HOLD)) == [("warn", "thu 11:30")]


def test_a_pause_does_not_move_a_promise() -> None:
    promise = at("thu 10:30", DueSet(time_us("thu 15:00")))
    assert announced(BOOK, at("thu 10:00", OPENED), promise, at("thu 11:00", ON_HOLD)) == [("warn", "thu 14:30"), ("breach", "thu 15:00")]


def test_a_pause_that_begins_at_the_due_time_comes_too_late() -> None:
    assert announced(BOOK, at("thu 10:00", OPENED), at("thu 12:00", ON_HOLD)) == [("warn", "thu 11:30"), ("breach", "thu 12:00")]


def test_what_is_met_keeps_the_warnings_it_had() -> None:
    assert announced(BOOK, at("thu 10:00", OPENED), at("thu 11:45", RESOLVED)) == [("warn", "thu 11:30")]
    assert announced(BOOK, at("thu 10:00", OPENED), at("thu 11:00", RESOLVED)) == []


def test_what_is_breached_keeps_its_breach() -> None:
    facts = at("thu 10:00", OPENED), at("thu 12:30", RESOLVED), at("thu 13:00", Replied(public=False))
    assert announced(BOOK, *facts) == [("warn", "thu 11:30"), ("breach", "thu 12:00")]
