"""Builders for journal tests: events with few words, a clock that only moves when told, every adapter by name."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from opsledger.core.ports import Commit, Journal, NewEvent
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


SMALL = Limits(segment_bytes=300, batch_commits=3)
"""Segments of one or two commits."""

Opener = Callable[[Path, Clock], Journal]

ADAPTERS: dict[str, Opener] = {
    "memory": lambda folder, clock: MemoryJournal(clock),
    "segments": lambda folder, clock: SegmentJournal.open(folder, now_us=clock),
    "small segments": lambda folder, clock: SegmentJournal.open(folder, now_us=clock, limits=SMALL),
    "kafka": lambda folder, clock: KafkaJournal(folder, shared_broker(), node="n1", now_us=clock, limits=SMALL),
}
