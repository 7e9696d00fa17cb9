"""Pauses, deadlines, breaches, changes, promises and reopenings of a resolution clock."""
from __future__ import annotations

import pytest

from opsledger.core.sla.clock import ClockState
from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.facts import (
    Assigned,
    Classified,
    DueSet,
    Fact,
    FeedbackKind,
    FeedbackReceived,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from tests.kit.sla import HOUR_US, MINUTE_US, SECOND_US, at, clocks, cycles, policy, rules, shown, time_us

OPENED, NOTE = Opened(), Replied(public=False)
OPEN, PENDING, ON_HOLD, RESOLVED = (StatusChanged(status) for status in (Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED))
DESK_2H = policy("resolution: 2h", calendar="desk")


def resolution(book: RuleBook, *facts: TicketFact, until: str | None = None):  # type: ignore[no-untyped-def]  # a Clock
    return clocks(book, facts, until)["resolution", 1]


class TestPauses:
    @pytest.mark.parametrize(("released", "paused_s", "due"), [
        ("thu 16:30:00", 3600, "thu 18:00"), ("thu 16:30:01", 3601, "fri 10:00:01"),
    ])
    def test_two_hours_from_thursday_15h(self, released: str, paused_s: int, due: str) -> None:
        """The project's own vectors: a deadline at closing time stays there, one second more is after the next opening."""
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), at("thu 15:30", ON_HOLD), at(released, OPEN))
        assert (shown(clock.due_at_us), clock.paused_us) == (due, paused_s * SECOND_US)

    def test_it_has_no_due_time_while_it_is_paused(self) -> None:
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), at("thu 15:30", ON_HOLD))
        assert (clock.state, clock.due_at_us, clock.elapsed_us) == (ClockState.PAUSED, None, 30 * MINUTE_US)

    def test_unless_it_was_reached_before(self) -> None:
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), at("thu 17:30", ON_HOLD))
        assert (shown(clock.due_at_us), shown(clock.breached_at_us)) == ("thu 17:00", "thu 17:00")

    def test_a_pause_from_the_due_time_on_does_not_save_it(self) -> None:
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), at("thu 17:00", ON_HOLD), at("thu 17:30", RESOLVED))
        assert (clock.state, shown(clock.due_at_us), clock.elapsed_us) == ("breached", "thu 17:00", 2 * HOUR_US)

    def test_resolved_in_a_pause_it_is_due_as_if_it_ran_on(self) -> None:
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), at("thu 16:00", ON_HOLD), at("thu 17:30", RESOLVED))
        assert (clock.state, shown(clock.due_at_us)) == ("met", "fri 10:30")

    def test_a_pause_of_no_length_changes_nothing(self) -> None:
        facts = at("thu 15:00", OPENED), at("thu 15:30", ON_HOLD, sequence=1), at("thu 15:30", OPEN, sequence=2)
        clock, plain = resolution(DESK_2H, *facts), resolution(DESK_2H, at("thu 15:00", OPENED), at("thu 15:30", NOTE))
        assert (clock.due_at_us, clock.elapsed_us, clock.paused_us, clock.spans) == (
            plain.due_at_us, plain.elapsed_us, plain.paused_us, plain.spans
        )

    def test_a_run_of_no_length_does_not_cut_a_pause(self) -> None:
        facts = at("thu 15:30", ON_HOLD), at("thu 15:45", OPEN, sequence=1), at("thu 15:45", PENDING, sequence=2)
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), *facts, at("thu 16:00", OPEN))
        assert [(shown(span.from_us), span.running) for span in clock.spans] == [("thu 15:00", True), ("thu 15:30", False)]

    def test_only_open_hours_are_paused_time(self) -> None:
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), at("thu 17:00", ON_HOLD), at("fri 11:00", OPEN))
        assert clock.paused_us == 2 * HOUR_US

    def test_the_policy_says_which_statuses_pause(self) -> None:
        book = policy("resolution: {target: 2h, pause_on: [open]}")
        clock = resolution(book, at("thu 15:00", OPENED), at("thu 15:30", OPEN), at("thu 16:30", PENDING), at("thu 17:00", RESOLVED))
        assert (clock.elapsed_us, clock.paused_us) == (HOUR_US, HOUR_US)

    def test_a_ticket_may_open_in_a_pausing_status(self) -> None:
        facts = at("thu 15:00", Opened(status=Status.PENDING)), at("thu 16:00", OPEN)
        assert shown(resolution(DESK_2H, *facts).due_at_us) == "thu 18:00"


