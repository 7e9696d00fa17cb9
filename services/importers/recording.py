"""The spool goes into the journal: in batches, several under way at once, in one order."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Protocol

from opsledger.core.errors import InvalidInput, Overloaded
from opsledger.services.importers.comparing import Ledger
from opsledger.services.importers.spool import Spool
from opsledger.services.importers.summary import Summary
from opsledger.services.tickets.codec import decode_bytes
from opsledger.services.tickets.intake import Outcome

BATCH_EVENTS_MAX = 1_000
BATCH_BYTES_MAX = 1 << 20
BATCHES_UNDER_WAY_MAX = 8


class Sink(Ledger, Protocol):
    """Intake, or a server that has one."""

    batch_events_max: int
    """It refuses larger batches."""

    def submit(self, events: Sequence[bytes]) -> Future[list[Outcome]]: ...


def record(spool: Spool, sink: Sink, summary: Summary, progress: Callable[[int], None]) -> None:
    """Record every event of the spool, and count what became of it. ``progress`` is told how many are durable now.

    Raises InvalidInput when the sink refuses an event: what came before it is recorded, and the same import can be run again.
    """
    under_way: deque[tuple[list[bytes], Future[list[Outcome]]]] = deque()

    def finish_one() -> None:
        events, answer = under_way.popleft()
        outcomes = answer.result()
        if refused := next((outcome for outcome in outcomes if outcome.violations), None):
            raise InvalidInput(*refused.violations)
        duplicates = sum(outcome.duplicate for outcome in outcomes)
        summary.duplicates += duplicates
        summary.recorded += len(outcomes) - duplicates
        for outcome in outcomes:
            if outcome.differs:
                summary.differs(decode_bytes(events[outcome.index]))
        progress(len(outcomes))

    for batch in _batches(spool.events(), min(BATCH_EVENTS_MAX, sink.batch_events_max)):
        if len(under_way) >= BATCHES_UNDER_WAY_MAX:
            finish_one()
        while True:
            try:
                under_way.append((batch, sink.submit(batch)))
                break
            except Overloaded:
                if not under_way:
                    raise
                finish_one()
    while under_way:
        finish_one()


def _batches(events: Iterator[bytes], events_max: int) -> Iterator[list[bytes]]:
    batch: list[bytes] = []
    size = 0
    for event in events:
        if batch and (len(batch) == events_max or size + len(event) > BATCH_BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += len(event)
    if batch:
        yield batch
