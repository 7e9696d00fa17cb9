"""Timers over gRPC: who may look, the answers off the event loop, and the stream of changes."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc.aio import ServicerContext

from opsledger.core.ports import Journal
from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.proto.sla.v1 import timers_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role, current_principal, require
from opsledger.services.grpc.progress import Progress
from opsledger.services.grpc.threads import InThread
from opsledger.services.timers.answers import Explanations, TimerAnswers, require_fields
from opsledger.services.timers.watch import resume_position, resume_token

SERVICE = pb.DESCRIPTOR.services_by_name["TimerService"]
Context = ServicerContext[Any, Any]
PAUSE_S = 0.05
"""Least time between two changes of one stream, so that a busy floor is told in few messages."""


class TimerService(pb_grpc.TimerServiceServicer):
    def __init__(
        self, journal: Journal, answers: TimerAnswers, explanations: Explanations, progress: Progress, in_thread: InThread
    ) -> None:
        self._journal, self._answers, self._explanations = journal, answers, explanations
        self._progress, self._in_thread = progress, in_thread

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_TimerServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def ListTimers(self, request: pb.ListTimersRequest, context: Context) -> pb.ListTimersResponse:
        require(current_principal(), request.tenant, Role.READER)
        return await self._in_thread(self._answers.ListTimers, request)

    async def ExplainTicket(self, request: pb.ExplainTicketRequest, context: Context) -> pb.ExplainTicketResponse:
        require(current_principal(), request.tenant, Role.READER)
        return await self._in_thread(self._explanations.ExplainTicket, request)

    async def WatchTimers(self, request: pb.WatchTimersRequest, context: Context) -> AsyncIterator[pb.WatchTimersResponse]:
        require(current_principal(), request.tenant, Role.READER)
        require_fields(request, "tenant")
        if request.resume_token:
            told = resume_position(request.resume_token, self._journal.position)
        else:
            told = await self._in_thread(self._answers.newest)
        yield pb.WatchTimersResponse(resume_token=resume_token(told))
        while True:
            await self._progress.wait_for(told + 1)
            up_to = max(await self._in_thread(self._answers.newest), told)
            messages = self._answers.changes(request, told, up_to)
            while (message := await self._in_thread(next, messages, None)) is not None:
                if message.tickets or message.announcements:
                    yield message
            told = up_to
            await asyncio.sleep(PAUSE_S)
