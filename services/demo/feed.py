"""Streams what the demo floor delivers into a server, as a ticketing system's connector would."""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Semaphore

import grpc

from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.demo.delivery import Delivery
from opsledger.services.tickets.codec import encode

BATCH_EVENTS = 250


@dataclass
class Fed:
    """What the server answered."""

    recorded: int = 0
    duplicates: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    """By field and reason."""
    position: int = 0
    """The last one in the journal."""

    def add(self, results: Sequence[pb.RecordingResult]) -> None:
        for result in results:
            self.position = max(self.position, result.position)
            if result.outcome == pb.RecordingResult.OUTCOME_RECORDED:
                self.recorded += 1
            elif result.outcome == pb.RecordingResult.OUTCOME_DUPLICATE:
                self.duplicates += 1
            else:
                self.rejected[f"{result.violations[0].field}: {result.violations[0].description}"] += 1


def feed(channel: grpc.Channel, deliveries: Sequence[Delivery], fed: Callable[[int], None]) -> Fed:
    """Record them in order over one stream, never with more batches unanswered than the server allows; ``fed`` is told how many were
    answered since the last call. Raises grpc.RpcError."""
    answer, slots, is_first = Fed(), Semaphore(1), True

    def batches() -> Iterator[pb.StreamTicketEventsRequest]:
        for first in range(0, len(deliveries), BATCH_EVENTS):
            slots.acquire()
            events = [encode(delivery.fact) for delivery in deliveries[first : first + BATCH_EVENTS]]
            yield pb.StreamTicketEventsRequest(batch_id=first + 1, events=events)

    recorder = TicketRecorderServiceStub(channel)  # type: ignore[no-untyped-call]  # protoc writes it without types
    for response in recorder.StreamTicketEvents(batches()):
        answer.add(response.results)
        fed(len(response.results))
        slots.release(response.window if is_first else 1)
        is_first = False
    return answer
