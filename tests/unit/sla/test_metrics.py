"""Which facts start and end the clocks of each metric."""
from __future__ import annotations

from collections.abc import Sequence

import pytest

from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.facts import (
    Actor,
    Assigned,
    Channel,
    FeedbackKind,
    FeedbackReceived,
    InteractionEnded,
    Merged,
    Opened,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from tests.kit.sla import AGENT, HOUR_US, REQUESTER, ROBOT, at, clocks, cycles, policy, rules

OPENED, REPLY, NOTE = Opened(), Replied(public=True), Replied(public=False)
OPEN, PENDING, ON_HOLD, RESOLVED, CLOSED = (
    StatusChanged(status) for status in (Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED, Status.CLOSED)
)


class TestFirstReply:
    book = policy("first_reply: 1h")

    def test_it_ends_with_the_first_public_reply_of_an_agent(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 09:40", REPLY), at("mon 12:00", REPLY)
        assert cycles("first_reply", self.book, *facts) == [("mon 09:00", "mon 09:40", "met")]

    @pytest.mark.parametrize("other", [
        at("mon 09:10", NOTE), at("mon 09:10", REPLY, ROBOT), at("mon 09:10", REPLY, REQUESTER),
        at("mon 09:10", InteractionEnded("c-1", Channel.CALL, answered=True)), at("mon 09:10", Assigned("tier-1", "anna")),
        at("mon 09:10", FeedbackReceived(FeedbackKind.CSAT, 5, 1, 5)), at("mon 09:10", OPEN), at("mon 09:10", PENDING),
    ])
    def test_nothing_else_is_a_reply(self, other: object) -> None:
        assert cycles("first_reply", self.book, at("mon 09:00", OPENED), other) == [  # type: ignore[arg-type]  # one of the list above
            ("mon 09:00", None, "running")
        ]

    def test_a_resolution_without_a_reply_ends_it(self) -> None:
        assert cycles("first_reply", self.book, at("mon 09:00", OPENED), at("mon 10:00:01", RESOLVED)) == [
            ("mon 09:00", "mon 10:00:01", "breached")
        ]

    def test_a_reply_while_resolved_means_that_nothing_is_reopened(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 09:30", RESOLVED), at("mon 09:40", REPLY), at("mon 12:00", OPEN)
        assert cycles("first_reply", self.book, *facts) == [("mon 09:00", "mon 09:30", "met")]

    def test_a_given_reply_is_given_once_and_for_all(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 09:30", REPLY), at("mon 10:00", RESOLVED), at("mon 12:00", OPEN)
        assert cycles("first_reply", policy("first_reply: 1h", "restart"), *facts) == [("mon 09:00", "mon 09:30", "met")]

    def test_the_agent_is_who_replied(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 09:10", Assigned("tier-1", "bert")), at("mon 09:30", REPLY, AGENT)
        assert clocks(self.book, facts)["first_reply", 1].agent == "anna"


class TestNextReply:
    book = policy("next_reply: 1h")
    answered = at("mon 09:00", OPENED), at("mon 09:05", REPLY)

    def test_it_starts_with_the_oldest_unanswered_message(self) -> None:
        facts = at("mon 10:00", REPLY, REQUESTER), at("mon 10:50", REPLY, REQUESTER), at("mon 11:01", REPLY)
        assert cycles("next_reply", self.book, *self.answered, *facts) == [("mon 10:00", "mon 11:01", "breached")]

    def test_each_exchange_is_a_cycle(self) -> None:
        facts = at("mon 10:00", REPLY, REQUESTER), at("mon 11:00", REPLY), at("mon 12:00", REPLY), at("tue 09:00", REPLY, REQUESTER)
        assert cycles("next_reply", self.book, *self.answered, *facts) == [
            ("mon 10:00", "mon 11:00", "met"), ("tue 09:00", None, "running")
        ]

    def test_before_the_first_reply_a_message_waits_for_that_one(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 09:10", REPLY, REQUESTER), at("mon 09:30", REPLY)
        assert cycles("next_reply", self.book, *facts) == []

    def test_the_resolution_answers(self) -> None:
        facts = at("mon 10:00", REPLY, REQUESTER), at("mon 10:30", RESOLVED), at("mon 11:00", REPLY, REQUESTER)
        assert cycles("next_reply", self.book, *self.answered, *facts) == [("mon 10:00", "mon 10:30", "met")]

    def test_the_oldest_message_to_a_resolved_ticket_starts_when_it_is_reopened(self) -> None:
        facts = at("mon 10:00", RESOLVED), at("mon 11:00", REPLY, REQUESTER), at("mon 11:30", REPLY, REQUESTER), at("mon 11:45", OPEN)
        assert cycles("next_reply", self.book, *self.answered, *facts) == [("mon 11:00", None, "running")]
        assert clocks(self.book, [*self.answered, *facts])["next_reply", 1].elapsed_us == HOUR_US * 3 // 4

    def test_a_reply_to_it_in_the_meantime_answers_it(self) -> None:
        facts = at("mon 10:00", RESOLVED), at("mon 11:00", REPLY, REQUESTER), at("mon 11:30", REPLY), at("mon 11:45", OPEN)
        assert cycles("next_reply", self.book, *self.answered, *facts) == []

    def test_a_reply_while_resolved_means_that_nothing_is_reopened(self) -> None:
        facts = at("mon 09:30", REPLY, REQUESTER), at("mon 10:00", RESOLVED), at("mon 11:00", REPLY), at("mon 11:45", OPEN)
        assert cycles("next_reply", self.book, *self.answered, *facts) == [("mon 09:30", "mon 10:00", "met")]

    @pytest.mark.parametrize(("reopen", "expected"), [
        ("resume", [("mon 09:30", None, "running")]),
        ("count_through", [("mon 09:30", None, "running")]),
        ("restart", [("mon 09:30", "mon 10:00", "met"), ("mon 11:00", None, "running")]),
        ("ignore", [("mon 09:30", "mon 10:00", "met"), ("mon 11:00", None, "running")]),
    ])
    def test_resolved_with_a_message_open_and_another_after(self, reopen: str, expected: object) -> None:
        facts = at("mon 09:30", REPLY, REQUESTER), at("mon 10:00", RESOLVED), at("mon 11:00", REPLY, REQUESTER), at("mon 11:00", OPEN)
        assert cycles("next_reply", policy("next_reply: 4h", reopen), *self.answered, *facts) == expected


class TestFirstReplyToTheRequester:
    """Of a policy by which the first reply starts with the requester's first message, on a ticket that an agent opened."""

    opened = at("mon 09:00", OPENED), at("mon 09:05", REPLY)
    written = at("mon 11:00", REPLY, REQUESTER)

    def starting(self, metric: str = "first_reply") -> RuleBook:
        return policy(f"{metric}: 1h", more="first_reply_starts: requester_message")

    def test_it_runs_from_the_message_to_the_reply_after_it(self) -> None:
        facts = *self.opened, self.written, at("mon 11:10", REPLY, REQUESTER), at("mon 11:20", REPLY), at("mon 12:00", REPLY)
        assert cycles("first_reply", self.starting(), *facts) == [("mon 11:00", "mon 11:20", "met")]
        assert cycles("first_reply", policy("first_reply: 1h"), *facts) == [("mon 09:00", "mon 09:05", "met")]

    @pytest.mark.parametrize("opener", [REQUESTER, ROBOT])
    def test_on_other_tickets_it_starts_with_the_opening(self, opener: Actor) -> None:
        facts = at("mon 09:00", OPENED, opener), self.written
        assert cycles("first_reply", self.starting(), *facts) == [("mon 09:00", None, "running")]

    def test_of_a_ticket_whose_opening_is_not_known_it_starts_with_the_first_fact(self) -> None:
        assert cycles("first_reply", self.starting(), at("mon 09:00", OPEN), self.written) == [("mon 09:00", None, "running")]

    @pytest.mark.parametrize("more", [(), (at("mon 10:00", NOTE, REQUESTER),), (at("mon 10:00", RESOLVED), at("mon 12:00", OPEN))])
    def test_without_a_message_there_is_none(self, more: Sequence[TicketFact]) -> None:
        assert cycles("first_reply", self.starting(), *self.opened, *more) == []

    def test_a_resolution_after_the_message_ends_it(self) -> None:
        facts = *self.opened, self.written, at("mon 12:01", RESOLVED)
        assert cycles("first_reply", self.starting(), *facts) == [("mon 11:00", "mon 12:01", "breached")]

    def test_a_message_to_a_resolved_ticket_starts_it_when_that_is_reopened(self) -> None:
        facts = *self.opened, at("mon 10:00", RESOLVED), self.written, at("mon 11:30", OPEN), at("mon 11:45", REPLY)
        assert cycles("first_reply", self.starting(), *facts) == [("mon 11:00", "mon 11:45", "met")]

    def test_a_reply_to_it_in_the_meantime_answers_it(self) -> None:
        facts = *self.opened, at("mon 10:00", RESOLVED), self.written, at("mon 11:10", REPLY), at("mon 11:30", OPEN)
        assert cycles("first_reply", self.starting(), *facts, at("mon 12:00", REPLY, REQUESTER)) == []

    def test_the_message_is_not_the_next_one_too(self) -> None:
        facts = *self.opened, self.written, at("mon 11:20", REPLY), at("mon 12:00", REPLY, REQUESTER)
        assert cycles("next_reply", self.starting("next_reply"), *facts) == [("mon 12:00", None, "running")]
        assert cycles("next_reply", policy("next_reply: 1h"), *facts) == [
            ("mon 11:00", "mon 11:20", "met"), ("mon 12:00", None, "running"),
        ]


class TestRobotsReplies:
    """Of a policy for which they count; TestFirstReply has what they are for every other."""

    robot = at("mon 09:01", REPLY, ROBOT)
    facts = at("mon 09:00", Opened(agent="anna")), robot

    def counting(self, metric: str) -> RuleBook:
        return policy(f"{metric}: 1h", more="robot_replies_count: true")

    def test_it_ends_the_first_reply_for_no_agent(self) -> None:
        assert cycles("first_reply", self.counting("first_reply"), *self.facts) == [("mon 09:00", "mon 09:01", "met")]
        clock = clocks(self.counting("first_reply"), self.facts)["first_reply", 1]
        assert (clock.agent, clock.ended_by) == ("", self.robot)

    def test_after_it_messages_wait_for_the_next_reply(self) -> None:
        facts = *self.facts, at("mon 10:00", REPLY, REQUESTER), at("mon 10:02", REPLY, ROBOT)
        assert cycles("next_reply", self.counting("next_reply"), *facts) == [("mon 10:00", "mon 10:02", "met")]
        assert cycles("next_reply", policy("next_reply: 1h"), *facts) == []

    def test_it_is_an_update(self) -> None:
        facts = *self.facts, at("mon 09:30", REPLY)
        assert cycles("periodic_update", self.counting("periodic_update"), *facts) == [
            ("mon 09:01", "mon 09:30", "met"), ("mon 09:30", None, "running"),
        ]

    def test_its_notes_are_none(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 09:01", NOTE, ROBOT)
        assert cycles("first_reply", self.counting("first_reply"), *facts) == [("mon 09:00", None, "running")]

    def test_the_policy_at_the_reply_decides(self) -> None:
        book = RuleBook([(0, 1, rules("""
            policies:
              - {name: chat, when: {channel: chat}, calendar: always, reopen: resume, robot_replies_count: true, targets: {first_reply: 1h}}
              - {name: rest, calendar: always, reopen: resume, targets: {first_reply: 1h}}
        """))])
        for channel, state in (("chat", "met"), ("email", "running")):
            assert clocks(book, [at("mon 09:00", Opened(channel=channel)), self.robot])["first_reply", 1].state == state


class TestPeriodicUpdate:
    book = policy("periodic_update: 1h")

    def test_from_one_public_reply_of_an_agent_to_the_next(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 10:00", REPLY), at("mon 10:30", NOTE), at("mon 11:00", REPLY), at("mon 12:01", REPLY)
        assert cycles("periodic_update", self.book, *facts) == [
            ("mon 10:00", "mon 11:00", "met"), ("mon 11:00", "mon 12:01", "breached"), ("mon 12:01", None, "running"),
        ]

    def test_the_resolution_is_the_last_update(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 10:00", REPLY), at("mon 10:30", RESOLVED), at("mon 10:40", REPLY)
        assert cycles("periodic_update", self.book, *facts) == [("mon 10:00", "mon 10:30", "met")]


@pytest.mark.parametrize(("metric", "pausing"), [
    ("requester_wait", {PENDING}), ("agent_work", {PENDING, ON_HOLD}), ("resolution", {PENDING, ON_HOLD}),
    ("ownership", {PENDING, ON_HOLD}), ("first_reply", set()),
])
class TestFromOpeningToResolution:
    opened = Opened(group="tier-1")

    def test_it_ends_at_the_resolution(self, metric: str, pausing: object) -> None:
        facts = at("mon 09:00", self.opened), at("mon 10:00", RESOLVED), at("mon 15:00", CLOSED)
        assert cycles(metric, policy(f"{metric}: 1h"), *facts) == [("mon 09:00", "mon 10:00", "met")]

    def test_closed_without_resolved_counts_as_resolved(self, metric: str, pausing: object) -> None:
        facts = at("mon 09:00", self.opened), at("mon 10:00", CLOSED)
        assert cycles(metric, policy(f"{metric}: 1h"), *facts) == [("mon 09:00", "mon 10:00", "met")]

    @pytest.mark.parametrize("status", [OPEN, PENDING, ON_HOLD])
    def test_the_statuses_that_pause_it_by_default(self, metric: str, pausing: set[StatusChanged], status: StatusChanged) -> None:
        facts = at("mon 09:00", self.opened), at("mon 10:00", status), at("mon 12:00", OPEN), at("mon 13:00", RESOLVED)
        clock = clocks(policy(f"{metric}: 8h"), facts)[metric, 1]
        expected = (2 * HOUR_US, 2 * HOUR_US) if status in pausing else (4 * HOUR_US, 0)
        assert (clock.elapsed_us, clock.paused_us) == expected

    def test_a_ticket_that_comes_resolved_has_a_clock_of_no_length(self, metric: str, pausing: object) -> None:
        clock = clocks(policy(f"{metric}: 1h"), [at("mon 09:00", Opened(group="tier-1", status=Status.RESOLVED))])[metric, 1]
        assert (clock.state, clock.elapsed_us, clock.ended_at_us) == ("met", 0, clock.started_at_us)

    def test_merging_cancels_it(self, metric: str, pausing: object) -> None:
        facts = at("mon 09:00", self.opened), at("mon 09:30", Merged("2")), at("mon 09:40", REPLY), at("mon 10:00", RESOLVED)
        assert cycles(metric, policy(f"{metric}: 1h"), *facts) == [("mon 09:00", "mon 09:30", "cancelled")]

    def test_a_breach_before_the_merging_stays_known(self, metric: str, pausing: object) -> None:
        clock = clocks(policy(f"{metric}: 1h"), [at("mon 09:00", self.opened), at("mon 11:00", Merged("2"))])[metric, 1]
        assert (clock.state, clock.breached_at_us) == ("cancelled", clock.started_at_us + HOUR_US)


class TestOwnership:
    book = policy("ownership: {target: {tier-1: 1h, default: 4h}, by: group}")

    def test_each_stay_with_a_group_is_a_cycle_with_the_target_of_the_group(self) -> None:
        facts = [
            at("mon 09:00", Opened(group="tier-1")), at("mon 10:30", Assigned("tier-2", "bert")),
            at("mon 11:00", Assigned("tier-1", "anna")), at("mon 11:30", RESOLVED),
        ]
        assert cycles("ownership", self.book, *facts) == [
            ("mon 09:00", "mon 10:30", "breached"), ("mon 10:30", "mon 11:00", "met"), ("mon 11:00", "mon 11:30", "met"),
        ]
        found = clocks(self.book, facts)
        assert [(found["ownership", cycle].group, found["ownership", cycle].target_us // HOUR_US) for cycle in (1, 2, 3)] == [
            ("tier-1", 1), ("tier-2", 4), ("tier-1", 1),
        ]

    def test_another_agent_of_the_group_changes_nothing(self) -> None:
        facts = at("mon 09:00", Opened(group="tier-1", agent="anna")), at("mon 09:30", Assigned(agent="bert"))
        assert cycles("ownership", self.book, *facts) == [("mon 09:00", None, "running")]

    def test_without_a_group_nobody_owns_it(self) -> None:
        facts = at("mon 09:00", Opened()), at("mon 09:30", Assigned("tier-1")), at("mon 09:45", Assigned("")), at("mon 10:00", RESOLVED)
        assert cycles("ownership", self.book, *facts) == [("mon 09:30", "mon 09:45", "met")]

    def test_the_agent_is_who_had_it_in_that_group(self) -> None:
        facts = at("mon 09:00", Opened(group="tier-1", agent="anna")), at("mon 09:30", Assigned("tier-2", "bert"), ROBOT)
        found = clocks(self.book, facts)
        assert [found["ownership", cycle].agent for cycle in (1, 2)] == ["anna", "bert"]

    @pytest.mark.parametrize(("reopen", "expected"), [
        ("resume", [("mon 09:00", None, "running")]), ("ignore", [("mon 09:00", "mon 09:30", "met")]),
        ("restart", [("mon 09:00", "mon 09:30", "met"), ("mon 12:00", None, "running")]),
    ])
    def test_reopened_with_the_same_group(self, reopen: str, expected: object) -> None:
        facts = at("mon 09:00", Opened(group="tier-1")), at("mon 09:30", RESOLVED), at("mon 12:00", Reopened())
        assert cycles("ownership", policy("ownership: 2h", reopen), *facts) == expected

    @pytest.mark.parametrize("reopen", ["resume", "count_through", "restart", "ignore"])
    def test_reopened_with_another_group_is_that_groups_cycle(self, reopen: str) -> None:
        moved_and_reopened = at("mon 12:00", Assigned("tier-2")), at("mon 12:00", OPEN)
        facts = at("mon 09:00", Opened(group="tier-1")), at("mon 09:30", RESOLVED), *moved_and_reopened
        assert cycles("ownership", policy("ownership: 2h", reopen), *facts) == [
            ("mon 09:00", "mon 09:30", "met"), ("mon 12:00", None, "running"),
        ]


def test_a_metric_without_a_target_has_no_clock() -> None:
    found = clocks(policy("resolution: 1h"), [at("mon 09:00", Opened(group="tier-1")), at("mon 09:30", REPLY)])
    assert set(found) == {("resolution", 1)}


def test_no_facts_no_clocks() -> None:
    assert clocks(policy("resolution: 1h"), []) == {}


class TestClosure:
    book = policy("closure: 8h")

    def test_it_runs_on_after_the_resolution_until_the_ticket_is_closed(self) -> None:
        facts = at("mon 09:00", OPENED), at("mon 10:00", RESOLVED), at("mon 12:00", CLOSED)
        assert cycles("closure", self.book, *facts) == [("mon 09:00", "mon 12:00", "met")]

    def test_a_ticket_that_is_only_resolved_keeps_it_running(self) -> None:
        assert cycles("closure", self.book, at("mon 09:00", OPENED), at("mon 10:00", RESOLVED)) == [("mon 09:00", None, "running")]

    @pytest.mark.parametrize("later", [OPEN, RESOLVED])
    def test_a_closed_ticket_that_gets_another_status_is_reopened_for_it(self, later: StatusChanged) -> None:
        facts = at("mon 09:00", OPENED), at("mon 10:00", CLOSED), at("mon 11:00", later), at("mon 12:00", CLOSED)
        assert cycles("closure", self.book, *facts) == [("mon 09:00", "mon 12:00", "met")]
