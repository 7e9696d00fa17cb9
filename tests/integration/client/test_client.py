"""The Python client against real servers: typed errors, retries that are one effect, and streams that go on after a restart."""
from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import jwt
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from opsledger.core import errors
from opsledger.core.coaching.errors import OutOfTurn
from opsledger.core.tickets.facts import Opened
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.proto.sla.v1 import timers_pb2
from opsledger.proto.tickets.v1 import ticket_recorder_pb2
from opsledger.services.client import Client, connect, recording
from opsledger.services.client import areas as client_areas
from opsledger.services.client.calls import Area, Method, Stream
from opsledger.services.client.errors import retry_after_s, typed
from opsledger.services.grpc.status import status_of
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Auth, Settings
from tests.kit.events import event
from tests.kit.read_models import fact, recorded_as
from tests.kit.servers import running

AREAS = [kind for kind in vars(client_areas).values() if isinstance(kind, type) and issubclass(kind, Area) and kind is not Area]


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.__name__)
def test_every_rpc_is_there_with_its_messages(area: type[Area]) -> None:
    declared = {
        name: (type(call), call.request.DESCRIPTOR, call.response.DESCRIPTOR)
        for name, call in vars(area).items() if isinstance(call, (Method, Stream))
    }
    assert declared == {
        method.name: (Stream if method.server_streaming else Method, method.input_type, method.output_type)
        for method in area.SERVICE.methods
    }


def test_every_service_of_a_server_is_there() -> None:
    with running(MemoryJournal()) as server:
        served = {service.name for service in server.application.services}
    assert served == {recording.SERVICE.full_name, *(area.SERVICE.full_name for area in AREAS)}


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with running(MemoryJournal()) as server, connect(server.address, tenant="acme", actor="sue") as client:
        yield client


def test_facts_in_queries_out_without_waiting_by_hand(client: Client) -> None:
    [first, again] = client.recorder.record([event("once", tenant="acme"), event("once", tenant="acme")])
    assert (first.duplicate, again.duplicate, first.position) == (False, True, again.position)
    assert not again.differs
    [other] = client.recorder.record([event("once", tenant="acme", ticket_id="T2")])
    assert (other.duplicate, other.differs, other.position) == (True, True, first.position)
    assert [(each.event_id, each.position) for each in client.recorder.differing()] == [("once", first.position)]
    [refused] = client.recorder.record([event("broken", tenant="")])
    assert [violation.field for violation in refused.violations] == ["tenant"]
    assert client.position == first.position
    session = client.coaching.PlanSession(program="desk", agent="ann").session
    assert session in client.coaching.ListSessions(agent="ann").sessions, "the list has seen the write"


def test_pages_follow_each_other(client: Client) -> None:
    made = {client.coaching.PlanSession(program="paging", agent="ann").session.id for _ in range(5)}
    pages = list(client.coaching.ListSessions.pages(program="paging", page_size=2))
    assert [len(page.sessions) for page in pages] == [2, 2, 1]
    assert {session.id for page in pages for session in page.sessions} == made


def test_errors_come_back_as_what_was_raised(client: Client) -> None:
    session = client.coaching.PlanSession(program="desk", agent="ann").session
    with pytest.raises(OutOfTurn, match="is planned"):
        client.coaching.HoldSession(id=session.id)
    with pytest.raises(errors.VersionConflict) as stale:
        client.coaching.OpenSession(id=session.id, etag="7")
    assert (stale.value.current, stale.value.given) == (1, 7)
    with pytest.raises(errors.NotFound) as missing:
        client.coaching.GetSession(id="nobody's")
    assert (missing.value.kind, missing.value.name) == ("coaching session", "nobody's")
    with pytest.raises(errors.InvalidInput) as wrong:
        client.coaching.PlanSession(agent="sue\n")
    assert [violation.field for violation in wrong.value.violations] == ["program", "agent"]
    with pytest.raises(errors.InvalidPageToken):
        client.timers.ListTimers(page_token="x")


def kinds(root: type[errors.OpsledgerError]) -> Iterator[type[errors.OpsledgerError]]:
    """Those of the core: an importer's own never goes over a wire."""
    for kind in root.__subclasses__():
        if kind.__module__.startswith("opsledger.core."):
            yield kind
        yield from kinds(kind)


