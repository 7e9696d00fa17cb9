"""Locust users over real gRPC: two kinds send ticket events (streams, calls), two read (queries, watch).

    locust -f loadtests/locustfile.py --headless -u 20 -r 20 -t 20s --host 127.0.0.1:50051 --account account.bin
"""
from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path
from time import perf_counter
from typing import Any

import gevent
import grpc
import grpc.experimental.gevent
from gevent.queue import Queue
from locust import User, between, constant, events, task
from locust.env import Environment

from loadtests.account import Account
from loadtests.traffic import PROGRAM, TENANT
from loadtests.traffic import events as ticket_events
from opsledger.proto.scorecards.v1 import scorecards_pb2 as scorecards
from opsledger.proto.scorecards.v1.scorecards_pb2_grpc import ScorecardServiceStub
from opsledger.proto.sla.v1 import timers_pb2 as timers
from opsledger.proto.sla.v1.timers_pb2_grpc import TimerServiceStub
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as recorder
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub

grpc.experimental.gevent.init_gevent()

BATCH_EVENTS = 100
UNANSWERED_MAX = 4
"""Batches that a stream has on the way; the server allows more."""
_serial = count(1)


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--account", default="account.bin", help="File for what was acknowledged.")
    parser.add_argument("--figures", default="", help="File for the figures, as JSON.")


@events.init.add_listener
def _open_account(environment: Environment, **_: Any) -> None:
    assert environment.parsed_options is not None
    environment.account_file = open(environment.parsed_options.account, "wb")  # noqa: SIM115  # open as long as the load lasts
    environment.account = Account(environment.account_file)


@events.quitting.add_listener
def _close_account(environment: Environment, **_: Any) -> None:
    environment.account_file.close()
    assert environment.parsed_options is not None
    if path := environment.parsed_options.figures:
        Path(path).write_text(json.dumps(_figures(environment)))


def _figures(environment: Environment) -> list[dict[str, Any]]:
    stats = environment.stats
    seconds = max((stats.last_request_timestamp or 0) - stats.start_time, 1e-9)
    return [
        {
            "request": entry.name, "requests": entry.num_requests, "failures": entry.num_failures,
            "requests_per_s": entry.num_requests / seconds, "events_per_s": entry.total_content_length / seconds,
            **{f"p{percent}_ms": entry.get_response_time_percentile(percent / 100) for percent in (50, 95, 99)},
        }
        for entry in stats.entries.values()
    ]


class GrpcUser(User):  # type: ignore[misc]  # locust has no types
    """Has a channel of its own and tells locust about every answer; the "length" of an answer is its number of events."""

    abstract = True

    def on_start(self) -> None:
        self.channel = grpc.insecure_channel(self.host, options=[("grpc.use_local_subchannel_pool", 1)])

    def on_stop(self) -> None:
        self.channel.close()

    def answered(self, name: str, started_s: float, number: int = 0, error: Exception | None = None) -> None:
        self.environment.events.request.fire(
            request_type="gRPC", name=name, response_time=(perf_counter() - started_s) * 1000, response_length=number,
            exception=error, context={},
        )


class Sender(GrpcUser):
    """Makes batches: new events, and a few that were sent before."""

    abstract = True
    wait_time = constant(0)

    def on_start(self) -> None:
        super().on_start()
        number = next(_serial)
        self.new = ticket_events(f"sender-{number}", seed=number)
        self.sent_before: list[bytes] = []
        self.stub: Any = TicketRecorderServiceStub(self.channel)

    def batch(self) -> list[bytes]:
        fresh = list(islice(self.new, BATCH_EVENTS - len(self.sent_before)))
        batch, self.sent_before = fresh + self.sent_before, fresh[:2]
        return batch

    def account(self, batch: list[bytes], results: Any) -> None:
        """Every event must be answered with a position."""
        for payload, result in zip(batch, results, strict=True):
            if not result.position:
                raise AssertionError(f"rejected: {result}")
            self.environment.account.acknowledged(result.position, payload)


