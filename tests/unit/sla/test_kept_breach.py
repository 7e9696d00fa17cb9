"""What becomes of a breach when no target holds for the ticket any more: cancelled, or counted by the policy's choice."""
from __future__ import annotations

import pytest

from opsledger.core.scorecards.cases import Outcome
from opsledger.core.scorecards.outcomes import ticket_outcomes
from opsledger.core.sla.clock import Clock
from opsledger.core.sla.clocks import run_clocks
from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.facts import Assigned, DueSet, Merged, Opened, PriorityChanged, Status, StatusChanged, TicketFact
from opsledger.core.tickets.order import in_order
from tests.kit.sla import REQUESTER, ROBOT, at, clocks, cycles, rules, shown, time_us

RESOLVED = StatusChanged(Status.RESOLVED)
OPENED = at("mon 09:00", Opened(priority="P1", group="desk", agent="anna"), REQUESTER)
LOWERED = at("mon 14:00", PriorityChanged("P4"))


def book(*, keep_breach: bool = True, more: str = "") -> RuleBook:
    """P1 in 4 h on desk; nothing is promised for other priorities and groups."""
    return RuleBook([(0, 1, rules(f"""
        policies:
          - name: critical
            when: {{priority: P1, group: desk}}
            calendar: always
            reopen: resume
            keep_breach: {str(keep_breach).lower()}
            targets: {{resolution: 4h}}
          {more}
    """))])


def clock(*facts: TicketFact, rules: RuleBook | None = None) -> Clock:
    return clocks(book() if rules is None else rules, [OPENED, *facts])["resolution", 1]


def counted(*facts: TicketFact, rules: RuleBook | None = None) -> list[Outcome]:
    told = in_order([OPENED, *facts])
    found = ticket_outcomes(told, run_clocks(told, book() if rules is None else rules))
    return [row for row in found if row.kpi in ("sla_met.resolution", "resolution_business_time")]


def test_by_default_it_is_cancelled_and_no_case() -> None:
    plain = book(keep_breach=False)
    assert (clock(LOWERED, rules=plain).state, shown(clock(LOWERED, rules=plain).breached_at_us)) == ("cancelled", "mon 13:00")
    assert counted(LOWERED, at("mon 15:00", RESOLVED), rules=plain) == []


def test_kept_it_ends_breached_when_the_target_was_dropped() -> None:
    found = clock(LOWERED, at("mon 15:00", RESOLVED))
    assert (found.state, shown(found.due_at_us), shown(found.ended_at_us)) == ("breached", "mon 13:00", "mon 14:00")
    assert (found.ended_by, found.is_dropped) == (LOWERED, True)


def test_it_is_a_missed_case_once_and_no_time_of_resolution() -> None:
    (row,) = counted(LOWERED, at("mon 15:00", RESOLVED))
    assert (row.kpi, shown(row.at_us), row.numerator, row.agent, row.group) == ("sla_met.resolution", "mon 14:00", 0, "anna", "desk")


def test_it_is_about_who_had_the_ticket_while_it_was_promised() -> None:
    (row,) = counted(at("mon 14:00", Assigned("tier-2", "bert"), ROBOT))
    assert (row.agent, row.group) == ("anna", "desk")


@pytest.mark.parametrize("dropped", ["mon 12:00", "mon 13:00"])
def test_dropped_before_or_at_the_due_time_there_is_no_breach(dropped: str) -> None:
    facts = at(dropped, PriorityChanged("P4")), at("mon 18:00", RESOLVED)
    assert clock(*facts).state == "cancelled"
    assert counted(*facts) == []


def test_a_target_that_appears_again_goes_on_as_if_it_had_never_gone() -> None:
    facts = LOWERED, at("mon 16:00", PriorityChanged("P1")), at("mon 17:00", RESOLVED)
    assert cycles("resolution", book(), OPENED, *facts) == [("mon 09:00", "mon 17:00", "breached")]
    assert [row.numerator for row in counted(*facts) if row.kpi == "sla_met.resolution"] == [0]


def test_what_is_promised_for_no_time_leaves_no_trace() -> None:
    there_and_back = at("mon 16:00", PriorityChanged("P1"), sequence=1), at("mon 16:00", PriorityChanged("P4"), sequence=2)
    assert (clock(LOWERED, *there_and_back).ended_by, clock(LOWERED, *there_and_back).state) == (LOWERED, "breached")
    low = at("mon 09:00", Opened(priority="P4", group="desk"))
    assert clocks(book(), [low, *there_and_back])["resolution", 1].state == "cancelled"


def test_another_target_judges_anew_from_the_start() -> None:
    both = book(more="- {name: rest, calendar: always, reopen: resume, targets: {resolution: 24h}}")
    assert clock(LOWERED, at("mon 15:00", RESOLVED), rules=both).state == "met"


def test_a_time_promised_later_does_not_take_the_breach_back() -> None:
    promised = at("mon 15:00", DueSet(time_us("fri 09:00")))
    assert (clock(LOWERED, promised).state, shown(clock(LOWERED, promised).due_at_us)) == ("breached", "mon 13:00")
    earlier = at("mon 12:00", DueSet(time_us("fri 09:00")))
    assert clock(earlier, LOWERED).state == "cancelled"


def test_merging_is_no_dropping() -> None:
    assert clock(at("mon 14:00", Merged("2"))).state == "cancelled"


def test_new_rules_without_the_target_drop_it_too() -> None:
    later = rules("policies: [{name: none, calendar: always, reopen: resume, targets: {closure: 9h}}]")
    both = RuleBook([(0, 1, book().at(0)[1]), (time_us("mon 13:30"), 2, later)])  # type: ignore[index]  # there are rules from 0 on
    assert clock(at("mon 15:00", RESOLVED), rules=both).state == "breached"


def test_a_missed_clock_that_is_reopened_where_nothing_is_promised_stays_missed() -> None:
    facts = at("mon 14:00", RESOLVED), at("mon 15:00", PriorityChanged("P4")), at("mon 16:00", StatusChanged(Status.OPEN))
    assert (clock(*facts).state, clock(*facts, rules=book(keep_breach=False)).state) == ("breached", "cancelled")