@pytest.mark.parametrize("kind", {kind.reason: kind for kind in kinds(errors.OpsledgerError)}.values(), ids=lambda kind: kind.__name__)
def test_every_error_survives_the_wire(kind: type[errors.OpsledgerError]) -> None:
    raised = kind.__new__(kind)
    raised.args = ("in the server's words",)
    vars(raised).update(
        violations=(errors.FieldViolation("agent", "REQUIRED", "must not be empty"),), kind="ticket", name="T1", current=5, given=4,
        position=7, segment="1.segment", offset=96, text="checksum", node="b", address="b:1", epoch=3, stream_id=bytes(range(16)),
        request_id="r1",
    )
    found = typed("here:1", _Failed(status_of(raised)))
    assert (type(found), str(found)) == (kind, "in the server's words")


@pytest.mark.parametrize("details", [
    b"\xff",  # no message
    Status(code=14, message="in the server's words").SerializeToString(),
    Status(code=8, message="in a proxy's words").SerializeToString(),
    Status(code=14, message="in a proxy's words", details=[AnyMessage(type_url=f"type/{RetryInfo.DESCRIPTOR.full_name}", value=b"\xff")])
    .SerializeToString(),
])
def test_details_that_a_proxy_has_damaged_are_as_good_as_none(details: bytes) -> None:
    failed = _Failed(RawStatus(grpc.StatusCode.UNAVAILABLE, "in a proxy's words", [("grpc-status-details-bin", details)]))
    found = typed("here:1", failed)
    assert type(found) is errors.NotReady
    assert "in a proxy's words" in str(found)
    assert retry_after_s(failed) is None


class RawStatus(NamedTuple):
    code: grpc.StatusCode
    details: str
    trailing_metadata: list[tuple[str, bytes]]


class _Failed(grpc.RpcError):
    """A failed call as grpc hands it out."""

    def __init__(self, status: Any) -> None:
        self._status = status

    def code(self) -> grpc.StatusCode:
        code: grpc.StatusCode = self._status.code
        return code

    def details(self) -> str:
        return str(self._status.details)

    def trailing_metadata(self) -> Any:
        return [_Pair(*pair) for pair in self._status.trailing_metadata]


class _Pair(tuple[str, Any]):
    def __new__(cls, key: str, value: Any) -> _Pair:
        return super().__new__(cls, (key, value))

    key, value = property(lambda self: self[0]), property(lambda self: self[1])


