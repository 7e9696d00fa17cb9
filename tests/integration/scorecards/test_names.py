"""Names are looked up as a reader sees them, and shown as they came."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from opsledger.core.scorecards.periods import PeriodKind
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.core.tickets.facts import Actor, ActorKind, Opened, Status, StatusChanged
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.scorecards.queries import Program
from opsledger.services.scorecards.reports import Reports
from opsledger.services.timers.queries import tickets_called
from tests.kit.read_models import START_US, fact, record

PERSIAN, ARABIC = "\u0645\u06a9\u06cc", "\u0645\u0643\u064a"
"""One name, from a Persian and from an Arabic keyboard."""


@pytest.fixture
def reports(database_url: str) -> Iterator[Reports]:
    journal = MemoryJournal()
    for agent, ticket in ((PERSIAN, "T\u0645\u06cc-1"), ("Jose\u0301", "T2"), ("Ann", "T3"), ("ann", "T4")):
        actor = Actor(ActorKind.AGENT, agent)
        record(journal, [fact(ticket, 0, Opened(agent=agent)), fact(ticket, 5, StatusChanged(Status.RESOLVED), actor=actor)])
    engine = open_database(database_url)
    Projector(Numbered(journal), engine).catch_up()
    yield Reports(engine, lambda: START_US + 40 * 86_400_000_000)
    engine.dispose()


@pytest.mark.parametrize(("asked", "shown", "resolved"), [
    (ARABIC, PERSIAN, 1), ("Jos\u00e9", "Jose\u0301", 1), ("jos\u00e9", "Jose\u0301", 1), ("ann", "ann", 1),
    ("ANN", "ANN", 0),  # two could be meant
    ("nobody", "nobody", 0),
])
def test_of_agents(reports: Reports, asked: str, shown: str, resolved: int) -> None:
    [card] = reports.scorecard(Program("acme", "desk"), Subject(SubjectKind.AGENT, asked), PeriodKind.MONTH).scorecards
    assert (card.subject.name, card.lines[0].figure.numerator) == (shown, resolved)
    cases = reports.cases(Program("acme", "desk"), Subject(SubjectKind.AGENT, asked), PeriodKind.MONTH, kpi="tickets_resolved").cases
    assert [case.agent for case in cases] == [shown] * resolved


def test_of_tickets(reports: Reports) -> None:
    with reports._engine.connect() as connection:
        assert [key.ticket_id for key in tickets_called(connection, "t\u0645\u064a-1")] == ["T\u0645\u06cc-1"]
        assert [key.ticket_id for key in tickets_called(connection, "T2")] == ["T2"]
        assert tickets_called(connection, "T9") == []
