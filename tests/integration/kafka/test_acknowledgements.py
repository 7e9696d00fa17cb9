"""What the broker says of a commit may be missing, late or without an offset; the partition decides what stands.

A real broker and a real producer, whose answers are spoilt on their way to the journal.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from opsledger.core.errors import JournalUnreachable
from opsledger.core.ports import Receipt
from opsledger.services.journal.kafka import journal as journal_module
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.link import producer_client
from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.journals import event, facts
from tests.kit.kafka import shared_broker
from tests.kit.kafka_checks import all_events, check_acknowledged, read_from_topic

COMMITS = 30


class Acknowledged:
    """Of a record that was sent; what is told of it is spoilt."""

    def __init__(self, real: Any, spoil: Callable[[Any], Any]) -> None:
        self._real, self._spoil = real, spoil

    def get(self, timeout: float) -> Any:
        return self._spoil(self._real.get(timeout=timeout))


def without_offset(told: Any) -> Any:
    return told._replace(offset=-1)


def too_late(told: Any) -> Any:
    raise KafkaTimeoutError("the acknowledgement was lost")


def refused(told: None) -> Any:
    raise KafkaTimeoutError("it never arrived")


class Nothing:
    """Of a record that was not sent."""

    def get(self, timeout: float) -> None:
        return None


class Spoilt:
    """A producer; from the tenth commit on every seventh one is spoilt, ``times`` times in all."""

    def __init__(self, real: Any, spoil: Callable[[Any], Any], left: list[int]) -> None:
        self._real, self._spoil, self._left, self._sent = real, spoil, left, 0

    def send(self, topic: str, *, value: bytes, partition: int, key: bytes | None = None) -> Any:
        self._sent += 1
        chosen = key is None and self._left[0] > 0 and self._sent >= 10 and self._sent % 7 == 0
        if chosen:
            self._left[0] -= 1
        if chosen and self._spoil is refused:
            return Acknowledged(Nothing(), refused)
        real = self._real.send(topic, value=value, partition=partition, key=key)
        return Acknowledged(real, self._spoil) if chosen else real

    def close(self, timeout: float = 0) -> None:
        self._real.close(timeout=timeout)


@pytest.fixture
def link() -> KafkaLink:
    return shared_broker()


@pytest.fixture(params=[without_offset, too_late, refused])
def journal(tmp_path: Path, link: KafkaLink, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[KafkaJournal]:
    left = [3]
    monkeypatch.setattr(journal_module, "producer_client", lambda link: Spoilt(producer_client(link), request.param, left))
    with KafkaJournal(tmp_path / "journal", link, node="n1") as opened:
        yield opened
    assert left == [0]


def test_what_is_acknowledged_stands_and_a_retry_lands_once(journal: KafkaJournal, link: KafkaLink, tmp_path: Path) -> None:
    acknowledged: dict[str, int] = {}
    left = [str(number) for number in range(COMMITS)]
    rounds = 0
    while left:
        rounds += 1
        answers: list[tuple[str, Future[Receipt]]] = [(key, journal.submit(facts(event(f"s{key[-1]}", key=key)))) for key in left]
        left = []
        for key, answer in answers:
            error = answer.exception()
            if error is None:
                acknowledged[key] = answer.result().positions[0]
            else:
                assert isinstance(error, JournalUnreachable)
                left.append(key)
        if left:
            journal.wait_beyond(journal.position, 0.1)
        assert rounds < 500
    events = all_events(journal)
    assert len(events) == COMMITS
    check_acknowledged(events, acknowledged)
    fresh, _ = read_from_topic(tmp_path / "fresh", link)
    assert fresh == events