class TestBreach:
    @pytest.mark.parametrize(("end", "state", "breached"), [
        ("thu 16:59:59", "met", None), ("thu 17:00", "met", None), ("thu 17:00:01", "breached", "thu 17:00"),
    ])
    def test_later_than_due(self, end: str, state: str, breached: str | None) -> None:
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), at(end, RESOLVED))
        assert (clock.state, shown(clock.breached_at_us)) == (state, breached)

    def test_after_closing_time_is_later_though_nothing_elapses(self) -> None:
        clock = resolution(DESK_2H, at("thu 16:00", OPENED), at("thu 20:00", RESOLVED))
        assert (clock.state, clock.elapsed_us, shown(clock.breached_at_us)) == ("breached", 2 * HOUR_US, "thu 18:00")

    def test_a_later_fact_of_an_open_ticket_tells(self) -> None:
        clock = resolution(DESK_2H, at("thu 15:00", OPENED), at("thu 17:00:01", NOTE))
        assert (clock.state, shown(clock.breached_at_us)) == ("running", "thu 17:00")

    def test_so_does_the_time_of_the_reader(self) -> None:
        facts = [at("thu 15:00", OPENED)]
        assert resolution(DESK_2H, *facts).breached_at_us is None
        clock = resolution(DESK_2H, *facts, until="thu 17:30")
        assert (shown(clock.breached_at_us), clock.elapsed_us) == ("thu 17:00", HOUR_US * 5 // 2)

    def test_a_late_fact_takes_it_back(self) -> None:
        known = [at("thu 15:00", OPENED), at("thu 17:30", RESOLVED)]
        assert resolution(DESK_2H, *known).state == "breached"
        assert resolution(DESK_2H, *known, at("thu 15:30", PENDING), at("thu 16:30", OPEN)).state == "met"


class TestChanges:
    book = policy("resolution: {P1: 2h, P2: 6h}", calendar="desk")
    opened = at("thu 15:00", Opened(priority="P2"))

    def test_the_new_target_counts_from_the_original_start_and_pauses_are_kept(self) -> None:
        facts = at("thu 15:30", ON_HOLD), at("thu 16:00", OPEN), at("thu 16:30", PriorityChanged("P1"))
        clock = resolution(self.book, self.opened, *facts)
        assert (shown(clock.due_at_us), clock.priority, clock.target_us) == ("thu 17:30", "P1", 2 * HOUR_US)

    def test_a_target_that_is_already_used_up_was_breached_in_the_past(self) -> None:
        clock = resolution(self.book, self.opened, at("thu 17:30", PriorityChanged("P1")))
        assert (shown(clock.due_at_us), shown(clock.breached_at_us)) == ("thu 17:00", "thu 17:00")

    def test_there_and_back_again_is_as_if_nothing_had_changed(self) -> None:
        changes = at("thu 17:30", PriorityChanged("P1")), at("thu 17:45", PriorityChanged("P2"))
        clock, plain = resolution(self.book, self.opened, *changes), resolution(self.book, self.opened, at("thu 17:45", NOTE))
        assert (clock.due_at_us, clock.elapsed_us, clock.breached_at_us) == (plain.due_at_us, plain.elapsed_us, plain.breached_at_us)
        assert [applied.target_us for applied in clock.applied] == [6 * HOUR_US, 2 * HOUR_US, 6 * HOUR_US]

    def test_a_late_priority_counts_from_the_opening(self) -> None:
        clock = resolution(self.book, at("thu 15:00", OPENED), at("thu 16:00", PriorityChanged("P1")))
        assert (shown(clock.started_at_us), shown(clock.due_at_us)) == ("thu 15:00", "thu 17:00")

    def test_without_a_target_any_more_it_is_cancelled(self) -> None:
        facts = at("thu 16:00", PriorityChanged("P9")), at("thu 17:30", RESOLVED)
        clock = resolution(self.book, self.opened, *facts)
        assert (clock.state, shown(clock.ended_at_us), clock.elapsed_us) == ("cancelled", "thu 16:00", HOUR_US)

    def test_until_there_is_one_again(self) -> None:
        facts = at("thu 16:00", PriorityChanged("P9")), at("thu 16:30", PriorityChanged("P1"))
        clock = resolution(self.book, self.opened, *facts)
        assert (clock.state, shown(clock.due_at_us)) == ("running", "thu 17:00")

    def test_an_ended_clock_is_not_judged_again(self) -> None:
        facts = at("thu 17:30", RESOLVED), at("thu 17:45", PriorityChanged("P1"))
        clock = resolution(self.book, self.opened, *facts)
        assert (clock.state, clock.priority) == ("met", "P2")

    def test_another_calendar_counts_from_the_original_start_as_well(self) -> None:
        book = RuleBook([(0, 1, rules("""
policies:
  - {name: orders, when: {category: order}, calendar: always, reopen: resume, targets: {resolution: 20h}}
  - {name: others, calendar: desk, reopen: resume, targets: {resolution: 20h}}
"""))])
        clock = resolution(book, at("thu 15:00", OPENED), at("thu 21:00", Classified("order")))
        assert (clock.policy, clock.calendar, shown(clock.due_at_us), clock.elapsed_us) == ("orders", "always", "fri 11:00", 6 * HOUR_US)

    @pytest.mark.parametrize(("by", "change"), [("category", Classified("order")), ("group", Assigned("tier-2"))])
    def test_a_target_may_go_by_another_field(self, by: str, change: Fact) -> None:
        book = policy(f"resolution: {{target: {{order: 2h, tier-2: 2h, default: 6h}}, by: {by}}}")
        assert shown(resolution(book, at("thu 15:00", OPENED), at("thu 15:30", change)).due_at_us) == "thu 17:00"

    def test_the_new_policys_pauses_hold_from_the_change_on(self) -> None:
        book = RuleBook([(0, 1, rules("""
policies:
  - {name: orders, when: {category: order}, calendar: always, reopen: resume, pause_on: {resolution: []}, targets: {resolution: 4h}}
  - {name: others, calendar: always, reopen: resume, targets: {resolution: 4h}}
"""))])
        facts = at("thu 15:00", OPENED), at("thu 16:00", PENDING), at("thu 17:00", Classified("order")), at("thu 18:00", NOTE)
        clock = resolution(book, *facts)
        assert (clock.state, clock.elapsed_us, clock.paused_us) == ("running", 2 * HOUR_US, HOUR_US)


class TestVersions:
    first, second = rules("policies: [{name: a, calendar: always, reopen: resume, targets: {resolution: 2h}}]"), rules(
        "policies: [{name: b, calendar: always, reopen: resume, targets: {resolution: 8h}}]")
    book = RuleBook([(0, 1, first), (time_us("thu 16:00"), 2, second)])

    def test_they_are_pinned_until_the_next_fact(self) -> None:
        clock = resolution(self.book, at("thu 15:00", OPENED), until="thu 18:00")
        assert (clock.rules_version, clock.policy, shown(clock.breached_at_us)) == (1, "a", "thu 17:00")

    def test_any_fact_applies_the_version_in_force(self) -> None:
        clock = resolution(self.book, at("thu 15:00", OPENED), at("thu 16:00", NOTE), until="thu 18:00")
        assert (clock.rules_version, clock.policy, clock.breached_at_us) == (2, "b", None)
        assert [applied.rules_version for applied in clock.applied] == [1, 2]

    def test_a_version_that_says_the_same_is_pinned_too(self) -> None:
        book = RuleBook([(0, 1, self.first), (time_us("thu 16:00"), 2, self.first)])
        assert resolution(book, at("thu 15:00", OPENED), at("thu 16:30", FeedbackReceived(FeedbackKind.CSAT, 5, 1, 5))).rules_version == 2

    def test_before_the_first_version_nothing_is_promised(self) -> None:
        book = RuleBook([(time_us("thu 16:00"), 1, self.first)])
        assert clocks(book, [at("thu 15:00", OPENED)]) == {}
        assert shown(resolution(book, at("thu 15:00", OPENED), at("thu 16:30", NOTE)).due_at_us) == "thu 17:00"

    def test_of_two_from_the_same_instant_the_higher_is_in_force(self) -> None:
        assert RuleBook([(0, 2, self.second), (0, 1, self.first)]).at(5) == (2, self.second)

    def test_there_are_none_in_an_empty_book(self) -> None:
        assert RuleBook().at(5) is None


class TestPromises:
    book = policy("resolution: {P1: 2h, default: 6h}", calendar="desk")
    opened, promise = at("thu 15:00", OPENED), at("thu 15:30", DueSet(time_us("fri 12:00")))

    def due(self, *facts: TicketFact) -> str | None:
        return shown(resolution(self.book, self.opened, *facts).due_at_us)

    def test_a_promise_is_the_due_time(self) -> None:
        assert self.due(self.promise) == "fri 12:00"
        assert resolution(self.book, self.opened, self.promise, at("fri 12:00:01", RESOLVED)).state == "breached"

    @pytest.mark.parametrize("change", [PriorityChanged("P1"), ON_HOLD, Classified("other"), DueSet(time_us("mon 12:00"), "first_reply")])
    def test_nothing_else_moves_it(self, change: Fact) -> None:
        assert self.due(self.promise, at("thu 16:00", change)) == "fri 12:00"

    def test_another_replaces_it(self) -> None:
        assert self.due(self.promise, at("thu 16:00", DueSet(time_us("thu 20:00")))) == "thu 20:00"

    def test_taken_back_the_target_holds_again(self) -> None:
        assert self.due(self.promise, at("thu 16:00", DueSet(None))) == "fri 13:00"

    @pytest.mark.parametrize("reopen", ["resume", "count_through"])
    def test_it_survives_a_reopening(self, reopen: str) -> None:
        facts = self.opened, self.promise, at("thu 17:00", RESOLVED), at("fri 15:00", OPEN)
        clock = resolution(policy("resolution: 6h", reopen), *facts)
        assert (shown(clock.due_at_us), shown(clock.breached_at_us)) == ("fri 12:00", "fri 12:00")

    @pytest.mark.parametrize(("reopened", "due"), [("fri 11:00", "fri 12:00"), ("fri 15:00", "fri 21:00")])
    def test_it_governs_a_new_cycle_that_starts_before_it(self, reopened: str, due: str) -> None:
        facts = self.opened, self.promise, at("thu 17:00", RESOLVED), at(reopened, OPEN)
        assert shown(clocks(policy("resolution: 6h", "restart"), facts)["resolution", 2].due_at_us) == due

    def test_it_may_be_the_instant_of_the_start_but_not_before_it(self) -> None:
        opened, nine = at("thu 09:00", OPENED), DueSet(time_us("thu 09:00"))
        assert shown(resolution(self.book, opened, at("thu 09:30", nine)).due_at_us) == "thu 09:00"
        assert shown(resolution(self.book, opened, at("thu 09:30", DueSet(time_us("thu 08:59")))).due_at_us) == "thu 16:00"

    def test_it_may_come_before_the_opening(self) -> None:
        assert self.due(at("thu 14:00", DueSet(time_us("fri 12:00")))) == "fri 12:00"


class TestReopening:
    facts = at("thu 10:00", OPENED), at("thu 12:00", RESOLVED), at("thu 15:00", OPEN), at("thu 16:00", RESOLVED)

    @pytest.mark.parametrize(("reopen", "expected"), [
        ("resume", [("thu 10:00", "thu 16:00", 3, 3)]),
        ("count_through", [("thu 10:00", "thu 16:00", 6, 0)]),
        ("restart", [("thu 10:00", "thu 12:00", 2, 0), ("thu 15:00", "thu 16:00", 1, 0)]),
        ("ignore", [("thu 10:00", "thu 12:00", 2, 0)]),
    ])
    def test_the_policy_chooses(self, reopen: str, expected: object) -> None:
        found = clocks(policy("resolution: 8h", reopen), self.facts).values()
        assert [
            (shown(clock.started_at_us), shown(clock.ended_at_us), clock.elapsed_us / HOUR_US, clock.paused_us / HOUR_US) for clock in found
        ] == expected

    def test_an_explicit_reopening_is_one(self) -> None:
        facts = at("thu 10:00", OPENED), at("thu 12:00", RESOLVED), at("thu 15:00", Reopened())
        assert cycles("resolution", policy("resolution: 8h", "restart"), *facts) == [
            ("thu 10:00", "thu 12:00", "met"), ("thu 15:00", None, "running"),
        ]

    def test_a_reopening_takes_the_result_back(self) -> None:
        clock = resolution(policy("resolution: 4h"), *self.facts[:3])
        assert (clock.state, clock.ended_at_us, shown(clock.due_at_us)) == ("running", None, "thu 17:00")

    def test_count_through_of_a_clock_that_was_paused_when_it_ended(self) -> None:
        facts = at("thu 10:00", OPENED), at("thu 11:00", PENDING), at("thu 12:00", RESOLVED), at("thu 15:00", PENDING)
        clock = resolution(policy("resolution: 8h", "count_through"), *facts, until="thu 16:00")
        assert (clock.state, clock.elapsed_us, clock.paused_us) == ("paused", 4 * HOUR_US, 2 * HOUR_US)

    def test_reopened_at_the_same_instant_nothing_is_paused(self) -> None:
        facts = at("thu 10:00", OPENED), at("thu 12:00", RESOLVED, sequence=1), at("thu 12:00", OPEN, sequence=2), at("thu 13:00", NOTE)
        clock = resolution(policy("resolution: 8h"), *facts)
        assert (clock.paused_us, len(clock.spans)) == (0, 1)

    def test_the_priority_that_changed_while_resolved_holds_from_the_reopening(self) -> None:
        facts = self.facts[0], self.facts[1], at("thu 13:00", PriorityChanged("P1")), self.facts[2]
        clock = resolution(policy("resolution: {P1: 1h, default: 8h}"), *facts)
        assert (clock.priority, shown(clock.breached_at_us)) == ("P1", "thu 11:00")

    def test_without_a_policy_at_the_reopening_it_goes_on(self) -> None:
        facts = at("thu 13:00", PriorityChanged("P9")), self.facts[2], at("thu 16:00", PriorityChanged("P1"))
        book = RuleBook([(0, 1, rules(
            "policies: [{name: a, when: {priority: [P1, '']}, calendar: always, reopen: restart, targets: {resolution: 8h}}]"
        ))])
        clock = resolution(book, *self.facts[:2], *facts)
        assert (clock.state, clock.elapsed_us, clock.paused_us) == ("running", 3 * HOUR_US, 3 * HOUR_US)

    def test_a_merged_ticket_does_not_reopen(self) -> None:
        facts = at("thu 10:00", OPENED), at("thu 12:00", RESOLVED), at("thu 13:00", Merged("2")), at("thu 15:00", OPEN)
        assert cycles("resolution", policy("resolution: 8h", "restart"), *facts) == [("thu 10:00", "thu 12:00", "met")]


class TestLadder:
    ladder = 'escalation: [{step: boss, at: "+1h"}, {step: warn, at: "-30m"}, {step: half, at: "50%"}]'
    book = policy("resolution: 2h", calendar="desk", more=ladder)

    def steps(self, *facts: TicketFact) -> list[tuple[str, str | None]]:
        return [(name, shown(at_us)) for name, at_us in resolution(self.book, *facts).steps]

    def test_steps_lie_in_business_time(self) -> None:
        assert self.steps(at("thu 16:00", OPENED)) == [("half", "thu 17:00"), ("warn", "thu 17:30"), ("boss", "fri 11:00")]

    def test_pauses_move_them(self) -> None:
        facts = at("thu 15:00", OPENED), at("thu 15:30", ON_HOLD), at("thu 16:30:01", OPEN)
        assert self.steps(*facts) == [("half", "thu 17:00:01"), ("warn", "thu 17:30:01"), ("boss", "fri 11:00:01")]

    def test_while_paused_only_those_that_were_reached(self) -> None:
        assert self.steps(at("thu 15:00", OPENED), at("thu 16:15", ON_HOLD)) == [("half", "thu 16:00")]

    def test_after_the_end_only_those_before_it(self) -> None:
        assert self.steps(at("thu 15:00", OPENED), at("thu 16:30", RESOLVED)) == [("half", "thu 16:00")]

    def test_none_lies_before_the_start(self) -> None:
        book = policy("resolution: 20m", more='escalation: [{step: warn, at: "-30m"}]')
        assert resolution(book, at("thu 15:00", OPENED)).steps == (("warn", time_us("thu 15:00")),)

    def test_none_lies_before_the_start_of_a_promised_clock(self) -> None:
        facts = at("thu 10:00", OPENED), at("thu 10:05", DueSet(time_us("thu 10:20")))
        assert self.steps(*facts)[0] == ("warn", "thu 10:00")

    def test_around_a_promise(self) -> None:
        facts = at("thu 16:00", OPENED), at("thu 16:30", DueSet(time_us("fri 10:10"))), at("thu 17:00", ON_HOLD)
        assert self.steps(*facts) == [("half", "thu 17:05"), ("warn", "thu 17:40"), ("boss", "fri 11:10")]
