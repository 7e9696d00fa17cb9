"""The way in over gRPC: batches and streams of ticket events, answered when they are durable.

Requests arrive here as bytes, so that the bytes of an event on the wire are the bytes in the journal.
"""
from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from time import perf_counter
from typing import Any, TypeAlias, cast

import grpc
from grpc.aio import ServicerContext

from opsledger.core.errors import FieldViolation, InvalidInput, NotReady, Overloaded
from opsledger.ext.wire import MalformedWire, split
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.services.grpc.auth import Role, current_principal, require, require_any
from opsledger.services.grpc.calls import count
from opsledger.services.grpc.threads import InThread
from opsledger.services.metrics import Metrics
from opsledger.services.tickets.codec import timestamp
from opsledger.services.tickets.differing import DifferingEvents
from opsledger.services.tickets.intake import Intake, Outcome
from opsledger.services.tickets.listing import TicketEvents

SERVICE = pb.DESCRIPTOR.services_by_name["TicketRecorderService"]

_BATCH_EVENTS = pb.RecordTicketEventsRequest.DESCRIPTOR.fields_by_name["events"].number
_STREAM_EVENTS = pb.StreamTicketEventsRequest.DESCRIPTOR.fields_by_name["events"].number
_STREAM_BATCH_ID = pb.StreamTicketEventsRequest.DESCRIPTOR.fields_by_name["batch_id"].number
_NO_FIELD = 0
_FULL_QUEUE_RETRY_S = 0.02
_COUNTED = {
    "recorded": pb.RecordingResult.OUTCOME_RECORDED, "duplicate": pb.RecordingResult.OUTCOME_DUPLICATE,
    "differs": pb.RecordingResult.OUTCOME_DIFFERS, "rejected": pb.RecordingResult.OUTCOME_REJECTED,
}
"""Each event has one of these."""

_Batch: TypeAlias = "tuple[int, asyncio.Future[list[Outcome]]]"
"""A batch of a stream without an answer: its id and what is to become of it."""


