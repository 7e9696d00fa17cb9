"""Reads one partition of the topic, from any offset, for whoever asks."""
from __future__ import annotations

from threading import Lock
from time import monotonic

from kafka import TopicPartition
from kafka.errors import OffsetOutOfRangeError

from opsledger.core.errors import JournalDamaged, JournalUnreachable
from opsledger.ext.journal import crc32c
from opsledger.services.journal.kafka.link import Unreachable, consumer_client, release
from opsledger.services.journal.kafka.records import Record
from opsledger.services.journal.kafka.replica import Reached, Replica
from opsledger.services.journal.kafka.settings import KafkaLink

_POLL_MS = 100


class Partition:
    """Thread-safe: one reads at a time."""

    def __init__(self, link: KafkaLink, partition: int) -> None:
        self._partition = TopicPartition(link.topic, partition)
        self._name = f"{link.topic}-{partition}"
        self._patience_s = link.delivery_timeout_s
        self._lock = Lock()
        self._consumer = consumer_client(link)
        self._consumer.assign([self._partition])
        self._next = -1

    def read(self, offset: int, wait_ms: int = _POLL_MS) -> list[Record]:
        """Records from an offset on; none when there are none yet. Raises JournalDamaged when they are gone, JournalUnreachable."""
        with self._lock, Unreachable("the topic cannot be read"):
            if offset != self._next:
                self._consumer.seek(self._partition, offset)
            try:
                polled = self._consumer.poll(timeout_ms=wait_ms)
            except OffsetOutOfRangeError:
                raise self._gone(offset) from None
            records = [Record(one.offset, one.key, one.value or b"") for one in polled.get(self._partition, ())]
            self._next = records[-1].offset + 1 if records else offset
        return records

    def end(self) -> int:
        """The offset after the last record that every reader can see."""
        with self._lock, Unreachable("the topic's end cannot be asked for"):
            return int(self._consumer.end_offsets([self._partition])[self._partition])

    def catch_up(self, replica: Replica, until: int) -> None:
        """Give a replica all records before an offset, which exist. Raises JournalUnreachable when they do not come."""
        deadline_s = monotonic() + self._patience_s
        while replica.offset < until:
            if records := self.read(replica.offset):
                replica.take(records)
                deadline_s = monotonic() + self._patience_s
            elif monotonic() > deadline_s:
                raise JournalUnreachable(f"Kafka: the records before offset {until} do not come")

    def check_continues(self, replica: Replica) -> None:
        """Whether the topic still holds what the replica has read. Raises JournalDamaged."""
        with self._lock, Unreachable("the topic's begin cannot be asked for"):
            begin = int(self._consumer.beginning_offsets([self._partition])[self._partition])
        last = replica.reached
        if begin > last.offset:
            raise self._gone(last.offset)
        if last.offset > begin and not self._holds(last):
            raise JournalDamaged(
                "the topic does not hold the record that was read last", position=replica.recovered.position, segment=self._name,
                offset=last.offset - 1,
            )

    def holds_last(self, replica: Replica) -> bool:
        """Whether the last record that the replica has taken is still what stands there."""
        return self._holds(replica.reached)

    def _holds(self, last: Reached) -> bool:
        if last.offset == 0:
            return True
        return self.end() >= last.offset and crc32c(self._last_before(last.offset).value) == last.record_crc

    def _last_before(self, offset: int) -> Record:
        deadline_s = monotonic() + self._patience_s
        while monotonic() < deadline_s:
            if records := self.read(offset - 1):
                return records[0]
        raise JournalUnreachable(f"Kafka: the record at offset {offset - 1} does not come")

    def _gone(self, offset: int) -> JournalDamaged:
        return JournalDamaged("the topic does not hold the records that follow", position=0, segment=self._name, offset=offset)

    def close(self) -> None:
        with self._lock:
            release(self._consumer)
