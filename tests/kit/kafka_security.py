"""A broker that also listens with TLS, where it asks for a name and a password, and behind a proxy that cuts connections."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kafka.admin import UserScramCredentialUpsertion

from opsledger.services.journal.kafka.link import admin_client
from opsledger.services.journal.kafka.settings import KafkaLink
from tests.kit.certificates import certificate
from tests.kit.kafka import Broker, broker, free_port, new_topic
from tests.kit.tcp_proxy import TcpProxy

USER, PASSWORD, SCRAM = "opsledger", "correct-horse", "SCRAM-SHA-512"


class SecureBroker:
    def __init__(self, one: Broker, address: str, ca_file: Path, proxy: TcpProxy) -> None:
        self.broker, self._address, self.ca_file, self.proxy = one, address, ca_file, proxy

    def proxied_link(self) -> KafkaLink:
        return self.broker.link(bootstrap_servers=f"127.0.0.1:{self.proxy.port}")

    def secure_link(self, mechanism: str, **other: object) -> KafkaLink:
        return KafkaLink.model_validate({
            "bootstrap_servers": self._address, "topic": new_topic(), "tls": True, "ca_file": self.ca_file,
            "sasl_mechanism": mechanism, "username": USER, "password": PASSWORD, "request_timeout_s": 5,
        } | other)


@contextmanager
def secure_broker(folder: Path) -> Iterator[SecureBroker]:
    folder.mkdir(parents=True, exist_ok=True)
    authority = certificate("authority")
    server = certificate("broker", authority)
    ca_file, key_store = folder / "ca.pem", folder / "broker.pem"
    ca_file.write_bytes(authority.pem)
    key_store.write_bytes(server.key_pem + server.pem + authority.pem)
    plain, secure = free_port(), f"127.0.0.1:{free_port()}"
    behind = free_port()
    proxy = TcpProxy(behind)
    login = "org.apache.kafka.common.security"
    settings = [
        f"listeners=PLAINTEXT://127.0.0.1:{plain},CONTROLLER://127.0.0.1:{plain + 1},SECURE://{secure},PROXIED://127.0.0.1:{behind}",
        f"advertised.listeners=PLAINTEXT://127.0.0.1:{plain},SECURE://{secure},PROXIED://127.0.0.1:{proxy.port}",
        "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURE:SASL_SSL,PROXIED:PLAINTEXT",
        "ssl.keystore.type=PEM", f"ssl.keystore.location={key_store}", f"sasl.enabled.mechanisms=PLAIN,{SCRAM}",
        f'listener.name.secure.plain.sasl.jaas.config={login}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
        f"listener.name.secure.{SCRAM.lower()}.sasl.jaas.config={login}.scram.ScramLoginModule required;",
    ]
    options = [part for setting in settings for part in ("--set", setting)]
    one = Broker(folder, *options, port=plain)
    with broker(one):
        admin = admin_client(one.link())
        admin.alter_user_scram_credentials([UserScramCredentialUpsertion(USER, SCRAM, PASSWORD)])
        admin.close()
        yield SecureBroker(one, secure, ca_file, proxy)
    proxy.close()
