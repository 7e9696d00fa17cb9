"""Differences of an audit table's rows, and what the fold makes of them."""
from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Classified,
    Opened,
    PriorityChanged,
    Reopened,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import TicketState, fold
from opsledger.services.importers.snapshots import Snapshot, carried, changes, opening

NEW = Snapshot(status=Status.NEW, source_status="New")


class TestOpening:
    def test_a_ticket_begins_new_and_with_nobody_whatever_its_first_row_shows(self) -> None:
        first = Snapshot(Status.RESOLVED, "Resolved", "P2", "Desk", "Ann", "Mail", attributes={"site": "Rome", "made_sla": "true"})

        opened, stood = opening(first, learned_later=("made_sla",))

        assert opened == Opened(priority="P2", category="Mail", attributes={"site": "Rome"})
        assert list(changes(stood, first)) == [
            Classified(attributes={"made_sla": "true"}), Assigned("Desk", "Ann"), StatusChanged(Status.RESOLVED, "Resolved"),
        ]

    def test_a_first_row_that_is_new_has_no_status_change(self) -> None:
        opened, stood = opening(NEW)

        assert opened.source_status == "New"
        assert list(changes(stood, NEW)) == []


class TestChanges:
    @pytest.mark.parametrize(
        ("after", "expected"),
        [
            (Snapshot(Status.NEW, "New"), []),
            (Snapshot(Status.OPEN, "Active"), [StatusChanged(Status.OPEN, "Active")]),
            (Snapshot(Status.NEW, "Registered"), [StatusChanged(Status.NEW, "Registered")]),
            (Snapshot(Status.NEW, "New", group="Desk"), [Assigned(group="Desk")]),
            (Snapshot(Status.NEW, "New", agent="Ann"), [Assigned(agent="Ann")]),
            (Snapshot(Status.NEW, "New", priority="P1"), [PriorityChanged("P1")]),
            (Snapshot(Status.NEW, "New", category="Mail"), [Classified(category="Mail")]),
            (Snapshot(Status.NEW, "New", reopenings=1), [Reopened()]),
        ],
    )
    def test_each_column_has_its_fact(self, after: Snapshot, expected: list[object]) -> None:
        assert list(changes(NEW, after)) == expected

    def test_what_goes_away_is_said_to_be_empty(self) -> None:
        before = Snapshot(Status.OPEN, "Active", group="Desk", agent="Ann", attributes={"vendor": "V", "site": "Rome"})
        after = Snapshot(Status.OPEN, "Active", group="Desk", attributes={"site": "Rome"})

        assert list(changes(before, after)) == [Classified(attributes={"vendor": ""}), Assigned(agent="")]

    def test_a_visible_reopening_needs_no_word_of_its_own(self) -> None:
        before, after = Snapshot(Status.RESOLVED, "Resolved"), Snapshot(Status.OPEN, "Active", reopenings=1)

        assert list(changes(before, after)) == [StatusChanged(Status.OPEN, "Active")]

    def test_a_reopening_between_two_resolved_rows_is_said_and_the_status_again(self) -> None:
        before, after = Snapshot(Status.RESOLVED, "Resolved"), Snapshot(Status.RESOLVED, "Resolved", reopenings=1)

        assert list(changes(before, after)) == [Reopened(), StatusChanged(Status.RESOLVED, "Resolved")]

    def test_a_row_without_a_status_leaves_it_as_it_was(self) -> None:
        before = Snapshot(Status.OPEN, "Active")

        assert carried(before, Snapshot(None, "-100", agent="Ann")) == Snapshot(Status.OPEN, "Active", agent="Ann")


WORDS = st.sampled_from(("", "a", "b"))
SNAPSHOTS = st.builds(
    Snapshot, status=st.sampled_from(Status), source_status=WORDS, priority=WORDS, group=WORDS, agent=WORDS, category=WORDS,
    attributes=st.dictionaries(st.sampled_from("xy"), WORDS),
)


def as_fold(rows: list[Snapshot]) -> TicketState:
    """The ticket after the facts of these rows, one second apart, through the order in which facts are folded."""
    opened, before = opening(rows[0])
    facts = [fact_at(0, 0, opened)]
    for second, after in enumerate(rows):
        facts += [fact_at(second, number, change) for number, change in enumerate(changes(before, after))]
        before = after
    state = fold(in_order(reversed(facts)))
    assert state is not None
    return state


def fact_at(second: int, number: int, fact: object) -> TicketFact:
    return TicketFact("t", "p", "s", "1", f"{second}-{number}", second * 1_000_000 + 1, second, Actor(ActorKind.SYSTEM), fact)  # type: ignore[arg-type]  # any fact


@given(st.lists(SNAPSHOTS, min_size=1, max_size=6))
def test_the_fold_of_the_differences_is_the_last_row(rows: list[Snapshot]) -> None:
    state, last = as_fold(rows), rows[-1]

    assert (state.status, state.source_status, state.priority, state.group, state.agent, state.category) == (
        last.status, last.source_status, last.priority, last.group, last.agent, last.category)
    assert state.attributes == {key: value for key, value in last.attributes.items() if value}


@given(st.lists(st.tuples(st.sampled_from(Status), st.integers(0, 1)), min_size=1, max_size=8))
def test_a_ticket_is_reopened_if_its_counter_rose_or_its_status_shows_it(steps: list[tuple[Status, int]]) -> None:
    count, rows = 0, []
    for status, rise in steps:
        count += rise
        rows.append(Snapshot(status, status.word, reopenings=count))
    shown = any(a.status.is_done and not b.status.is_done for a, b in pairwise(rows) if a.status and b.status)

    state = as_fold(rows)

    assert (state.reopenings > 0) == (count > 0 or shown)
    assert state.status == rows[-1].status
