"""What a server says of itself, and how it treats services other than the recorder."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from opsledger.core.errors import InvalidSettings, NotFound, Overloaded
from opsledger.core.partitions import begin_of
from opsledger.core.tickets.facts import Replied
from opsledger.services.grpc import progress as progress_module
from opsledger.services.grpc.calls import answer_errors
from opsledger.services.grpc.progress import Progress, ReadYourWrites
from opsledger.services.grpc.server import Server, Service
from opsledger.services.grpc.threads import InThread
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered, PartitionedJournal
from opsledger.services.settings import Settings
from tests.kit.read_models import fact, record
from tests.kit.servers import Running, running

RECORDER = "opsledger.tickets.v1.TicketRecorderService"
LOOPBACK = Settings(listen="127.0.0.1:0")


@pytest.fixture
def server() -> Iterator[Running]:
    with running(MemoryJournal()) as server:
        yield server


def test_health_is_said_per_service(server: Running) -> None:
    health = health_pb2_grpc.HealthStub(server.channel)
    for name in ("", RECORDER):
        assert health.Check(health_pb2.HealthCheckRequest(service=name)).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_watcher_sees_the_drain(server: Running) -> None:
    watch = health_pb2_grpc.HealthStub(server.channel).Watch(health_pb2.HealthCheckRequest(service=RECORDER), timeout=10)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    drained = server.drain()
    assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
    watch.cancel()
    drained.result(timeout=10)


def test_reflection_describes_the_recorder(server: Running) -> None:
    database = ProtoReflectionDescriptorDatabase(server.channel)
    assert RECORDER in database.get_services()
    file = database.FindFileContainingSymbol(RECORDER)
    assert [method.name for method in file.service[0].method] == [
        "RecordTicketEvents", "StreamTicketEvents", "ListDifferingEvents", "ListTicketEvents",
    ]


def test_an_address_in_use_is_refused(server: Running) -> None:
    async def second() -> None:
        await Server(Settings(listen=server.address), (), ()).start()

    with pytest.raises(InvalidSettings, match=f"listen: cannot listen on {server.address}"):
        asyncio.run(second())


def test_an_unknown_method_is_unimplemented(server: Running) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        server.channel.unary_unary(f"/{RECORDER}/Nothing")(b"", timeout=10)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


class Echo:
    """A service as others are built: an answer, a stream by a generator, an error."""

    def register(self, server: grpc.aio.Server) -> None:
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("opsledger.test.Echo", {
            "Say": grpc.unary_unary_rpc_method_handler(self.say),  # type: ignore[arg-type]  # the stubs know no coroutines
            "Repeat": grpc.unary_stream_rpc_method_handler(self.repeat),  # type: ignore[arg-type]  # nor asynchronous generators
        }),))

    async def say(self, request: bytes, context: Any) -> bytes:
        if request == b"lost":
            raise NotFound("echo", "lost")
        return request

    async def repeat(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        yield request
        yield request
        raise RuntimeError("a secret")


async def with_echo(steps: tuple[Any, ...], talk: Callable[[grpc.aio.Channel], Any]) -> Any:
    server = Server(LOOPBACK, [Service("opsledger.test.Echo", Echo().register)], steps)
    address, = await server.start()
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            return await talk(channel)
    finally:
        await server.drain()


def say(channel: grpc.aio.Channel, text: bytes = b"hello", **options: Any) -> Any:
    return channel.unary_unary("/opsledger.test.Echo/Say")(text, **options)


def test_any_service_answers_its_errors_from_the_table() -> None:
    async def talk(channel: grpc.aio.Channel) -> None:
        assert await say(channel) == b"hello"
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await say(channel, b"lost")
        assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.NOT_FOUND, "there is no echo 'lost'")

    asyncio.run(with_echo((answer_errors,), talk))


def test_a_stream_gives_what_it_had_before_it_fails_and_leaks_nothing() -> None:
    async def talk(channel: grpc.aio.Channel) -> None:
        stream = channel.unary_stream("/opsledger.test.Echo/Repeat")(b"x")
        assert [await stream.read(), await stream.read()] == [b"x", b"x"]
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stream.read()
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        assert "secret" not in str(caught.value.details())

    asyncio.run(with_echo((answer_errors,), talk))


def seven_events() -> PartitionedJournal:
    journal = MemoryJournal()
    record(journal, [fact("1", minute, Replied(True)) for minute in range(7)])
    return PartitionedJournal([Numbered(journal)])


def test_a_query_waits_until_the_read_models_are_as_far_as_it_asks() -> None:
    progress = Progress()

    async def talk(channel: grpc.aio.Channel) -> None:
        waiting = [asyncio.ensure_future(say(channel, metadata=(("opsledger-min-position", str(n)),))) for n in (5, 3)]
        assert await say(channel) == b"hello"
        await asyncio.to_thread(progress.reached, 3)
        assert await waiting[1] == b"hello"
        assert not waiting[0].done()
        await asyncio.to_thread(progress.reached, 7)
        assert await waiting[0] == b"hello"

    asyncio.run(with_echo((answer_errors, ReadYourWrites(progress, seven_events())), talk))


def test_a_query_does_not_wait_beyond_its_deadline() -> None:
    async def talk(channel: grpc.aio.Channel) -> None:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await say(channel, metadata=(("opsledger-min-position", "5"),), timeout=0.2)
        assert caught.value.code() in (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.UNAVAILABLE)
        for position in ("soon", "-1", "8"):  # the journal ends at 7
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await say(channel, metadata=(("opsledger-min-position", position),))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT

    asyncio.run(with_echo((answer_errors, ReadYourWrites(Progress(), seven_events())), talk))


class Replica(Numbered):
    """Of a partition that another node owns, whether or not this one knows of that."""

    def __init__(self, journal: MemoryJournal, number: int = 0, is_owner: bool = False) -> None:
        super().__init__(journal, number)
        self._is_owner = is_owner

    @property
    def is_owner(self) -> bool:
        return self._is_owner

    @property
    def is_shared(self) -> bool:
        return True


@pytest.mark.parametrize("was_frozen", [False, True], ids=["a replica", "an owner that was frozen and is none any more"])
def test_a_query_waits_for_a_position_that_another_node_has_recorded(was_frozen: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "REPLICA_WAIT_S_MAX", 60.0)  # on a machine that is busy with other tests, too
    theirs, progress = MemoryJournal(), Progress()
    journal = PartitionedJournal([*seven_events().parts, Replica(theirs, 1, was_frozen)])
    wanted = begin_of(1) + 1

    async def talk(channel: grpc.aio.Channel) -> None:
        waiting = asyncio.ensure_future(say(channel, metadata=(("opsledger-min-position", f"7, {wanted}"),)))
        await asyncio.to_thread(progress.reached, 7)
        await asyncio.to_thread(record, theirs, [fact("2", 0, Replied(True))])
        assert not waiting.done()
        await asyncio.to_thread(progress.reached, wanted)
        assert await waiting == b"hello"
        for position in (f"7,{wanted},9", str(begin_of(2) + 1), "8", f"{wanted},"):
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await say(channel, metadata=(("opsledger-min-position", position),))
            assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        monkeypatch.setattr(progress_module, "REPLICA_WAIT_S_MAX", 0.01)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await say(channel, metadata=(("opsledger-min-position", str(wanted + 1)),))
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE, "who has not read it does not know that nobody has written it"

    asyncio.run(with_echo((answer_errors, ReadYourWrites(progress, journal)), talk))


def test_queries_that_wait_for_another_node_keep_no_threads_from_those_who_end_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "REPLICA_WAIT_S_MAX", 60.0)
    theirs, progress, asked = MemoryJournal(), Progress(), Event()

    class Asked(Replica):
        @property
        def position(self) -> int:
            asked.set()
            return super().position

    async def talk(channel: grpc.aio.Channel) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        waiting = asyncio.ensure_future(say(channel, metadata=(("opsledger-min-position", "1"),)))
        while not asked.is_set():
            await asyncio.sleep(0)
        assert await asyncio.wait_for(asyncio.to_thread(int), 10) == 0
        record(theirs, [fact("2", 0, Replied(True))])
        progress.reached(1)
        assert await waiting == b"hello"

    asyncio.run(with_echo((answer_errors, ReadYourWrites(progress, PartitionedJournal([Asked(theirs, 0)]))), talk))


def test_blocking_work_is_bounded() -> None:
    async def talk() -> None:
        in_thread, gate = InThread(threads=1, queue_max=2), Event()
        working = [asyncio.ensure_future(in_thread(gate.wait)) for _ in range(2)]
        await asyncio.sleep(0)  # lets both begin
        with pytest.raises(Overloaded):
            await in_thread(gate.wait)
        gate.set()
        assert await asyncio.gather(*working) == [True, True]
        assert await in_thread(max, 1, 2) == 2
        in_thread.close()

    asyncio.run(talk())
