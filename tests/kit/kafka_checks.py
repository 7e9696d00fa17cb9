"""What must be true of a topic and its replicas after any fault."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from opsledger.core.ports import Journal, RecordedEvent
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.journals import name


def all_events(journal: Journal) -> list[RecordedEvent]:
    found: list[RecordedEvent] = []
    while events := journal.read(len(found), 10_000):
        found += events
    return found


def segments(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("*.segment")}


def check_acknowledged(events: list[RecordedEvent], acknowledged: Mapping[str, int]) -> None:
    """None lost, none twice, each where its writer was told."""
    assert [event.position for event in events] == list(range(1, len(events) + 1))
    keys = [event.key for event in events]
    assert len(set(keys)) == len(keys)
    wrong = {key: position for key, position in acknowledged.items() if events[position - 1].key != name(key)}
    assert not wrong


def read_from_topic(folder: Path, link: KafkaLink) -> tuple[list[RecordedEvent], dict[str, bytes]]:
    """The events, and the segment files, of a node that has nothing but the topic."""
    with KafkaJournal(folder, link, node="fresh", owner=False) as journal:
        events = all_events(journal)
    return events, segments(folder)
