"""A channel to each address of a server that has several, and which of them is used."""
from __future__ import annotations

from collections.abc import Sequence
from threading import Lock

import grpc

from opsledger.core.errors import FieldViolation, InvalidInput, NotReady

_OPTIONS = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 5_000),  # gRPC's name for how long a machine that says nothing is waited for
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.keepalive_time_ms", 15_000),  # while calls are open: a machine that is gone does not say so
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.max_pings_without_data", 0),
)


def parsed(addresses: str | Sequence[str]) -> tuple[str, ...]:
    """``n1:50051,n2:50051`` or a sequence of addresses. Raises InvalidInput."""
    given = addresses.split(",") if isinstance(addresses, str) else addresses
    found = tuple(dict.fromkeys(address.strip() for address in given))
    if not found or not all(found):
        raise InvalidInput(FieldViolation("address", "REQUIRED", f"must be HOST:PORT, or several of them, not {addresses!r}"))
    return found


class Channels:
    """Thread-safe. Calls go to one address until it is away: then all go on at the next one."""

    def __init__(self, addresses: str | Sequence[str], credentials: grpc.ChannelCredentials | None) -> None:
        self.addresses = parsed(addresses)
        self._credentials = credentials
        self._used = 0
        self._open: dict[str, grpc.Channel] = {}
        self._closed = False
        self._lock = Lock()

    @property
    def used(self) -> str:
        """The address at which a call begins."""
        return self.addresses[self._used]

    def next_after(self, away: str) -> str:
        """Where to go on when an address is away."""
        with self._lock:
            if self.addresses[self._used] == away:
                self._used = (self._used + 1) % len(self.addresses)
            return self.addresses[self._used]

    def to(self, address: str) -> grpc.Channel:
        """Raises NotReady when they are closed."""
        with self._lock:
            if self._closed:
                raise NotReady("the client is closed")
            if address not in self._open:
                self._open[address] = (
                    grpc.insecure_channel(address, _OPTIONS) if self._credentials is None
                    else grpc.secure_channel(address, self._credentials, _OPTIONS)
                )
            return self._open[address]

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for channel in self._open.values():
                channel.close()
