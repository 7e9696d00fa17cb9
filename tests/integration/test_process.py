"""A server process from start to end: nothing that was acknowledged is lost or doubled, however it ends."""
from __future__ import annotations

import signal
import socket
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from queue import Queue

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.journal.segment import SegmentJournal
from tests.kit.events import event
from tests.kit.processes import PATIENCE_S, opsledger, server_process
from tests.kit.recording_clients import RecordingClient


def payloads(folder: Path) -> dict[int, bytes]:
    """Position -> bytes of every event in the journal."""
    with SegmentJournal.open(folder / "journal", read_only=True) as journal:
        found: dict[int, bytes] = {}
        while batch := journal.read(len(found), 10_000):
            found.update((recorded.position, recorded.payload) for recorded in batch)
    return found


def assert_everything_acknowledged_is_there_once(folder: Path, clients: Sequence[RecordingClient]) -> None:
    stored = payloads(folder)
    acknowledged = {position: data for client in clients for position, data in client.acknowledged.items()}
    assert sum(len(client.acknowledged) for client in clients) == len(acknowledged) > 0
    assert acknowledged.items() <= stored.items()
    assert max(Counter(stored.values()).values()) == 1
    assert set(stored.values()) <= {data for client in clients for data in client.sent.values()}


def load(address: str) -> list[RecordingClient]:
    """Clients of both kinds, each with its first answer."""
    clients = [RecordingClient(f"c{n}", address, streams=n % 2 == 1) for n in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        assert client.busy.wait(PATIENCE_S)
    return clients


def test_sigterm_under_load_answers_what_was_read_and_loses_nothing(tmp_path: Path) -> None:
    with server_process(tmp_path) as server:
        clients = load(server.address)
        assert server.end(signal.SIGTERM) == 0
        for client in clients:
            client.join(PATIENCE_S)
    assert {client.code for client in clients} == {grpc.StatusCode.UNAVAILABLE}
    assert_everything_acknowledged_is_there_once(tmp_path, clients)


def test_after_kill_9_everything_acknowledged_is_there_and_the_rest_can_be_sent_again(tmp_path: Path) -> None:
    with server_process(tmp_path) as server:
        clients = load(server.address)
        assert server.end(signal.SIGKILL) == -signal.SIGKILL
        for client in clients:
            client.join(PATIENCE_S)
    with server_process(tmp_path) as server, grpc.insecure_channel(server.address) as channel:
        stub = TicketRecorderServiceStub(channel)
        for client in clients:
            repeated = [TicketEvent.FromString(data) for data in client.sent.values()]
            results = stub.RecordTicketEvents(pb.RecordTicketEventsRequest(events=repeated[-200:]), timeout=PATIENCE_S).results
            assert all(result.position for result in results)
        assert server.end(signal.SIGTERM) == 0
    assert_everything_acknowledged_is_there_once(tmp_path, clients)


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    config = tmp_path / "opsledger.yaml"
    config.write_text("drain_s: 3600")
    never: Queue[bytes] = Queue()
    with server_process(tmp_path, "--config", str(config)) as server, grpc.insecure_channel(server.address) as channel:
        # A call whose request never comes keeps the drain waiting.
        held = channel.stream_unary("/opsledger.tickets.v1.TicketRecorderService/RecordTicketEvents").future(iter(never.get, b""))
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        server.process.send_signal(signal.SIGTERM)
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert server.process.poll() is None
        assert server.end(signal.SIGTERM) == 128 + signal.SIGTERM
        assert held.code() is grpc.StatusCode.UNAVAILABLE
        never.put(b"")  # ends the client's sending thread


def test_a_health_watcher_does_not_hold_up_the_end(tmp_path: Path) -> None:
    config = tmp_path / "opsledger.yaml"
    config.write_text("drain_s: 3600")
    with server_process(tmp_path, "--config", str(config)) as server, grpc.insecure_channel(server.address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        assert server.end(signal.SIGTERM) == 0
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        with pytest.raises(grpc.RpcError) as caught:
            next(watch)
        assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


def test_it_says_where_it_listens_and_what_it_counts(tmp_path: Path) -> None:
    port_file = tmp_path / "run" / "port"
    with server_process(tmp_path, "--port-file", str(port_file), "--metrics-listen", "127.0.0.1:0") as server:
        assert port_file.read_text() == f"{server.address.rpartition(':')[2]}\n"
        with grpc.insecure_channel(server.address) as channel:
            TicketRecorderServiceStub(channel).RecordTicketEvents(
                pb.RecordTicketEventsRequest(events=[event("e1"), event("e1"), event("")]), timeout=PATIENCE_S
            )
        page = urllib.request.urlopen(server.announced.partition("metrics on ")[2].strip()).read().decode()
    for outcome in ("recorded", "duplicate", "rejected"):
        assert f'opsledger_ticket_events_total{{outcome="{outcome}"}} 1.0' in page
    assert "opsledger_journal_events 1.0" in page
    assert "opsledger_batches_waiting 0.0" in page
    assert "opsledger_journal_commits_waiting 0.0" in page
    assert "opsledger_journal_sync_seconds_count 1.0" in page
    assert 'opsledger_rpcs_total{code="OK",method="/opsledger.tickets.v1.TicketRecorderService/RecordTicketEvents"} 1.0' in page


def test_a_wrong_setting_is_named_and_leaves_no_journal(tmp_path: Path) -> None:
    config = tmp_path / "opsledger.yaml"
    config.write_text("jurnal: x\n")
    done = opsledger("serve", "--config", str(config), "--journal", str(tmp_path / "journal"))
    assert done.returncode == 2
    assert f"{config} line 1: jurnal: there is no such setting; did you mean journal?" in done.stderr
    assert not (tmp_path / "journal").exists()


@pytest.mark.parametrize(("url", "code"), [("mysql://x", 2), ("postgresql://nobody@127.0.0.1:1/x", 1)])
def test_a_database_that_cannot_be_used_is_named_and_leaves_no_journal(tmp_path: Path, url: str, code: int) -> None:
    done = opsledger("serve", "--listen", "127.0.0.1:0", "--journal", str(tmp_path / "journal"), "--database", url)
    assert done.returncode == code
    assert done.stderr.splitlines()[-1].startswith("error: --database")
    assert not (tmp_path / "journal").exists()


def test_a_second_server_on_the_same_journal_is_refused(tmp_path: Path) -> None:
    with server_process(tmp_path):
        done = opsledger(
            "serve", "--listen", "127.0.0.1:0", "--journal", str(tmp_path / "journal"), "--database", f"sqlite:///{tmp_path / 'other.db'}",
        )
    assert done.returncode == 1
    assert "error:" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("option", "field"), [("--listen", "listen"), ("--metrics-listen", "metrics_listen")])
def test_an_address_that_is_taken_is_named(tmp_path: Path, option: str, field: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = opsledger(
            "serve", "--listen", "127.0.0.1:0", option, address, "--journal", str(tmp_path / "journal"),
            "--database", f"sqlite:///{tmp_path / 'opsledger.db'}",
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[-1].startswith(f"error: {field}: cannot listen on {address}")
    assert "Traceback" not in done.stderr
