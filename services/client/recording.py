"""Ticket events into a server: in calls, or on a stream that goes on after a break. Event ids make both exactly once."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Thread

import grpc

from opsledger.core.errors import FieldViolation, InvalidInput, NotReady, OpsledgerError
from opsledger.core.tickets.facts import TicketFact, TicketKey
from opsledger.core.tickets.order import in_order
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.client.connection import Connection, serialized
from opsledger.services.tickets.codec import decode
from opsledger.services.tickets.intake import BATCH_EVENTS_MAX, Outcome

_DUPLICATES = (pb.RecordingResult.OUTCOME_DUPLICATE, pb.RecordingResult.OUTCOME_DIFFERS)
SERVICE = pb.DESCRIPTOR.services_by_name["TicketRecorderService"]
BATCHES_MAX = 64
"""How many batches may wait for their answer; the next is not taken before one of them has it."""


class Recorder:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, events: Sequence[TicketEvent | bytes]) -> list[Outcome]:
        """Record a batch: what became of each event, once it is durable. Raises OpsledgerError."""
        answer = self._connection.call(
            f"/{SERVICE.full_name}/RecordTicketEvents", pb.RecordTicketEventsRequest(events=map(_event, events)),
            pb.RecordTicketEventsResponse, sees_writes=False,
        )
        return _outcomes(self._connection, answer.results)

    def differing(self, tenant: str = "") -> Sequence[pb.DifferingEvent]:
        """What came again with other content through the node that answers, since it was started: the newest first, at most 1,000.
        ``tenant``: the connection's, unless given. Raises OpsledgerError."""
        return self._connection.call(
            f"/{SERVICE.full_name}/ListDifferingEvents", self._connection.filled(pb.ListDifferingEventsRequest(tenant=tenant)),
            pb.ListDifferingEventsResponse, sees_writes=False,
        ).events

    def held(self, tickets: Sequence[TicketKey]) -> dict[TicketKey, list[TicketFact]]:
        """The facts of each ticket in the order of the fold; tickets without any are left out. Raises OpsledgerError."""
        request = pb.ListTicketEventsRequest(tickets=[pb.TicketName(**ticket._asdict()) for ticket in tickets])
        found: dict[TicketKey, list[TicketFact]] = {}
        while True:
            answer = self._connection.call(
                f"/{SERVICE.full_name}/ListTicketEvents", request, pb.ListTicketEventsResponse, sees_writes=False)
            for message in answer.events:
                try:
                    fact = decode(message)
                except InvalidInput:
                    continue  # it has a word of a later version
                found.setdefault(fact.ticket, []).append(fact)
            if not answer.next_page_token:
                return {ticket: in_order(facts) for ticket, facts in found.items()}
            request.page_token = answer.next_page_token

    def stream(self) -> RecordingStream:
        """A stream for many batches. Close it, or use it in a ``with``."""
        return RecordingStream(self._connection)


@dataclass(eq=False)
class _Batch:
    id: int
    events: Sequence[TicketEvent | bytes]
    outcomes: Future[list[Outcome]] = field(default_factory=Future)


class RecordingStream:
    """Sends batches in their order, never more unanswered than the server's window. When the connection breaks, what has no answer
    is sent again over a new one. Thread-safe."""

    def __init__(self, connection: Connection) -> None:
        self._connection, self._attempts = connection, connection.attempts()
        self.batch_events_max = BATCH_EVENTS_MAX
        """How many events the server takes in a batch; with any answer it says so."""
        self._unanswered: deque[_Batch] = deque()
        self._sent = 0
        """How many of the unanswered ones were sent on the stream that is open."""
        self._window, self._stream, self._batches = 1, 0, 0
        self._closed = False
        self._ended: OpsledgerError | None = None
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="recording stream", daemon=True)
        self._thread.start()

    def submit(self, events: Sequence[TicketEvent | bytes]) -> Future[list[Outcome]]:
        """Queue a batch; wait while BATCHES_MAX have no answer. The future raises what the server refused, NotReady when it stayed away."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._unanswered) < BATCHES_MAX or self._ended)
            self._batches += 1
            batch = _Batch(self._batches, events)
            batch.outcomes.set_running_or_notify_cancel()  # it is under way: nobody can take it back any more
            if self._ended or self._closed:
                batch.outcomes.set_exception(self._ended or NotReady("the stream is closed"))
            else:
                self._unanswered.append(batch)
                self._changed.notify_all()
        return batch.outcomes

    def close(self) -> None:
        """Nothing more comes; wait for the answers."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def __enter__(self) -> RecordingStream:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _run(self) -> None:
        error: OpsledgerError = NotReady("the server stayed away")
        try:
            self._exchange()
            error = NotReady(f"{self._attempts.address}: the server ended the stream")
        except OpsledgerError as broken:
            error = broken
        finally:  # whatever happened, nobody waits for ever
            self._end(error)

    def _exchange(self) -> None:
        """Send and receive until all is answered. Raises OpsledgerError when the server stays away."""
        while True:
            with self._changed:
                self._stream += 1
                self._sent, self._window = 0, 1
                self._changed.notify_all()
            opened = self._attempts.channel.stream_stream(
                f"/{SERVICE.full_name}/StreamTicketEvents", request_serializer=serialized,
                response_deserializer=pb.StreamTicketEventsResponse.FromString)
            try:
                self._serve(opened(self._requests(self._stream), metadata=self._connection.metadata(sees_writes=False)))
                return
            except grpc.RpcError as failure:
                if self._closed and not self._unanswered:
                    return
                self._attempts.failed(failure)

    def _end(self, error: OpsledgerError) -> None:
        with self._changed:
            self._ended = error
            unanswered = list(self._unanswered)
            self._unanswered.clear()
            self._changed.notify_all()
        for batch in unanswered:
            batch.outcomes.set_exception(error)

    def _requests(self, stream: int) -> Iterator[pb.StreamTicketEventsRequest]:
        """What this stream sends, until another one takes its place."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._stream != stream or self._ended or self._may_send() or self._is_done())
                if self._stream != stream or self._ended or not self._may_send():
                    return
                batch = self._unanswered[self._sent]
                self._sent += 1
            yield pb.StreamTicketEventsRequest(batch_id=batch.id, events=map(_event, batch.events))

    def _may_send(self) -> bool:
        return self._sent < min(len(self._unanswered), self._window)

    def _is_done(self) -> bool:
        return self._closed and self._sent == len(self._unanswered)

    def _serve(self, answers: Iterable[pb.StreamTicketEventsResponse]) -> None:
        for answer in answers:
            with self._changed:
                if not self._unanswered or answer.batch_id != self._unanswered[0].id:
                    raise NotReady(f"{self._attempts.address}: the server answered batch {answer.batch_id}, which is not the next one")
                batch = self._unanswered.popleft()
                self._sent -= 1
                self._window = answer.window
                self.batch_events_max = answer.batch_events_max or self.batch_events_max
                self._attempts.succeeded()
                self._changed.notify_all()
            batch.outcomes.set_result(_outcomes(self._connection, answer.results))


def _event(event: TicketEvent | bytes) -> TicketEvent:
    return TicketEvent.FromString(event) if isinstance(event, bytes) else event


def _outcomes(connection: Connection, results: Sequence[pb.RecordingResult]) -> list[Outcome]:
    connection.wrote(*(result.position for result in results))
    return [
        Outcome(
            result.index, result.position, result.outcome in _DUPLICATES,
            tuple(FieldViolation(v.field, v.reason, v.description) for v in result.violations),
            result.outcome == pb.RecordingResult.OUTCOME_DIFFERS,
        )
        for result in results
    ]
