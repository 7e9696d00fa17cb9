"""How far a partition of a journal has been published, kept where it was published to: the compacted topic of positions.

So it holds for any journal and any node, and neither new read models nor an older copy of them can make it forget.
"""
from __future__ import annotations

import json

from kafka import KafkaProducer
from kafka.structs import TopicPartition

from opsledger.services.exchange.reaching import answering, consumer_of, records_up_to
from opsledger.services.exchange.topics import Exchange


class Checkpoint:
    """Of one partition, named by its number and its first event: two partitions may begin with copies of the same one."""

    def __init__(self, exchange: Exchange, number: int, origin: str) -> None:
        self._exchange, self._topic = exchange, exchange.topics.positions.name
        self._key = f"public/{number}/{origin}".encode()

    def read(self) -> int:
        """The highest position that was written; 0 before the first. Raises ExchangeUnreachable."""
        part, found = TopicPartition(self._topic, 0), 0
        with answering(), consumer_of(self._exchange.kafka) as consumer:
            end = consumer.end_offsets([part])[part]
            consumer.assign([part])
            consumer.seek(part, consumer.beginning_offsets([part])[part])
            for record in records_up_to(consumer, part, end, self._exchange.kafka.request_timeout_s):
                if record.key == self._key:
                    found = max(found, int(json.loads(record.value)["position"]))
        return found

    def write(self, producer: KafkaProducer, position: int) -> None:
        """Return when it is kept."""
        value = json.dumps({"position": position}).encode()
        producer.send(self._topic, key=self._key, value=value, partition=0).get(timeout=self._exchange.kafka.delivery_timeout_s)
