"""Several nodes, each a process of its own, share the partitions of one topic; any of them takes any write."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc

from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from tests.kit.events import event
from tests.kit.kafka import shared_broker
from tests.kit.processes import PATIENCE_S, server_process

PARTITIONS = 4


def _config(tmp_path: Path) -> Path:
    link = shared_broker()
    path = tmp_path / "opsledger.yaml"
    path.write_text(
        f"kafka: {{bootstrap_servers: '{link.bootstrap_servers[0]}', topic: {link.topic}, partitions: {PARTITIONS}, "
        "session_timeout_s: 3}\n"
    )
    return path


def _record(address: str, *ids: str) -> dict[str, int]:
    """Where each event stands."""
    with grpc.insecure_channel(address) as channel:
        stub: Any = TicketRecorderServiceStub(channel)
        events = [event(one, ticket_id=one) for one in ids]
        answer = stub.RecordTicketEvents(pb.RecordTicketEventsRequest(events=events), timeout=PATIENCE_S, wait_for_ready=True)
    return {ids[result.index]: result.position for result in answer.results}


def test_two_nodes_share_the_partitions_and_each_takes_every_write(tmp_path: Path) -> None:
    config = _config(tmp_path)
    with server_process(tmp_path / "a", "--config", str(config), "--node-id", "a") as a:
        first = _record(a.address, *(f"a{number}" for number in range(40)))
        with server_process(tmp_path / "b", "--config", str(config), "--node-id", "b") as b:
            more = _record(b.address, *(f"b{number}" for number in range(40)))
            again = _record(b.address, *first) | _record(a.address, *more)
            assert again == first | more
