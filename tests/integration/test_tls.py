"""TLS and client certificates, with certificates made for the test."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from opsledger.core.errors import InvalidSettings
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Settings, Tls
from tests.kit.certificates import certificate
from tests.kit.events import event
from tests.kit.servers import Running, running

AUTHORITY = certificate("authority")
SERVER, CLIENT, STRANGER = certificate("server", AUTHORITY), certificate("client", AUTHORITY), certificate("stranger")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("tls")
    for name, content in (("ca", AUTHORITY.pem), ("cert", SERVER.pem), ("key", SERVER.key_pem)):
        (folder / name).write_bytes(content)
    tls = Tls(cert_file=folder / "cert", key_file=folder / "key", client_ca_file=folder / "ca")
    with running(MemoryJournal(), Settings(listen="127.0.0.1:0", tls=tls)) as server:
        yield server


def record(channel: grpc.Channel) -> pb.RecordTicketEventsResponse:
    with channel:
        return TicketRecorderServiceStub(channel).RecordTicketEvents(pb.RecordTicketEventsRequest(events=[event()]), timeout=5)


def test_a_client_with_a_certificate_is_served(server: Running) -> None:
    credentials = grpc.ssl_channel_credentials(AUTHORITY.pem, CLIENT.key_pem, CLIENT.pem)
    assert record(grpc.secure_channel(server.address, credentials)).results[0].position == 1


@pytest.mark.parametrize("credentials", [
    grpc.ssl_channel_credentials(AUTHORITY.pem),
    grpc.ssl_channel_credentials(AUTHORITY.pem, STRANGER.key_pem, STRANGER.pem),
    grpc.ssl_channel_credentials(STRANGER.pem, CLIENT.key_pem, CLIENT.pem),
    None,
], ids=["no certificate", "of another authority", "trusts another server", "no TLS"])
def test_anybody_else_is_not(server: Running, credentials: grpc.ChannelCredentials | None) -> None:
    channel = grpc.secure_channel(server.address, credentials) if credentials else grpc.insecure_channel(server.address)
    with pytest.raises(grpc.RpcError) as caught:
        record(channel)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    tls = Tls(cert_file=tmp_path / "none.pem", key_file=tmp_path / "none.key")
    with (
        pytest.raises(InvalidSettings, match=r"tls\.key_file: .*none\.key"),
        running(MemoryJournal(), Settings(listen="127.0.0.1:0", tls=tls)),
    ):
        pass
