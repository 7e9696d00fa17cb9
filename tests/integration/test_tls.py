"""TLS and client certificates, with certificates made for the test."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from opsledger.core.errors import InvalidSettings
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Settings, Tls
from tests.kit.events import event
from tests.kit.servers import Running, running


class Certificate(NamedTuple):
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def certificate(name: str, signer: Certificate | None = None) -> Certificate:
    """For 127.0.0.1; of an authority of its own without a signer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject).issuer_name(signer.certificate.subject if signer else subject)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .sign(signer.key if signer else key, hashes.SHA256())
    )
    return Certificate(built, key)


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
