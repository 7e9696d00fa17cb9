"""One channel to a server, and what every call on it carries."""
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import grpc

from opsledger.services.client.errors import RETRYABLE, typed
from opsledger.services.grpc.progress import METADATA_KEY

ATTEMPTS_MAX = 5
BACKOFF_S, BACKOFF_S_MAX = 0.1, 2.0
SERVICE_CONFIG = {
    "methodConfig": [{
        "name": [{}],
        "retryPolicy": {
            "maxAttempts": ATTEMPTS_MAX, "initialBackoff": f"{BACKOFF_S}s", "maxBackoff": f"{BACKOFF_S_MAX}s", "backoffMultiplier": 2,
            "retryableStatusCodes": [code.name for code in RETRYABLE],
        },
    }],
}
"""gRPC retries by it (https://github.com/grpc/proposal/blob/master/A6-client-retries.md), and waits as long as the server's pushback
says. Every call may be repeated: facts have event ids, commands request ids, queries change nothing."""

Metadata = tuple[tuple[str, str], ...]


class Connection:
    """Thread-safe."""

    def __init__(
        self, address: str, *, token: str | Callable[[], str] = "", tenant: str = "", actor: str = "", timeout_s: float = 30.0,
        credentials: grpc.ChannelCredentials | None = None, wait_for_server: bool = False,
    ) -> None:
        options = [("grpc.service_config", json.dumps(SERVICE_CONFIG)), ("grpc.enable_retries", 1), ("grpc.use_local_subchannel_pool", 1)]
        self.channel = (
            grpc.insecure_channel(address, options) if credentials is None else grpc.secure_channel(address, credentials, options))
        self.address, self.tenant, self.actor = address, tenant, actor
        self.timeout_s, self.wait_for_server = timeout_s, wait_for_server
        self._token = token
        self._position, self._lock = 0, Lock()

    @property
    def position(self) -> int:
        """Of the last write over this connection; queries see it."""
        return self._position

    def wrote(self, position: int) -> None:
        with self._lock:
            self._position = max(self._position, position)

    def metadata(self, *, sees_writes: bool) -> Metadata:
        token = self._token if isinstance(self._token, str) else self._token()
        bearer = (("authorization", f"Bearer {token}"),) if token else ()
        return (*bearer, (METADATA_KEY, str(self.position))) if sees_writes and self.position else bearer

    @contextmanager
    def errors(self) -> Iterator[None]:
        """Raises what a failed call stands for."""
        try:
            yield
        except grpc.RpcError as failed:
            raise typed(self.address, failed) from None

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
        self.channel.close()
