"""What a ticket contributes to each KPI: given these facts, then these rows (minute, agent, group, numerator)."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.scorecards.cases import Outcome
from opsledger.core.scorecards.choices import UNSAID, Choices, Credit
from opsledger.core.scorecards.kpis import KPIS, Sort
from opsledger.core.scorecards.outcomes import ticket_outcomes
from opsledger.core.scorecards.service_level import Formula, ServiceLevel
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
        facts = ticket(OPENED, (5, BOB, call(60, agent="bob", group="phones")), (6, ANN, Replied(True)), (6, ANN, RESOLVED))
        assert rows("first_contact_resolution", facts) == [(5, "bob", "phones", 1)]

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

    def test_a_reopening_takes_it_back_from_the_agent_of_the_first_contact(self) -> None:
        replied, moved = (2, ANN, Replied(True)), (6, ROBOT, Assigned(agent="bob"))
        facts = ticket(OPENED, replied, (3, ANN, RESOLVED), (5, CUSTOMER, REOPENED), moved, (9, BOB, RESOLVED))
        assert rows("first_contact_resolution", facts) == [(2, "ann", "desk", 0)]

    def test_a_contact_that_did_not_resolve_the_ticket_is_a_case(self) -> None:
        assert rows("first_contact_resolution", ticket(OPENED, (5, ANN, call(60)))) == [(5, "ann", "desk", 0)]

    def test_a_ticket_without_any_contact_is_no_case(self) -> None:
        assert rows("first_contact_resolution", ticket(OPENED, (9, ANN, RESOLVED))) == []


class TestResolutionRate:
    def test_every_opened_ticket_is_a_case_dated_at_its_opening(self) -> None:
        moved = (3, ROBOT, Assigned(agent="bob"))
        assert rows("resolution_rate", ticket(OPENED, moved)) == [(0, "bob", "desk", 0)]
        assert rows("resolution_rate", ticket(OPENED, moved, (9, BOB, RESOLVED))) == [(0, "bob", "desk", 1)]

    def test_a_reopening_takes_it_back(self) -> None:
        assert rows("resolution_rate", ticket(OPENED, (3, ANN, RESOLVED), (5, CUSTOMER, REOPENED))) == [(0, "ann", "desk", 0)]

    def test_a_ticket_whose_opening_is_not_known_has_no_date_and_no_case(self) -> None:
        assert rows("resolution_rate", ticket((3, ANN, RESOLVED))) == []


class TestTimes:
    def test_the_first_reply_counts_from_the_opening_for_who_replied(self) -> None:
        facts = ticket(OPENED, (2, ROBOT, Replied(True)), (4, ANN, Replied(False)), (5, BOB, Replied(True)), (9, ANN, Replied(True)))
        assert rows("first_reply_time", facts) == [(5, "bob", "desk", 5 * MINUTE_US)]

    def test_a_resolution_counts_from_the_opening_to_the_one_that_stands(self) -> None:
        facts = ticket(OPENED, (3, ANN, RESOLVED), (5, CUSTOMER, REOPENED), (9, ANN, RESOLVED))
        assert rows("resolution_time", facts) == [(9, "ann", "desk", 9 * MINUTE_US)]
        assert rows("resolution_time", facts[:3]) == []

    def test_without_a_known_opening_there_is_no_time(self) -> None:
        facts = ticket((3, ANN, Replied(True)), (9, ANN, RESOLVED))
        assert rows("first_reply_time", facts) == rows("resolution_time", facts) == []

    def test_business_time_is_what_the_clocks_counted(self) -> None:
        paused = (1, ANN, StatusChanged(Status.PENDING)), (4, ANN, StatusChanged(Status.OPEN))
        facts = ticket(OPENED, *paused, (5, ANN, Replied(True)), (9, ANN, RESOLVED))
        assert rows("first_reply_business_time", facts) == [(5, "ann", "desk", 5 * MINUTE_US)]
        assert rows("resolution_business_time", facts) == [(9, "ann", "desk", 6 * MINUTE_US)]

    def test_a_resolution_without_a_reply_is_no_first_reply(self) -> None:
        assert rows("first_reply_business_time", ticket(OPENED, (5, ANN, RESOLVED))) == []


class TestCreditOfResolutions:
    def test_by_choice_to_the_agent_who_resolved_it(self) -> None:
        facts = ticket(OPENED, (3, ANN, Replied(True)), (9, BOB, RESOLVED))
        found = ticket_outcomes(facts, (), lambda _: Choices(resolutions_credited_to=Credit.RESOLVER))
        credited = {row.kpi: row.agent for row in found}
        assert {name for name, agent in credited.items() if agent == "bob"} == {
            "reopen_rate", "tickets_resolved", "transfer_rate", "resolution_rate", "resolution_time",
        }
        assert credited["first_contact_resolution"] == credited["first_reply_time"] == "ann"

    def test_to_the_owner_where_a_robot_resolved_it(self) -> None:
        found = ticket_outcomes(ticket(OPENED, (9, ROBOT, RESOLVED)), (), lambda _: Choices(resolutions_credited_to=Credit.RESOLVER))
        assert {row.agent for row in found} == {"ann"}


class TestCalls:
    """The five formulae on the calls of one day: 1,000 offered, 900 answered, 760 of them in time, 100 abandoned, 40 of them short."""

    def calls(self) -> list[TicketFact]:
        waits = [(True, 20)] * 760 + [(True, 21)] * 140 + [(False, 20)] * 40 + [(False, 21)] * 60
        return ticket(OPENED, *(
            (minute, ROBOT, InteractionEnded(f"c{minute}", Channel.CALL, answered, queue_wait_us=wait_s * SECOND_US))
            for minute, (answered, wait_s) in enumerate(waits, 1)
        ))

    @pytest.mark.parametrize(("formula", "counted", "of"), [
        (Formula.OF_OFFERED, 760, 1_000), (Formula.OF_OFFERED_WITHOUT_SHORT, 760, 960), (Formula.WITH_SHORT_OF_OFFERED, 800, 1_000),
        (Formula.OF_ANSWERED, 760, 900), (Formula.OF_ANSWERED_AND_LATE, 760, 960),
    ])
    def test_service_level(self, formula: Formula, counted: int, of: int) -> None:
        found = ticket_outcomes(self.calls(), (), lambda _: Choices(ServiceLevel(20 * SECOND_US, formula)))
        level = [row for row in found if row.kpi == "service_level"]
        assert (sum(row.numerator for row in level), len(level)) == (counted, of)
        assert level[0].detail == f"c1, answered within 20 s, {formula}"

    def test_without_a_choice_there_is_no_service_level(self) -> None:
        assert rows("service_level", self.calls()) == []

    def test_abandonment_is_what_was_not_answered_of_what_was_offered(self) -> None:
        assert [row[3] for row in rows("abandonment", self.calls())] == [0] * 900 + [1] * 100

    def test_speed_of_answer_is_the_wait_of_answered_calls(self) -> None:
        assert [row[3] // SECOND_US for row in rows("speed_of_answer", self.calls())] == [20] * 760 + [21] * 140

    def test_a_wait_that_the_source_does_not_say_is_no_wait_of_zero(self) -> None:
        unsaid, none = InteractionEnded("c", Channel.CALL, True), InteractionEnded("d", Channel.CALL, True, queue_wait_us=0)
        assert rows("speed_of_answer", ticket(OPENED, (4, ANN, unsaid), (5, ANN, none))) == [(5, "ann", "desk", 0)]

    def test_a_chat_is_no_call(self) -> None:
        facts = ticket(OPENED, (4, ANN, call(60, channel=Channel.CHAT)))
        assert rows("speed_of_answer", facts) == rows("abandonment", facts) == []


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

    def test_it_goes_to_who_had_the_ticket_when_the_contact_ended_whoever_has_it_later(self) -> None:
        answer = (9, CUSTOMER, FeedbackReceived(FeedbackKind.CSAT, 5, 1, 5))
        moved, reopened = (4, ROBOT, Assigned(group="back office", agent="bob")), (5, CUSTOMER, REOPENED)
        assert rows("csat", ticket(OPENED, (3, ANN, RESOLVED), moved, answer)) == [(9, "ann", "desk", 1)]
        assert rows("csat", ticket(OPENED, (3, ANN, RESOLVED), moved, reopened, answer, (12, BOB, RESOLVED))) == [(9, "ann", "desk", 1)]
        again = (8, BOB, RESOLVED)
        assert rows("csat", ticket(OPENED, (3, ANN, RESOLVED), moved, reopened, again, answer)) == [(9, "bob", "back office", 1)]
        call = InteractionEnded("call 1", Channel.CALL, True)
        assert rows("csat", ticket(OPENED, (3, ANN, call), moved, answer)) == [(9, "ann", "desk", 1)]

    def test_a_corrected_answer_replaces_the_first_where_it_stood(self) -> None:
        answers = [FeedbackReceived(FeedbackKind.CSAT, score, 1, 5, feedback_id="r1") for score in (1, 5)]
        told = [(4, CUSTOMER, answers[0]), (9, CUSTOMER, answers[1])]
        moved = (6, ROBOT, Assigned(agent="bob"))
        facts = ticket(OPENED, (3, ANN, RESOLVED), told[0], moved, (7, CUSTOMER, REOPENED), (8, BOB, RESOLVED), told[1])
        assert rows("csat", facts) == [(4, "ann", "desk", 1)]
        assert [row.detail for row in ticket_outcomes(facts, ()) if row.kpi == "csat"] == ["5 of 1 to 5, corrected from 1"]

    def test_answers_of_other_ids_or_kinds_are_answers_of_their_own(self) -> None:
        told = [
            FeedbackReceived(FeedbackKind.CSAT, 1, 1, 5, feedback_id="r1"),
            FeedbackReceived(FeedbackKind.CSAT, 5, 1, 5, feedback_id="r2"),
            FeedbackReceived(FeedbackKind.NPS, 9, 0, 10, feedback_id="r1"),
        ]
        facts = ticket(OPENED, *((minute, CUSTOMER, answer) for minute, answer in enumerate(told, 4)))
        assert [row[3] for row in rows("csat", facts)] == [0, 1]
        assert [row[3] for row in rows("nps", facts)] == [1]

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


class TestAbandonedCalls:
    """Given a call that nobody took, whose ticket is closed without anybody having done anything: no promise was kept."""

    lost = (1, ROBOT, call(20, answered=False))
    closed = (4, ROBOT, StatusChanged(Status.CLOSED))

    def sla(self, *told: tuple[int, Actor, Fact], choices: Choices = UNSAID) -> list[tuple[str, int, int]]:
        facts = ticket((0, ROBOT, Opened(group="desk")), *told)
        found = [row for row in ticket_outcomes(facts, run_clocks(facts, RULES), lambda _: choices) if row.kpi.startswith("sla_met.")]
        return [(row.kpi.removeprefix("sla_met."), row.at_us // MINUTE_US, row.numerator) for row in found]

    @pytest.mark.parametrize("closed_by", [ROBOT, CUSTOMER])
    @pytest.mark.parametrize("minute", [4, 60])
    def test_its_clocks_are_neither_met_nor_missed(self, closed_by: Actor, minute: int) -> None:
        assert self.sla(self.lost, (2, ROBOT, Replied(True)), (minute, closed_by, RESOLVED)) == []

    def test_its_other_rows_stay(self) -> None:
        facts = ticket(OPENED, self.lost, self.closed)
        assert rows("tickets_resolved", facts) == [(4, "ann", "desk", 1)]
        assert rows("abandonment", facts) == [(1, "", "desk", 1)]
        assert rows("resolution_business_time", facts) == [(4, "ann", "desk", 4 * MINUTE_US)]

    def test_a_program_may_count_them(self) -> None:
        found = self.sla(self.lost, self.closed, choices=Choices(abandoned_calls_count=True))
        assert found == [("first_reply", 4, 1), ("resolution", 4, 1), ("ownership", 4, 1)]

    @pytest.mark.parametrize("more", [
        (2, ANN, Replied(True)), (2, ANN, Replied(False)), (2, ANN, Assigned(agent="ann")), (2, ROBOT, call(60)),
        (2, ROBOT, call(20, answered=False, channel=Channel.CHAT)), (2, CUSTOMER, Replied(True)), (4, ANN, RESOLVED), (5, ROBOT, call(60)),
    ])
    def test_what_an_agent_did_or_the_requester_said_elsewhere_makes_it_a_case(self, more: tuple[int, Actor, Fact]) -> None:
        assert ("resolution", 4, 1) in self.sla(self.lost, more, self.closed)

    def test_a_ticket_without_any_call_is_a_case(self) -> None:
        assert ("resolution", 4, 1) in self.sla(self.closed)

    def test_the_routing_of_a_robot_is_nobodys_work(self) -> None:
        assert self.sla(self.lost, (2, ROBOT, Assigned("desk", "ann")), self.closed) == []

    def test_a_group_that_passed_it_on_has_its_case(self) -> None:
        assert self.sla(self.lost, (3, ROBOT, Assigned("second line")), self.closed) == [("ownership", 3, 1)]

    def test_what_comes_after_a_reopening_is_judged_by_itself(self) -> None:
        found = self.sla(self.lost, self.closed, (6, CUSTOMER, REOPENED), (7, ANN, Replied(True)), (9, ANN, RESOLVED))
        assert [row for row in found if row[0] == "resolution"] == [("resolution", 9, 1)]

    def test_a_call_that_is_known_only_after_the_closing_is_a_call(self) -> None:
        assert self.sla(self.closed, (5, ROBOT, call(20, answered=False))) == []


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
