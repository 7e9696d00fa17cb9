"""Locust users over real gRPC: two kinds send ticket events (streams, calls), two read (queries, watch), two evaluate and are evaluated.

    locust -f loadtests/locustfile.py --headless -u 20 -r 20 -t 20s --host 127.0.0.1:50051 --account account.bin
"""
from __future__ import annotations

import json
import sys
from collections import deque
from concurrent.futures import Future
from itertools import count, islice
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import gevent
import grpc.experimental.gevent
from locust import between, constant, events, task
from locust.env import Environment

from loadtests.account import Account
from loadtests.quality_users import Agent, Analyst
from loadtests.traffic import PROGRAM, TENANT
from loadtests.traffic import events as ticket_events
from loadtests.users import GrpcUser
from opsledger.core.errors import NotFound, OpsledgerError
from opsledger.proto.scorecards.v1 import scorecards_pb2 as scorecards
from opsledger.proto.sla.v1 import timers_pb2 as timers
from opsledger.services.tickets.intake import Outcome

grpc.experimental.gevent.init_gevent()

__all__ = ["Agent", "Analyst", "CallingSender", "Reader", "StreamingSender", "Watcher"]

BATCH_EVENTS = 100
UNANSWERED_MAX = 4
"""Batches that a stream has on the way; the server allows more."""
_serial = count(1)
_RUN = uuid4().hex[:8]
"""So that a run on a server that has seen one before records events of its own, not duplicates."""
_PATIENCE_S = 60


@events.init_command_line_parser.add_listener
def _options(parser: Any) -> None:
    parser.add_argument("--account", default="account.bin", help="File for what was acknowledged.")
    parser.add_argument("--figures", default="", help="File for the figures, as JSON.")


@events.init.add_listener
def _open_account(environment: Environment, **_: Any) -> None:
    assert environment.parsed_options is not None
    if environment.parsed_options.headless and not environment.host:
        sys.exit("no server to put load on: say --host HOST:PORT (`opsledger serve` starts one, `make load` does all of it)")
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


class Sender(GrpcUser):
    """Makes batches: new events, and a few that were sent before."""

    abstract = True
    wait_time = constant(0)

    def on_start(self) -> None:
        super().on_start()
        number = next(_serial)
        self.new = ticket_events(f"sender-{_RUN}-{number}", seed=number)
        self.sent_before: list[bytes] = []

    def batch(self) -> list[bytes]:
        fresh = list(islice(self.new, BATCH_EVENTS - len(self.sent_before)))
        batch, self.sent_before = fresh + self.sent_before, fresh[:2]
        return batch

    def account(self, batch: list[bytes], outcomes: list[Outcome]) -> None:
        """Every event must be answered with a position."""
        for payload, outcome in zip(batch, outcomes, strict=True):
            if not outcome.position:
                raise AssertionError(f"rejected: {outcome}")
            self.environment.account.acknowledged(outcome.position, payload)


class StreamingSender(Sender):
    """A connector: one stream, several batches on the way."""

    weight = 3

    def on_start(self) -> None:
        super().on_start()
        self.stream = self.server.recorder.stream()
        self.unanswered: deque[tuple[float, list[bytes], Future[list[Outcome]]]] = deque()

    @task
    def send(self) -> None:
        batch = self.batch()
        self.unanswered.append((perf_counter(), batch, self.stream.submit(batch)))
        if len(self.unanswered) >= UNANSWERED_MAX:
            self.take_answer()

    def take_answer(self) -> None:
        started_s, batch, answer = self.unanswered.popleft()
        try:
            self.account(batch, answer.result())
        except Exception as error:  # locust counts it
            self.answered("StreamTicketEvents", started_s, error=error)
            raise
        self.answered("StreamTicketEvents", started_s, len(batch))

    def on_stop(self) -> None:
        """What is on the way is waited for: it counts."""
        while self.unanswered:
            self.take_answer()
        self.stream.close()
        super().on_stop()


class CallingSender(Sender):
    """A webhook: one batch, one call."""

    weight = 1

    @task
    def send(self) -> None:
        batch, started_s = self.batch(), perf_counter()
        try:
            self.account(batch, self.server.recorder.record(batch))
        except Exception as error:  # locust counts it
            self.answered("RecordTicketEvents", started_s, error=error)
        else:
            self.answered("RecordTicketEvents", started_s, len(batch))


class Reader(GrpcUser):
    """A team lead who looks at scorecards, at what is due, and at why a ticket is late."""

    program = scorecards.GetScorecardRequest(
        tenant=TENANT, program=PROGRAM, subject=scorecards.Subject(kind=scorecards.SUBJECT_KIND_PROGRAM),
    )
    weight = 1
    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        """Looks only when the first events are projected: before, there is no scorecard to find."""
        super().on_start()
        patience_until_s = perf_counter() + _PATIENCE_S
        while perf_counter() < patience_until_s:
            try:
                self.server.scorecards.GetScorecard(self.program)
            except NotFound:
                gevent.sleep(0.2)
            else:
                return

    @task
    def list_scorecards(self) -> None:
        self.ask(self.server.scorecards.ListScorecards, "ListScorecards", scorecards.ListScorecardsRequest(
            tenant=TENANT, program=PROGRAM, by=scorecards.SUBJECT_KIND_AGENT,
            period=scorecards.PeriodName(kind=scorecards.PERIOD_KIND_DAY), page_size=20,
        ))

    @task
    def get_scorecard(self) -> None:
        self.ask(self.server.scorecards.GetScorecard, "GetScorecard", self.program)

    @task(3)
    def list_timers(self) -> None:
        """And explains the first one."""
        listed = self.ask(self.server.timers.ListTimers, "ListTimers", timers.ListTimersRequest(
            tenant=TENANT, program=PROGRAM, filter=timers.TIMER_FILTER_BREACHED, page_size=20,
        ))
        for timer in listed.timers[:1] if listed else ():
            self.ask(self.server.timers.ExplainTicket, "ExplainTicket", timers.ExplainTicketRequest(
                tenant=timer.tenant, source=timer.source, ticket_id=timer.ticket_id,
            ))


class Watcher(GrpcUser):
    """A wallboard: follows the timers as they change."""

    fixed_count = 1
    wait_time = constant(1)

    def on_start(self) -> None:
        super().on_start()
        self.is_over = False
        self.following = gevent.spawn(self.follow)

    @task
    def look(self) -> None:
        """Changes come by themselves; a task that waited for one would hold up the end of the load."""

    def follow(self) -> None:
        """Its time is that from one change to the next."""
        started_s = perf_counter()
        try:
            for _ in self.server.timers.WatchTimers(tenant=TENANT):
                self.answered("WatchTimers", started_s)
                started_s = perf_counter()
        except OpsledgerError as error:
            if not self.is_over:
                self.answered("WatchTimers", started_s, error=error)

    def on_stop(self) -> None:
        self.is_over = True
        super().on_stop()
        self.following.join()
