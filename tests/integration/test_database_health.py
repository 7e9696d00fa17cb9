"""What a running server says of read models that cannot be used, and that it goes on by itself once they can."""
from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from sqlalchemy import text

from opsledger.proto.sla.v1 import timers_pb2
from opsledger.proto.sla.v1.timers_pb2_grpc import TimerServiceStub
from opsledger.services.projections.database import open_database, writer
from tests.kit.processes import PATIENCE_S, ServerProcess, opsledger, server_process

TIMERS = timers_pb2.DESCRIPTOR.services_by_name["TimerService"].full_name
NOT_SERVING, SERVING = health_pb2.HealthCheckResponse.NOT_SERVING, health_pb2.HealthCheckResponse.SERVING


def until(health: Iterator[health_pb2.HealthCheckResponse], status: int) -> None:
    while next(health).status != status:
        pass


def check(tmp_path: Path, server: ServerProcess, database: str, reason: str) -> None:
    """It is NOT_SERVING now for this reason; a rebuild repairs it while the server runs."""
    with grpc.insecure_channel(server.address) as channel:
        health = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=TIMERS), timeout=PATIENCE_S)
        until(health, NOT_SERVING)
        repaired = opsledger("rebuild", "--journal", str(tmp_path / "journal"), "--database", database)
        assert repaired.returncode == 0, repaired.stderr
        until(health, SERVING)
        TimerServiceStub(channel).ListTimers(timers_pb2.ListTimersRequest(tenant="acme"), timeout=PATIENCE_S)
    assert server.end(signal.SIGTERM) == 0
    log = server.log.read_text()
    assert log.count("the read models can be used again") == 1
    assert reason in log
    assert "Traceback" not in log


@pytest.mark.parametrize("broken", [
    ("DROP TABLE positions", "table positions is missing"),
    ("ALTER TABLE calibrations RENAME TO elsewhere", "table calibrations is missing"),
], ids=["dropped, asked all the time", "renamed, quiet"])
def test_a_table_that_is_gone(broken: tuple[str, str], tmp_path: Path, database_url: str) -> None:
    with server_process(tmp_path, "--database", database_url) as server:
        with writer(open_database(database_url)).begin() as connection:
            connection.execute(text(broken[0]))
        check(tmp_path, server, database_url, broken[1])


def test_a_file_that_is_deleted(tmp_path: Path, sqlite_url: str) -> None:
    with server_process(tmp_path, "--database", sqlite_url) as server:
        for path in tmp_path.glob("read-models.db*"):
            path.unlink()
        check(tmp_path, server, sqlite_url, "unable to open database file")
