"""The inbound topic on a real broker: every encoding, exactly once, dead letters and their replay."""
from __future__ import annotations

import base64
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from google.protobuf.json_format import MessageToDict
from kafka import KafkaProducer
from kafka.admin import NewTopic

from opsledger.core.errors import ExchangeUnreachable
from opsledger.core.ports import Journal
from opsledger.core.tickets.facts import Opened
from opsledger.services.cluster.partition import SharedPartition
from opsledger.services.cluster.peers import Peers
from opsledger.services.exchange.dead_letters import read_dead_letter
from opsledger.services.exchange.ingress import Ingress
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.replay import DeadLetters
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.link import admin_client, options
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.journal.kafka.topic import KEEPING
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import PartitionedJournal
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.tickets.codec import decode_bytes
from opsledger.services.tickets.differing import DifferingEvents
from opsledger.services.tickets.intake import Intake
from tests.kit.command import run
from tests.kit.events import event, event_bytes
from tests.kit.exchange import In, consume, new_exchange, produce, until, working
from tests.kit.imports import payloads
from tests.kit.kafka import shared_broker

pytestmark = pytest.mark.xdist_group("kafka")
ROOT = Path(__file__).parents[3]
PROTOBUF, JSON = [("content-type", b"application/protobuf")], [("content-type", b"application/json")]


def take_in(exchange: Exchange, journal: Journal, records: int) -> Ingress:
    """Run an ingress until so many records are recorded or rejected."""
    ingress = Ingress(exchange, Intake(journal))
    with working(ingress):
        until(lambda: ingress.recorded + ingress.rejected >= records, "the records are not taken")
    return ingress


def test_all_encodings_come_into_the_journal_and_in_order_of_their_key() -> None:
    exchange, journal = new_exchange(), MemoryJournal()
    tickets = [f"T{number}" for number in range(7)]
    binary = [("ce_specversion", b"1.0"), ("ce_id", b"1"), ("ce_source", b"/z"), ("ce_type", b"t"), *PROTOBUF]
    envelope = {"specversion": "1.0", "id": "1", "source": "/z", "type": "t"}
    structured = [("content-type", b"application/cloudevents+json")]
    records = []
    for number in range(28):
        message = event(f"e{number:02}", ticket_id=tickets[number % 7])
        plain, document = message.SerializeToString(), MessageToDict(message)
        value, headers = [
            (plain, []), (plain, binary), (json.dumps(document).encode(), JSON),
            (json.dumps(envelope | {"data": document}).encode(), structured),
        ][number % 4]
        records.append(In(value, message.ticket_id.encode(), headers))
    produce(exchange, [*records, *records])  # every one twice: a producer that tried again

    ingress = take_in(exchange, journal, 28)

    assert (ingress.recorded, ingress.rejected) == (28, 0)
    facts = [decode_bytes(payload) for payload in payloads(journal)]
    assert sorted(fact.event_id for fact in facts) == [f"e{number:02}" for number in range(28)]
    for ticket in tickets:
        of_ticket = [fact.event_id for fact in facts if fact.ticket_id == ticket]
        assert of_ticket == sorted(of_ticket)


def test_a_known_event_with_other_content_is_counted_and_kept_and_no_dead_letter() -> None:
    exchange, journal, kept = new_exchange(), MemoryJournal(), DifferingEvents()
    places = produce(exchange, [In(event_bytes("e1"), b"T1"), In(event_bytes("e1", ticket_id="T2"), b"T1"), In(event_bytes("e2"), b"T1")])
    ingress = Ingress(exchange, Intake(journal, differing_events=kept))
    with working(ingress):
        until(lambda: ingress.recorded >= 2, "the records are not taken")
    assert (ingress.recorded, ingress.differing, ingress.rejected, journal.position) == (2, 1, 0, 2)
    [found] = kept.latest({"acme"})
    partition, offset = places[1]
    assert (found.position, found.fields, found.place) == (1, ("ticket_id",), f"{exchange.topics.inbound.name}[{partition}]@{offset}")


