"""One event after the other through Kafka, from a producer to a consumer: through the exchange of a server, and through kafka-python
alone with the same bytes and the same topic settings on the same broker.

``kafka-python, one topic`` is the least that Kafka takes. ``kafka-python, two topics`` has another process between them that consumes,
produces, and keeps nothing: as many ways as through the exchange, without recording.
"""
from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import Any

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from loadtests.benchmarks.measuring import Sample, sample
from opsledger.core.tickets.facts import Actor, ActorKind, Opened, Status, TicketFact
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.reaching import answering, consumer_of, producer_of
from opsledger.services.exchange.topics import Exchange, Topic
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.journal.kafka.settings import KafkaLink
from opsledger.services.tickets.codec import encode
from tests.kit.kafka import Broker, broker
from tests.kit.processes import server_process

NAME = "Kafka: producer to consumer"
EXCHANGE, ONE_TOPIC, TWO_TOPICS = "opsledger exchange", "kafka-python, one topic", "kafka-python, two topics"
CONTENDERS = (EXCHANGE, ONE_TOPIC, TWO_TOPICS)
FETCH = Path(__file__).parents[2] / "deploy" / "kafka" / "fetch.sh"
WARM_EVENTS = 20
PATIENCE_S = 60.0
_POLL_MS = 1_000


class NoBroker(Exception):
    """Apache Kafka cannot be run here; says what to install."""


class Passage:
    """Into one topic, out of another (or the same), which nobody else uses."""

    def __init__(self, into: str, out: str, producer: KafkaProducer, consumer: KafkaConsumer) -> None:
        self._into, self._producer, self._consumer = into, producer, consumer
        self._sent = 0
        parts = [TopicPartition(out, number) for number in sorted(consumer.partitions_for_topic(out))]
        consumer.assign(parts)
        for part, end in consumer.end_offsets(parts).items():
            consumer.seek(part, end)

    def sample(self, events: int) -> Sample:
        """Each is sent when the one before has come out."""
        spans_ns = [self._pass() for _ in range(events)]
        return sample(events, sum(spans_ns) / 1e9, spans_ns)

    def _pass(self) -> int:
        self._sent += 1
        key = f"T{self._sent}"
        fact = TicketFact(
            "acme", "desk", "zendesk", key, key, wall_clock_us(), 0, Actor(ActorKind.REQUESTER, "user-1"),
            Opened("email", "user-1", Status.NEW, "New", "3", "desk", "", "access", ("vpn",), {"site": "B2"}),
        )
        value, start_ns, deadline_s = encode(fact).SerializeToString(deterministic=True), perf_counter_ns(), perf_counter() + PATIENCE_S
        self._producer.send(self._into, key=key.encode(), value=value)
        while not any(record.value == value for part in self._consumer.poll(timeout_ms=_POLL_MS).values() for record in part):
            if perf_counter() > deadline_s:
                raise TimeoutError(f"an event did not come out within {PATIENCE_S:g} s")
        return perf_counter_ns() - start_ns


@contextmanager
def passages(folder: Path) -> Iterator[dict[str, Passage]]:
    """A passage for each of CONTENDERS, warm, on a broker of their own. Raises NoBroker."""
    fetched = subprocess.run([FETCH], capture_output=True, text=True, check=False)
    if fetched.returncode:
        raise NoBroker(fetched.stderr.strip())
    with ExitStack() as stack:
        link = stack.enter_context(broker(Broker(folder / "broker"))).link()
        exchange = Exchange(kafka=link)
        ensure_topics(link, exchange.topics)
        first, last = exchange.topics.inbound, exchange.topics.tickets
        one, into, out = (_like(topic, f"raw.{name}") for topic, name in ((last, "one"), (first, "into"), (last, "out")))
        ensure_topics(link, (one, into, out))
        stack.enter_context(_server(folder, exchange))
        stack.enter_context(_relay(link, into.name, out.name))
        found = {}
        for name, (begin, end) in {EXCHANGE: (first, last), ONE_TOPIC: (one, one), TWO_TOPICS: (into, out)}.items():
            producer, consumer = stack.enter_context(producer_of(link)), stack.enter_context(consumer_of(link))
            found[name] = Passage(begin.name, end.name, producer, consumer)
            found[name].sample(WARM_EVENTS)
        yield found


def _like(topic: Topic, name: str) -> Topic:
    return topic._replace(name=name)


@contextmanager
def _server(folder: Path, exchange: Exchange) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "opsledger.yaml"
    kafka = {"bootstrap_servers": exchange.kafka.bootstrap_servers[0]}
    config.write_text(json.dumps({"exchange": {"kafka": kafka, "prefix": exchange.prefix, "ingress": True, "publish": True}}))
    with server_process(folder / "server", "--config", str(config)):
        yield


@contextmanager
def _relay(link: KafkaLink, into: str, out: str) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-m", __name__, link.model_dump_json(), into, out], stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def relay(link: KafkaLink, into: str, out: str) -> None:
    """From one topic to the other, until the process ends."""
    with answering(), producer_of(link) as producer, consumer_of(link, group_id=f"{into}.relay") as consumer:
        consumer.subscribe([into])
        while True:
            found: dict[Any, list[Any]] = consumer.poll(timeout_ms=_POLL_MS)
            sent = [producer.send(out, key=record.key, value=record.value) for part in found.values() for record in part]
            for acknowledgement in sent:
                acknowledgement.get(timeout=PATIENCE_S)
            if found:
                consumer.commit()


if __name__ == "__main__":
    relay(KafkaLink.model_validate_json(sys.argv[1]), *sys.argv[2:4])
