"""A connection to a server, and what every call on it carries."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from opsledger.core.partitions import partition_at
from opsledger.services.client.attempts import ATTEMPTS_MAX, Attempts
from opsledger.services.client.channels import Channels
from opsledger.services.grpc.progress import METADATA_KEY

R = TypeVar("R", bound=Message)
Metadata = tuple[tuple[str, str], ...]


def serialized(request: Message) -> bytes:
    """Maps have no order of their own: a fixed one keeps the bytes that the client made."""
    data: bytes = request.SerializeToString(deterministic=True)
    return data


class Connection:
    """Thread-safe."""

    def __init__(
        self, addresses: str | Sequence[str], *, token: str | Callable[[], str] = "", tenant: str = "", actor: str = "",
        timeout_s: float = 30.0, credentials: grpc.ChannelCredentials | None = None, wait_for_server: bool = False,
        attempts_max: int = ATTEMPTS_MAX,
    ) -> None:
        self._channels = Channels(addresses, credentials)
        self.tenant, self.actor = tenant, actor
        self._timeout_s, self._wait_for_server = timeout_s, wait_for_server
        self._attempts_max = attempts_max
        self._token = token
        self._positions: dict[int, int] = {}
        self._lock = Lock()

    @property
    def positions(self) -> tuple[int, ...]:
        """Of the last write over this connection in each partition of the journal; queries see it."""
        with self._lock:
            return tuple(self._positions.values())

    def wrote(self, *positions: int) -> None:
        with self._lock:
            for position in filter(None, positions):
                partition = partition_at(position)
                self._positions[partition] = max(self._positions.get(partition, 0), position)

    def metadata(self, *, sees_writes: bool) -> Metadata:
        token = self._token if isinstance(self._token, str) else self._token()
        bearer = (("authorization", f"Bearer {token}"),) if token else ()
        positions = self.positions if sees_writes else ()
        return (*bearer, (METADATA_KEY, ", ".join(map(str, positions)))) if positions else bearer

    def call(self, path: str, request: Message, response: type[R], *, sees_writes: bool, timeout_s: float | None = None) -> R:
        """What a request is answered. Raises OpsledgerError."""
        attempts = Attempts(self._channels, self._attempts_max, timeout_s or self._timeout_s, wait_for_server=self._wait_for_server)
        while True:
            send = attempts.channel.unary_unary(path, request_serializer=serialized, response_deserializer=response.FromString)
            try:
                answer: R = send(request, metadata=self.metadata(sees_writes=sees_writes), timeout=attempts.left_s)
                return answer
            except grpc.RpcError as failure:
                attempts.failed(failure)

    def attempts(self) -> Attempts:
        """Of a stream, which may stay open for ever."""
        return Attempts(self._channels, self._attempts_max)

    def filled(self, request: Any) -> Any:
        """A copy with the connection's tenant and actor where the request names none."""
        copy = type(request)()
        copy.CopyFrom(request)
        for name in ("tenant", "actor"):
            field = copy.DESCRIPTOR.fields_by_name.get(name)
            if field is not None and field.message_type is None and not getattr(copy, name):
                setattr(copy, name, getattr(self, name))
        return copy

    def close(self) -> None:
        self._channels.close()
