"""Clients that record ticket events and keep account of what was acknowledged to them."""
from __future__ import annotations

from collections.abc import Iterator
from queue import Queue
from threading import Event, Thread
from typing import Any

import grpc

from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from tests.kit.events import event


class RecordingClient(Thread):
    """Sends batches of its own events, as calls or on a stream, until the server or the test ends that."""

    def __init__(self, name: str, address: str, *, streams: bool, batch_events: int = 20) -> None:
        super().__init__(name=name, daemon=True)
        self._address, self._streams, self._batch_events = address, streams, batch_events
        self.acknowledged: dict[int, bytes] = {}
        """Position -> bytes of the event that was answered as recorded there."""
        self.sent: dict[str, bytes] = {}
        self.code: grpc.StatusCode | None = None
        """How it ended: the status of the last call, None when the test ended it."""
        self.busy = Event()
        """Set once something was acknowledged."""
        self._done = Event()

    def run(self) -> None:
        with grpc.insecure_channel(self._address) as channel:
            stub: Any = TicketRecorderServiceStub(channel)
            try:
                if self._streams:
                    self._stream(stub)
                else:
                    self._call(stub)
            except grpc.RpcError as error:
                self.code = error.code()

    def finish(self) -> None:
        """Stop sending, wait for the answers."""
        self._done.set()
        self.join(60)
        assert not self.is_alive()

    def _batches(self) -> Iterator[list[Any]]:
        number = 0
        while not self._done.is_set():
            batch = [event(f"{self.name}-{number + n}", ticket_id=f"{self.name}-{n}") for n in range(self._batch_events)]
            self.sent.update((e.event_id, e.SerializeToString()) for e in batch)
            number += self._batch_events
            yield batch

    def _call(self, stub: Any) -> None:
        for batch in self._batches():
            self._take(batch, stub.RecordTicketEvents(pb.RecordTicketEventsRequest(events=batch), timeout=60).results)

    def _stream(self, stub: Any) -> None:
        unanswered: Queue[list[Any]] = Queue()

        def requests() -> Iterator[pb.StreamTicketEventsRequest]:
            for batch_id, batch in enumerate(self._batches(), 1):
                unanswered.put(batch)
                yield pb.StreamTicketEventsRequest(batch_id=batch_id, events=batch)

        for answer in stub.StreamTicketEvents(requests(), timeout=60):
            self._take(unanswered.get_nowait(), answer.results)

    def _take(self, batch: list[Any], results: Any) -> None:
        for sent, result in zip(batch, results, strict=True):
            assert result.outcome == pb.RecordingResult.OUTCOME_RECORDED
            self.acknowledged[result.position] = self.sent[sent.event_id]
        self.busy.set()