class TicketRecorder:
    """Records batches. A stream has at most ``window`` batches unanswered: the next is not read before, so a client that
    sends more is slowed down by HTTP/2 flow control, never refused. Answers come in the order of the batches."""

    def __init__(
        self, intake: Intake, differing: DifferingEvents, recorded: TicketEvents, metrics: Metrics, in_thread: InThread, *, window: int
    ) -> None:
        self._intake, self._differing, self._recorded, self._metrics, self._window = intake, differing, recorded, metrics, window
        self._in_thread = in_thread
        self._draining: asyncio.Future[None] | None = None

    def register(self, server: grpc.aio.Server) -> None:
        """Not the generated way: no deserializer, so events stay bytes."""
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE.full_name, {
            "RecordTicketEvents": grpc.unary_unary_rpc_method_handler(
                cast(Any, self.record), response_serializer=pb.RecordTicketEventsResponse.SerializeToString
            ),
            "StreamTicketEvents": grpc.stream_stream_rpc_method_handler(
                cast(Any, self.stream), response_serializer=pb.StreamTicketEventsResponse.SerializeToString
            ),
            "ListDifferingEvents": grpc.unary_unary_rpc_method_handler(
                cast(Any, self.list_differing), pb.ListDifferingEventsRequest.FromString,
                pb.ListDifferingEventsResponse.SerializeToString,
            ),
            "ListTicketEvents": grpc.unary_unary_rpc_method_handler(
                cast(Any, self.list_events), request_deserializer=pb.ListTicketEventsRequest.FromString,
                response_serializer=pb.ListTicketEventsResponse.SerializeToString,
            ),
        }),))

    def drain(self) -> None:
        """Answer what streams have sent so far and end them: their clients go on elsewhere with what has no answer."""
        if not self._drained().done():
            self._drained().set_result(None)

    async def record(self, request: bytes, context: ServicerContext[bytes, pb.RecordTicketEventsResponse]) -> pb.RecordTicketEventsResponse:
        require(current_principal(), None, Role.RECORDER)
        _, events = _split(request, _NO_FIELD, _BATCH_EVENTS)
        return pb.RecordTicketEventsResponse(results=await self._results(self._submit(events)))

    async def list_differing(
        self, request: pb.ListDifferingEventsRequest, context: ServicerContext[Any, Any]
    ) -> pb.ListDifferingEventsResponse:
        require_any(current_principal(), request.tenant, Role.RECORDER, Role.READER)
        return pb.ListDifferingEventsResponse(events=[
            pb.DifferingEvent(
                tenant=each.event.tenant, source=each.event.source, event_id=each.event.event_id, ticket_id=each.event.ticket_id,
                position=each.position, fields=each.fields, received_at=timestamp(each.at_us), place=each.place,
            ) for each in self._differing.latest({request.tenant})
        ])

    async def list_events(
        self, request: pb.ListTicketEventsRequest, context: ServicerContext[Any, pb.ListTicketEventsResponse]
    ) -> pb.ListTicketEventsResponse:
        require(current_principal(), None, Role.RECORDER)
        for tenant in {name.tenant for name in request.tickets}:
            require(current_principal(), tenant, Role.RECORDER)
        return await self._in_thread(self._recorded.ListTicketEvents, request)

    async def stream(self, requests: object, context: ServicerContext[bytes, pb.StreamTicketEventsResponse]) -> None:
        require(current_principal(), None, Role.RECORDER)
        slots = asyncio.Semaphore(self._window)
        unanswered: asyncio.Queue[_Batch | None] = asyncio.Queue()
        reading = asyncio.create_task(self._read(context, slots, unanswered))
        reading.add_done_callback(lambda done: unanswered.put_nowait(None))
        try:
            while (batch := await unanswered.get()) is not None:
                batch_id, outcomes = batch
                results = await self._results(outcomes)
                await context.write(pb.StreamTicketEventsResponse(
                    batch_id=batch_id, results=results, window=self._window, batch_events_max=self._intake.batch_events_max,
                ))
                slots.release()
            await reading  # raises what ended it, after everything before it was answered
        finally:
            reading.cancel()
            await asyncio.wait({reading})

    async def _read(
        self, context: ServicerContext[bytes, Any], slots: asyncio.Semaphore, unanswered: asyncio.Queue[_Batch | None]
    ) -> None:
        """Queue batches until the client is done, at most as many as there are slots."""
        last_id = 0
        while True:
            await slots.acquire()
            if (request := await self._next(context)) is None:
                return
            batch_id, events = _split(request, _STREAM_BATCH_ID, _STREAM_EVENTS)
            if batch_id <= last_id:
                raise InvalidInput(FieldViolation("batch_id", "NOT_INCREASING", f"{batch_id} must be greater than {last_id}"))
            last_id = batch_id
            unanswered.put_nowait((batch_id, await self._submit_patiently(events)))

    async def _next(self, context: ServicerContext[bytes, Any]) -> bytes | None:
        """The client's next request, None at its end. Raises NotReady when the server drains first."""
        drained = self._drained()
        if not drained.done():
            read: asyncio.Future[Any] = asyncio.ensure_future(context.read())
            try:
                await asyncio.wait({read, drained}, return_when=asyncio.FIRST_COMPLETED)
                if read.done():
                    request: bytes = read.result()
                    return None if request is grpc.aio.EOF else request  # type: ignore[attr-defined]  # the stubs do not know it
            finally:
                read.cancel()
        raise NotReady("the server is going down; batches without an answer were not read")

    def _drained(self) -> asyncio.Future[None]:
        if self._draining is None:
            self._draining = asyncio.get_running_loop().create_future()
        return self._draining

    def _submit(self, events: Sequence[bytes]) -> asyncio.Future[list[Outcome]]:
        started_s = perf_counter()

        def done(outcomes: asyncio.Future[list[Outcome]]) -> None:
            self._metrics.batches_waiting.dec()
            # Asking for the exception says that it was seen: when a journal stops, a stream raises only its first.
            if not outcomes.cancelled() and outcomes.exception() is None:
                self._metrics.batch_seconds.observe(perf_counter() - started_s)

        outcomes = asyncio.wrap_future(self._intake.submit(events, tenants=current_principal().tenants))
        self._metrics.batches_waiting.inc()
        outcomes.add_done_callback(done)
        return outcomes

    async def _submit_patiently(self, events: Sequence[bytes]) -> asyncio.Future[list[Outcome]]:
        """A full queue slows a stream down; a single batch would be refused."""
        while True:
            try:
                return self._submit(events)
            except Overloaded:
                await asyncio.sleep(_FULL_QUEUE_RETRY_S)

    async def _results(self, outcomes: asyncio.Future[list[Outcome]]) -> list[pb.RecordingResult]:
        """Waits until the batch is durable, and counts it."""
        done = await outcomes
        results = [_result(outcome) for outcome in done]
        found = Counter(result.outcome for result in results)
        numbers = {word: found[code] for word, code in _COUNTED.items()}
        for word, number in numbers.items():
            self._metrics.events.labels(word).inc(number)
        count(
            batches=1, recorded=numbers["recorded"], duplicates=numbers["duplicate"], differing=numbers["differs"],
            rejected=numbers["rejected"],
        )
        return results


def _split(request: bytes, number_field: int, parts_field: int) -> tuple[int, list[bytes]]:
    try:
        return split(request, number_field, parts_field)
    except MalformedWire as error:
        raise InvalidInput(FieldViolation("", "MALFORMED", str(error))) from None


def _result(outcome: Outcome) -> pb.RecordingResult:
    if outcome.position:
        code = pb.RecordingResult.OUTCOME_DUPLICATE if outcome.duplicate else pb.RecordingResult.OUTCOME_RECORDED
        if outcome.differs:
            code = pb.RecordingResult.OUTCOME_DIFFERS
        return pb.RecordingResult(index=outcome.index, outcome=code, position=outcome.position)
    return pb.RecordingResult(
        index=outcome.index, outcome=pb.RecordingResult.OUTCOME_REJECTED,
        violations=[pb.FieldViolation(field=v.field, reason=v.reason, description=v.description) for v in outcome.violations],
    )
