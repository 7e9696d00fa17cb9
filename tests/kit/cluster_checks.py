"""What must be true of a cluster after any faults."""
from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

from opsledger.core.partitions import begin_of, partition_at, partition_of_stream
from opsledger.core.ports import RecordedEvent
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.history import History
from tests.kit.kafka_checks import all_events, segments

STARTED, SUBMITTED = "es:decisions:quality.evaluation.started", "es:decisions:quality.evaluation.submitted"
SHARED = "sla.v1.rules_shared"
"""A copy for each partition."""


def fresh_replicas(folder: Path, link: KafkaLink, partitions: int) -> list[list[RecordedEvent]]:
    """The events of each partition as a node reads them that has nothing but the topic. It leaves a node's folder behind."""
    with ExitStack() as open_:
        return [
            all_events(open_.enter_context(KafkaJournal(folder / str(number), link, node="fresh", partition=number, owner=False)))
            for number in range(partitions)
        ]


def check_same_replicas(fresh: Path, folders: Iterable[Path], link: KafkaLink, partitions: int) -> None:
    """What a node has is what a new one reads, up to where it was stopped, and then up to the end."""
    for folder in folders:
        for number in range(partitions):
            expected, found = segments(fresh / str(number)), segments(folder / str(number))
            assert expected
            assert [name for name, data in found.items() if not expected.get(name, b"").startswith(data)] == [], folder
        fresh_replicas(folder, link, partitions)
        for number in range(partitions):
            assert segments(folder / str(number)) == segments(fresh / str(number)), folder


def check_history(history: History, events: list[list[RecordedEvent]]) -> None:
    """No acknowledged event is lost, none is there twice or elsewhere than was said, and there is none that nobody sent."""
    assert history.contradictions == []
    stands = {begin_of(number) + event.position: event for number, found in enumerate(events) for event in found}
    keys = [(event.key, partition_at(at) if event.type == SHARED else None) for at, event in stands.items() if event.key]
    assert len(keys) == len(set(keys)), "an event stands twice"
    assert {key: at for key, at in history.facts.items() if at not in stands or stands[at].key != key} == {}
    facts = [event for event in stands.values() if event.type.startswith("tickets.")]
    assert {event.key for event in facts} <= history.sent
    assert all(partition_of_stream(event.stream_id, len(events)) == partition_at(at)
               for at, event in stands.items() if event.type.startswith("tickets."))
    _check_commands(history, stands)


def _check_commands(history: History, stands: dict[int, RecordedEvent]) -> None:
    """Each command was carried out once: there are as many events as commands, each of the aggregate that was answered."""
    carried_out = {at for at, event in stands.items() if event.type in (STARTED, SUBMITTED)}
    assert {at for _, at in history.commands.values()} == carried_out
    assert len(history.commands) == len(carried_out)
    for (tenant, request_id), (aggregate, at) in history.commands.items():
        event = stands[at]
        assert event.type == (STARTED if request_id.endswith("start") else SUBMITTED), request_id
        assert (event.tenant, event.stream_id) == (tenant, UUID(aggregate).bytes), request_id
