"""What holds for every history under every rules."""
from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.core.sla.clock import Clock, ClockState
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.facts import Actor, ActorKind, PriorityChanged, Reopened, Replied, Status, StatusChanged, TicketFact
from opsledger.core.tickets.order import in_order
from opsledger.core.tickets.state import fold
from tests.kit.sla import MINUTE_US, SECOND_US
from tests.kit.sla_histories import books, histories
from tests.kit.ticket_facts import ticket_facts

few = settings(max_examples=60, deadline=None)


def judged(clocks: tuple[Clock, ...]) -> list[Clock]:
    """Without the history of what was applied, and without spans, whose causes may differ."""
    return [replace(clock, applied=(), spans=()) for clock in clocks]


@few
@given(histories(), books(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_gives_the_same_clocks(history: list[TicketFact], book: RuleBook, random: Random) -> None:
    shuffled = random.sample(history, len(history))
    assert run_clocks(in_order(shuffled), book) == run_clocks(history, book)


@few
@given(histories(), books(), st.data())
def test_a_pause_of_no_length_changes_nothing(history: list[TicketFact], book: RuleBook, data: st.DataObject) -> None:
    """A status that is set and set back at one instant, of a ticket that is not resolved."""
    index = data.draw(st.integers(0, len(history) - 1))
    known = fold(history[:index + 1])
    robot = Actor(ActorKind.SYSTEM, "")
    if known is None or known.is_done or any(isinstance(fact.fact, Reopened) for fact in history[:index + 1]):
        return
    at = replace(history[index], actor=robot)
    pausing = data.draw(st.sampled_from([status for status in Status if not status.is_done]))
    there = [replace(at, event_id=f"x{number}", fact=StatusChanged(status)) for number, status in enumerate([pausing, known.status])]
    with_pause = run_clocks([*history[:index + 1], *there, *history[index + 1:]], book)
    assert judged(with_pause) == judged(run_clocks(history, book))
    for clock, plain in zip(with_pause, run_clocks(history, book), strict=True):
        assert [span[:3] for span in clock.spans] == [span[:3] for span in plain.spans]


@few
@given(histories(), books(), st.data())
def test_a_priority_there_and_back_changes_nothing(history: list[TicketFact], book: RuleBook, data: st.DataObject) -> None:
    """At one instant, so that no pause of the other policy comes in between."""
    index = data.draw(st.integers(0, len(history) - 1))
    before = fold(history[:index + 1])  # a late opening does not say it
    assert before is not None
    change = data.draw(st.sampled_from(["high", "low", "none"]))
    there = [
        replace(history[index], event_id=f"x{number}", actor=Actor(ActorKind.SYSTEM), fact=PriorityChanged(priority))
        for number, priority in enumerate([change, before.priority])
    ]
    changed = judged(run_clocks([*history[:index + 1], *there, *history[index + 1:]], book))
    plain = {(clock.metric, clock.cycle): clock for clock in judged(run_clocks(history, book))}
    for clock in changed:
        # a metric that only the other policy promises was promised for that instant
        assert clock == plain.get((clock.metric, clock.cycle)) or (clock.state is ClockState.CANCELLED and clock.target_us)


@few
@given(histories(), books())
def test_each_clock_is_consistent_in_itself(history: list[TicketFact], book: RuleBook) -> None:
    for clock in run_clocks(history, book):
        calendar = book.version(clock.rules_version).calendars[clock.calendar]
        end_us = history[-1].occurred_at_us if clock.ended_at_us is None else clock.ended_at_us
        assert clock.elapsed_us + clock.paused_us == calendar.elapsed_us(clock.started_at_us, end_us)
        assert (clock.breached_at_us is not None) == (clock.due_at_us is not None and end_us > clock.due_at_us)
        assert clock.breached_at_us in (None, clock.due_at_us)
        assert (clock.ended_at_us is None) == (clock.state in (ClockState.RUNNING, ClockState.PAUSED)) == (clock.ended_by is None)
        if clock.state in (ClockState.MET, ClockState.BREACHED):
            assert (clock.state is ClockState.BREACHED) == (clock.breached_at_us is not None)
            if not clock.promised:
                assert clock.elapsed_us >= clock.target_us if clock.breached_at_us is not None else clock.elapsed_us <= clock.target_us
        assert all(before.to_us == after.from_us and before.running != after.running for before, after in pairwise(clock.spans))
        assert all(clock.started_at_us <= at_us for _, at_us in clock.steps)
        assert list(clock.steps) == sorted(clock.steps, key=lambda step: step[1])


@few
@given(histories(), books())
def test_cycles_are_numbered_and_a_metric_runs_at_most_once(history: list[TicketFact], book: RuleBook) -> None:
    found = run_clocks(history, book)
    for before, after in pairwise(found):
        if before.metric == after.metric:
            assert before.cycle < after.cycle
            assert before.ended_at_us is not None


@few
@given(histories(), books(), st.integers(0, 5 * 24 * 60))
def test_what_runs_on_reaches_its_due_time_when_it_said(history: list[TicketFact], book: RuleBook, minutes: int) -> None:
    """Time alone changes nothing but elapsed and breach."""
    now_us = history[-1].occurred_at_us + minutes * MINUTE_US
    for clock, later in zip(run_clocks(history, book), run_clocks(history, book, now_us), strict=True):
        assert (clock.due_at_us, clock.state, clock.steps, clock.applied) == (later.due_at_us, later.state, later.steps, later.applied)
        if clock.is_open and clock.due_at_us is not None:
            assert (later.breached_at_us is not None) == (now_us > clock.due_at_us)
            if not clock.promised and clock.state is ClockState.RUNNING and now_us > clock.due_at_us:
                assert later.elapsed_us >= clock.target_us


@settings(max_examples=120, deadline=None)
@given(st.lists(ticket_facts, max_size=12), books())
def test_no_recorded_past_makes_it_fail(facts: list[TicketFact], book: RuleBook) -> None:
    run_clocks(in_order(facts), book)


@few
@given(histories(), books())
def test_private_notes_change_nothing_but_what_is_known_of_time(history: list[TicketFact], book: RuleBook) -> None:
    """In one version of the rules: a note applies a new one as every fact does."""
    version = book.at(0)
    assert version is not None
    one = RuleBook([(0, *version)])
    notes = [
        replace(fact, event_id=f"note {fact.event_id}", occurred_at_us=fact.occurred_at_us + SECOND_US, fact=Replied(public=False))
        for fact in history[:-1]
    ]
    noted = [note for note in notes if note.occurred_at_us < history[-1].occurred_at_us]
    assert run_clocks(in_order([*history, *noted]), one) == run_clocks(history, one)
