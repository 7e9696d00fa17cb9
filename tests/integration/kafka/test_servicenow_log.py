"""The real ServiceNow log through the inbound topic ends in the read models of the direct import, also through two nodes.

Amaral, Fantinato, Peres (2018), UCI Machine Learning Repository, DOI 10.24432/C57S4H. The whole log: ``python -m loadtests.exchange``.
"""
from __future__ import annotations

import json
import lzma
import signal
import subprocess
import sys
from contextlib import suppress
from itertools import islice
from pathlib import Path

import pytest
from google.protobuf.json_format import MessageToJson

from opsledger.core.ports import Journal
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.exchange.ingress import Ingress
from opsledger.services.exchange.topics import Exchange
from opsledger.services.importers.audit_export import ServiceNowReader
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.rules.files import read_rules_document
from opsledger.services.rules.registry import RuleRegistry
from opsledger.services.tickets.codec import decode_bytes
from opsledger.services.tickets.intake import Intake
from tests.integration.importers.test_servicenow_log import LOG, OWNER
from tests.kit.command import run
from tests.kit.exchange import In, new_exchange, produce, until, working
from tests.kit.exchange_nodes import two_nodes
from tests.kit.imports import imported, payloads
from tests.kit.read_models import SAID_BY_FACTS, Rows, anywhere, rows

pytestmark = [
    pytest.mark.xdist_group("kafka"),
    pytest.mark.skipif(not LOG.exists(), reason=f"{LOG} is not here (SHARED_DATA names its folder)"),
]
EVENTS, HALF = 3_000, 1_500
RULES = Path(__file__).parents[3] / "docs" / "examples" / "servicenow-rules.yaml"


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """The first events that the importer makes of the log."""
    file = tmp_path_factory.mktemp("log") / "beginning.csv"
    with lzma.open(LOG, "rt", encoding="utf-8", newline="") as text:
        file.write_text("".join(islice(text, EVENTS)), encoding="utf-8")  # a row makes at least one event
    journal = MemoryJournal()
    imported(file, ServiceNowReader(OWNER), journal)
    return payloads(journal)[:EVENTS]


def with_rules() -> MemoryJournal:
    journal = MemoryJournal()
    RuleRegistry(journal).PublishRules(PublishRulesRequest(
        request_id="rules", tenant=OWNER.tenant, program=OWNER.program, document_json=json.dumps(read_rules_document(RULES)),
    ))
    return journal


def read_models(journal: Journal, folder: Path) -> Rows:
    folder.mkdir()
    engine = open_database(f"sqlite:///{folder}/opsledger.db")
    Projector(Numbered(journal), engine).catch_up()
    return rows(engine, SAID_BY_FACTS)


def console_producer(exchange: Exchange, events: list[bytes]) -> None:
    """kafka-python's own, which knows neither keys nor headers: one JSON object on each line."""
    lines = [MessageToJson(TicketEvent.FromString(data), indent=None) for data in events]
    subprocess.run(
        [sys.executable, "-m", "kafka.producer", "-b", exchange.kafka.bootstrap_servers[0], "-t", exchange.topics.inbound.name,
         "-l", "ERROR"],
        input="\n".join(lines) + "\n", text=True, check=True, capture_output=True, timeout=60,
    )


def test_it_ends_in_the_same_read_models(events: list[bytes], tmp_path: Path) -> None:
    direct = with_rules()
    Intake(direct).record(events)
    exchange, journal = new_exchange(), with_rules()
    produce(exchange, [In(data, decode_bytes(data).ticket_id.encode()) for data in events[:HALF]])
    console_producer(exchange, events[HALF:])

    with working(Ingress(exchange, Intake(journal))):
        until(lambda: journal.position == direct.position, "the log is not taken in")

    through_kafka = read_models(journal, tmp_path / "kafka")
    assert len(through_kafka["tickets"]) > 100
    assert len(through_kafka["clocks"]) > 100
    assert through_kafka == read_models(direct, tmp_path / "direct")


def test_two_nodes_end_in_the_same_read_models(events: list[bytes], tmp_path: Path, postgres_url: str) -> None:
    """The log comes without keys, so that facts of one ticket come through both nodes; the journal has several partitions."""
    direct = with_rules()
    Intake(direct).record(events)
    wanted = anywhere(read_models(direct, tmp_path / "direct"))
    exchange, found = new_exchange(partitions=4), {}
    with two_nodes(tmp_path, exchange, postgres_url) as nodes:
        publish = "rules", "publish", RULES, "--server", nodes[0].process.address, "--tenant", OWNER.tenant, "--program", OWNER.program
        assert run(*publish).code == 0
        console_producer(exchange, events)
        engine = open_database(postgres_url)

        def is_same() -> bool:
            nonlocal found
            found = anywhere(rows(engine, SAID_BY_FACTS))
            return found == wanted

        with suppress(AssertionError):
            until(is_same, "the read models are others")
        assert found == wanted
        assert all(node.metric("ingress_recorded_total") for node in nodes)
        engine.dispose()
        assert [node.process.end(signal.SIGTERM) for node in nodes] == [0, 0]
    one, two = (node.events() for node in nodes)
    assert one == two
    assert all(one)
