"""Threads that need a decoder of the Kafka client at the same moment: each gets one that decodes."""
from __future__ import annotations

from contextlib import suppress
from threading import Barrier, BrokenBarrierError, Event, Thread

import pytest
from kafka.protocol.admin import ListGroupsResponse
from kafka.protocol.schemas.fields import struct
from kafka.protocol.schemas.fields.codegen import CodegenContext

from opsledger.services.journal.kafka.decoders import make_one_at_a_time

ANSWER = ListGroupsResponse(throttle_time_ms=7, error_code=0, groups=[], version=0).encode()
MEETING_S = 0.5
"""How long the first waits for the second to come into the same place; where one has to wait for the other, they never meet."""


def test_two_threads_that_make_the_same_decoder_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    make_one_at_a_time()
    kind = ListGroupsResponse._struct
    kind._compiled_encoders.pop(("decode", 0, False, False, ListGroupsResponse), None)
    meeting, first_is_done = Barrier(2), Event()
    came: list[int] = []

    def context() -> CodegenContext:
        """Who comes here has changed the shared struct. The one that came first puts it back while the other still needs it."""
        came.append(len(came))
        is_second = len(came) == 2
        with suppress(BrokenBarrierError):
            meeting.wait(MEETING_S)
            if is_second:
                first_is_done.wait()
        return CodegenContext()

    decoded: list[int] = []

    def decode() -> None:
        try:
            decoded.append(ListGroupsResponse.decode(ANSWER, version=0).error_code)
        finally:
            first_is_done.set()

    threads = [Thread(target=decode) for _ in range(2)]
    monkeypatch.setattr(struct, "CodegenContext", context)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert decoded == [0, 0]
    assert ListGroupsResponse.decode(ANSWER, version=0).error_code == 0
