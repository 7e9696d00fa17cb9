"""Clients of a cluster that write until they are told to stop, whatever happens to the nodes, and keep a history of what was acknowledged.

What is not acknowledged is sent again with the same ids, by whatever way is open.
"""
from __future__ import annotations

import itertools
import json
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from random import Random
from threading import Event, Thread
from typing import Any, TypeVar

from opsledger.core.errors import JournalMoved, JournalStopped, JournalUnreachable, NotReady, OpsledgerError, Overloaded
from opsledger.core.partitions import home_of
from opsledger.core.tickets.facts import Fact, Opened, Replied, Status, StatusChanged
from opsledger.core.tickets.identity import fact_key
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.client import Client, connect
from tests.kit.events import event
from tests.kit.history import History
from tests.kit.quality import FORM_DOCUMENT, SIXTY
from tests.kit.read_models import RULES

T = TypeVar("T")
AGAIN = (NotReady, JournalMoved, JournalStopped, JournalUnreachable, Overloaded)
"""What a node may answer while it cannot write. Everything else is a wrong answer."""
LIFE: tuple[Fact, ...] = (Opened(agent="bob", group="tier 1"), Replied(public=True), StatusChanged(Status.RESOLVED))


class ClusterClient(Thread):
    """``pause_s`` between two requests leaves the nodes some of the machine."""

    def __init__(
        self, name: str, addresses: Sequence[str], history: History, random: Random, tenants: Sequence[str], *, pause_s: float = 0.02
    ) -> None:
        super().__init__(name=name, daemon=True)
        self._addresses, self.history, self._random, self._tenants, self._pause_s = addresses, history, random, tenants, pause_s
        self._stopping = Event()
        self.failed: BaseException | None = None

    def run(self) -> None:
        try:
            with connect(self._addresses, timeout_s=20) as client:
                self.write(client)
        except BaseException as error:
            self.failed = error
            raise

    @abstractmethod
    def write(self, client: Client) -> None:
        """Until told to stop."""

    def stop(self) -> None:
        """Nothing new; what was sent is still sent until it is acknowledged."""
        self._stopping.set()

    def finish(self) -> None:
        self.stop()
        self.join(180)
        assert not self.is_alive(), f"{self.name} waits for its last answers"
        assert self.failed is None

    def turns(self) -> Iterator[int]:
        for number in itertools.count():
            if self._stopping.wait(self._pause_s):
                return
            yield number

    def until_answered(self, send: Callable[[], T]) -> T:
        while True:
            try:
                return send()
            except AGAIN as error:
                self.history.refuses(error.reason)
                self._stopping.wait(0.1)

    def facts(self, number: int, tickets: int) -> list[TicketEvent]:
        """The next fact of each of so many tickets, each of which has a life of a few facts."""
        life, step = divmod(number, len(LIFE))
        tenant = self._tenants[life % len(self._tenants)]
        return [
            event(f"{self.name} {number} {n}", ticket_id=f"{self.name} {life} {n}", tenant=tenant, fact=LIFE[step]) for n in range(tickets)
        ]

    def record(self, outcomes: Sequence[Any], events: Sequence[TicketEvent]) -> None:
        for outcome, sent in zip(outcomes, events, strict=True):
            assert not outcome.violations, outcome
            self.history.acknowledged(key_of(sent), outcome.position)


class Caller(ClusterClient):
    """Records batches in calls that follow each other, through the first node that answers."""

    def write(self, client: Client) -> None:
        for number in self.turns():
            events = self.facts(number, 10)
            self.history.sends([*map(key_of, events)])
            self.record(self.until_answered(partial(client.recorder.record, events)), events)


class Wanderer(ClusterClient):
    """Records one fact at a time, each through another node, and every now and then what was acknowledged already."""

    def write(self, client: Client) -> None:
        nodes = [connect(address, timeout_s=20, attempts_max=1) for address in self._addresses]
        known: list[TicketEvent] = []
        for number in self.turns():
            [sent] = self.facts(number, 1)
            self.history.sends([key_of(sent)])
            known.append(sent)
            for one in [sent] if number % 5 else [sent, self._random.choice(known)]:
                self.record(self.until_answered(partial(self._through_any, nodes, one)), [one])
        for node in nodes:
            node.close()

    def _through_any(self, nodes: Sequence[Client], fact: TicketEvent) -> Sequence[Any]:
        return self._random.choice(nodes).recorder.record([fact])


