"""Timers over gRPC: who may look, the answers off the event loop, and the stream of changes."""
from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc.aio import ServicerContext

from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.proto.sla.v1 import timers_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role, current_principal, require
from opsledger.services.grpc.threads import InThread
from opsledger.services.grpc.watching import Watching
from opsledger.services.resuming import resume_token
from opsledger.services.timers.answers import Explanations, TimerAnswers, require_fields

SERVICE = pb.DESCRIPTOR.services_by_name["TimerService"]
Context = ServicerContext[Any, Any]


class TimerService(pb_grpc.TimerServiceServicer):
    def __init__(self, watching: Watching, answers: TimerAnswers, explanations: Explanations, in_thread: InThread) -> None:
        self._watching, self._answers, self._explanations, self._in_thread = watching, answers, explanations, in_thread

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
        told = self._watching.everywhere(request.resume_token)
        if not request.resume_token:
            told = await self._watching.newest(told)
        yield pb.WatchTimersResponse(resume_token=resume_token(told.values()))
        async for stretch in self._watching.stretches(told):
            async for message in self._watching.each(self._answers.changes(request, *stretch)):
                if message.tickets or message.announcements:
                    yield message
