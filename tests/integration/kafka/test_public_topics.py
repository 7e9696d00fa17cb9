"""The public topics on a real broker, read as another system would: by CloudEvents headers and the published messages."""
from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from opsledger.core.coaching.session import CoachingSession
from opsledger.core.partitions import begin_of
from opsledger.core.ports import Commit, Journal, NewEvent
from opsledger.core.quality.evaluation import Evaluation
from opsledger.proto.decisions.v1.decision_event_pb2 import DecisionEvent
from opsledger.proto.sla.v1.announcement_pb2 import Announcement
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.exchange.publisher import Publisher
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.tickets.intake import Intake
from tests.kit.events import event, event_bytes
from tests.kit.exchange import OnDuty, Owned, consume, new_exchange, until, working
from tests.kit.quality import SEVENTY_FIVE, SIXTY, START_US, UNTIL_US, result, sheet, started

pytestmark = pytest.mark.xdist_group("kafka")
ROOT = Path(__file__).parents[3]
HIDDEN = b"\xa2\x06\x06secret"
"""Field 100 of TicketEvent, which is reserved for personal data."""


def publish(exchange: Exchange, journal: Journal, *, number: int = 0, events_max: int = 1000) -> Publisher:
    """Run a publisher until it has reached the end of the journal, which is a partition with this number."""
    partition = Numbered(journal, number)
    publisher = Publisher(exchange, partition, events_max=events_max)
    with working(publisher):
        until(lambda: publisher.position == partition.position, "the end of the journal is not reached")
    return publisher


def headers(record: Any) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def ids(records: list[Any]) -> list[str]:
    return [headers(record)["ce_id"] for record in records]


def test_a_ticket_event_is_a_cloud_event_without_what_the_contract_does_not_name() -> None:
    exchange, journal = new_exchange(), MemoryJournal()
    Intake(journal).record([event_bytes("e1", ticket_id="T/1") + HIDDEN, event_bytes("e2")])
    journal.append(Commit([NewEvent(bytes(15) + b"x", "somebody.else.v1", "acme", 0, b"not public")]))

    publisher = publish(exchange, journal)

    first, second = sorted(consume(exchange, exchange.topics.tickets.name), key=lambda record: headers(record)["ce_position"])
    assert (first.key, second.key) == (b"acme/zendesk/T%2F1", b"acme/zendesk/T1")
    assert TicketEvent.FromString(first.value) == event("e1", ticket_id="T/1")
    recorded = journal.read(limit=1)[0]
    assert headers(first) == {
        "ce_specversion": "1.0", "ce_id": recorded.key.hex(), "ce_source": "/opsledger/acme", "ce_type": "opsledger.tickets.v1.opened",
        "ce_subject": "acme/zendesk/T%2F1", "ce_time": "2026-01-09T09:00:00.000000Z", "ce_position": "1",
        "ce_recordedtime": headers(first)["ce_recordedtime"], "content-type": "application/protobuf",
    }
    assert publisher.published == 2


def test_announcements_evaluations_and_coaching_have_their_topics(tmp_path: Path) -> None:
    exchange, journal = new_exchange(), MemoryJournal(lambda: START_US)
    breach = Announcement(kind=Announcement.KIND_BREACH, tenant="acme", source="zendesk", ticket_id="T1", metric="resolution")
    journal.append(Commit([NewEvent(b"a" * 16, "sla.v1.announcement", "acme", START_US, breach.SerializeToString(), b"k" * 16)]))
    decisions = Decisions(journal, tmp_path, lambda: START_US)
    session = CoachingSession("acme", "desk", "bob", "sue", ["tone"], [], START_US, START_US)
    decisions.create(CoachingSession, Request("acme", "s"), make=lambda: session)
    found = decisions.create(Evaluation, Request("acme", "e"), make=started).aggregate

    def draft_and_submit(evaluation: Evaluation) -> None:
        evaluation.save_draft("ann", sheet(SEVENTY_FIVE), START_US)
        evaluation.submit("ann", sheet(SIXTY), result(SIXTY), UNTIL_US, START_US)

    decisions.change(Evaluation, found.id, Request("acme", "e2"), command=draft_and_submit)
    decisions.close()

    publish(exchange, journal)

    [announced] = consume(exchange, exchange.topics.sla.name)
    assert (announced.key, headers(announced)["ce_type"], Announcement.FromString(announced.value)) == (
        b"acme/zendesk/T1", "opsledger.sla.v1.breach", breach)
    [coached] = [DecisionEvent.FromString(record.value) for record in consume(exchange, exchange.topics.coaching.name)]
    assert (coached.type, coached.tenant, coached.version) == ("coaching.session.planned", "acme", 1)
    assert json.loads(coached.data_json)["agenda"] == ["tone"]
    records = consume(exchange, exchange.topics.evaluations.name)
    evaluated = [DecisionEvent.FromString(record.value) for record in records]
    assert {record.key for record in records} == {str(found.id).encode()}
    assert [(each.type, each.version) for each in evaluated] == [("quality.evaluation.started", 1), ("quality.evaluation.submitted", 3)]
    assert json.loads(evaluated[1].data_json)["result"]["score"] == [3, 5]
    assert [each.event_id for each in evaluated] == ids(records)


