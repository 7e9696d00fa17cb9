"""Ticket events into a server: in calls, or on a stream that goes on after a break. Event ids make both exactly once."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Thread
from typing import Any

import grpc

from opsledger.core.errors import FieldViolation, NotReady, OpsledgerError
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.client.calls import pause
from opsledger.services.client.connection import ATTEMPTS_MAX, Connection
from opsledger.services.client.errors import RETRYABLE, typed
from opsledger.services.tickets.intake import BATCH_EVENTS_MAX, Outcome

SERVICE = pb.DESCRIPTOR.services_by_name["TicketRecorderService"]
BATCHES_MAX = 64
"""How many batches may wait for their answer; the next is not taken before one of them has it."""


class Recorder:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._record = connection.channel.unary_unary(
            f"/{SERVICE.full_name}/RecordTicketEvents", request_serializer=_bytes,
            response_deserializer=pb.RecordTicketEventsResponse.FromString)

    def record(self, events: Sequence[TicketEvent | bytes]) -> list[Outcome]:
        """Record a batch: what became of each event, once it is durable. Raises OpsledgerError."""
        connection = self._connection
        with connection.errors():
            answer = self._record(
                pb.RecordTicketEventsRequest(events=map(_event, events)), metadata=connection.metadata(sees_writes=False),
                timeout=connection.timeout_s, wait_for_ready=connection.wait_for_server,
            )
        return _outcomes(connection, answer.results)

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
        self._connection = connection
        self.batch_events_max = BATCH_EVENTS_MAX
        """How many events the server takes in a batch; with any answer it says so."""
        self._unanswered: deque[_Batch] = deque()
        self._sent = 0
        """How many of the unanswered ones were sent on the stream that is open."""
        self._window, self._stream, self._batches, self._failures = 1, 0, 0, 0
        self._closed = False
        self._ended: OpsledgerError | None = None
        self._changed = Condition()
        self._open = connection.channel.stream_stream(
            f"/{SERVICE.full_name}/StreamTicketEvents", request_serializer=_bytes,
            response_deserializer=pb.StreamTicketEventsResponse.FromString)
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
        error: OpsledgerError = NotReady(f"{self._connection.address}: the server ended the stream")
        try:
            error = self._exchange(error)
        except OpsledgerError as broken:
            error = broken
        finally:  # whatever happened, nobody waits for ever
            self._end(error)

    def _exchange(self, error: OpsledgerError) -> OpsledgerError:
        """Send and receive until all is answered or the server stays away; why it ended."""
        while True:
            with self._changed:
                self._stream += 1
                self._sent, self._window = 0, 1
                self._changed.notify_all()
            try:
                self._serve(self._open(self._requests(self._stream), metadata=self._connection.metadata(sees_writes=False)))
                return error
            except grpc.RpcError as failed:
                self._failures += 1
                error = typed(self._connection.address, failed)
                if failed.code() not in RETRYABLE or self._failures >= ATTEMPTS_MAX or (self._closed and not self._unanswered):
                    return error
                pause(self._failures, failed)

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
                    raise NotReady(f"{self._connection.address}: the server answered batch {answer.batch_id}, which is not the next one")
                batch = self._unanswered.popleft()
                self._sent -= 1
                self._window, self._failures = answer.window, 0
                self.batch_events_max = answer.batch_events_max or self.batch_events_max
                self._changed.notify_all()
            batch.outcomes.set_result(_outcomes(self._connection, answer.results))


def _bytes(request: Any) -> bytes:
    """Maps have no order of their own: a fixed one keeps the bytes that the client made."""
    data: bytes = request.SerializeToString(deterministic=True)
    return data


def _event(event: TicketEvent | bytes) -> TicketEvent:
    return TicketEvent.FromString(event) if isinstance(event, bytes) else event


def _outcomes(connection: Connection, results: Sequence[pb.RecordingResult]) -> list[Outcome]:
    connection.wrote(max((result.position for result in results), default=0))
    return [
        Outcome(
            result.index, result.position, result.outcome == pb.RecordingResult.OUTCOME_DUPLICATE,
            tuple(FieldViolation(v.field, v.reason, v.description) for v in result.violations),
        )
        for result in results
    ]
