"""Nodes as their operator starts them: processes of their own on one topic."""
from __future__ import annotations

import json
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import grpc
import pytest

from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from tests.kit.events import event
from tests.kit.kafka import shared_broker
from tests.kit.processes import PATIENCE_S, opsledger, server_process
from tests.kit.recording_clients import RecordingClient


def _node(name: str, config: Path) -> tuple[str, ...]:
    return "--config", str(config), "--node-id", name


@pytest.fixture
def config(tmp_path: Path) -> Path:
    link = shared_broker()
    path = tmp_path / "opsledger.yaml"
    path.write_text(
        f"kafka: {{bootstrap_servers: '{link.bootstrap_servers[0]}', topic: {link.topic}, partitions: 1, session_timeout_s: 3}}\n"
    )
    return path


def _record(address: str, *ids: str) -> list[tuple[int, bool]]:
    return _send(address, [event(one) for one in ids])


def _send(address: str, events: Sequence[TicketEvent]) -> list[tuple[int, bool]]:
    with grpc.insecure_channel(address) as channel:
        stub: Any = TicketRecorderServiceStub(channel)
        requests = [pb.RecordTicketEventsRequest(events=events[begin:begin + 5_000]) for begin in range(0, len(events), 5_000)]
        results = [result for request in requests for result in stub.RecordTicketEvents(request, timeout=PATIENCE_S).results]
    return [(result.position, result.outcome == pb.RecordingResult.OUTCOME_DUPLICATE) for result in results]


def test_a_node_that_is_killed_and_another_that_goes_on(tmp_path: Path, config: Path) -> None:
    with server_process(tmp_path / "a", *_node("a", config)) as a:
        client = RecordingClient("c", a.address, streams=True)
        client.start()
        assert client.busy.wait(PATIENCE_S)
        a.end(signal.SIGKILL)
        client.join(PATIENCE_S)
    with server_process(tmp_path / "b", *_node("b", config)) as b:
        sent = list(map(TicketEvent.FromString, client.sent.values()))
        again = _send(b.address, sent)
        assert {position for position, duplicate in again if duplicate} >= set(client.acknowledged)
        assert sorted(position for position, _ in again) == list(range(1, len(sent) + 1))
        assert b.end(signal.SIGTERM) == 0
    heads = []
    with server_process(tmp_path / "a", *_node("a", config)) as a:
        assert _send(a.address, sent) == [(position, True) for position, _ in again]
        assert a.end(signal.SIGTERM) == 0
    for node in "ab":
        verified = opsledger("journal", "verify", "--json", "--journal", str(tmp_path / node / "journal" / "0"))
        heads.append(json.loads(verified.stdout)["head_hash"])
    assert heads[0] == heads[1]


def test_a_node_that_was_frozen_hands_on_to_the_new_owner(tmp_path: Path, config: Path) -> None:
    with server_process(tmp_path / "a", *_node("a", config)) as a:
        _record(a.address, "e1")
        a.process.send_signal(signal.SIGSTOP)
        with server_process(tmp_path / "b", *_node("b", config)) as b:
            assert _record(b.address, "e1", "e2") == [(1, True), (2, False)]
            a.process.send_signal(signal.SIGCONT)
            assert _record(a.address, "e1", "e3") == [(1, True), (3, False)]
            assert _record(b.address, "e3") == [(3, True)]


@pytest.mark.parametrize(("options", "code", "said"), [
    (("--kafka", "127.0.0.1:1"), 2, "node_id"),
    (("--kafka", "127.0.0.1:1", "--node-id", "n1"), 1, "Kafka"),
])
def test_a_node_that_cannot_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], code: int, said: str
) -> None:
    monkeypatch.setenv("OPSLEDGER_KAFKA__REQUEST_TIMEOUT_S", "0.5")
    done = opsledger("serve", "--journal", str(tmp_path / "journal"), "--database", f"sqlite:///{tmp_path}/x.db", *options)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
