"""The exchange through TLS, with a name and a password: a server and its commands on a broker that lets nobody else in."""
from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.exchange.topics import Exchange
from tests.kit.command import run
from tests.kit.events import event_bytes
from tests.kit.exchange import In, consume, produce, until
from tests.kit.kafka import new_topic
from tests.kit.kafka_security import PASSWORD, SCRAM, USER, SecureBroker, secure_broker
from tests.kit.processes import server_process

pytestmark = pytest.mark.xdist_group("own kafka broker")


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    with secure_broker(tmp_path_factory.mktemp("broker")) as one:
        yield one


def config(folder: Path, exchange: Exchange, **other: Any) -> Path:
    """Settings as an operator writes them."""
    link = exchange.kafka
    kafka = {
        "bootstrap_servers": link.bootstrap_servers[0], "tls": True, "ca_file": str(link.ca_file), "sasl_mechanism": link.sasl_mechanism,
        "username": USER, "password": PASSWORD, "request_timeout_s": 5,
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "opsledger.yaml"
    path.write_text(json.dumps({"exchange": {"kafka": kafka | other, "prefix": exchange.prefix, "ingress": True, "publish": True}}))
    return path


@pytest.mark.parametrize("mechanism", [SCRAM, "PLAIN"])
def test_what_comes_in_goes_out(secure: SecureBroker, tmp_path: Path, mechanism: str) -> None:
    exchange = Exchange(kafka=secure.secure_link(mechanism), prefix=new_topic(), partitions=2)
    settings = config(tmp_path, exchange)
    assert run("topics", "create", "--config", settings).code == 0
    sent = {f"e{number}" for number in range(10)}
    with server_process(tmp_path, "--config", str(settings)) as server:
        produce(exchange, [*(In(event_bytes(name), b"T1") for name in sorted(sent)), In(b"\xff\xff", b"T2")])

        def published() -> set[str]:
            return {TicketEvent.FromString(record.value).event_id for record in consume(exchange, exchange.topics.tickets.name)}

        until(lambda: published() == sent, "they are not published")
        until(lambda: json.loads(run("dlq", "list", "--config", settings, "--json").out)["waiting"] == 1, "there is no dead letter")
        assert json.loads(run("dlq", "replay", "--config", settings, "--json").out) == {"sent": 1}
        assert server.end(signal.SIGTERM) == 0
        assert PASSWORD not in server.log.read_text()


@pytest.mark.parametrize("wrong", [{"password": "guessed"}, {"ca_file": None}, {"tls": False, "ca_file": None}])
def test_nobody_else_gets_in(secure: SecureBroker, tmp_path: Path, wrong: dict[str, object]) -> None:
    exchange = Exchange(kafka=secure.secure_link(SCRAM), prefix=new_topic())
    refused = run("dlq", "list", "--config", config(tmp_path, exchange, **wrong, request_timeout_s=2))
    assert refused.code == 1
    assert "Kafka does not answer" in refused.err
    assert "are bootstrap_servers, tls, ca_file, username and password right?" in " ".join(refused.err.split())
    assert "guessed" not in refused.err
