"""Calibration over gRPC: who may do what, and the work off the event loop."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import grpc
from grpc.aio import ServicerContext

from opsledger.proto.quality.v1 import calibrations_pb2 as pb
from opsledger.proto.quality.v1 import calibrations_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role
from opsledger.services.grpc.evaluation_service import EVALUATORS, SEE_ALL, SUPERVISORS, caller
from opsledger.services.grpc.progress import Progress
from opsledger.services.grpc.threads import Threads
from opsledger.services.quality.calibration_queries import CalibrationQueries
from opsledger.services.quality.calibrations import Calibrations
from opsledger.services.quality.caller import Caller

SERVICE = pb.DESCRIPTOR.services_by_name["CalibrationService"]
Context = ServicerContext[Any, Any]
Changed = TypeVar(
    "Changed", pb.OpenCalibrationResponse, pb.AddRaterResponse, pb.CloseCalibrationResponse, pb.CancelCalibrationResponse)
KNOWN_WITHIN_S = 5.0
"""Then it is answered even so: the session stands, and holds when the read models have caught up."""


class CalibrationService(pb_grpc.CalibrationServiceServicer):
    """What a caller may see of others' ratings is decided by the aggregate, for every answer alike."""

    def __init__(self, commands: Calibrations, queries: CalibrationQueries, threads: Threads, progress: Progress) -> None:
        self._commands, self._queries, self._threads, self._progress = commands, queries, threads, progress

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_CalibrationServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def OpenCalibration(self, request: pb.OpenCalibrationRequest, context: Context) -> pb.OpenCalibrationResponse:
        return await self._known(self._commands.OpenCalibration, request)

    async def AddRater(self, request: pb.AddRaterRequest, context: Context) -> pb.AddRaterResponse:
        return await self._known(self._commands.AddRater, request)

    async def WithdrawRater(self, request: pb.WithdrawRaterRequest, context: Context) -> pb.WithdrawRaterResponse:
        return await self._threads.commands(self._commands.WithdrawRater, request, caller(request, *SUPERVISORS))

    async def SubmitRatings(self, request: pb.SubmitRatingsRequest, context: Context) -> pb.SubmitRatingsResponse:
        return await self._threads.commands(self._commands.SubmitRatings, request, caller(request, *EVALUATORS))

    async def CloseCalibration(self, request: pb.CloseCalibrationRequest, context: Context) -> pb.CloseCalibrationResponse:
        return await self._known(self._commands.CloseCalibration, request)

    async def CancelCalibration(self, request: pb.CancelCalibrationRequest, context: Context) -> pb.CancelCalibrationResponse:
        return await self._known(self._commands.CancelCalibration, request)

    async def GetCalibration(self, request: pb.GetCalibrationRequest, context: Context) -> pb.GetCalibrationResponse:
        return await self._threads.queries(self._commands.GetCalibration, request, caller(request, *SEE_ALL))

    async def ListCalibrations(self, request: pb.ListCalibrationsRequest, context: Context) -> pb.ListCalibrationsResponse:
        return await self._threads.queries(self._queries.ListCalibrations, request, caller(request, *SEE_ALL))

    async def GetCalibrationReport(
        self, request: pb.GetCalibrationReportRequest, context: Context
    ) -> pb.GetCalibrationReportResponse:
        return await self._threads.queries(self._commands.GetCalibrationReport, request, caller(request, *SEE_ALL))

    async def GetEvaluatorDrift(self, request: pb.GetEvaluatorDriftRequest, context: Context) -> pb.GetEvaluatorDriftResponse:
        return await self._threads.queries(self._queries.GetEvaluatorDrift, request, caller(request, Role.READER, *SUPERVISORS))

    async def _known(self, command: Callable[[Any, Caller], Changed], request: Any) -> Changed:
        """A supervisor's command that says who is blind to what: it is answered when the read models know that."""
        response = await self._threads.commands(command, request, caller(request, *SUPERVISORS))
        await self._progress.wait_for(response.position, KNOWN_WITHIN_S)
        return response
