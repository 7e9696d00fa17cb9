"""The record before the next offset is compared with the topic's while others go on reading the partition into the same replica."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from kafka import TopicPartition

from opsledger.core.errors import JournalDamaged
from opsledger.services.journal.kafka import partition as partition_module
from opsledger.services.journal.kafka.partition import Partition
from opsledger.services.journal.kafka.records import CLAIM_KEY, Claim, Record, encode_claim
from opsledger.services.journal.kafka.replica import Replica
from opsledger.services.journal.kafka.settings import KafkaLink

LINK = KafkaLink(bootstrap_servers=("fake:1",), topic="t")
PLACE = TopicPartition("t", 0)
RECORDS = [Record(offset, CLAIM_KEY, encode_claim(Claim(offset + 1, "n", "n:1", str(offset)))) for offset in range(6)]


class Topic:
    """A consumer's: holds six records. What others do meanwhile is done before a fetch is answered."""

    def __init__(self) -> None:
        self.records = list(RECORDS)
        self.meanwhile: Callable[[], None] = lambda: None
        self._offset = 0

    def assign(self, places: list[TopicPartition]) -> None: ...

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._offset = offset

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[object]]:
        self.meanwhile()
        return {PLACE: [SimpleNamespace(**record._asdict()) for record in self.records[self._offset:]]}

    def beginning_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {PLACE: 0}

    def end_offsets(self, places: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {PLACE: len(self.records)}


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def partition(topic: Topic, monkeypatch: pytest.MonkeyPatch) -> Partition:
    monkeypatch.setattr(partition_module, "consumer_client", lambda link: topic)
    return Partition(LINK, 0)


@pytest.fixture
def replica(tmp_path: Path) -> Iterator[Replica]:
    opened = Replica(tmp_path, "t", 0, 1 << 20)
    yield opened
    opened.close()


def test_a_replica_that_takes_more_meanwhile_is_not_called_damaged(topic: Topic, partition: Partition, replica: Replica) -> None:
    replica.take(RECORDS[:2])
    topic.meanwhile = lambda: replica.take(RECORDS[2:4])
    partition.check_continues(replica)
    assert replica.offset == 4


def test_a_replica_that_is_taking_records_is_compared_as_it_was_before(partition: Partition, replica: Replica) -> None:
    replica.take(RECORDS[:2])

    def compared() -> Iterator[Record]:
        for record in RECORDS[2:]:
            partition.check_continues(replica)
            assert replica.offset == 2
            yield record
        partition.check_continues(replica)

    replica.take(compared())
    assert replica.offset == 6


def test_another_record_there_is_damage_whatever_comes_meanwhile(topic: Topic, partition: Partition, replica: Replica) -> None:
    replica.take(RECORDS[:2])
    topic.records[1] = RECORDS[1]._replace(value=b"another")
    topic.meanwhile = lambda: replica.take(RECORDS[2:4])
    with pytest.raises(JournalDamaged, match="byte 1\\)"):
        partition.check_continues(replica)


def test_what_was_reached_is_the_same_after_a_start(tmp_path: Path) -> None:
    replica = Replica(tmp_path, "t", 0, 1 << 20)
    replica.take(RECORDS[:3])
    reached = replica.reached
    replica.close()
    again = Replica(tmp_path, "t", 0, 1 << 20)
    assert again.reached == reached
    again.close()
