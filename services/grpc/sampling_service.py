"""Samples over gRPC: who may draw, and the work off the event loop."""
from __future__ import annotations

import grpc

from opsledger.proto.quality.v1 import sampling_pb2 as pb
from opsledger.proto.quality.v1 import sampling_pb2_grpc as pb_grpc
from opsledger.services.grpc.evaluation_service import SEE_ALL, SUPERVISORS, Context, caller
from opsledger.services.grpc.threads import Threads
from opsledger.services.quality.samples import Samples

SERVICE = pb.DESCRIPTOR.services_by_name["SamplingService"]


class SamplingService(pb_grpc.SamplingServiceServicer):
    def __init__(self, samples: Samples, threads: Threads) -> None:
        self._samples, self._threads = samples, threads

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_SamplingServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def DrawSample(self, request: pb.DrawSampleRequest, context: Context) -> pb.DrawSampleResponse:
        pool = self._threads.queries if request.preview else self._threads.commands
        return await pool(self._samples.DrawSample, request, caller(request, *SUPERVISORS))

    async def GetDraw(self, request: pb.GetDrawRequest, context: Context) -> pb.GetDrawResponse:
        return await self._threads.queries(self._samples.GetDraw, request, caller(request, *SEE_ALL))

    async def ListDraws(self, request: pb.ListDrawsRequest, context: Context) -> pb.ListDrawsResponse:
        return await self._threads.queries(self._samples.ListDraws, request, caller(request, *SEE_ALL))

    async def ReplayDraw(self, request: pb.ReplayDrawRequest, context: Context) -> pb.ReplayDrawResponse:
        return await self._threads.queries(self._samples.ReplayDraw, request, caller(request, *SEE_ALL))
