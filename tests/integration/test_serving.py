"""The life of the process, where it ends by itself."""
from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Thread

import grpc

from opsledger.proto.tickets.v1 import ticket_recorder_pb2 as pb
from opsledger.proto.tickets.v1.ticket_recorder_pb2_grpc import TicketRecorderServiceStub
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.serving import EXIT_DEAD, serve
from opsledger.services.settings import Settings
from tests.kit.events import event


def test_it_ends_with_exit_code_1_when_its_journal_has_stopped(tmp_path: Path) -> None:
    journal = MemoryJournal()
    codes: list[grpc.StatusCode] = []

    def fail_under_a_client(address: str) -> None:
        journal.close()
        with grpc.insecure_channel(address) as channel:
            try:
                TicketRecorderServiceStub(channel).RecordTicketEvents(pb.RecordTicketEventsRequest(events=[event()]), timeout=10)
            except grpc.RpcError as error:
                codes.append(error.code())

    clients: list[Thread] = []

    def on_listening(addresses: list[str], metrics: str | None) -> None:
        clients.append(Thread(target=fail_under_a_client, args=addresses))
        clients[0].start()

    settings = Settings(listen="127.0.0.1:0", database=f"sqlite:///{tmp_path / 'opsledger.db'}")
    assert asyncio.run(serve(settings, on_listening, lambda _: journal)) == EXIT_DEAD
    clients[0].join(10)
    assert codes == [grpc.StatusCode.UNAVAILABLE]