class StreamingSender(Sender):
    """A connector: one stream, several batches on the way."""

    weight = 3

    def on_start(self) -> None:
        super().on_start()
        self.outbox: Queue[Any] = Queue()
        self.unanswered: deque[tuple[float, list[bytes]]] = deque()
        self.answers: Iterator[Any] = self.stub.StreamTicketEvents(iter(self.outbox.get, None))
        self.ids = count(1)

    @task
    def send(self) -> None:
        batch = self.batch()
        self.unanswered.append((perf_counter(), batch))
        self.outbox.put(_stream_request(next(self.ids), batch))
        if len(self.unanswered) >= UNANSWERED_MAX:
            self.take_answer()

    def take_answer(self) -> None:
        started_s, batch = self.unanswered.popleft()
        try:
            self.account(batch, next(self.answers).results)
        except Exception as error:
            self.answered("StreamTicketEvents", started_s, error=error)
            raise
        self.answered("StreamTicketEvents", started_s, len(batch))

    def on_stop(self) -> None:
        """What is on the way is waited for: it counts."""
        self.outbox.put(None)
        while self.unanswered:
            self.take_answer()
        super().on_stop()


class CallingSender(Sender):
    """A webhook: one batch, one call."""

    weight = 1

    @task
    def send(self) -> None:
        batch, started_s = self.batch(), perf_counter()
        try:
            self.account(batch, self.stub.RecordTicketEvents(_call_request(batch), timeout=30).results)
        except Exception as error:
            self.answered("RecordTicketEvents", started_s, error=error)
        else:
            self.answered("RecordTicketEvents", started_s, len(batch))


def _stream_request(batch_id: int, batch: list[bytes]) -> recorder.StreamTicketEventsRequest:
    return recorder.StreamTicketEventsRequest(batch_id=batch_id, events=map(TicketEvent.FromString, batch))


def _call_request(batch: list[bytes]) -> recorder.RecordTicketEventsRequest:
    return recorder.RecordTicketEventsRequest(events=map(TicketEvent.FromString, batch))


class Reader(GrpcUser):
    """A team lead who looks at scorecards, at what is due, and at why a ticket is late."""

    weight = 1
    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        super().on_start()
        self.scorecards: Any = ScorecardServiceStub(self.channel)
        self.timers: Any = TimerServiceStub(self.channel)

    @task
    def list_scorecards(self) -> None:
        self.ask(self.scorecards.ListScorecards, "ListScorecards", scorecards.ListScorecardsRequest(
            tenant=TENANT, program=PROGRAM, by=scorecards.SUBJECT_KIND_AGENT,
            period=scorecards.PeriodName(kind=scorecards.PERIOD_KIND_DAY), page_size=20,
        ))

    @task
    def get_scorecard(self) -> None:
        self.ask(self.scorecards.GetScorecard, "GetScorecard", scorecards.GetScorecardRequest(
            tenant=TENANT, program=PROGRAM, subject=scorecards.Subject(kind=scorecards.SUBJECT_KIND_PROGRAM),
        ))

    @task(3)
    def list_timers(self) -> None:
        """And explains the first one."""
        listed = self.ask(self.timers.ListTimers, "ListTimers", timers.ListTimersRequest(
            tenant=TENANT, program=PROGRAM, filter=timers.TIMER_FILTER_BREACHED, page_size=20,
        ))
        for timer in listed.timers[:1] if listed else ():
            self.ask(self.timers.ExplainTicket, "ExplainTicket", timers.ExplainTicketRequest(
                tenant=timer.tenant, source=timer.source, ticket_id=timer.ticket_id,
            ))

    def ask(self, method: Callable[..., Any], name: str, request: Any) -> Any:
        started_s = perf_counter()
        try:
            answer = method(request, timeout=30)
        except grpc.RpcError as error:
            # Before the first events are projected there is nothing to show yet.
            self.answered(name, started_s, error=None if error.code() is grpc.StatusCode.NOT_FOUND else error)
            return None
        self.answered(name, started_s)
        return answer


class Watcher(GrpcUser):
    """A wallboard: follows the timers as they change."""

    fixed_count = 1
    wait_time = constant(1)

    def on_start(self) -> None:
        super().on_start()
        stub: Any = TimerServiceStub(self.channel)
        self.changes = stub.WatchTimers(timers.WatchTimersRequest(tenant=TENANT))
        self.following = gevent.spawn(self.follow)

    @task
    def look(self) -> None:
        """Changes come by themselves; a task that waited for one would hold up the end of the load."""

    def follow(self) -> None:
        """Its time is that from one change to the next."""
        started_s = perf_counter()
        try:
            for _ in self.changes:
                self.answered("WatchTimers", started_s)
                started_s = perf_counter()
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.CANCELLED:
                self.answered("WatchTimers", started_s, error=error)

    def on_stop(self) -> None:
        self.changes.cancel()
        self.following.join()
        super().on_stop()
