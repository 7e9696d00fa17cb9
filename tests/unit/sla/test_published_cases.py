"""Cases with figures that vendors and their users publish. Each names its source; times are on the week of tests/kit/sla.py."""
from __future__ import annotations

import pytest

from opsledger.core.sla.rules import RuleBook
from opsledger.core.tickets.facts import DueSet, Opened, PriorityChanged, Replied, Status, StatusChanged, TicketFact
from tests.kit.sla import HOUR_US, MINUTE_US, REQUESTER, at, clocks, policy, rules, shown

REPLY = Replied(public=True)
OPEN, PENDING, ON_HOLD, RESOLVED, CLOSED = (
    StatusChanged(status) for status in (Status.OPEN, Status.PENDING, Status.ON_HOLD, Status.RESOLVED, Status.CLOSED)
)


class TestZendeskMetrics:
    """GitLab handbook, customer-support-operations/zendesk/metrics-definitions, "Detailed example": Zendesk's definitions on one ticket.

    Its totals of Open and On-hold are half an hour and five hours off its own timeline (and its parts do not sum to its 53.5 hours);
    the requester wait below is its total resolution time less its 18 hours of Pending, as the definition says.
    """

    timeline = (
        at("mon 09:00", Opened(), REQUESTER),
        at("mon 14:00", REPLY), at("mon 14:00", OPEN),
        at("mon 15:30", REPLY, REQUESTER),
        at("mon 16:00", REPLY), at("mon 16:00", PENDING),
        at("tue 10:00", REPLY, REQUESTER), at("tue 10:00", OPEN),
        at("tue 11:00", ON_HOLD),
        at("wed 14:00", OPEN),
        at("wed 14:30", REPLY), at("wed 14:30", RESOLVED),
    )

    @pytest.mark.parametrize(("metric", "pause_on", "hours"), [
        ("first_reply", "default", [5]),
        ("next_reply", "default", [0.5, 28.5]),
        ("periodic_update", "[]", [2, 46.5, 0]),
        ("periodic_update", "[pending]", [2, 28.5, 0]),
        ("resolution", "[]", [53.5]),
        ("requester_wait", "default", [53.5 - 18]),
        ("agent_work", "default", [53.5 - 18 - 27]),
    ])
    def test_detailed_example(self, metric: str, pause_on: str, hours: list[float]) -> None:
        options = "" if pause_on == "default" else f", pause_on: {pause_on}"
        found = clocks(policy(f"{metric}: {{target: 9h{options}}}"), self.timeline)
        assert [clock.elapsed_us / HOUR_US for clock in found.values()] == hours


def test_zendesk_applies_policies_at_ticket_events() -> None:
    """Zendesk help 4408885881498, "The new policy does not display": SLAs are based on ticket events; without one the old SLA stays."""
    template = "policies: [{{name: {}, calendar: always, reopen: resume, targets: {{resolution: 9h}}}}]"
    old, new = rules(template.format("old")), rules(template.format("new"))
    book = RuleBook([(0, 1, old), (at("tue 00:00", OPEN).occurred_at_us, 2, new)])
    created = at("mon 09:00", Opened())
    assert clocks(book, [created], until="wed 09:00")["resolution", 1].policy == "old"
    assert clocks(book, [created, at("tue 09:00", OPEN)])["resolution", 1].policy == "new"


def test_a_priority_change_counts_what_has_passed() -> None:
    """Thena knowledge base 2053998503: High (4 h) to Urgent (2 h) one hour after creation breaches in one more hour, not two."""
    book = policy("resolution: {high: 4h, urgent: 2h}")
    clock = clocks(book, [at("mon 09:00", Opened(priority="high")), at("mon 10:00", PriorityChanged("urgent"))])["resolution", 1]
    assert shown(clock.due_at_us) == "mon 11:00"


