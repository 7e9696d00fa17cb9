"""Rules over gRPC: who may publish and look, and the answer off the event loop."""
from __future__ import annotations

from typing import Any

import grpc
from grpc.aio import ServicerContext

from opsledger.proto.sla.v1 import rules_pb2 as pb
from opsledger.proto.sla.v1 import rules_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role, current_principal, require
from opsledger.services.grpc.threads import Threads
from opsledger.services.rules.registry import RuleRegistry

SERVICE = pb.DESCRIPTOR.services_by_name["RuleService"]
Context = ServicerContext[Any, Any]


class RuleService(pb_grpc.RuleServiceServicer):
    def __init__(self, registry: RuleRegistry, threads: Threads) -> None:
        self._registry, self._threads = registry, threads

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_RuleServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def PublishRules(self, request: pb.PublishRulesRequest, context: Context) -> pb.PublishRulesResponse:
        principal = current_principal()
        require(principal, request.tenant, Role.MANAGER)
        return await self._threads.commands(self._registry.PublishRules, request, principal.subject)

    async def GetRules(self, request: pb.GetRulesRequest, context: Context) -> pb.GetRulesResponse:
        require(current_principal(), request.tenant, Role.READER)
        return await self._threads.queries(self._registry.GetRules, request)