def test_what_cannot_be_recorded_is_a_dead_letter_that_can_be_sent_again_once() -> None:
    exchange, journal = new_exchange(), MemoryJournal()
    late = event("e4", tenant="")
    places = produce(exchange, [
        In(event_bytes("e1"), b"T1"), In(b"\xff\xff", b"T2", [("trace", b"abc")]), In(b"{", b"T3", JSON), In(None, b"T5"),
        In(late.SerializeToString(), b"T4", PROTOBUF), In(event_bytes("e2"), b"T1"),
    ])

    first = take_in(exchange, journal, 6)

    assert (first.recorded, first.rejected) == (2, 4)
    letters = {letter.record.key: letter for letter in map(read_dead_letter, consume(exchange, exchange.topics.dead_letters.name))}
    told = {
        key: (letter.reason, letter.field, letter.topic, (letter.partition, letter.offset), letter.attempts, letter.record.value)
        for key, letter in letters.items()
    }
    inbound = exchange.topics.inbound.name
    assert told == {
        b"T2": ("MALFORMED", "", inbound, places[1], 1, b"\xff\xff"), b"T3": ("MALFORMED", "value", inbound, places[2], 1, b"{"),
        b"T5": ("REQUIRED", "value", inbound, places[3], 1, None),
        b"T4": ("REQUIRED", "tenant", inbound, places[4], 1, late.SerializeToString()),
    }
    assert ("trace", b"abc") in letters[b"T2"].record.headers

    dead = DeadLetters(exchange)
    assert (dead.waiting(), dead.replay(limit=3), dead.waiting(), dead.replay(), dead.replay()) == (4, 3, 1, 1, 0)
    again = take_in(exchange, journal, 4)

    assert (again.recorded, again.rejected, journal.position) == (0, 4, 2)
    assert [letter.attempts for letter in dead.letters()] == [2, 2, 2, 2]
    assert len(dead.letters(sent_too=True)) == 8
    assert [value for letter in dead.letters() for name, value in letter.record.headers if name == "trace"] == [b"abc"]


def test_what_is_too_large_for_a_dead_letter_stops_nobody() -> None:
    exchange, journal = new_exchange(partitions=1), MemoryJournal()
    ensure_topics(exchange.kafka, exchange.topics.incoming())
    with closing(KafkaProducer(**options(exchange.kafka), compression_type="gzip", max_request_size=64 << 20)) as producer:
        producer.send(exchange.topics.inbound.name, key=b"large", value=bytes(20 << 20)).get(timeout=60)
        name = b"n" * (2 << 20)
        producer.send(exchange.topics.inbound.name, key=b"quoted", value=b'{"%s": 1}' % name, headers=JSON).get(timeout=60)
        producer.send(exchange.topics.inbound.name, key=b"T1", value=event_bytes("e1")).get(timeout=60)

    ingress = take_in(exchange, journal, 3)

    assert (ingress.recorded, ingress.rejected) == (1, 2)
    letters = map(read_dead_letter, consume(exchange, exchange.topics.dead_letters.name))
    large, quoted = sorted(letters, key=lambda letter: letter.offset)
    assert (large.record.key, large.record.value, large.offset, large.reason) == (None, b"", 0, "TOO_LONG")
    assert f"its {(20 << 20) + 5} bytes" in large.description
    assert (quoted.record.key, len(quoted.record.value), quoted.reason) == (b"quoted", (2 << 20) + 7, "MALFORMED")


CONSUMER = """
import os, signal, sys
from pathlib import Path
from threading import Event
from opsledger.services.exchange.ingress import Ingress
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.tickets.intake import Intake

class Deadly:
    def __init__(self, journal):
        self._journal = journal

    def submit(self, commit):
        self._journal.append(commit)
        os.kill(os.getpid(), signal.SIGKILL)

Ingress(Exchange.model_validate_json(sys.argv[1]), Intake(Deadly(SegmentJournal.open(Path(sys.argv[2]))))).run(Event())
"""


def test_killed_between_recording_and_commit_it_records_nothing_twice(tmp_path: Path) -> None:
    exchange = new_exchange()
    produce(exchange, [In(event_bytes(f"e{number}", ticket_id=f"T{number % 5}"), b"T%d" % (number % 5)) for number in range(50)])
    produce(exchange, [In(b"\xff\xff", b"T9")])
    for _ in range(2):
        arguments = [exchange.model_dump_json(), str(tmp_path / "journal")]
        killed = subprocess.run([sys.executable, "-c", CONSUMER, *arguments], cwd=ROOT, timeout=60)
        assert killed.returncode == -9
    with SegmentJournal.open(tmp_path / "journal", read_only=True) as before:
        recorded = before.position
    assert 0 < recorded <= 50

    with SegmentJournal.open(tmp_path / "journal") as journal:
        ingress = Ingress(exchange, Intake(journal))
        with working(ingress):
            until(lambda: journal.position == 50 and ingress.rejected, "the rest is not taken")
        assert ingress.recorded == 50 - recorded
        assert sorted(decode_bytes(event.payload).event_id for event in journal.read(limit=100)) == sorted(f"e{n}" for n in range(50))
        after = Ingress(exchange, Intake(journal))
        produce(exchange, [In(event_bytes("e50"), b"T0")])
        with working(after):
            until(lambda: journal.position == 51, "what came after is not taken")
        assert after.rejected == 0  # the commit of the run before stands: no dead letter comes again