def test_servicenow_retroactive_start_and_pause() -> None:
    """ServiceNow, "SLA retroactive start": priority 3 raised to 1 after 3 hours counts from the creation, and pauses apply to it."""
    book = policy("resolution: {target: {P3: 24h, P1: 8h}, pause_on: [on_hold]}")
    raised = at("mon 09:00", Opened(priority="P3")), at("mon 12:00", PriorityChanged("P1"))
    assert shown(clocks(book, raised)["resolution", 1].due_at_us) == "mon 17:00"
    held = at("mon 10:00", ON_HOLD), at("mon 11:00", OPEN)
    assert shown(clocks(book, [*raised, *held])["resolution", 1].due_at_us) == "mon 18:00"


@pytest.mark.parametrize(("closed", "reopened", "due"), [
    ("mon 13:00", "mon 15:00", "mon 18:00"),  # before the original due time
    ("mon 15:00", "mon 18:00", "mon 19:00"),  # after it, closed in time
])
def test_reopening_extends_the_due_time(closed: str, reopened: str, due: str) -> None:
    """BoldDesk 15281, "Recalculating SLA upon ticket reopening": 4 PM and the time for which the ticket was closed. ``resume`` here."""
    facts = [at("mon 09:00", Opened()), at(closed, CLOSED), at(reopened, OPEN)]
    assert shown(clocks(policy("resolution: 7h"), facts)["resolution", 1].due_at_us) == due


@pytest.mark.parametrize(("reopen", "opened", "closed", "reopened", "minutes"), [
    ("count_through", "mon 09:00", "mon 09:05", "mon 17:05", 8 * 60 + 5),
    ("resume", "mon 10:00", "mon 11:00", "mon 19:00", 60),
])
def test_time_spent_closed_counts_or_not(reopen: str, opened: str, closed: str, reopened: str, minutes: int) -> None:
    """Nanorep 1009688182, "What are the SLA 'Closed' time modes?": 8 hours closed count (8 h, to the hour), or are ignored (1 h)."""
    facts: list[TicketFact] = [at(opened, Opened()), at(closed, CLOSED), at(reopened, OPEN)]
    assert clocks(policy("resolution: 24h", reopen), facts)["resolution", 1].elapsed_us == minutes * MINUTE_US


def test_jira_goal_over_uneven_days() -> None:
    """Atlassian, "How teams see SLAs": goal 16 h from Monday 11:00, open Mon 09-17, Tue 09-16, Thu 08-17: 6 h, 7 h, and 3 h on Thursday."""
    book = RuleBook([(0, 1, rules("""
calendars: {team: {time_zone: UTC, hours: {mon: ["09:00-17:00"], tue: ["09:00-16:00"], thu: ["08:00-17:00"]}}}
policies: [{name: a, calendar: team, reopen: restart, targets: {resolution: 16h}}]
"""))])
    assert shown(clocks(book, [at("mon 11:00", Opened())])["resolution", 1].due_at_us) == "thu 11:00"


def test_jira_starts_a_new_cycle_when_the_start_condition_is_met_again() -> None:
    """Atlassian, "How teams see SLAs", past cycles: after a stop, a start condition resets the SLA to a new cycle; the past one stays."""
    facts = [at("mon 09:00", Opened()), at("mon 11:00", RESOLVED), at("mon 15:00", OPEN), at("mon 16:00", RESOLVED)]
    found = clocks(policy("resolution: 4h", "restart"), facts)
    assert [clock.elapsed_us / HOUR_US for clock in found.values()] == [2, 1]


def test_a_negotiated_date_does_not_move_with_pauses() -> None:
    """Appfire, Time to SLA, "Set when the SLA pauses": with a negotiation date as goal, the target date is not moved forward by pauses."""
    promise = at("mon 09:30", DueSet(at("mon 15:00", OPEN).occurred_at_us))
    facts = [at("mon 09:00", Opened()), promise, at("mon 10:00", PENDING), at("mon 10:05", OPEN)]
    assert shown(clocks(policy("resolution: 4h"), facts)["resolution", 1].due_at_us) == "mon 15:00"
    assert shown(clocks(policy("resolution: 4h"), [facts[0], *facts[2:]])["resolution", 1].due_at_us) == "mon 13:05"
