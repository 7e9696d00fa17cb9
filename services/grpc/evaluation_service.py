"""Evaluations over gRPC: who may do what, the work off the event loop, and the stream of changes."""
from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import grpc
from grpc.aio import ServicerContext

from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.quality.v1 import evaluations_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role, acting, current_principal, require_any
from opsledger.services.grpc.threads import Threads
from opsledger.services.grpc.watching import Watching
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.evaluation_imports import EvaluationImports
from opsledger.services.quality.evaluation_queries import EvaluationQueries, chosen_by
from opsledger.services.quality.evaluations import Evaluations

SERVICE = pb.DESCRIPTOR.services_by_name["EvaluationService"]
Context = ServicerContext[Any, Any]
SUPERVISORS = (Role.SUPERVISOR, Role.MANAGER)
EVALUATORS = (Role.ANALYST, *SUPERVISORS)
SEE_ALL = (Role.READER, *EVALUATORS)


def caller(request: Any, *roles: Role) -> Caller:
    """Who calls. Raises NotAllowed without one of the roles and the tenant, or in the name of somebody else."""
    principal = current_principal()
    require_any(principal, request.tenant, *roles)
    return Caller(
        acting(principal, request.actor),
        *(any(role in principal.roles for role in roles) for roles in (EVALUATORS, SUPERVISORS, SEE_ALL)),
    )


class EvaluationService(pb_grpc.EvaluationServiceServicer):
    def __init__(
        self, watching: Watching, commands: Evaluations, imports: EvaluationImports, queries: EvaluationQueries, threads: Threads
    ) -> None:
        self._watching, self._commands, self._imports, self._queries, self._threads = watching, commands, imports, queries, threads

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_EvaluationServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def StartEvaluation(self, request: pb.StartEvaluationRequest, context: Context) -> pb.StartEvaluationResponse:
        return await self._threads.commands(self._commands.StartEvaluation, request, caller(request, *EVALUATORS))

    async def ImportEvaluations(self, request: pb.ImportEvaluationsRequest, context: Context) -> pb.ImportEvaluationsResponse:
        pool = self._threads.queries if request.dry_run else self._threads.commands
        return await pool(self._imports.ImportEvaluations, request, caller(request, *SUPERVISORS))

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
        whatever_status = chosen._replace(statuses=())
        told = self._watching.at_home(request.tenant, request.resume_token)
        up_to = await self._watching.newest(told)
        begin = (
            self._queries.changes(whatever_status, told, up_to, also_taken=True) if request.resume_token
            else self._queries.changes(chosen, told, up_to))
        async for message in self._watching.each(begin):
            if message.evaluations or not request.resume_token:
                yield message
        async for stretch in self._watching.stretches(up_to):
            async for message in self._watching.each(self._queries.changes(whatever_status, *stretch, also_taken=True)):
                if message.evaluations:
                    yield message
