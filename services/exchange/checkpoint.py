"""How far a journal has been published, kept where it was published to: the compacted topic of positions.

So it holds for any journal and any node, and neither new read models nor an older copy of them can make it forget.
"""
from __future__ import annotations

import json

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from opsledger.services.exchange.topics import Exchange

_POLL_MS = 1_000


class Checkpoint:
    """Of one journal, named by its first event."""

    def __init__(self, exchange: Exchange, origin: str) -> None:
        self._topic, self._timeout_s = exchange.topics.positions.name, exchange.kafka.delivery_timeout_s
        self._key = f"public/{origin}".encode()

    def read(self, consumer: KafkaConsumer) -> int:
        """The highest position that was written; 0 before the first. ``consumer`` is assigned the topic's one partition."""
        part = TopicPartition(self._topic, 0)
        end, found = consumer.end_offsets([part])[part], 0
        consumer.seek_to_beginning(part)
        while consumer.position(part) < end:
            for record in consumer.poll(timeout_ms=_POLL_MS).get(part, ()):
                if record.key == self._key:
                    found = max(found, int(json.loads(record.value)["position"]))
        return found

    def write(self, producer: KafkaProducer, position: int) -> None:
        """Return when it is kept."""
        value = json.dumps({"position": position}).encode()
        producer.send(self._topic, key=self._key, value=value, partition=0).get(timeout=self._timeout_s)