def test_two_nodes_share_the_partitions() -> None:
    exchange, journal = new_exchange(), MemoryJournal()
    one, two = (Ingress(exchange.model_copy(update={"instance": name}), Intake(journal)) for name in ("n1", "n2"))
    with working(one, two):
        sent = 0

        def both() -> bool:
            nonlocal sent
            produce(exchange, [In(event_bytes(f"e{sent + number}"), b"T%d" % number) for number in range(20)])
            sent += 20
            return bool(one.recorded and two.recorded)

        until(both, "one of them gets nothing")
        until(lambda: journal.position == sent, "not everything is recorded")


def test_a_journal_topic_of_small_records_stops_nobody(tmp_path: Path) -> None:
    """What is consumed together is more than one commit may have; one event is more than any may have."""
    exchange, link = new_exchange(partitions=1), shared_broker()
    with closing(admin_client(link)) as admin:
        settings = KEEPING | {"max.message.bytes": "65536", "unclean.leader.election.enable": "false"}
        admin.create_topics([NewTopic(link.topic, 1, 1, topic_configs=settings)])
    large = event("large", fact=Opened(attributes={f"field {number}": "v" * 2_000 for number in range(40)})).SerializeToString()
    events = [event_bytes(f"e{number:04}", ticket_id=f"T{number % 5}") for number in range(2_500)]
    produce(exchange, [In(value, b"T") for value in [*events[:1_000], large, *events[1_000:]]])

    journal = KafkaJournal(tmp_path, link, node="n1")
    with closing(SharedPartition(journal, 0, "n1", Peers(timeout_s=1), 1)) as partition:
        ingress = take_in(exchange, PartitionedJournal([partition]), 2_501)
        assert (ingress.recorded, ingress.rejected) == (2_500, 1)
        assert payloads(journal) == events
    [letter] = map(read_dead_letter, consume(exchange, exchange.topics.dead_letters.name))
    assert (letter.reason, letter.record.value, letter.offset) == ("TOO_LONG", large, 1_000)
    assert "max.message.bytes" in letter.description


def test_the_command_lists_and_replays() -> None:
    exchange, journal = new_exchange(), MemoryJournal()
    kafka = ["--kafka", exchange.kafka.bootstrap_servers[0], "--prefix", exchange.prefix]
    produce(exchange, [In(b"\xff\xff", b"T2")])
    take_in(exchange, journal, 1)

    shown = run("dlq", "list", *kafka)
    assert (shown.code, "MALFORMED" in shown.out, "T2" in shown.out, "1 dead letters wait" in shown.out) == (0, True, True, True)
    document = json.loads(run("dlq", "list", *kafka, "--json").out)
    assert document["waiting"] == 1
    assert base64.b64decode(document["letters"][0]["value_base64"]) == b"\xff\xff"
    assert json.loads(run("dlq", "replay", *kafka, "--json").out) == {"sent": 1}
    assert run("dlq", "list", *kafka).out == "none waits\n"
    assert run("dlq", "list", *kafka, "--all").out.count("yes") == 1


def test_an_exchange_that_is_away_is_said_to_be() -> None:
    exchange = Exchange(kafka=KafkaLink(bootstrap_servers=("127.0.0.1:1",), request_timeout_s=0.5))
    with pytest.raises(ExchangeUnreachable):
        Ingress(exchange, Intake(MemoryJournal())).run(Event())


def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    assert run("dlq", "list").code == 2
    (tmp_path / "away.yaml").write_text("exchange: {kafka: {bootstrap_servers: '127.0.0.1:1', request_timeout_s: 0.5}}")
    unreachable = run("dlq", "list", "--config", tmp_path / "away.yaml")
    assert (unreachable.code, "Kafka does not answer" in unreachable.err) == (1, True)