class Streamer(ClusterClient):
    """Records batches on a stream, several under way at a time."""

    def write(self, client: Client) -> None:
        waiting: list[tuple[Any, list[TicketEvent]]] = []
        stream = client.recorder.stream()
        for number in self.turns():
            events = self.facts(number, 10)
            self.history.sends([*map(key_of, events)])
            waiting.append((stream.submit(events), events))
            if len(waiting) < 5 and not self._stopping.is_set():
                continue
            stream = self._hear(client, stream, waiting)
        self._hear(client, stream, waiting)
        stream.close()

    def _hear(self, client: Client, stream: Any, waiting: list[tuple[Any, list[TicketEvent]]]) -> Any:
        while waiting:
            answer, events = waiting[0]
            try:
                self.record(answer.result(60), events)
                waiting.pop(0)
            except AGAIN as error:  # the stream has ended: what it had is sent again on another
                self.history.refuses(error.reason)
                stream.close()
                stream = client.recorder.stream()
                waiting[:] = [(stream.submit(events), events) for _, events in waiting]
        return stream


class Analyst(ClusterClient):
    """Starts and submits evaluations, each command with a request id, looks for them in a list, and repeats some that were answered."""

    def write(self, client: Client) -> None:
        subject = pb.EvaluationSubject(ticket=pb.TicketSubject(source="zendesk", ticket_id="T1"))
        done: list[Callable[[], object]] = []
        for number in self.turns():
            tenant, name = self._random.choice(self._tenants), f"{self.name} {number}"
            start = pb.StartEvaluationRequest(
                request_id=f"{name} start", tenant=tenant, actor="sue", program="desk", subject=subject, agent="bob", group="tier 1",
                form="calls", analyst="ann",
            )
            id = self._carried_out(client.evaluations.StartEvaluation, start)
            submit = pb.SubmitEvaluationRequest(request_id=f"{name} submit", tenant=tenant, actor="ann", id=id)
            submit.sheet.answers.update(SIXTY)
            self._carried_out(client.evaluations.SubmitEvaluation, submit)
            listed = self.until_answered(partial(client.evaluations.ListEvaluations, tenant=tenant, actor="sue", page_size=5))
            assert id in [evaluation.id for evaluation in listed.evaluations], "a query sees what its client has written"
            done += [
                partial(self._carried_out, client.evaluations.StartEvaluation, start),
                partial(self._carried_out, client.evaluations.SubmitEvaluation, submit),
            ]
            if not number % 3:
                self._random.choice(done)()

    def _carried_out(self, call: Any, request: Any) -> str:
        answer = self.until_answered(lambda: call(request))
        self.history.carried_out((request.tenant, request.request_id), answer.evaluation.id, answer.position)
        return str(answer.evaluation.id)


class Late:
    """Requests to a node that may be frozen, over a connection that is open already. What it acknowledges when it wakes up counts too."""

    def __init__(self, address: str, history: History) -> None:
        self._client = connect(address, timeout_s=120, attempts_max=1)
        self._history = history
        self._threads: list[Thread] = []
        with suppress(OpsledgerError):
            self._send([event(f"late {address}")])

    def begin(self, name: str, requests: int) -> None:
        for number in range(requests):
            events = [event(f"late {name} {number} {n}", ticket_id=f"late {name} {n}") for n in range(8)]
            self._threads.append(Thread(target=self._try, args=(events,), daemon=True))
            self._threads[-1].start()

    def _try(self, events: list[TicketEvent]) -> None:
        try:
            self._send(events)
        except OpsledgerError as error:
            self._history.refuses(f"late {error.reason}")

    def _send(self, events: list[TicketEvent]) -> None:
        self._history.sends([*map(key_of, events)])
        for outcome, sent in zip(self._client.recorder.record(events), events, strict=True):
            self._history.acknowledged(key_of(sent), outcome.position)

    def finish(self) -> None:
        for thread in self._threads:
            thread.join(180)
            assert not thread.is_alive()
        self._client.close()


def tenants_at_home(partitions: int) -> list[str]:
    """One whose home is each partition."""
    found: dict[int, str] = {}
    for name in map("tenant {}".format, itertools.count()):
        found.setdefault(home_of(name, partitions), name)
        if len(found) == partitions:
            return [found[number] for number in range(partitions)]
    raise AssertionError


def key_of(event: TicketEvent) -> bytes:
    return fact_key(event.tenant, event.source, event.event_id)


def prepare(client: Client, tenants: Sequence[str]) -> None:
    """Rules and a form for each tenant."""
    for tenant in tenants:
        client.rules.PublishRules(request_id="rules", tenant=tenant, program="desk", document_json=json.dumps(RULES))
        client.forms.PublishForm(request_id="form", tenant=tenant, document_json=json.dumps(FORM_DOCUMENT))
