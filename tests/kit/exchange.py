"""Kafka as other systems see it: an exchange of a test's own on the run's broker, records in, records out."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import Condition, Event, Thread
from time import monotonic
from typing import Any, NamedTuple, Protocol

from kafka.structs import TopicPartition

from opsledger.core.ports import Journal
from opsledger.services.duty import while_owned
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.reaching import consumer_of, producer_of
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.partitions import Numbered, Partition
from tests.kit.kafka import new_topic, shared_broker

PATIENCE_S = 60


class In(NamedTuple):
    value: bytes | None
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


class Runs(Protocol):
    def run(self, stop: Event) -> None: ...


class OnDuty:
    """Work of a partition's owner."""

    def __init__(self, partition: Partition, work: Runs) -> None:
        self.run = while_owned(partition, work.run)


class Owned(Numbered):
    """A partition of which this node is the owner or not, as the test says."""

    def __init__(self, journal: Journal, number: int, owner: bool) -> None:
        super().__init__(journal, number)
        self._owner = owner
        self._turn = Condition()

    @property
    def is_owner(self) -> bool:
        return self._owner

    def wait_owner(self, owner: bool, timeout_s: float) -> bool:
        with self._turn:
            return self._turn.wait_for(lambda: self._owner == owner, timeout_s)

    def change(self) -> None:
        with self._turn:
            self._owner = not self._owner
            self._turn.notify_all()


def new_exchange(**more: Any) -> Exchange:
    """With topics that nobody else has."""
    link = shared_broker()
    return Exchange.model_validate({"kafka": link.model_dump(), "prefix": new_topic(), "partitions": 3} | more)


def produce(exchange: Exchange, records: Iterable[In]) -> list[tuple[int, int]]:
    """Into the inbound topic; partition and offset of each."""
    ensure_topics(exchange.kafka, exchange.topics.incoming())
    with producer_of(exchange.kafka) as producer:
        sent = [
            producer.send(exchange.topics.inbound.name, key=record.key, value=record.value, headers=list(record.headers))
            for record in records
        ]
        found = [acknowledgement.get(timeout=PATIENCE_S) for acknowledgement in sent]
    return [(metadata.partition, metadata.offset) for metadata in found]


def consume(exchange: Exchange, topic: str) -> list[Any]:
    """All records that the topic has now, those of a partition in their order."""
    with consumer_of(exchange.kafka) as consumer:
        parts = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        ends = consumer.end_offsets(parts)
        consumer.assign(parts)
        found: list[Any] = []
        while any(consumer.position(part) < end for part, end in ends.items()):
            for records in consumer.poll(timeout_ms=1_000).values():
                found += records
        return found


@contextmanager
def working(*works: Runs) -> Iterator[None]:
    """Each on a thread of its own until the block ends. What one raises is raised here."""
    stop, errors = Event(), []

    def run(work: Runs) -> None:
        try:
            work.run(stop)
        except BaseException as error:
            errors.append(error)

    threads = [Thread(target=run, args=[work], daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        if errors:
            raise errors[0]


def until(is_so: Any, what: str) -> None:
    """Wait for something that another thread or process brings about."""
    pause, deadline_s = Event(), monotonic() + PATIENCE_S
    while not is_so():
        assert monotonic() < deadline_s, what
        pause.wait(0.05)  # nothing to wait on but the state itself
