"""The gRPC server: listens, says how it is (health, reflection), and goes down without losing an answer."""
from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from opsledger.core.errors import FieldViolation, InvalidSettings
from opsledger.services.grpc.calls import CallInterceptor, Step
from opsledger.services.grpc.open_streams import OpenStreams
from opsledger.services.settings import Settings, Tls

_KEEPALIVE_MS = 60_000
_FAREWELL_S = 0.2
"""Between NOT_SERVING and the end of open streams, so that who watches the health hears of it, and who calls is told to go elsewhere."""


_NONE: Mapping[str, Callable[[], bool]] = {}


class Service(NamedTuple):
    """A gRPC service as the server needs it."""

    name: str
    """``opsledger.sla.v1.TimerService``"""
    register: Callable[[grpc.aio.Server], object]
    is_healthy: Callable[[], bool] = lambda: True
    on_drain: Callable[[], None] | None = None
    """For a service that ends its open streams itself when the server goes down; those of others are just ended."""


class Server:
    """Serves services on all the addresses of the settings."""

    def __init__(
        self, settings: Settings, services: Sequence[Service], steps: Sequence[Step], conditions: Mapping[str, Callable[[], bool]] = _NONE
    ) -> None:
        """``conditions``: what the health says beside the services, by name."""
        self._settings, self._services = settings, services
        self._healthy = {**{service.name: service.is_healthy for service in services}, **conditions}
        self._streams = OpenStreams(spared={service.name for service in services if service.on_drain})
        self._server = grpc.aio.server(interceptors=[CallInterceptor(*steps, self._streams)], options=[
            ("grpc.max_receive_message_length", settings.limits.message_bytes_max),
            ("grpc.max_concurrent_streams", settings.limits.rpcs_max + settings.limits.streams_max),
            ("grpc.keepalive_time_ms", _KEEPALIVE_MS),
            ("grpc.http2.min_recv_ping_interval_without_data_ms", _KEEPALIVE_MS // 6),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.so_reuseport", 0),  # two servers on one port would share its clients, and only one has the journal
        ])
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # the stubs do not know it
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        for service in services:
            service.register(self._server)
        names = [*(service.name for service in services), health_pb2.DESCRIPTOR.services_by_name["Health"].full_name]
        reflection.enable_server_reflection([*names, reflection.SERVICE_NAME], self._server)

    async def start(self) -> list[str]:
        """Listen; the addresses, with the ports that were taken. Raises InvalidSettings for one that cannot be had."""
        addresses = [self._listen(address) for address in self._settings.listen]
        await self._server.start()
        await self.tell_health()
        return addresses

    async def tell_health(self) -> None:
        """Say how each service is now, to those who ask and those who watch."""
        status = health_pb2.HealthCheckResponse
        for name, is_healthy in self._healthy.items():
            await self._health.set(name, status.SERVING if is_healthy() else status.NOT_SERVING)

    async def drain(self) -> None:
        """Say NOT_SERVING, refuse what is new, finish what is in flight; after ``drain_s`` cancel the rest."""
        await self._health.enter_graceful_shutdown()
        self._streams.refuse()
        for service in self._services:
            if service.on_drain:
                service.on_drain()
        await asyncio.sleep(_FAREWELL_S)
        self._streams.end()
        await self._server.stop(self._settings.drain_s)

    async def stop(self) -> None:
        """End at once what drain has not ended."""
        await self._server.stop(None)

    def _listen(self, address: str) -> str:
        tls = self._settings.tls
        try:
            port = self._server.add_secure_port(address, _credentials(tls)) if tls else self._server.add_insecure_port(address)
        except RuntimeError:
            port = 0
        if not port:
            raise InvalidSettings(FieldViolation("listen", "NOT_AVAILABLE", f"cannot listen on {address}; is it in use?"))
        return address if address.startswith("unix:") else f"{address.rpartition(':')[0]}:{port}"


def _credentials(tls: Tls) -> grpc.ServerCredentials:
    client_ca = _pem(tls.client_ca_file, "tls.client_ca_file") if tls.client_ca_file else None
    pair = (_pem(tls.key_file, "tls.key_file"), _pem(tls.cert_file, "tls.cert_file"))
    return grpc.ssl_server_credentials([pair], root_certificates=client_ca, require_client_auth=client_ca is not None)


def _pem(path: Path, field: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidSettings(FieldViolation(field, "UNREADABLE", f"{path}: {error.strerror}")) from None
