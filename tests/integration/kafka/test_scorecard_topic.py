"""The compacted topic of scorecards: the last value of each key is what the read models say."""
from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.core.scorecards.periods import PeriodKind
from opsledger.core.scorecards.subjects import SubjectKind
from opsledger.core.tickets.facts import Actor, ActorKind, FeedbackKind, FeedbackReceived, TicketFact
from opsledger.proto.scorecards.v1.scorecards_pb2 import Scorecard
from opsledger.services.exchange.scorecard_publisher import ScorecardPublisher
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.scorecards.messages import scorecard_messages
from opsledger.services.scorecards.queries import Program
from opsledger.services.scorecards.reports import Reports
from tests.kit.exchange import OnDuty, Owned, consume, new_exchange, until, working
from tests.kit.floor import MONDAY_US, floor
from tests.kit.read_models import record

pytestmark = pytest.mark.xdist_group("kafka")
NOW_US = MONDAY_US + 365 * 86_400_000_000


def last_values(exchange: Exchange) -> dict[str, Scorecard]:
    return {record.key.decode(): Scorecard.FromString(record.value) for record in consume(exchange, exchange.topics.scorecards.name)}


def test_every_scorecard_is_there_and_only_those_that_change_come_again(tmp_path: Path) -> None:
    exchange, journal, facts = new_exchange(scorecards_every_s=0.05), MemoryJournal(), floor(60)
    engine = open_database(f"sqlite:///{tmp_path}/opsledger.db")
    projector, reports = Projector(Numbered(journal), engine), Reports(engine, lambda: NOW_US)
    nodes = [Owned(journal, 0, owner=True), Owned(journal, 0, owner=False)]
    publisher, other = (ScorecardPublisher(exchange, reports) for _ in nodes)

    def said() -> list[Scorecard]:
        """By the read models, of one program."""
        found = []
        for period in (PeriodKind.WEEK, PeriodKind.MONTH):
            for by in SubjectKind:
                report = reports.scorecards(Program(facts[0].tenant, facts[0].program), by, period, size=200)
                assert not report.next_page_token
                found += scorecard_messages(report)
        return found

    def agree() -> bool:
        return sorted(map(repr, last_values(exchange).values())) == sorted(map(repr, said()))

    record(journal, facts)
    projector.catch_up()
    with working(*map(OnDuty, nodes, (publisher, other))):
        until(agree, "the scorecards are not published")
        first = len(said())
        until(lambda: publisher.published == first, "not each is published once")
        last = facts[-1]
        record(journal, [TicketFact(
            last.tenant, last.program, last.source, last.ticket_id, "late", last.occurred_at_us, 0, Actor(ActorKind.REQUESTER, "r"),
            FeedbackReceived(FeedbackKind.CSAT, 1.0, 1.0, 5.0, "one agent of many"),
        )])
        projector.catch_up()
        until(agree, "the late fact is not told")
        assert first > 10
        assert 0 < publisher.published - first < first
        assert other.published == 0
        for node in nodes:
            node.change()
        until(lambda: other.published == len(said()), "the new owner does not publish everything")
    engine.dispose()
