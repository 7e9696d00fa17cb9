"""Evaluations over gRPC: who may do what, the work off the event loop, and the stream of changes."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc.aio import ServicerContext

from opsledger.core.ports import Journal
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.quality.v1 import evaluations_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role, acting, current_principal, require_any
from opsledger.services.grpc.progress import Progress
from opsledger.services.grpc.threads import Threads
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.evaluation_queries import EvaluationQueries, chosen_by
from opsledger.services.quality.evaluations import Evaluations
from opsledger.services.timers.watch import resume_position

SERVICE = pb.DESCRIPTOR.services_by_name["EvaluationService"]
Context = ServicerContext[Any, Any]
PAUSE_S = 0.05
"""Least time between two changes of one stream."""
SUPERVISORS = (Role.SUPERVISOR, Role.MANAGER)
EVALUATORS = (Role.ANALYST, *SUPERVISORS)
SEE_ALL = (Role.READER, *EVALUATORS)


def caller(request: Any, *roles: Role) -> Caller:
    """Who calls. Raises NotAllowed without one of the roles and the tenant, or in the name of somebody else."""
    principal = current_principal()
    require_any(principal, request.tenant, *roles)
    return Caller(
        acting(principal, request.actor), supervises=any(role in principal.roles for role in SUPERVISORS),
        sees_all=any(role in principal.roles for role in SEE_ALL),
    )


class EvaluationService(pb_grpc.EvaluationServiceServicer):
    def __init__(
        self, journal: Journal, commands: Evaluations, queries: EvaluationQueries, progress: Progress, threads: Threads
    ) -> None:
        self._journal, self._commands, self._queries = journal, commands, queries
        self._progress, self._threads = progress, threads

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_EvaluationServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def StartEvaluation(self, request: pb.StartEvaluationRequest, context: Context) -> pb.StartEvaluationResponse:
        return await self._threads.commands(self._commands.StartEvaluation, request, caller(request, *EVALUATORS))

    async def ClaimEvaluation(self, request: pb.ClaimEvaluationRequest, context: Context) -> pb.ClaimEvaluationResponse:
        return await self._threads.commands(self._commands.ClaimEvaluation, request, caller(request, *EVALUATORS))

    async def SaveDraft(self, request: pb.SaveDraftRequest, context: Context) -> pb.SaveDraftResponse:
        return await self._threads.commands(self._commands.SaveDraft, request, caller(request, *EVALUATORS))

    async def SubmitEvaluation(self, request: pb.SubmitEvaluationRequest, context: Context) -> pb.SubmitEvaluationResponse:
        return await self._threads.commands(self._commands.SubmitEvaluation, request, caller(request, *EVALUATORS))

    async def AcknowledgeEvaluation(
        self, request: pb.AcknowledgeEvaluationRequest, context: Context
    ) -> pb.AcknowledgeEvaluationResponse:
        return await self._threads.commands(self._commands.AcknowledgeEvaluation, request, caller(request, Role.AGENT, Role.ANALYST))

    async def DisputeEvaluation(self, request: pb.DisputeEvaluationRequest, context: Context) -> pb.DisputeEvaluationResponse:
        return await self._threads.commands(self._commands.DisputeEvaluation, request, caller(request, Role.AGENT, Role.ANALYST))

    async def ReviewDispute(self, request: pb.ReviewDisputeRequest, context: Context) -> pb.ReviewDisputeResponse:
        return await self._threads.commands(self._commands.ReviewDispute, request, caller(request, *SUPERVISORS))

    async def EditEvaluation(self, request: pb.EditEvaluationRequest, context: Context) -> pb.EditEvaluationResponse:
        return await self._threads.commands(self._commands.EditEvaluation, request, caller(request, *EVALUATORS))

    async def VoidEvaluation(self, request: pb.VoidEvaluationRequest, context: Context) -> pb.VoidEvaluationResponse:
        return await self._threads.commands(self._commands.VoidEvaluation, request, caller(request, *SUPERVISORS))

    async def GetEvaluation(self, request: pb.GetEvaluationRequest, context: Context) -> pb.GetEvaluationResponse:
        return await self._threads.queries(self._commands.GetEvaluation, request, caller(request, Role.AGENT, *SEE_ALL))

    async def ListEvaluations(self, request: pb.ListEvaluationsRequest, context: Context) -> pb.ListEvaluationsResponse:
        return await self._threads.queries(self._queries.ListEvaluations, request, caller(request, Role.AGENT, *SEE_ALL))

    async def WatchEvaluations(
        self, request: pb.WatchEvaluationsRequest, context: Context
    ) -> AsyncIterator[pb.WatchEvaluationsResponse]:
        chosen = chosen_by(request.tenant, request.filter, caller(request, Role.AGENT, *SEE_ALL))
        told = resume_position(request.resume_token, self._journal.position) if request.resume_token else 0
        while True:
            up_to = max(await self._threads.queries(self._queries.newest), told)
            begins = not request.resume_token and told == 0
            messages = self._queries.changes(chosen if begins else chosen._replace(statuses=()), told, up_to)
            while (message := await self._threads.queries(next, messages, None)) is not None:
                if message.evaluations or begins:
                    yield message
            told = up_to
            await asyncio.sleep(PAUSE_S)
            await self._progress.wait_for(told + 1)
