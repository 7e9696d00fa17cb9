"""Forms over gRPC: who may publish and look, and the answer off the event loop."""
from __future__ import annotations

from typing import Any

import grpc
from grpc.aio import ServicerContext

from opsledger.proto.quality.v1 import forms_pb2 as pb
from opsledger.proto.quality.v1 import forms_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role, current_principal, require, require_any
from opsledger.services.grpc.threads import Threads
from opsledger.services.quality.form_answers import FormAnswers
from opsledger.services.quality.form_queries import FormQueries
from opsledger.services.quality.form_registry import FormRegistry

SERVICE = pb.DESCRIPTOR.services_by_name["FormService"]
Context = ServicerContext[Any, Any]
_SCORERS = (Role.ANALYST, Role.SUPERVISOR, Role.MANAGER)
_LOOKERS = (Role.READER, Role.AGENT, *_SCORERS)


class FormService(pb_grpc.FormServiceServicer):
    def __init__(self, registry: FormRegistry, queries: FormQueries, threads: Threads) -> None:
        self._registry, self._queries, self._threads = registry, queries, threads
        self._answers = FormAnswers(registry, queries)

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_FormServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def PublishForm(self, request: pb.PublishFormRequest, context: Context) -> pb.PublishFormResponse:
        principal = current_principal()
        require(principal, request.tenant, Role.MANAGER)
        return await self._threads.commands(self._registry.PublishForm, request, principal.subject)

    async def SaveFormDraft(self, request: pb.SaveFormDraftRequest, context: Context) -> pb.SaveFormDraftResponse:
        principal = current_principal()
        require(principal, request.tenant, Role.MANAGER)
        return await self._threads.commands(self._registry.SaveFormDraft, request, principal.subject)

    async def GetForm(self, request: pb.GetFormRequest, context: Context) -> pb.GetFormResponse:
        require_any(current_principal(), request.tenant, *_LOOKERS)
        return await self._threads.queries(self._registry.GetForm, request)

    async def ListForms(self, request: pb.ListFormsRequest, context: Context) -> pb.ListFormsResponse:
        require_any(current_principal(), request.tenant, *_LOOKERS)
        return await self._threads.queries(self._queries.ListForms, request)

    async def DiffForms(self, request: pb.DiffFormsRequest, context: Context) -> pb.DiffFormsResponse:
        require_any(current_principal(), request.tenant, *_LOOKERS)
        return await self._threads.queries(self._answers.DiffForms, request)

    async def SimulateForm(self, request: pb.SimulateFormRequest, context: Context) -> pb.SimulateFormResponse:
        principal = current_principal()
        require_any(principal, request.tenant, *_SCORERS)
        return await self._threads.queries(self._answers.SimulateForm, request, principal.subject)

    async def ScoreAnswers(self, request: pb.ScoreAnswersRequest, context: Context) -> pb.ScoreAnswersResponse:
        require_any(current_principal(), request.tenant, *_SCORERS)
        return await self._threads.queries(self._answers.ScoreAnswers, request)
