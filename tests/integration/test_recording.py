"""Recording over real gRPC: what is answered, what is stored, and when."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from queue import Queue

import grpc
import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status

from opsledger.core.errors import JournalStopped, Overloaded
from opsledger.core.ports import Commit, Receipt
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Limits, Settings
from tests.kit.events import event, event_bytes
from tests.kit.servers import Running, running

RECORDED, DUPLICATE, REJECTED, DIFFERS = (
    pb.RecordingResult.Outcome.Value(f"OUTCOME_{name}") for name in ("RECORDED", "DUPLICATE", "REJECTED", "DIFFERS")
)
UNKNOWN_FIELD = b"\x82\x7d\x03new"
"""Field 2000, length-delimited: what a later client may send."""


class HeldBack(MemoryJournal):
    """A disk that is slow: commits become durable when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.arrived: Queue[tuple[Commit, Future[Receipt]]] = Queue()

    def submit(self, commit: Commit) -> Future[Receipt]:
        answer: Future[Receipt] = Future()
        self.arrived.put((commit, answer))
        return answer

    def make_durable(self) -> None:
        commit, answer = self.arrived.get(timeout=10)
        answer.set_result(super().submit(commit).result())


class Full(MemoryJournal):
    """Its queue is full a given number of times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def submit(self, commit: Commit) -> Future[Receipt]:
        if self.times:
            self.times -= 1
            raise Overloaded("the queue is full")
        return super().submit(commit)


@pytest.fixture
def journal() -> MemoryJournal:
    return MemoryJournal()


@pytest.fixture
def server(journal: MemoryJournal) -> Iterator[Running]:
    with running(journal) as server:
        yield server


def record(server: Running, *events: TicketEvent) -> pb.RecordTicketEventsResponse:
    return TicketRecorderServiceStub(server.channel).RecordTicketEvents(pb.RecordTicketEventsRequest(events=events), timeout=10)


def record_raw(server: Running, request: bytes) -> pb.RecordTicketEventsResponse:
    call = server.channel.unary_unary(
        "/opsledger.tickets.v1.TicketRecorderService/RecordTicketEvents", response_deserializer=pb.RecordTicketEventsResponse.FromString
    )
    return call(request, timeout=10)


def batch(batch_id: int, *ids: str) -> pb.StreamTicketEventsRequest:
    return pb.StreamTicketEventsRequest(batch_id=batch_id, events=[event(name) for name in ids])


def stream(server: Running, requests: Iterable[pb.StreamTicketEventsRequest]) -> grpc.Call:
    return TicketRecorderServiceStub(server.channel).StreamTicketEvents(iter(requests), timeout=20)


def details(error: grpc.RpcError) -> dict[type, object]:
    status = rpc_status.from_call(error)
    assert status is not None
    found: dict[type, object] = {}
    for kind in (ErrorInfo, BadRequest, RetryInfo):
        for packed in status.details:
            message = kind()
            if packed.Unpack(message):
                found[kind] = message
    return found


class TestABatch:
    def test_is_recorded_in_its_order(self, server: Running, journal: MemoryJournal) -> None:
        results = record(server, event("e1"), event("e2", ticket_id="T2")).results
        assert [(r.index, r.outcome, r.position) for r in results] == [(0, RECORDED, 1), (1, RECORDED, 2)]
        assert [(e.type, e.tenant) for e in journal.read()] == [("tickets.v1.opened", "acme")] * 2

    def test_keeps_what_is_well_formed_and_says_what_is_not(self, server: Running, journal: MemoryJournal) -> None:
        nameless, factless = event(""), event("e3")
        factless.ClearField("opened")
        results = record(server, event("e1"), nameless, factless, event("e4")).results
        assert [(r.outcome, r.position) for r in results] == [(RECORDED, 1), (REJECTED, 0), (REJECTED, 0), (RECORDED, 2)]
        assert [(v.field, v.reason) for r in results for v in r.violations] == [("event_id", "REQUIRED"), ("fact", "REQUIRED")]
        assert journal.position == 2

    def test_answers_a_repetition_with_the_first_position(self, server: Running, journal: MemoryJournal) -> None:
        record(server, event("e0"), event("e1"))
        results = record(server, event("e2"), event("e1"), event("e2")).results
        assert [(r.outcome, r.position) for r in results] == [(RECORDED, 3), (DUPLICATE, 2), (DUPLICATE, 3)]
        assert journal.position == 3

    def test_says_what_comes_again_with_other_content(self, server: Running, journal: MemoryJournal) -> None:
        record(server, event("e1"))
        results = record(server, event("e1", ticket_id="T2"), event("e1")).results
        assert [(r.outcome, r.position) for r in results] == [(DIFFERS, 1), (DUPLICATE, 1)]
        assert journal.position == 1
        scraped = server.application.parts.metrics.registry.get_sample_value
        words = ("recorded", "duplicate", "differs", "rejected")
        assert [scraped("opsledger_ticket_events_total", {"outcome": word}) for word in words] == [1, 1, 1, 0]
        [listed] = TicketRecorderServiceStub(server.channel).ListDifferingEvents(pb.ListDifferingEventsRequest(tenant="acme")).events
        assert (listed.source, listed.event_id, listed.ticket_id, listed.position) == ("zendesk", "e1", "T2", 1)
        assert (list(listed.fields), listed.place) == (["ticket_id"], "")
        assert not TicketRecorderServiceStub(server.channel).ListDifferingEvents(pb.ListDifferingEventsRequest(tenant="other")).events

    def test_of_bytes_that_are_no_event_is_rejected_by_index(self, server: Running, journal: MemoryJournal) -> None:
        good = event_bytes("e1")
        results = record_raw(server, b"\x0a\x02\xff\xff" + b"\x0a" + bytes([len(good)]) + good).results
        assert [(r.index, r.outcome) for r in results] == [(0, REJECTED), (1, RECORDED)]
        assert [(v.field, v.reason) for v in results[0].violations] == [("", "MALFORMED")]
        assert [e.payload for e in journal.read()] == [good]

    def test_stores_the_bytes_of_the_wire_fields_of_later_clients_included(self, server: Running, journal: MemoryJournal) -> None:
        data = UNKNOWN_FIELD + event_bytes("e1")  # an order in which no serializer of ours would write it
        record_raw(server, b"\x0a" + bytes([len(data)]) + data)
        assert [e.payload for e in journal.read()] == [data]

    def test_that_is_empty_is_answered(self, server: Running) -> None:
        assert list(record(server).results) == []

    def test_is_not_answered_before_it_is_durable(self) -> None:
        journal = HeldBack()
        with running(journal) as server:
            call = TicketRecorderServiceStub(server.channel).RecordTicketEvents.future(
                pb.RecordTicketEventsRequest(events=[event("e1")]), timeout=10
            )
            held, answer = journal.arrived.get(timeout=10)
            journal.arrived.put((held, answer))
            assert not call.done()
            journal.make_durable()
            assert call.result().results[0].position == 1


    def test_whose_client_has_gone_is_recorded_all_the_same(self, caplog: pytest.LogCaptureFixture) -> None:
        journal = HeldBack()
        with running(journal) as server:
            stub = TicketRecorderServiceStub(server.channel)
            calls = [
                stub.RecordTicketEvents.future(pb.RecordTicketEventsRequest(events=[event("e1")])),
                stub.StreamTicketEvents(iter([batch(1, "e2"), batch(2, "e3")])),
            ]
            held = [journal.arrived.get(timeout=10) for _ in range(3)]
            for call in calls:
                call.cancel()
            stub.StreamTicketEvents(iter([]), timeout=10).code()  # the server has seen the cancellations before this
            for pair in held:
                journal.arrived.put(pair)
                journal.make_durable()
            following = stub.RecordTicketEvents.future(pb.RecordTicketEventsRequest(events=[event("e3")]), timeout=10)
            journal.make_durable()
            assert following.result().results[0].outcome == DUPLICATE
        assert journal.position == 3
        # Kafka clients of other tests in this process may still look for a broker that is gone.
        ours = [record for record in caplog.records if not record.name.startswith("kafka")]
        assert [record.message for record in ours if record.levelname == "ERROR"] == []


class TestARefusal:
    def test_of_bytes_that_are_no_request_names_the_reason(self, server: Running, journal: MemoryJournal) -> None:
        with pytest.raises(grpc.RpcError) as caught:
            record_raw(server, b"\x0a\x05")
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        found = details(caught.value)
        assert (found[ErrorInfo].domain, found[ErrorInfo].reason) == ("opsledger", "INVALID_INPUT")
        assert [(v.field, v.reason) for v in found[BadRequest].field_violations] == [("", "MALFORMED")]
        assert journal.position == 0

    def test_of_a_batch_that_is_too_long_records_nothing(self, journal: MemoryJournal) -> None:
        with running(journal, Settings(listen="127.0.0.1:0", limits=Limits(batch_events_max=2))) as server:
            with pytest.raises(grpc.RpcError) as caught:
                record(server, event("e1"), event("e2"), event("e3"))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
            assert [v.field for v in details(caught.value)[BadRequest].field_violations] == ["events"]
        assert journal.read() == []

    def test_of_a_message_that_is_too_big(self, journal: MemoryJournal) -> None:
        with running(journal, Settings(listen="127.0.0.1:0", limits=Limits(message_bytes_max=1_000))) as server:
            with pytest.raises(grpc.RpcError) as caught:
                record(server, *(event(f"e{n}") for n in range(100)))
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    def test_of_an_event_that_is_too_big_leaves_the_others(self, journal: MemoryJournal) -> None:
        small = event("e1")
        with running(journal, Settings(listen="127.0.0.1:0", limits=Limits(event_bytes_max=small.ByteSize()))) as server:
            results = record(server, small, event("e2", ticket_id="T" * 100)).results
        assert [r.outcome for r in results] == [RECORDED, REJECTED]
        assert [v.reason for v in results[1].violations] == ["TOO_LONG"]

    def test_by_a_full_queue_says_when_to_come_back(self) -> None:
        with running(Full(times=1)) as server:
            with pytest.raises(grpc.RpcError) as caught:
                record(server, event("e1"))
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert details(caught.value)[ErrorInfo].reason == "OVERLOADED"
            assert details(caught.value)[RetryInfo].retry_delay.ToMilliseconds() > 0
            assert record(server, event("e1")).results[0].outcome == RECORDED

    def test_by_a_journal_that_stopped_is_told_to_the_process(self, journal: MemoryJournal) -> None:
        with running(journal) as server:
            journal.close()
            with pytest.raises(grpc.RpcError) as caught:
                record(server, event("e1"))
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert details(caught.value)[ErrorInfo].reason == "JOURNAL_STOPPED"
            assert [type(error) for error in server.dead] == [JournalStopped]

    def test_of_more_calls_than_there_is_room_for(self) -> None:
        journal = HeldBack()
        with running(journal, Settings(listen="127.0.0.1:0", limits=Limits(rpcs_max=1))) as server:
            first = TicketRecorderServiceStub(server.channel).RecordTicketEvents.future(pb.RecordTicketEventsRequest(events=[event("e1")]))
            held = journal.arrived.get(timeout=10)
            with pytest.raises(grpc.RpcError) as caught:
                record(server, event("e2"))
            assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            journal.arrived.put(held)
            journal.make_durable()
            assert first.result(timeout=10).results[0].position == 1


class TestAStream:
    def test_is_answered_in_order_with_the_window(self, server: Running) -> None:
        answers = list(stream(server, [batch(n, f"e{n}", "same") for n in range(1, 60)]))
        assert [a.batch_id for a in answers] == list(range(1, 60))
        assert [a.results[0].outcome for a in answers] == [RECORDED] * 59
        assert [a.results[1].outcome for a in answers] == [RECORDED] + [DUPLICATE] * 58
        assert {a.window for a in answers} == {server.application.parts.settings.limits.window}

    def test_leaves_at_most_a_window_unanswered(self) -> None:
        journal = HeldBack()
        with running(journal, Settings(listen="127.0.0.1:0", limits=Limits(window=3))) as server:
            answers = stream(server, [batch(n, f"e{n}") for n in range(1, 6)])
            held = [journal.arrived.get(timeout=10) for _ in range(3)]
            for commit, answer in reversed(held):  # durable in any order, answered in theirs
                answer.set_result(MemoryJournal().append(commit))
            assert [next(answers).batch_id for _ in range(3)] == [1, 2, 3]
            for _ in range(2):
                journal.make_durable()
            assert [a.batch_id for a in answers] == [4, 5]

    def test_does_not_read_beyond_the_window(self) -> None:
        journal = HeldBack()
        with running(journal, Settings(listen="127.0.0.1:0", limits=Limits(window=2))) as server:
            answers = stream(server, [batch(n, f"e{n}") for n in range(1, 10)])
            held = [journal.arrived.get(timeout=10) for _ in range(2)]
            record_elsewhere = TicketRecorderServiceStub(server.channel).RecordTicketEvents.future(
                pb.RecordTicketEventsRequest(events=[event("other")])
            )
            third, answer = journal.arrived.get(timeout=10)  # the other call overtakes: the stream's third batch was not read
            assert [e.payload for e in third.events] == [event_bytes("other")]
            answer.set_result(MemoryJournal().append(third))
            record_elsewhere.result(timeout=10)
            for pair in held:
                journal.arrived.put(pair)
            for _ in range(9):
                journal.make_durable()
            assert [a.batch_id for a in answers] == list(range(1, 10))

    def test_waits_where_a_call_would_be_refused(self) -> None:
        with running(Full(times=3)) as server:
            assert [a.results[0].outcome for a in stream(server, [batch(1, "e1"), batch(2, "e2")])] == [RECORDED, RECORDED]

    def test_ends_at_a_batch_id_that_does_not_increase_after_answering_what_came_before(self, server: Running) -> None:
        answers = stream(server, [batch(2, "e1"), batch(2, "e2")])
        assert next(answers).batch_id == 2
        with pytest.raises(grpc.RpcError) as caught:
            next(answers)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert [v.field for v in details(caught.value)[BadRequest].field_violations] == ["batch_id"]

    def test_that_drains_answers_everything_it_has_read(self) -> None:
        journal = HeldBack()
        outbox: Queue[pb.StreamTicketEventsRequest] = Queue()
        with running(journal) as server:
            answers = stream(server, iter(outbox.get, None))
            for number in (1, 2, 3):
                outbox.put(batch(number, f"e{number}"))
            held = [journal.arrived.get(timeout=10) for _ in range(3)]
            drained = server.drain()
            for pair in held:
                journal.arrived.put(pair)
                journal.make_durable()
            assert [next(answers).batch_id for _ in range(3)] == [1, 2, 3]
            with pytest.raises(grpc.RpcError) as caught:
                next(answers)
            outbox.put(None)  # type: ignore[arg-type]  # ends the client's sending thread
            assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
            assert details(caught.value)[ErrorInfo].reason == "NOT_READY"
            drained.result(timeout=10)
        assert journal.position == 3
