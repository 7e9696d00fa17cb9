"""Builders for journal tests: events with few words, a clock that only moves when told, every adapter by name."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from opsledger.core.ports import Commit, Journal, NewEvent
from opsledger.proto.cluster.v1 import node_pb2 as pb
from opsledger.services.cluster.lane import Answered
from opsledger.services.cluster.messages import commit_message, commit_of, outcome_of, result_message
from opsledger.services.cluster.partition import SharedPartition
from opsledger.services.cluster.recording import record_all
from opsledger.services.journal.kafka.journal import KafkaJournal
from opsledger.services.journal.limits import Limits
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.kafka import shared_broker

START_US = 1_700_000_000_000_000


def name(text: str) -> bytes:
    """16 bytes that read as ``text``, for streams and keys."""
    return text.encode().ljust(16, b".")


def event(
    stream: str = "ticket", *, key: str = "", version: int | None = None, payload: bytes = b"{}", type: str = "test.v1.happened",
    tenant: str = "acme", occurred_at_us: int = START_US - 1,
) -> NewEvent:
    return NewEvent(name(stream), type, tenant, occurred_at_us, payload, name(key) if key else b"", version)


def facts(*events: NewEvent) -> Commit:
    return Commit(events)


def decision(request: str, *events: NewEvent) -> Commit:
    return Commit(events, name(request))


class Clock:
    """Microseconds since 1970 that stand still until they are set."""

    def __init__(self, at_us: int = START_US) -> None:
        self.at_us = at_us

    def __call__(self) -> int:
        return self.at_us


class HandedOn(SharedPartition):
    """A partition of a node that does not own it; the owner is in this process."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        link = shared_broker()
        self._owner_journal = KafkaJournal(folder / "owner", link, node="n1", address="n1:1", now_us=clock, limits=SMALL)
        super().__init__(KafkaJournal(folder / "other", link, node="n2", owner=False, limits=SMALL), 0, "n2", self, 30.0)

    def send(self, address: str, partition: int, commits: Sequence[Commit]) -> Future[Answered]:
        """In place of a Peers: what crosses the wire is what the nodes send each other."""
        sent = pb.AppendRequest(commits=map(commit_message, commits)).SerializeToString()
        request = pb.AppendRequest.FromString(sent)
        answer: Future[Answered] = Future()
        answered = record_all(self._owner_journal, [commit_of(commit) for commit in request.commits])

        def finish(done: Future[Answered]) -> None:
            results = [pb.Result.FromString(result_message(each).SerializeToString()) for each in done.result().outcomes]
            answer.set_result(Answered([outcome_of(result) for result in results], done.result().position))

        answered.add_done_callback(finish)
        return answer

    def close(self) -> None:
        super().close()
        self._owner_journal.close()


SMALL = Limits(segment_bytes=300, batch_commits=3)
"""Segments of one or two commits."""

Opener = Callable[[Path, Clock], Journal]

ADAPTERS: dict[str, Opener] = {
    "memory": lambda folder, clock: MemoryJournal(clock),
    "segments": lambda folder, clock: SegmentJournal.open(folder, now_us=clock),
    "small segments": lambda folder, clock: SegmentJournal.open(folder, now_us=clock, limits=SMALL),
    "kafka": lambda folder, clock: KafkaJournal(folder, shared_broker(), node="n1", now_us=clock, limits=SMALL),
    "kafka, handed on": HandedOn,
}
