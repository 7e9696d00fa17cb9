"""The list of timers and the explanation of a ticket say the same of its clocks, at any instant."""
from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from opsledger.core.ports import Journal
from opsledger.core.tickets.facts import Opened, Replied, Status, StatusChanged
from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.rules.registry import RuleRegistry
from opsledger.services.timers.answers import Explanations, TimerAnswers
from tests.kit.read_models import MINUTE_US, START_US, fact, record, rules_event

OFFICE = {
    "time_zone": "UTC", "calendars": {"desk": {"time_zone": "UTC", "hours": {"fri": ["09:00-10:00"], "mon": ["08:00-18:00"]}}},
    "policies": [{"name": "all", "calendar": "desk", "reopen": "resume", "targets": {"first_reply": "30m", "resolution": "8h"}}],
}
"""The facts begin on a Friday at nine."""
FACTS = (
    fact("runs", 5, Opened()), fact("waits", 0, Opened()), fact("waits", 10, StatusChanged(Status.PENDING)),
    fact("answered", 0, Opened()), fact("answered", 20, Replied(True)),
    fact("done", 0, Opened()), fact("done", 30, StatusChanged(Status.CLOSED)),
)
FILTERS = (pb.TIMER_FILTER_UNSPECIFIED, pb.TIMER_FILTER_FINISHED)


@pytest.fixture
def journal() -> Journal:
    journal = MemoryJournal(lambda: START_US)
    record(journal, [rules_event(1, OFFICE), *FACTS])
    return journal


@pytest.fixture
def engine(journal: Journal, database_url: str) -> Engine:
    engine = open_database(database_url)
    Projector(Numbered(journal), engine).catch_up()
    return engine


@pytest.mark.parametrize("later_min", [30, 55, 60, 24 * 60, 4 * 24 * 60, 40 * 24 * 60])
def test_at_any_instant(journal: Journal, engine: Engine, later_min: int) -> None:
    now_us = START_US + later_min * MINUTE_US
    answers = TimerAnswers(engine, lambda: now_us)
    pages = [answers.ListTimers(pb.ListTimersRequest(tenant="acme", filter=which)) for which in FILTERS]
    listed = {(timer.ticket_id, timer.metric, timer.cycle): timer for page in pages for timer in page.timers}
    explanations = Explanations(journal, RuleRegistry(journal), lambda: now_us)
    explained = {}
    for ticket in {one.ticket_id for one in FACTS}:
        answer = explanations.ExplainTicket(pb.ExplainTicketRequest(tenant="acme", source="zendesk", ticket_id=ticket))
        explained |= {(ticket, each.timer.metric, each.timer.cycle): each.timer for each in answer.timers}
    assert set(listed) == set(explained)
    for key, timer in listed.items():
        assert (timer.elapsed, timer.paused, timer.late) == (explained[key].elapsed, explained[key].paused, explained[key].late), key


def test_an_hour_of_the_office_later(engine: Engine) -> None:
    """Opened on Friday at 9:05; the office closes at ten and opens on Monday at eight, so at nine 55 and 60 minutes have passed."""
    monday_nine_us = START_US + 3 * 24 * 60 * MINUTE_US
    found = TimerAnswers(engine, lambda: monday_nine_us).ListTimers(pb.ListTimersRequest(tenant="acme", metric="resolution")).timers
    [runs] = [timer for timer in found if timer.ticket_id == "runs"]
    assert runs.elapsed.ToSeconds() == (55 + 60) * 60


def test_a_tenant_has_its_own_timers_alone(journal: Journal, engine: Engine) -> None:
    """The same ticket of the same source in another tenant, of the same program: it is in no list and no change of the first one's."""
    theirs = [replace(one, tenant="other") for one in FACTS if one.ticket_id == "runs"]
    record(journal, [rules_event(1, OFFICE, tenant="other"), *theirs])
    Projector(Numbered(journal), engine).catch_up()
    answers = TimerAnswers(engine, lambda: START_US + 30 * MINUTE_US)
    for tenant, tickets in (("acme", {"runs", "waits", "answered"}), ("other", {"runs"}), ("nobody", set())):
        listed = answers.ListTimers(pb.ListTimersRequest(tenant=tenant)).timers
        assert ({timer.ticket_id for timer in listed}, {timer.tenant for timer in listed}) == (tickets, {tenant} if tickets else set())
        changes = answers.changes(pb.WatchTimersRequest(tenant=tenant), {0: 0}, {0: journal.position})
        assert {timer.tenant for change in changes for ticket in change.tickets for timer in ticket.timers} <= {tenant}
