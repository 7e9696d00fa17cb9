"""Streams what the demo floor delivers into a server, as a ticketing system's connector would."""
from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from opsledger.services.client import Client
from opsledger.services.demo.delivery import Delivery
from opsledger.services.tickets.codec import encode
from opsledger.services.tickets.intake import Outcome

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

    def add(self, outcomes: Sequence[Outcome]) -> None:
        for outcome in outcomes:
            self.position = max(self.position, outcome.position)
            if outcome.violations:
                self.rejected[f"{outcome.violations[0].field}: {outcome.violations[0].description}"] += 1
            elif outcome.duplicate:
                self.duplicates += 1
            else:
                self.recorded += 1


def feed(client: Client, deliveries: Sequence[Delivery], fed: Callable[[int], None]) -> Fed:
    """Record them in order over one stream; ``fed`` is told how many were answered since the last call. Raises OpsledgerError."""
    answer, unanswered = Fed(), deque[Future[list[Outcome]]]()

    def take() -> None:
        outcomes = unanswered.popleft().result()
        answer.add(outcomes)
        fed(len(outcomes))

    with client.recorder.stream() as stream:
        for first in range(0, len(deliveries), BATCH_EVENTS):
            unanswered.append(stream.submit([encode(delivery.fact) for delivery in deliveries[first : first + BATCH_EVENTS]]))
            while unanswered and unanswered[0].done():
                take()
        while unanswered:
            take()
    return answer
