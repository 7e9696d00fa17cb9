"""Who records at nodes while they are measured."""
from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from itertools import islice
from threading import Event, Thread
from time import perf_counter

import grpc

from loadtests import traffic
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.services.client import connect
from opsledger.services.tickets.intake import Outcome

BATCH_EVENTS = 100
START_S = 60
STREAM = "/opsledger.tickets.v1.TicketRecorderService/StreamTicketEvents"


class Load:
    """Records batches on a stream of the client, which goes on after a refusal, from entry to exit."""

    def __init__(self, address: str) -> None:
        self._client = connect(address, attempts_max=100)
        self._ending = Event()
        self._busy = Event()
        self._thread = Thread(target=self._write, daemon=True)
        self.answered_s: list[float] = []

    def __enter__(self) -> Load:
        self._thread.start()
        assert self._busy.wait(START_S)
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self._thread.join()
        self._client.close()

    def _write(self) -> None:
        events = traffic.events("load", 2)
        with self._client.recorder.stream() as stream:
            while not self._ending.is_set():
                answer = stream.submit([*islice(events, BATCH_EVENTS)])
                answer.add_done_callback(self._hear)

    def _hear(self, answer: Future[list[Outcome]]) -> None:
        answer.result()
        self.answered_s.append(perf_counter())
        self._busy.set()


class Sender(Thread):
    """Sends requests that were made beforehand, as many at a time as the window of a stream allows."""

    def __init__(self, address: str, requests: Sequence[bytes]) -> None:
        super().__init__(daemon=True)
        self._address, self._requests = address, requests
        self.events = 0

    def run(self) -> None:
        with grpc.insecure_channel(self._address) as channel:
            stream = channel.stream_stream(STREAM, None, pb.StreamTicketEventsResponse.FromString)
            for answer in stream(iter(self._requests)):
                self.events += len(answer.results)
