"""Dead letters, looked at and sent again. How far they have been sent again is the committed offset of a consumer group."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice

from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import OffsetAndMetadata, TopicPartition

from opsledger.services.exchange.dead_letters import DeadLetter, headers_to_send_again, read_dead_letter
from opsledger.services.exchange.making import partitions_of
from opsledger.services.exchange.reaching import answering, consumer_of, producer_of, records_up_to
from opsledger.services.exchange.topics import Exchange

TOGETHER = 500


class DeadLetters:
    """Of one exchange. Raises ExchangeUnreachable when Kafka does not answer."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._link, self._topic = exchange, exchange.kafka, exchange.topics.dead_letters.name
        self._group = f"{exchange.prefix}.dlq-replay"

    def waiting(self) -> int:
        """How many have not been sent again."""
        with self._opened() as (consumer, parts):
            ends = consumer.end_offsets(parts)
            return sum(ends[part] - self._sent_up_to(consumer, part) for part in parts)

    def letters(self, *, sent_too: bool = False, limit: int | None = None) -> list[DeadLetter]:
        """The oldest first; with ``sent_too`` also those that were sent again."""
        with self._opened() as (consumer, parts):
            return list(islice(self._read(consumer, parts, from_start=sent_too), limit))

    def replay(self, *, limit: int | None = None, progress: Callable[[int], None] = lambda sent: None) -> int:
        """Send those that wait to the inbound topic, as they came; how many. Each once: only one that dies between a
        sending and its commit sends again, which the journal's deduplication bears."""
        with ExitStack() as opened:
            consumer, parts = opened.enter_context(self._opened())
            producer = opened.enter_context(producer_of(self._link))
            letters, sent = self._read(consumer, parts, from_start=False), 0
            while part := list(islice(letters, TOGETHER if limit is None else min(TOGETHER, limit - sent))):
                self._send(producer, part)
                consumer.commit({
                    TopicPartition(self._topic, letter.record.partition): OffsetAndMetadata(letter.record.offset + 1, "", -1)
                    for letter in part  # the last one of a partition stands
                })
                sent += len(part)
                progress(len(part))
            return sent

    def _send(self, producer: KafkaProducer, letters: list[DeadLetter]) -> None:
        inbound = self._exchange.topics.inbound.name
        under_way = [
            producer.send(inbound, key=letter.record.key, value=letter.record.value, headers=headers_to_send_again(letter.record))
            for letter in letters
        ]
        for acknowledgement in under_way:
            acknowledgement.get(timeout=self._link.delivery_timeout_s)

    def _read(self, consumer: KafkaConsumer, parts: list[TopicPartition], *, from_start: bool) -> Iterator[DeadLetter]:
        """Up to where the topic ends now."""
        for part, end in consumer.end_offsets(parts).items():
            consumer.assign([part])
            consumer.seek(part, consumer.beginning_offsets([part])[part] if from_start else self._sent_up_to(consumer, part))
            yield from map(read_dead_letter, records_up_to(consumer, part, end, self._link.request_timeout_s))

    def sent_up_to(self) -> dict[int, int]:
        """By partition, the first offset that was not sent again."""
        with self._opened() as (consumer, parts):
            return {part.partition: self._sent_up_to(consumer, part) for part in parts}

    def _sent_up_to(self, consumer: KafkaConsumer, part: TopicPartition) -> int:
        committed = consumer.committed(part, timeout_ms=round(self._link.request_timeout_s * 1_000))
        return int(consumer.beginning_offsets([part])[part] if committed is None else committed)

    @contextmanager
    def _opened(self) -> Iterator[tuple[KafkaConsumer, list[TopicPartition]]]:
        with answering(), consumer_of(self._link, group_id=self._group) as consumer:
            yield consumer, [TopicPartition(self._topic, number) for number in range(partitions_of(self._link, self._topic))]
