"""A running server as the place where imported facts go: one stream, answered batch by batch."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Lock, Thread

import grpc

from opsledger.core.errors import FieldViolation, OpsledgerError
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
from opsledger.proto.sla.v1.rules_pb2_grpc import RuleServiceStub
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.grpc.refusals import authorization, refusal
from opsledger.services.tickets.intake import Outcome

_SERVICE = pb.DESCRIPTOR.services_by_name["TicketRecorderService"].full_name


class ServerSink:
    """How many batches are unanswered is bounded by the caller, and by HTTP/2 flow control where the server's window is smaller."""

    def __init__(self, address: str, token: str = "") -> None:
        self._address, self._token = address, token
        self._channel = grpc.insecure_channel(address)
        self._requests = SimpleQueue[pb.StreamTicketEventsRequest | None]()
        self._answers: deque[Future[list[Outcome]]] = deque()
        self._ended: Exception | None = None
        self._batch_id = 0
        self._lock = Lock()
        # maps have no order of their own: a fixed one keeps the bytes that the importer made
        call = self._channel.stream_stream(
            f"/{_SERVICE}/StreamTicketEvents",
            request_serializer=lambda request: request.SerializeToString(deterministic=True),
            response_deserializer=pb.StreamTicketEventsResponse.FromString,
        )
        responses = call(iter(self._requests.get, None), metadata=authorization(token))
        self._reader = Thread(target=self._read, args=(responses,), name="import answers", daemon=True)
        self._reader.start()

    def publish(self, rules: PublishRulesRequest) -> None:
        """Make them the next version of a program's rules. Raises as ``submit``'s future does."""
        stub = RuleServiceStub(self._channel)  # type: ignore[no-untyped-call]  # generated without types
        try:
            stub.PublishRules(rules, metadata=authorization(self._token))
        except grpc.RpcError as failed:
            raise refusal(self._address, failed) from None

    def submit(self, events: Sequence[bytes]) -> Future[list[Outcome]]:
        """The future is done when the server has answered; it raises what the server refused, or OpsledgerError when it went away."""
        answer: Future[list[Outcome]] = Future()
        with self._lock:
            if self._ended is not None:
                answer.set_exception(self._ended)
                return answer
            self._answers.append(answer)
        self._batch_id += 1
        self._requests.put(pb.StreamTicketEventsRequest(batch_id=self._batch_id, events=map(TicketEvent.FromString, events)))
        return answer

    def close(self) -> None:
        """Nothing more comes; wait until the server has ended the stream."""
        self._requests.put(None)
        self._reader.join()
        self._channel.close()

    def _read(self, responses: Iterator[pb.StreamTicketEventsResponse]) -> None:
        error: Exception = OpsledgerError(f"{self._address}: the server ended the stream")
        try:
            for response in responses:
                self._answers.popleft().set_result([_outcome(result) for result in response.results])
        except grpc.RpcError as failed:
            error = refusal(self._address, failed)
        with self._lock:
            self._ended = error
        for unanswered in self._answers:
            unanswered.set_exception(error)


def _outcome(result: pb.RecordingResult) -> Outcome:
    violations = tuple(FieldViolation(v.field, v.reason, v.description) for v in result.violations)
    return Outcome(result.index, result.position, result.outcome == pb.RecordingResult.OUTCOME_DUPLICATE, violations)
