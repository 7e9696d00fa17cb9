"""Kafka goes away under both directions of the exchange and comes back: it is noticed, nothing is lost, and they go on by themselves."""
from __future__ import annotations

from pathlib import Path

import pytest

from opsledger.services.background import Background
from opsledger.services.exchange.ingress import Ingress
from opsledger.services.exchange.publisher import Publisher
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.tickets.intake import Intake
from tests.kit.events import event_bytes
from tests.kit.exchange import In, consume, produce, until
from tests.kit.kafka import Broker, broker

pytestmark = pytest.mark.xdist_group("kafka")


def test_both_directions_wait_for_kafka_and_go_on(tmp_path: Path) -> None:
    with broker(Broker(tmp_path / "broker")) as kafka:
        exchange = Exchange(kafka=kafka.link(request_timeout_s=1, delivery_timeout_s=2), partitions=2)
        journal, dead = MemoryJournal(), list[Exception]()
        ingress, publisher = Ingress(exchange, Intake(journal)), Publisher(exchange, journal)
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
