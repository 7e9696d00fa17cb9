"""What a ticket contributes to each KPI: given these facts, then these rows (minute, agent, group, numerator)."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.scorecards.kpis import KPIS, Sort
from opsledger.core.scorecards.outcomes import Outcome, ticket_outcomes
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import RuleBook, parse_rules
from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Channel,
    Fact,
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
from opsledger.core.tickets.order import in_order
from tests.kit.ticket_facts import ticket_facts

MINUTE_US = 60_000_000
SECOND_US = 1_000_000
ANN, BOB = Actor(ActorKind.AGENT, "ann"), Actor(ActorKind.AGENT, "bob")
CUSTOMER, ROBOT = Actor(ActorKind.REQUESTER, "customer"), Actor(ActorKind.SYSTEM)
OPENED = (0, ROBOT, Opened(group="desk", agent="ann"))
RESOLVED, REOPENED = StatusChanged(Status.RESOLVED), StatusChanged(Status.OPEN)


RULES = RuleBook([(0, 1, parse_rules({
    "time_zone": "UTC",
    "policies": [{
        "name": "gold", "calendar": "always", "reopen": "restart",
        "targets": {"first_reply": "6m", "resolution": "8m", "ownership": "10m"},
    }],
}))])


def ticket(*told: tuple[int, Actor, Fact]) -> list[TicketFact]:
    return [
        TicketFact("acme", "support", "zendesk", "1", f"event {index}", minute * MINUTE_US, index, actor, fact)
        for index, (minute, actor, fact) in enumerate(told)
    ]


def rows(kpi: str, facts: list[TicketFact]) -> list[tuple[int, str, str, int]]:
    found = [row for row in ticket_outcomes(facts, run_clocks(facts, RULES)) if row.kpi == kpi]
    return [(row.at_us // MINUTE_US, row.agent, row.group, row.numerator) for row in found]


def call(seconds: int, *, answered: bool = True, agent: str = "", group: str = "", channel: Channel = Channel.CALL) -> InteractionEnded:
    """Of so many seconds of handling: 10 on hold, 5 of wrap-up, the rest talk; after 5 in the queue."""
    queue_wait_us, talk_us, hold_us, wrap_us = (span * SECOND_US for span in (5, seconds - 15, 10, 5))
    return InteractionEnded(f"{seconds} s", channel, answered, agent, group, queue_wait_us, talk_us, hold_us, wrap_us)


class TestTicketsResolved:
    def test_a_resolved_ticket_counts_for_the_agent_who_had_it(self) -> None:
        assert rows("tickets_resolved", ticket(OPENED, (9, BOB, RESOLVED))) == [(9, "ann", "desk", 1)]

    def test_nobodys_ticket_counts_for_the_agent_who_resolved_it(self) -> None:
        assert rows("tickets_resolved", ticket((0, ROBOT, Opened()), (9, BOB, RESOLVED))) == [(9, "bob", "", 1)]

    def test_nobodys_ticket_that_a_robot_resolved_counts_for_nobody(self) -> None:
        assert rows("tickets_resolved", ticket((0, ROBOT, Opened()), (9, ROBOT, RESOLVED))) == [(9, "", "", 1)]

    def test_it_counts_once_at_the_resolution_that_stands(self) -> None:
        facts = ticket(OPENED, (3, ANN, RESOLVED), (5, CUSTOMER, REOPENED), (6, ROBOT, Assigned(agent="bob")), (9, BOB, RESOLVED))
        assert rows("tickets_resolved", facts) == [(9, "bob", "desk", 1)]

    def test_closing_a_resolved_ticket_resolves_nothing(self) -> None:
        facts = ticket(OPENED, (3, ANN, RESOLVED), (9, ROBOT, StatusChanged(Status.CLOSED)))
        assert rows("tickets_resolved", facts) == [(3, "ann", "desk", 1)]

    def test_a_reopened_ticket_does_not_count_until_it_is_resolved_again(self) -> None:
        assert rows("tickets_resolved", ticket(OPENED, (3, ANN, RESOLVED), (5, CUSTOMER, REOPENED))) == []

    def test_a_merged_ticket_counts_where_it_went(self) -> None:
        facts = ticket(OPENED, (3, ANN, StatusChanged(Status.CLOSED)), (3, ANN, Merged("2")))
        assert ticket_outcomes(facts, ()) == ()


class TestReopenRate:
    def test_every_resolution_is_a_case_and_dated_at_the_resolution(self) -> None:
        facts = ticket(OPENED, (3, ANN, RESOLVED), (5, CUSTOMER, REOPENED), (6, ROBOT, Assigned(agent="bob")), (9, BOB, RESOLVED))
        assert rows("reopen_rate", facts) == [(3, "ann", "desk", 1), (9, "bob", "desk", 0)]

    def test_a_status_and_an_explicit_reopening_are_one(self) -> None:
        facts = ticket(OPENED, (3, ANN, RESOLVED), (5, CUSTOMER, REOPENED), (5, CUSTOMER, Reopened()), (9, ANN, RESOLVED))
        assert rows("reopen_rate", facts) == [(3, "ann", "desk", 1), (9, "ann", "desk", 0)]

    def test_a_reopening_without_a_resolution_is_no_case(self) -> None:
        assert rows("reopen_rate", ticket(OPENED, (5, CUSTOMER, Reopened()))) == []


class TestFirstContactResolution:
    def test_one_reply_and_resolved_for_good(self) -> None:
        assert rows("first_contact_resolution", ticket(OPENED, (5, ANN, Replied(True)), (5, ANN, RESOLVED))) == [(5, "ann", "desk", 1)]

    def test_one_call_and_a_confirmation_by_mail(self) -> None:
        facts = ticket(OPENED, (5, ANN, call(60)), (6, ANN, Replied(True)), (6, ANN, RESOLVED))
        assert rows("first_contact_resolution", facts) == [(6, "ann", "desk", 1)]

    @pytest.mark.parametrize(
        "second", [(6, ANN, Replied(True)), (6, ANN, Assigned(group="second line"))], ids=["second reply", "transfer"]
    )
    def test_not_after_more_than_one_contact(self, second: tuple[int, Actor, Fact]) -> None:
        [(_, _, _, met)] = rows("first_contact_resolution", ticket(OPENED, (5, ANN, Replied(True)), second, (9, ANN, RESOLVED)))
        assert met == 0

    def test_not_after_two_answered_calls(self) -> None:
        assert rows("first_contact_resolution", ticket(OPENED, (5, ANN, call(60)), (6, ANN, call(61)), (9, ANN, RESOLVED)))[0][3] == 0

    def test_a_missed_call_and_a_private_note_are_no_contacts(self) -> None:
        facts = ticket(OPENED, (4, ROBOT, call(20, answered=False)), (5, ANN, call(60)), (6, ANN, Replied(False)), (9, ANN, RESOLVED))
        assert rows("first_contact_resolution", facts)[0][3] == 1

    def test_missed_calls_that_nobody_followed_up_are_no_case(self) -> None:
        missed = (4, ROBOT, call(20, answered=False))
        assert rows("first_contact_resolution", ticket(OPENED, missed, (9, ROBOT, RESOLVED))) == []
        assert rows("first_contact_resolution", ticket(OPENED, missed, (6, ANN, Replied(True)), (9, ANN, RESOLVED)))[0][3] == 1

    def test_a_reopening_takes_it_back_from_the_agent_of_the_first_resolution(self) -> None:
        facts = ticket(OPENED, (3, ANN, RESOLVED), (5, CUSTOMER, REOPENED), (6, ROBOT, Assigned(agent="bob")), (9, BOB, RESOLVED))
        assert rows("first_contact_resolution", facts) == [(3, "ann", "desk", 0)]


class TestTransferRate:
    def test_a_move_to_another_group(self) -> None:
        facts = ticket(OPENED, (3, ANN, Assigned(group="second line", agent="bob")), (9, BOB, RESOLVED))
        assert rows("transfer_rate", facts) == [(9, "bob", "second line", 1)]

    def test_another_agent_of_the_group_is_no_transfer(self) -> None:
        assert rows("transfer_rate", ticket(OPENED, (3, ANN, Assigned(agent="bob")), (9, BOB, RESOLVED))) == [(9, "bob", "desk", 0)]


class TestContacts:
    def test_an_answered_call_has_its_talk_hold_and_wrap_time(self) -> None:
        facts = ticket(OPENED, (4, BOB, call(100, agent="bob", group="phones")))
        assert rows("contacts_handled", facts) == [(4, "bob", "phones", 1)]
        assert rows("handle_time", facts) == [(4, "bob", "phones", 100_000_000)]

    def test_who_is_not_named_had_the_ticket(self) -> None:
        assert rows("contacts_handled", ticket(OPENED, (4, ROBOT, call(100)))) == [(4, "ann", "desk", 1)]

    def test_a_lost_call_counts_against_the_group_and_no_agent(self) -> None:
        facts = ticket(OPENED, (4, ROBOT, call(20, answered=False)), (6, ROBOT, call(60)))
        assert rows("calls_answered", facts) == [(4, "", "desk", 0), (6, "ann", "desk", 1)]
        assert rows("contacts_handled", facts) == [(6, "ann", "desk", 1)]

    def test_a_chat_is_no_call(self) -> None:
        facts = ticket(OPENED, (4, ROBOT, call(60, channel=Channel.CHAT)))
        assert rows("calls_answered", facts) == []
        assert rows("contacts_handled", facts) == [(4, "ann", "desk", 1)]

    def test_a_resolved_ticket_has_the_time_of_all_its_contacts(self) -> None:
        facts = ticket(OPENED, (4, ROBOT, call(60)), (6, ROBOT, call(40)), (9, ANN, RESOLVED))
        assert rows("handle_time_per_ticket", facts) == [(9, "ann", "desk", 100_000_000)]

    def test_a_ticket_without_contacts_has_no_handle_time(self) -> None:
        assert rows("handle_time_per_ticket", ticket(OPENED, (9, ANN, RESOLVED))) == []


class TestFeedback:
    @pytest.mark.parametrize(
        ("score", "low", "high", "satisfied", "of_five"),
        [(5, 1, 5, 1, 5), (4, 1, 5, 1, 4), (3, 1, 5, 0, 3), (1, 0, 1, 1, 5), (0, 0, 1, 0, 1), (75, 0, 100, 1, 4), (74, 0, 100, 0, 3.96)],
    )
    def test_csat_is_the_top_two_boxes_of_five(self, score: float, low: float, high: float, satisfied: int, of_five: float) -> None:
        facts = ticket(OPENED, (9, CUSTOMER, FeedbackReceived(FeedbackKind.CSAT, score, low, high)))
        assert rows("csat", facts) == [(9, "ann", "desk", satisfied)]
        assert rows("csat_mean", facts) == [(9, "ann", "desk", round(of_five * 1_000_000))]

    @pytest.mark.parametrize(("score", "balance"), [(10, 1), (9, 1), (8, 0), (7, 0), (6, -1), (0, -1)])
    def test_nps_counts_promoters_against_detractors(self, score: int, balance: int) -> None:
        assert rows("nps", ticket(OPENED, (9, CUSTOMER, FeedbackReceived(FeedbackKind.NPS, score, 0, 10)))) == [(9, "ann", "desk", balance)]

    def test_it_is_about_the_agent_it_names(self) -> None:
        facts = ticket(OPENED, (9, CUSTOMER, FeedbackReceived(FeedbackKind.CSAT, 5, 1, 5, agent="bob")))
        assert rows("csat", facts) == [(9, "bob", "desk", 1)]

    def test_about_a_ticket_that_nobody_has_any_more_it_is_about_the_resolver(self) -> None:
        answer = FeedbackReceived(FeedbackKind.CSAT, 5, 1, 5)
        facts = ticket(OPENED, (3, ANN, RESOLVED), (4, ROBOT, Assigned(agent="")), (9, CUSTOMER, answer))
        assert rows("csat", facts) == [(9, "ann", "desk", 1)]

    def test_every_answer_counts(self) -> None:
        answers = [(minute, CUSTOMER, FeedbackReceived(FeedbackKind.CSAT, minute, 1, 5)) for minute in (2, 5)]
        assert [row[3] for row in rows("csat", ticket(OPENED, *answers))] == [0, 1]

    def test_a_scale_wider_than_any_float_is_still_a_scale(self) -> None:
        facts = ticket(OPENED, (9, CUSTOMER, FeedbackReceived(FeedbackKind.CSAT, 1.7e308, -1.7e308, 1.7e308)))
        assert rows("csat", facts) == [(9, "ann", "desk", 1)]


class TestSlaMet:
    def test_a_clock_that_ended_counts_for_who_ended_it(self) -> None:
        facts = ticket(OPENED, (5, BOB, Replied(True)), (9, ANN, RESOLVED))
        assert rows("sla_met.first_reply", facts) == [(5, "bob", "desk", 1)]
        assert rows("sla_met.resolution", facts) == [(9, "ann", "desk", 0)]

    def test_an_ownership_clock_counts_for_the_group_and_agent_who_handed_over(self) -> None:
        facts = ticket(OPENED, (5, ANN, Assigned(group="second line", agent="bob")), (20, BOB, RESOLVED))
        assert rows("sla_met.ownership", facts) == [(5, "ann", "desk", 1), (20, "bob", "second line", 0)]

    def test_a_hand_over_at_the_same_instant_takes_no_credit(self) -> None:
        facts = ticket(OPENED, (5, ANN, Replied(True)), (5, ANN, Assigned(group="second line", agent="bob")))
        assert rows("sla_met.first_reply", facts) == [(5, "ann", "desk", 1)]

    def test_every_cycle_is_a_case(self) -> None:
        facts = ticket(OPENED, (4, ANN, RESOLVED), (6, CUSTOMER, REOPENED), (30, ANN, RESOLVED))
        assert rows("sla_met.resolution", facts) == [(4, "ann", "desk", 1), (30, "ann", "desk", 0)]

    def test_a_clock_without_a_result_is_no_case(self) -> None:
        assert rows("sla_met.resolution", ticket(OPENED, (20, ANN, Replied(True)))) == []
        assert rows("sla_met.resolution", ticket(OPENED, (3, ANN, Merged("2")))) == []


def test_no_facts_give_no_rows() -> None:
    assert ticket_outcomes([], []) == ()


@given(st.lists(ticket_facts, max_size=12, unique_by=lambda fact: fact.event_id), st.randoms())
def test_any_recorded_past_gives_well_formed_rows_whatever_the_order_of_arrival(facts: list[TicketFact], random: object) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    found = _outcomes(facts)
    assert _outcomes(shuffled) == found
    for row in found:
        _well_formed(row)


def _outcomes(arrived: list[TicketFact]) -> tuple[Outcome, ...]:
    facts = in_order(arrived)
    return ticket_outcomes(facts, run_clocks(facts, RULES))


def _well_formed(row: Outcome) -> None:
    sort = KPIS[row.kpi].sort
    assert row.denominator == 1
    assert (row.value is not None) == (sort is Sort.MEAN)
    match sort:
        case Sort.COUNT:
            assert row.numerator == 1
        case Sort.SHARE:
            assert row.numerator in (0, 1)
        case Sort.BALANCE:
            assert row.numerator in (-1, 0, 1)
        case Sort.MEAN:
            assert row.value == row.numerator / 1_000_000
