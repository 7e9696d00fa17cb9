"""Kafka goes away under both directions of the exchange and comes back: it is noticed, nothing is lost, and they go on by themselves.
Commands that look at dead letters end with an error."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
from kafka.structs import TopicPartition

from opsledger.core.errors import ExchangeUnreachable
from opsledger.services.background import Background
from opsledger.services.exchange.ingress import Ingress
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.publisher import Publisher
from opsledger.services.exchange.reaching import answering, consumer_of, producer_of, records_up_to
from opsledger.services.exchange.replay import TOGETHER, DeadLetters
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.tickets.intake import Intake
from tests.kit.events import event_bytes
from tests.kit.exchange import In, consume, produce, until
from tests.kit.kafka import Broker, broker
from tests.kit.processes import opsledger

pytestmark = pytest.mark.xdist_group("kafka")


def test_both_directions_wait_for_kafka_and_go_on(tmp_path: Path) -> None:
    with broker(Broker(tmp_path / "broker")) as kafka:
        exchange = Exchange(kafka=kafka.link(request_timeout_s=1, delivery_timeout_s=2), partitions=2)
        journal, dead = MemoryJournal(), list[Exception]()
        ingress, publisher = Ingress(exchange, Intake(journal)), Publisher(exchange, Numbered(journal))
        works = [Background("ingress", ingress.run, dead.append), Background("publisher", publisher.run, dead.append)]
        for work in works:
            work.start()
        produce(exchange, [In(event_bytes(f"before {number}"), b"T1") for number in range(20)])
        until(lambda: publisher.position == 20, "it does not begin")

        kafka.kill()
        Intake(journal).record([event_bytes(f"meanwhile {number}") for number in range(20)])
        for work in works:
            until(lambda work=work: not work.is_healthy(), f"the {work.name} does not notice")
        kafka.start()
        produce(exchange, [In(event_bytes(f"after {number}"), b"T1") for number in range(20)])

        until(lambda: publisher.position == 60, "it does not go on")
        assert all(work.is_healthy() for work in works)
        for work in works:
            work.stop(60)
        wanted = {event.key.hex() for event in journal.read(limit=100)}
        assert {dict(record.headers)["ce_id"].decode() for record in consume(exchange, exchange.topics.tickets.name)} == wanted
        assert (len(wanted), dead) == (60, [])


def test_dead_letters_do_not_wait_for_a_kafka_that_is_gone(tmp_path: Path) -> None:
    with broker(Broker(tmp_path / "broker")) as kafka:
        exchange = Exchange(kafka=kafka.link(request_timeout_s=6, delivery_timeout_s=8), partitions=1)
        hasty = exchange.model_copy(update={"kafka": kafka.link(request_timeout_s=1)})
        topic, letters = exchange.topics.dead_letters.name, 2 * TOGETHER
        ensure_topics(exchange.kafka, exchange.topics.incoming())
        with producer_of(exchange.kafka) as producer:
            for _ in range(letters):  # more than a consumer is given at once
                producer.send(topic, value=bytes(5_000))
            producer.flush()
        dead, part = DeadLetters(exchange), TopicPartition(topic, 0)
        assert dead.waiting() == letters

        with answering(), consumer_of(exchange.kafka) as consumer:
            consumer.assign([part])
            consumer.seek_to_beginning(part)
            assert consumer.poll(timeout_ms=60_000, max_records=1)
            kafka.freeze()
            with pytest.raises(ExchangeUnreachable, match="does not answer"):
                list(records_up_to(consumer, part, letters, 1))
        frozen = opsledger("dlq", "list", "--config", str(_config(tmp_path, hasty)))
        assert (frozen.returncode, "Kafka does not answer" in frozen.stderr) == (1, True)
        kafka.thaw()

        killed: list[int] = []

        def kill(sent: int) -> None:
            killed.append(sent)
            kafka.kill()

        with pytest.raises(ExchangeUnreachable):
            dead.replay(progress=kill)
        assert killed == [TOGETHER]
        gone = opsledger("dlq", "replay", "--config", str(_config(tmp_path, hasty)))
        assert (gone.returncode, "Kafka does not answer" in gone.stderr) == (1, True)
        kafka.start()
        assert dead.waiting() == letters - TOGETHER


def _config(folder: Path, exchange: Exchange) -> Path:
    path = folder / "opsledger.yaml"
    path.write_text(json.dumps({"exchange": json.loads(exchange.model_dump_json(exclude_none=True))}))
    return path
