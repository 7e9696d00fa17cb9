"""Scorecards over gRPC: who may ask, and the answer off the event loop."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from grpc.aio import ServicerContext

from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
from opsledger.proto.scorecards.v1 import scorecards_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role, current_principal, require
from opsledger.services.grpc.threads import InThread
from opsledger.services.scorecards.answers import Answers
from opsledger.services.scorecards.withholding import Withholding

SERVICE = pb.DESCRIPTOR.services_by_name["ScorecardService"]
Context = ServicerContext[Any, Any]
Response = TypeVar("Response")


class ScorecardService(pb_grpc.ScorecardServiceServicer):
    def __init__(self, answers: Answers, withholding: Withholding, in_thread: InThread) -> None:
        self._answers, self._withholding, self._in_thread = answers, withholding, in_thread

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_ScorecardServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def GetScorecard(self, request: pb.GetScorecardRequest, context: Context) -> pb.GetScorecardResponse:
        return await self._answer(self._answers.GetScorecard, self._withholding.from_scorecard, request)

    async def ListScorecards(self, request: pb.ListScorecardsRequest, context: Context) -> pb.ListScorecardsResponse:
        return await self._answer(self._answers.ListScorecards, self._withholding.from_scorecards, request)

    async def ListScorecardTickets(
        self, request: pb.ListScorecardTicketsRequest, context: Context
    ) -> pb.ListScorecardTicketsResponse:
        return await self._answer(self._answers.ListScorecardTickets, self._withholding.from_tickets, request)

    async def _answer(self, answer: Callable[[Any], Response], withhold: Callable[[Any, Any, str], None], request: Any) -> Response:
        principal = current_principal()
        require(principal, request.tenant, Role.READER)

        def answered(request: Any) -> Response:
            response = answer(request)
            withhold(request, response, principal.subject)
            return response

        return await self._in_thread(answered, request)
