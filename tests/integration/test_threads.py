"""Blocking work off the event loop: a database that is not there, a journal that does not answer."""
from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from threading import Event
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from sqlalchemy import create_engine

from opsledger.core.errors import DatabaseUnusable, NoRoom
from opsledger.core.ports import Commit, Receipt
from opsledger.services.grpc import (
    calibration_service,
    coaching_service,
    evaluation_service,
    form_service,
    rule_service,
    sampling_service,
    scorecard_service,
    timer_service,
)
from opsledger.services.grpc.threads import InThread
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.settings import Limits, Settings
from tests.kit.read_models import RULES
from tests.kit.servers import Running, running

METHODS = [method for service in (
    calibration_service, coaching_service, evaluation_service, form_service, rule_service, sampling_service, scorecard_service,
    timer_service,
) for method in service.SERVICE.methods if not method.server_streaming]


def test_a_database_that_is_away_is_no_fault_of_ours() -> None:
    engine = create_engine("postgresql+psycopg://127.0.0.1:1/nowhere")

    def ask() -> None:
        with engine.connect():
            pass

    async def talk() -> None:
        in_thread = InThread()
        with pytest.raises(DatabaseUnusable, match="does not answer"):
            await in_thread(ask)
        assert in_thread.depth == 0
        in_thread.close()

    asyncio.run(talk())


def test_a_file_on_the_server_that_is_full_is_named_in_its_log_not_to_clients() -> None:
    def ask() -> None:
        raise NoRoom("the read models' database /var/lib/opsledger.db takes no more")

    async def talk() -> None:
        in_thread = InThread()
        with pytest.raises(DatabaseUnusable) as caught:
            await in_thread(ask)
        assert "/var/lib" not in str(caught.value)
        in_thread.close()

    asyncio.run(talk())


class Away(MemoryJournal):
    """Takes commits and answers nobody until it is ``back``."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.back = Event(), Event()

    def submit(self, commit: Commit) -> Future[Receipt]:
        self.asked.set()
        self.back.wait()
        return super().submit(commit)


def send(server: Running, method: MethodDescriptor, **fields: str) -> Any:
    """The call with a request that has what it knows of these fields."""
    known = {name: value for name, value in fields.items() if name in method.input_type.fields_by_name}
    call = server.channel.unary_unary(
        f"/{method.containing_service.full_name}/{method.name}",
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=GetMessageClass(method.output_type).FromString,
    )
    return call.future(GetMessageClass(method.input_type)(**known), timeout=30)


@pytest.fixture(scope="module")
def held() -> Iterator[Running]:
    """A server with room for one command, which waits for the journal."""
    journal = Away()
    settings = Settings(listen=("127.0.0.1:0",), limits=Limits(command_threads=1, command_queue_max=1))
    with ExitStack() as stack:
        server = stack.enter_context(running(journal, settings))
        stack.callback(journal.back.set)
        publish = rule_service.SERVICE.methods_by_name["PublishRules"]
        waiting = send(server, publish, tenant="acme", program="desk", request_id="first", document_json=json.dumps(RULES))
        assert journal.asked.wait(30)
        yield server
        assert not waiting.done()
        journal.back.set()
        assert waiting.result().position == 1


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_commands_that_wait_for_the_journal_leave_queries_alone(held: Running, method: MethodDescriptor) -> None:
    answered = send(held, method, tenant="acme", request_id="another").code()
    if "request_id" in method.input_type.fields_by_name:
        assert answered is grpc.StatusCode.RESOURCE_EXHAUSTED
    else:
        assert answered in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)