def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    exchange, journal = new_exchange(), MemoryJournal()
    Intake(journal).record([event_bytes(f"e{number}") for number in range(5)])
    publish(exchange, journal, events_max=2)
    Intake(journal).record([event_bytes(f"e{number}") for number in range(5, 8)])

    again = publish(exchange, journal)

    assert again.published == 3
    records = consume(exchange, exchange.topics.tickets.name)
    assert [TicketEvent.FromString(record.value).event_id for record in records] == [f"e{number}" for number in range(8)]
    other = MemoryJournal()
    Intake(other).record([event_bytes("another journal's")])
    assert publish(exchange, other).published == 1


PUBLISHER = """
import os, signal, sys
from pathlib import Path
from threading import Event
from opsledger.services.exchange.publisher import Publisher
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.partitions import Numbered
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.exchange import OnDuty, Owned, consume, until

exchange, last = Exchange.model_validate_json(sys.argv[1]), int(sys.argv[3])

class Batch(list):
    def __iter__(self):  # dies when Kafka has a part of it
        for event in super().__iter__():
            yield event
            if event.position == last:
                until(lambda: len(consume(exchange, exchange.topics.tickets.name)) >= last, "Kafka does not have it")
                os.kill(os.getpid(), signal.SIGKILL)

class Deadly:
    def __init__(self, journal):
        self._journal = journal

    def __getattr__(self, name):
        return getattr(self._journal, name)

    def read(self, after, limit):
        return Batch(self._journal.read(after, limit))

Publisher(exchange, Deadly(Numbered(SegmentJournal.open(Path(sys.argv[2]), read_only=True))), events_max=10).run(Event())
"""


def test_killed_at_any_moment_it_leaves_no_gap_and_keeps_the_order(tmp_path: Path) -> None:
    exchange, folder = new_exchange(), tmp_path / "journal"
    with SegmentJournal.open(folder) as journal:
        Intake(journal).record([event_bytes(f"e{number:03}", ticket_id=f"T{number % 5}") for number in range(100)])
    for last in (24, 47):
        arguments = [exchange.model_dump_json(), str(folder), str(last)]
        assert subprocess.run([sys.executable, "-c", PUBLISHER, *arguments], cwd=ROOT, timeout=60).returncode == -9
    with SegmentJournal.open(folder, read_only=True) as journal:
        publish(exchange, journal)
        wanted = [each.key.hex() for each in journal.read(limit=100)]

    records = consume(exchange, exchange.topics.tickets.name)

    assert set(ids(records)) == set(wanted)
    assert len(records) > len(wanted)  # what was sent but not kept as a position came again, with the same id
    for ticket in range(5):
        of_ticket = list(dict.fromkeys(ids([record for record in records if record.key == b"acme/zendesk/T%d" % ticket])))
        assert of_ticket == wanted[ticket::5]


def test_the_owner_publishes_and_the_next_one_goes_on() -> None:
    exchange, journal = new_exchange(), MemoryJournal()
    Intake(journal).record([event_bytes(f"e{number}") for number in range(50)])
    nodes = [Owned(journal, 2, owner=True), Owned(journal, 2, owner=False)]
    one, two = (Publisher(exchange, node) for node in nodes)
    with working(*map(OnDuty, nodes, (one, two))):
        until(lambda: one.position == nodes[0].position, "the owner does not publish")
        assert (one.lag, two.position, two.lag) == (0, None, 0)
        for node in nodes:
            node.change()
        until(lambda: one.position is None, "it goes on although it is the owner no more")
        Intake(journal).record([event_bytes(f"e{number}") for number in range(50, 60)])
        until(lambda: two.position == nodes[1].position, "the new owner does not publish")
    assert (one.published, two.published) == (50, 10)
    records = consume(exchange, exchange.topics.tickets.name)
    assert [headers(record)["ce_position"] for record in records] == [str(begin_of(2) + number) for number in range(1, 61)]


def test_partitions_that_begin_with_the_same_event_do_not_share_a_position() -> None:
    """The rules of a program stand first in each partition to which they were copied; they are nobody else's business."""
    exchange = new_exchange()
    shared = NewEvent(b"r" * 16, "sla.v1.rules_shared", "acme", 0, b"rules", b"k" * 16)
    for number in range(2):
        journal = MemoryJournal()
        journal.append(Commit([shared]))
        Intake(journal).record([event_bytes(f"e{number}")])
        assert publish(exchange, journal, number=number).published == 1
    assert len(consume(exchange, exchange.topics.tickets.name)) == 2
    assert sum(len(consume(exchange, topic.name)) for topic in exchange.topics.from_journal()) == 2


def test_a_journal_that_was_put_back_to_an_earlier_state_publishes_what_it_records_now() -> None:
    exchange, journal, earlier = new_exchange(), MemoryJournal(), MemoryJournal()
    Intake(journal).record([event_bytes(f"e{number}") for number in range(5)])
    publish(exchange, journal)
    Intake(earlier).record([event_bytes("e0"), event_bytes("e1")])
    partition = Numbered(earlier)
    publisher = Publisher(exchange, partition)
    with working(publisher):
        until(lambda: publisher.position == 2, "it does not begin at the end of the journal")
        Intake(earlier).record([event_bytes("another")])
        until(lambda: publisher.position == 3, "what is recorded now is not published")
    published = [TicketEvent.FromString(record.value).event_id for record in consume(exchange, exchange.topics.tickets.name)]
    assert published == ["e0", "e1", "e2", "e3", "e4", "another"]
