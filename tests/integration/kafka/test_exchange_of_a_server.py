"""A server as its operator starts it, with both directions of the exchange; and the topics as the broker has them."""
from __future__ import annotations

import json
import signal
from contextlib import closing
from pathlib import Path
from urllib.request import urlopen

import pytest
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic

from opsledger.core.errors import InvalidSettings
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.exchange.making import ensure_topics
from opsledger.services.exchange.topics import Exchange
from opsledger.services.journal.kafka.link import admin_client
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.command import run
from tests.kit.events import event_bytes
from tests.kit.exchange import In, consume, new_exchange, produce, until
from tests.kit.processes import server_process

pytestmark = pytest.mark.xdist_group("kafka")


def published(exchange: Exchange) -> set[str]:
    return {TicketEvent.FromString(record.value).event_id for record in consume(exchange, exchange.topics.tickets.name)}


def test_what_comes_in_goes_out_also_after_a_kill(tmp_path: Path) -> None:
    exchange = new_exchange(ingress=True, publish=True)
    config = tmp_path / "opsledger.yaml"
    config.write_text(json.dumps({"exchange": json.loads(exchange.model_dump_json(exclude_none=True))}))
    first, second = ({f"e{number}" for number in some} for some in (range(20), range(20, 40)))
    with server_process(tmp_path, "--config", str(config), "--metrics-listen", "127.0.0.1:0") as server:
        produce(exchange, [In(event_bytes(name), b"T1") for name in sorted(first)])
        until(lambda: published(exchange) == first, "the first are not published")
        page = server.announced.strip().rpartition(" ")[2]
        figures = dict(line.split(" ") for line in urlopen(page).read().decode().splitlines() if line.startswith("opsledger_ingress"))
        assert (figures["opsledger_ingress_recorded_total"], figures["opsledger_ingress_healthy"]) == ("20.0", "1.0")
        produce(exchange, [In(event_bytes(name), b"T1") for name in sorted(second)])
        server.end(signal.SIGKILL)
    with server_process(tmp_path, "--config", str(config)) as server:
        until(lambda: published(exchange) == first | second, "the second are not published")
        assert server.end(signal.SIGTERM) == 0
    with SegmentJournal.open(tmp_path / "journal", read_only=True) as journal:
        assert journal.position == 40


def test_topics_are_made_with_settings_that_are_said() -> None:
    exchange = new_exchange()
    kafka = ["--kafka", exchange.kafka.bootstrap_servers[0], "--prefix", exchange.prefix]
    assert not any(topic["is_there"] for topic in json.loads(run("topics", "list", *kafka, "--json").out))
    made = json.loads(run("topics", "create", *kafka, "--json").out)["made"]
    assert made == [topic.name for topic in exchange.topics]
    assert json.loads(run("topics", "create", *kafka, "--json").out) == {"made": []}
    assert "not there yet" not in run("topics", "list", *kafka).out
    with closing(admin_client(exchange.kafka)) as admin:
        described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in made], config_filter="all")["topic"]
    for topic in exchange.topics:
        has = {name: str(entry["value"]) for name, entry in described[topic.name].items()}
        assert {name: has[name] for name in topic.settings} == dict(topic.settings)


@pytest.mark.parametrize(("name", "setting", "value", "said"), [
    ("inbound", "retention.ms", "60000", "is 60000 and must be at least 1209600000"),
    ("dead_letters", "retention.ms", "604800000", "is 604800000 and must be -1"),
    ("tickets", "cleanup.policy", "compact", "is compact and must be delete"),
    ("scorecards", "cleanup.policy", "delete", "is delete and must be compact"),
    ("positions", "cleanup.policy", "compact,delete", "is compact,delete and must be compact"),
    ("evaluations", "max.message.bytes", "1048588", "is 1048588 and must be at least 20971520"),
    ("coaching", "unclean.leader.election.enable", "true", "is true and must be false"),
])
def test_a_topic_that_would_lose_something_is_refused(name: str, setting: str, value: str, said: str) -> None:
    exchange = new_exchange()
    topic = getattr(exchange.topics, name)
    kafka = ["--kafka", exchange.kafka.bootstrap_servers[0], "--prefix", exchange.prefix]
    settings = dict(topic.settings) | {setting: value}
    with closing(admin_client(exchange.kafka)) as admin:
        admin.create_topics([NewTopic(topic.name, 1, 1, topic_configs=settings)])
    refused = run("topics", "create", *kafka)
    assert refused.code == 2
    assert f"{topic.name}: {setting}: {said}" in " ".join(refused.err.split())
    assert f"--add-config {setting}={topic.settings[setting]}" in " ".join(refused.err.split())
    with pytest.raises(InvalidSettings, match=setting):
        ensure_topics(exchange.kafka, [topic])
    ensure_topics(exchange.kafka, [other for other in exchange.topics if other != topic])


def test_how_long_takers_may_take_is_the_operators_choice() -> None:
    exchange = new_exchange()
    topic = exchange.topics.tickets
    with closing(admin_client(exchange.kafka)) as admin:
        admin.create_topics([NewTopic(topic.name, 1, 1, topic_configs=dict(topic.settings) | {"retention.ms": "3600000"})])
    assert topic.name not in ensure_topics(exchange.kafka, list(exchange.topics))
