"""Channels to the other nodes."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
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


class Peers:
    """Sends commits to nodes by their address. Thread-safe."""

    def __init__(
        self, *, timeout_s: float, credentials: grpc.ChannelCredentials | None = None, token: Callable[[], str] = str,
        message_bytes_max: int = 4 << 20,
    ) -> None:
        """``token`` is shown with each request, unless it is empty. ``message_bytes_max``: what the other nodes take."""
        self._piece_bytes = max(min(_PIECE_BYTES, message_bytes_max - _FRAME_BYTES), 1)
        self._timeout_s, self._credentials, self._token = timeout_s, credentials, token
        self._lock = Lock()
        self._channels: dict[str, grpc.Channel] = {}
        self._closed = False

    def send(self, address: str, partition: int, commits: Sequence[Commit]) -> Future[Answered]:
        """See opsledger.services.cluster.lane.Send."""
        if not address:
            return refused(JournalUnreachable("nobody owns this partition of the journal yet; send the same request again"))
        try:
            request = pb.AppendRequest(partition=partition, commits=[commit_message(commit) for commit in commits])
            call = self._call(address, request.SerializeToString())
        except Exception as error:  # a token that cannot be read, a closed channel: whoever waits must hear of it
            return refused(JournalUnreachable(f"{address} cannot be asked: {error}"))
        answer = promised()

        def finish(done: Any) -> None:
            try:
                response = done.result()
                if len(response.results) != len(commits):
                    raise ValueError("not as many answers as commits")
                answer.set_result(Answered([outcome_of(result) for result in response.results], response.position))
            except grpc.RpcError as failed:
                answer.set_exception(_unreachable(address, failed))
            except Exception as error:  # it was cancelled, or answered nonsense
                answer.set_exception(JournalUnreachable(f"{address} did not answer: {error or type(error).__name__}"))

        call.add_done_callback(finish)
        return answer

    def _call(self, address: str, request: bytes) -> Any:
        channel = self._channel(address)
        token = self._token()
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        if len(request) <= self._piece_bytes:
            append = channel.unary_unary(f"/{SERVICE.full_name}/Append", None, pb.AppendResponse.FromString)
            return append.future(request, timeout=self._timeout_s, metadata=metadata)
        pieces = channel.stream_unary(
            f"/{SERVICE.full_name}/AppendInPieces", pb.Piece.SerializeToString, pb.AppendResponse.FromString,
        )
        return pieces.future(_pieces(request, self._piece_bytes), timeout=self._timeout_s, metadata=metadata)

    def _channel(self, address: str) -> grpc.Channel:
        with self._lock:
            if self._closed:
                raise JournalUnreachable("this node is going down")
            if address not in self._channels:
                self._channels[address] = (
                    grpc.secure_channel(address, self._credentials, _OPTIONS) if self._credentials
                    else grpc.insecure_channel(address, _OPTIONS)
                )
            return self._channels[address]

    def close(self) -> None:
        """Whoever waits for an answer is told that it does not come."""
        with self._lock:
            self._closed = True
            channels = list(self._channels.values())
        for channel in channels:
            with suppress(Exception):  # it has ended already
                channel.close()


def _pieces(request: bytes, size: int) -> Iterator[pb.Piece]:
    for begin in range(0, len(request), size):
        yield pb.Piece(data=request[begin:begin + size])


def _unreachable(address: str, failed: grpc.RpcError) -> OpsledgerError:
    """What the caller of this node is told: whatever else went wrong between nodes is not its doing."""
    error = typed(address, failed)
    if isinstance(error, (Overloaded, JournalUnreachable)):
        return error
    return JournalUnreachable(f"the owner at {address} does not answer ({error}); send the same request again")