@contextmanager
def stumbling(*failures: Exception) -> Iterator[tuple[str, list[pb.PlanSessionRequest]]]:
    """A server that plans sessions only after it has failed so often; its address and what it was sent."""
    seen: list[pb.PlanSessionRequest] = []

    def plan(request: pb.PlanSessionRequest, context: Any) -> pb.PlanSessionResponse:
        seen.append(request)
        if len(seen) <= len(failures):
            context.abort_with_status(status_of(failures[len(seen) - 1]))
        return pb.PlanSessionResponse(position=1)

    server = grpc.server(ThreadPoolExecutor(2))
    handler = grpc.unary_unary_rpc_method_handler(
        plan, request_deserializer=pb.PlanSessionRequest.FromString, response_serializer=pb.PlanSessionResponse.SerializeToString)
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler(pb.DESCRIPTOR.services_by_name["CoachingService"].full_name, {"PlanSession": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", seen
    finally:
        server.stop(None).wait()


def test_a_command_is_sent_again_under_the_same_request_id_while_the_server_asks_for_patience() -> None:
    with stumbling(errors.Overloaded("full"), errors.Overloaded("full")) as (address, seen), connect(address, tenant="acme") as client:
        client.coaching.PlanSession(program="desk", agent="ann")
    assert len(seen) == 3
    assert len({request.request_id for request in seen}) == 1
    assert seen[0].request_id
    assert {request.tenant for request in seen} == {"acme"}


def test_what_is_refused_for_good_is_sent_once() -> None:
    with stumbling(errors.Precluded("too late")) as (address, seen), connect(address) as client:
        with pytest.raises(errors.Precluded, match="too late"):
            client.coaching.PlanSession(program="desk", agent="ann")
        client.coaching.PlanSession(pb.PlanSessionRequest(request_id="mine"))
    assert [bool(request.request_id) for request in seen] == [True, True]
    assert seen[1].request_id == "mine"


def test_patience_ends() -> None:
    with stumbling(*[errors.Overloaded("full")] * 9) as (address, seen), connect(address) as client, pytest.raises(errors.Overloaded):
        client.coaching.PlanSession(program="desk", agent="ann")
    assert len(seen) == 5


def test_a_server_that_is_not_there_is_named() -> None:
    with connect("127.0.0.1:1") as client, pytest.raises(errors.NotReady, match=r"^127\.0\.0\.1:1: "):
        client.coaching.GetSession(id="1")


def test_a_token_is_shown_and_may_be_renewed(tmp_path: Path) -> None:
    key_file = tmp_path / "secret"
    key_file.write_text("s" * 32)
    shown: list[str] = []

    def token() -> str:
        shown.append(jwt.encode({"sub": "sue", "exp": 9_999_999_999, "tenant": "acme", "roles": ["supervisor"]}, "s" * 32, "HS256"))
        return shown[-1]

    auth = Settings(listen="127.0.0.1:0", auth=Auth(key_file=key_file, algorithms=("HS256",)))
    with running(MemoryJournal(), auth) as server:
        with connect(server.address, tenant="acme", token=token) as client:
            assert client.coaching.PlanSession(program="desk", agent="ann").session.supervisor == "sue"
            with pytest.raises(errors.NotAllowed):
                client.coaching.PlanSession(tenant="other", program="desk", agent="ann")
        with connect(server.address) as nobody, pytest.raises(errors.NotAuthenticated):
            nobody.coaching.GetSession(id="1")
    assert len(shown) == 2


def test_a_recording_stream_goes_on_after_a_restart_and_records_once() -> None:
    journal = MemoryJournal()
    with running(journal) as server:
        address, client = server.address, connect(server.address)
        stream = client.recorder.stream()
        batches = [[event(f"{number}-{n}") for n in range(10)] for number in range(40)]
        answers = [stream.submit(batch) for batch in batches[:20]]
        answers[0].result(30)
    with running(journal, Settings(listen=address)):
        answers += [stream.submit(batch) for batch in batches[20:]]
        stream.close()
        found = [outcome.position for answer in answers for outcome in answer.result(30)]
        client.close()
    assert sorted(found) == list(range(1, 401))
    assert journal.position == 400


def test_whoever_waits_for_a_recording_stream_is_told_when_the_server_answers_what_nobody_asked() -> None:
    def answer_twice(requests: Iterator[Any], context: Any) -> Iterator[Any]:
        for request in requests:
            answer = ticket_recorder_pb2.StreamTicketEventsResponse(batch_id=request.batch_id, window=1)
            yield from (answer, answer)

    server = grpc.server(ThreadPoolExecutor(2))
    method = {"StreamTicketEvents": grpc.stream_stream_rpc_method_handler(
        answer_twice, request_deserializer=ticket_recorder_pb2.StreamTicketEventsRequest.FromString,
        response_serializer=ticket_recorder_pb2.StreamTicketEventsResponse.SerializeToString)}
    service = ticket_recorder_pb2.DESCRIPTOR.services_by_name["TicketRecorderService"].full_name
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, method),))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    with connect(address) as client:
        stream = client.recorder.stream()
        answers = [stream.submit([event(str(number))]) for number in range(3)]
        assert not answers[0].cancel(), "it is under way"
        assert answers[0].result(30) == []
        for answer in answers[1:]:
            with pytest.raises(errors.NotReady, match="answered batch 1"):
                answer.result(30)
        stream.close()
    server.stop(None).wait()


def test_a_watch_goes_on_where_it_stood() -> None:
    journal = MemoryJournal()
    with running(journal) as server:
        address, client = server.address, connect(server.address, tenant="acme")
        changes = client.timers.WatchTimers(timers_pb2.WatchTimersRequest())
        next(changes)
        client.recorder.record([recorded_as(fact("T1", 0, Opened())).payload])
        assert [ticket.ticket_id for ticket in next(changes).tickets] == ["T1"]
    with running(journal, Settings(listen=address)):
        client.recorder.record([recorded_as(fact("T2", 0, Opened())).payload])
        told: list[str] = []
        while "T2" not in told:
            told += [ticket.ticket_id for ticket in next(changes).tickets]
        changes.close()  # type: ignore[attr-defined]  # it is a generator
        client.close()
    assert told == ["T2"]
