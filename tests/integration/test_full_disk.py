"""Read models in an SQLite file whose disk is full: the file is named, nothing is lost, and when there is room it goes on."""
from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc
import pytest
from google.protobuf.json_format import MessageToJson
from grpc_health.v1 import health_pb2, health_pb2_grpc

from opsledger.proto.sla.v1 import timers_pb2
from opsledger.proto.sla.v1.timers_pb2_grpc import TimerServiceStub
from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.journal.segment import SegmentJournal
from tests.integration.projections.test_projector import HISTORY
from tests.kit.command import Ran, run
from tests.kit.events import event
from tests.kit.processes import COMMAND, PATIENCE_S, opsledger, server_process
from tests.kit.read_models import RULES, record, rules_event
from tests.kit.small_disk import CannotMount, SmallDisk

TIMERS = timers_pb2.DESCRIPTOR.services_by_name["TimerService"].full_name
BATCH = 1_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    try:
        small = SmallDisk(tmp_path / "disk", 4)
    except CannotMount as error:
        pytest.skip(f"this system does not let us make a small disk: {error}")
    yield small
    small.close()


def file_of(disk: SmallDisk) -> Path:
    return disk.folder / "models.db"


@pytest.mark.parametrize("command", ["catch-up", "rebuild", "import"])
def test_a_command_names_the_file_and_does_its_work_when_there_is_room(command: str, disk: SmallDisk, tmp_path: Path) -> None:
    lines = tmp_path / "events.jsonl"
    lines.write_text("".join(f"{MessageToJson(event(f'e{n}', ticket_id=f'T{n}'), indent=None)}\n" for n in range(50)), encoding="utf-8")
    where = ("--journal", tmp_path / "journal", "--database", f"sqlite:///{file_of(disk)}")

    def work() -> Ran:
        return run("import", "events", lines, *where) if command == "import" else run(command, *where)

    with SegmentJournal.open(tmp_path / "journal") as journal:
        record(journal, [rules_event(1, RULES)])
    assert run("catch-up", *where).code == 0
    with SegmentJournal.open(tmp_path / "journal") as journal:
        record(journal, HISTORY)

    disk.fill()
    refused = work()
    assert (refused.code, refused.out) == (1, "")
    [line] = refused.err.splitlines()
    assert line.startswith(f"error: the read models' database {file_of(disk)} takes no more (database or disk is full): make room")

    disk.free()
    assert work().code == 0
    assert run("rebuild", "--check", *where).code == 0


def test_a_limit_on_files_is_said_like_a_full_disk(tmp_path: Path) -> None:
    with SegmentJournal.open(tmp_path / "journal") as journal:
        record(journal, [rules_event(1, RULES), *HISTORY])
    where = ["--journal", str(tmp_path / "journal"), "--database", f"sqlite:///{tmp_path}/models.db"]
    ran = subprocess.run(
        ["prlimit", "--fsize=100000", *COMMAND, "catch-up", *where], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith(f"error: the read models' database {tmp_path}/models.db takes no more (disk I/O error): make room")
    assert len(ran.stderr.splitlines()) == 1


def test_a_server_records_and_answers_on_and_catches_up_when_there_is_room(disk: SmallDisk, tmp_path: Path) -> None:
    database = f"sqlite:///{file_of(disk)}"
    with server_process(tmp_path, "--database", database) as server, grpc.insecure_channel(server.address) as channel:
        recorder, timers = TicketRecorderServiceStub(channel), TimerServiceStub(channel)
        positions = _record(recorder, ["before"])
        question = timers_pb2.ExplainTicketRequest(tenant="acme", source="zendesk", ticket_id="before")
        seen = (("opsledger-min-position", str(positions[-1])),)
        answer = timers.ListTimers(timers_pb2.ListTimersRequest(tenant="acme"), metadata=seen, timeout=PATIENCE_S)

        disk.fill()
        health = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=TIMERS), timeout=PATIENCE_S)
        for number in range(3):
            positions += _record(recorder, [f"{number}-{n}" for n in range(BATCH)])
        assert positions == list(range(1, 3 * BATCH + 2)), "it records on"
        while next(health).status != health_pb2.HealthCheckResponse.NOT_SERVING:
            pass
        assert timers.ListTimers(timers_pb2.ListTimersRequest(tenant="acme"), timeout=PATIENCE_S).timers == answer.timers
        assert timers.ExplainTicket(question, timeout=PATIENCE_S)

        disk.free()
        while next(health).status != health_pb2.HealthCheckResponse.SERVING:
            pass
        seen = (("opsledger-min-position", str(positions[-1])),)
        timers.ListTimers(timers_pb2.ListTimersRequest(tenant="acme"), metadata=seen, timeout=PATIENCE_S)
        assert server.end(signal.SIGTERM) == 0
    log = server.log.read_text()
    assert f"the read models' database {file_of(disk)} takes no more" in log
    assert "Traceback" not in log
    checked = opsledger("rebuild", "--check", "--journal", str(tmp_path / "journal"), "--database", database)
    assert checked.returncode == 0, checked.stderr


def _record(recorder: TicketRecorderServiceStub, ids: Sequence[str]) -> list[int]:
    events = [event(name, ticket_id=name) for name in ids]
    results = recorder.RecordTicketEvents(pb.RecordTicketEventsRequest(events=events), timeout=PATIENCE_S).results
    return [result.position for result in results]
