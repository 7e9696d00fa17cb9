"""Channels to the other nodes."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any

import grpc

from opsledger.core.errors import FieldViolation, InvalidSettings, JournalUnreachable, OpsledgerError, Overloaded
from opsledger.core.ports import Commit
from opsledger.proto.cluster.v1 import node_pb2 as pb
from opsledger.services.client.errors import typed
from opsledger.services.cluster.lane import Answered
from opsledger.services.cluster.messages import commit_message, outcome_of
from opsledger.services.futures import promised, refused
from opsledger.services.settings import Settings

SERVICE = pb.DESCRIPTOR.services_by_name["NodeService"]
_PIECE_BYTES, _FRAME_BYTES = 1 << 20, 16
_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1_000),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # gRPC's name for how long a connection may take: a busy node needs more than a moment
    ("grpc.keepalive_time_ms", 15_000), ("grpc.keepalive_timeout_ms", 5_000),  # a server takes a ping every 10 s
    ("grpc.http2.ping_timeout_ms", 5_000), ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_receive_message_length", 64 << 20),
)


def credentials(settings: Settings) -> grpc.ChannelCredentials | None:
    """How this node reaches others: as they are to reach it. Raises InvalidSettings for a file that cannot be read."""
    if settings.tls is None:
        return None
    root = _read(settings.peers.ca_file, "peers.ca_file") if settings.peers.ca_file else None
    return grpc.ssl_channel_credentials(
        root, _read(settings.tls.key_file, "tls.key_file"), _read(settings.tls.cert_file, "tls.cert_file"),
    )


def token_of(file: Path | None) -> Callable[[], str]:
    """Reads it again each time, so that it can be renewed while the node runs."""
    return (lambda: file.read_text(encoding="ascii").strip()) if file else str


def _read(path: Path, field: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidSettings(FieldViolation(field, "UNREADABLE", f"{path}: {error.strerror}")) from None


@dataclass
class _Peer:
    """A channel, and how many calls on it have no answer yet."""

    channel: grpc.Channel
    calls: int = 0


class Peers:
    """Sends commits to nodes by their address. Thread-safe.

    The channel of an address is closed, at the next request to any, when every partition that was sent there has been sent elsewhere
    since, and every call has its answer: however often nodes come back at other addresses, there are no more channels than partitions
    and calls.
    """

    def __init__(
        self, *, timeout_s: float, credentials: grpc.ChannelCredentials | None = None, token: Callable[[], str] = str,
        message_bytes_max: int = 4 << 20,
    ) -> None:
        """``token`` is shown with each request, unless it is empty. ``message_bytes_max``: what the other nodes take."""
        self._piece_bytes = max(min(_PIECE_BYTES, message_bytes_max - _FRAME_BYTES), 1)
        self._timeout_s, self._credentials, self._token = timeout_s, credentials, token
        self._lock = Lock()
        self._peers: dict[str, _Peer] = {}
        self._owners: dict[int, str] = {}
        """Where each partition's commits were sent last."""
        self._closed = False

    def send(self, address: str, partition: int, commits: Sequence[Commit]) -> Future[Answered]:
        """See opsledger.services.cluster.lane.Send."""
        if not address:
            return refused(JournalUnreachable("nobody owns this partition of the journal yet; send the same request again"))
        try:
            request = pb.AppendRequest(partition=partition, commits=[commit_message(commit) for commit in commits])
            call = self._call(address, partition, request.SerializeToString())
        except Exception as error:  # a token that cannot be read, a closed channel: whoever waits must hear of it
            return refused(JournalUnreachable(f"{address} cannot be asked: {error}"))
        answer = promised()

        def finish(done: Any) -> None:
            try:
                answer.set_result(_answered(address, done, len(commits)))
            except OpsledgerError as error:
                answer.set_exception(error)
            except Exception as error:  # it was cancelled, or answered nonsense
                answer.set_exception(JournalUnreachable(f"{address} did not answer: {error or type(error).__name__}"))

        call.add_done_callback(finish)
        call.add_done_callback(lambda _: self._leave(address))
        return answer

    def _call(self, address: str, partition: int, request: bytes) -> Any:
        token = self._token()
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        channel = self._enter(address, partition)
        try:
            return self._start(channel, request, metadata)
        except Exception:
            self._leave(address)
            raise

    def _start(self, channel: grpc.Channel, request: bytes, metadata: tuple[tuple[str, str], ...]) -> Any:
        if len(request) <= self._piece_bytes:
            append = channel.unary_unary(f"/{SERVICE.full_name}/Append", None, pb.AppendResponse.FromString)
            return append.future(request, timeout=self._timeout_s, metadata=metadata)
        pieces = channel.stream_unary(
            f"/{SERVICE.full_name}/AppendInPieces", pb.Piece.SerializeToString, pb.AppendResponse.FromString,
        )
        return pieces.future(_pieces(request, self._piece_bytes), timeout=self._timeout_s, metadata=metadata)

    def _enter(self, address: str, partition: int) -> grpc.Channel:
        """The channel for a call, which stays open until the call leaves it."""
        with self._lock:
            if self._closed:
                raise JournalUnreachable("this node is going down")
            if address not in self._peers:
                self._peers[address] = _Peer(self._open(address))
            peer = self._peers[address]
            peer.calls += 1
            self._owners[partition] = address
            unused = self._take_unused()
        _close(unused)
        return peer.channel

    def _leave(self, address: str) -> None:
        with self._lock:
            self._peers[address].calls -= 1  # not closed here: this is the channel's own thread, and closing may wait for it

    def _take_unused(self) -> list[grpc.Channel]:
        named = set(self._owners.values())
        unused = [address for address, peer in self._peers.items() if not peer.calls and address not in named]
        return [self._peers.pop(address).channel for address in unused]

    def _open(self, address: str) -> grpc.Channel:
        if self._credentials:
            return grpc.secure_channel(address, self._credentials, _OPTIONS)
        return grpc.insecure_channel(address, _OPTIONS)

    def close(self) -> None:
        """Whoever waits for an answer is told that it does not come."""
        with self._lock:
            self._closed = True
            channels = [peer.channel for peer in self._peers.values()]
        _close(channels)


def _close(channels: Iterable[grpc.Channel]) -> None:
    for channel in channels:
        with suppress(Exception):  # it has ended already
            channel.close()


def _pieces(request: bytes, size: int) -> Iterator[pb.Piece]:
    for begin in range(0, len(request), size):
        yield pb.Piece(data=request[begin:begin + size])


def _answered(address: str, call: Any, commits: int) -> Answered:
    try:
        response = call.result()
    except grpc.RpcError as failed:
        raise _unreachable(address, failed) from None
    if len(response.results) != commits:
        raise ValueError("not as many answers as commits")
    return Answered([outcome_of(result) for result in response.results], response.position)


def _unreachable(address: str, failed: grpc.RpcError) -> OpsledgerError:
    """What the caller of this node is told: whatever else went wrong between nodes is not its doing."""
    error = typed(address, failed)
    if isinstance(error, (Overloaded, JournalUnreachable)):
        return error
    return JournalUnreachable(f"the owner at {address} does not answer ({error}); send the same request again")
