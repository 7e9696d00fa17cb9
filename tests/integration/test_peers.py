"""Channels to the other nodes: each is open as long as somebody needs it, and no longer."""
from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic
from typing import Any

import grpc
import pytest
from google.rpc.status_pb2 import Status

from opsledger.core.errors import JournalUnreachable
from opsledger.core.ports import Receipt
from opsledger.proto.cluster.v1 import node_pb2 as pb
from opsledger.proto.cluster.v1 import node_pb2_grpc as pb_grpc
from opsledger.services.cluster.messages import result_message
from opsledger.services.cluster.peers import Peers
from tests.kit.journals import event, facts
from tests.kit.tcp_proxy import TcpProxy

PATIENCE_S = 30
COMMIT = facts(event())


class Owner(pb_grpc.NodeServiceServicer):
    """A node that records whatever it is sent, but not while it is ``frozen``."""

    def __init__(self) -> None:
        self.asked, self.thawed = Event(), Event()
        self.thawed.set()
        self.details: bytes | None = None
        """It fails with these, when it is to fail."""
        self.connections: set[str] = set()
        self._server = grpc.server(ThreadPoolExecutor(4))
        pb_grpc.add_NodeServiceServicer_to_server(self, self._server)
        self.proxy = TcpProxy(self._server.add_insecure_port("127.0.0.1:0"))
        self.address = f"127.0.0.1:{self.proxy.port}"
        self._server.start()

    def Append(self, request: pb.AppendRequest, context: grpc.ServicerContext) -> pb.AppendResponse:
        self.connections.add(context.peer())
        self.asked.set()
        assert self.thawed.wait(PATIENCE_S)
        if self.details is not None:
            context.set_trailing_metadata((("grpc-status-details-bin", self.details),))
            context.abort(grpc.StatusCode.UNAVAILABLE, "in a proxy's words")
        return pb.AppendResponse(results=[result_message(Receipt((1,), (False,)))] * len(request.commits), position=1)

    def AppendInPieces(self, request_iterator: Any, context: grpc.ServicerContext) -> pb.AppendResponse:
        return self.Append(pb.AppendRequest.FromString(b"".join(piece.data for piece in request_iterator)), context)

    def close(self) -> None:
        self.thawed.set()
        self._server.stop(None).wait()
        self.proxy.close()


@pytest.fixture
def owners() -> Iterator[tuple[Owner, Owner]]:
    two = Owner(), Owner()
    yield two
    for owner in two:
        owner.close()


@pytest.fixture
def peers() -> Iterator[Peers]:
    opened = Peers(timeout_s=PATIENCE_S)
    yield opened
    opened.close()


def await_closed(old: Owner, peers: Peers, new: Owner, partition: int) -> None:
    """A request closes what is not used at that moment; who has an answer may use its channel for a moment more."""
    deadline_s = monotonic() + PATIENCE_S
    while not old.proxy.ended.acquire(timeout=0.1):
        assert monotonic() < deadline_s
        peers.send(new.address, partition, [COMMIT]).result(PATIENCE_S)


def test_a_channel_is_closed_when_no_partition_is_sent_to_its_address_any_more(peers: Peers, owners: tuple[Owner, Owner]) -> None:
    old, new = owners
    for owner, partition in ((old, 0), (old, 1), (new, 0), (old, 1)):
        assert peers.send(owner.address, partition, [COMMIT]).result(PATIENCE_S).position == 1
    assert len(old.connections) == 1, "it is kept for the partition that still goes there"
    await_closed(old, peers, new, 1)
    peers.send(old.address, 0, [COMMIT]).result(PATIENCE_S)
    assert len(old.connections) == 2, "the node is back where it was"


@pytest.mark.parametrize("payload", [b"", bytes(2 << 20)], ids=["in a message", "in pieces"])
def test_who_waits_for_an_answer_gets_it_before_the_channel_is_closed(payload: bytes, peers: Peers, owners: tuple[Owner, Owner]) -> None:
    old, new = owners
    old.thawed.clear()
    waiting = peers.send(old.address, 0, [facts(event(payload=payload))])
    assert old.asked.wait(PATIENCE_S)
    for _ in range(3):
        peers.send(new.address, 0, [COMMIT]).result(PATIENCE_S)
    assert not waiting.done()
    old.thawed.set()
    assert waiting.result(PATIENCE_S).position == 1
    await_closed(old, peers, new, 0)
    assert len(new.connections) == 1


def test_closing_tells_all_who_wait(peers: Peers, owners: tuple[Owner, Owner]) -> None:
    for owner in owners:
        owner.thawed.clear()
    waiting = [peers.send(owner.address, partition, [COMMIT]) for owner in owners for partition in range(3)]
    for owner in owners:
        assert owner.asked.wait(PATIENCE_S)
    peers.close()
    for answer in waiting:
        with pytest.raises(JournalUnreachable):
            answer.result(PATIENCE_S)


@pytest.mark.parametrize("details", [
    b"\xff",
    Status(code=14, message="in the node's words").SerializeToString(),
    Status(code=8, message="in a proxy's words").SerializeToString(),
], ids=["damaged", "another text", "another code"])
def test_an_error_with_details_that_cannot_be_read_is_an_answer_too(
    details: bytes, peers: Peers, owners: tuple[Owner, Owner]
) -> None:
    owner, _ = owners
    owner.details = details
    with pytest.raises(JournalUnreachable, match="in a proxy's words"):
        peers.send(owner.address, 0, [COMMIT]).result(PATIENCE_S)
