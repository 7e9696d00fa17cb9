"""How the nodes share the journal, for whoever runs them."""
from __future__ import annotations

from typing import Any

import grpc
from grpc.aio import ServicerContext

from opsledger.proto.cluster.v1 import cluster_pb2 as pb
from opsledger.proto.cluster.v1 import cluster_pb2_grpc as pb_grpc
from opsledger.services.grpc.auth import Role, current_principal, require_any
from opsledger.services.grpc.threads import InThread
from opsledger.services.journal.partitions import Partition, PartitionedJournal
from opsledger.services.projections.reached import Reached

SERVICE = pb.DESCRIPTOR.services_by_name["ClusterService"]
Context = ServicerContext[Any, Any]


class ClusterService(pb_grpc.ClusterServiceServicer):
    def __init__(self, journal: PartitionedJournal, reached: Reached, in_thread: InThread) -> None:
        """``reached``: how far the read models are."""
        self._journal, self._reached, self._in_thread = journal, reached, in_thread

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_ClusterServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def GetStatus(self, request: pb.GetStatusRequest, context: Context) -> pb.GetStatusResponse:
        require_any(current_principal(), None, Role.MANAGER, Role.READER)
        return await self._in_thread(self._status)

    def _status(self) -> pb.GetStatusResponse:
        status = pb.GetStatusResponse(partitions=[self._partition(part) for part in self._journal.parts])
        if describe := getattr(self._journal, "describe", None):
            describe(status)
        return status

    def _partition(self, part: Partition) -> pb.PartitionStatus:
        lag = max(part.position - self._reached.at(part.number), 0)
        return pb.PartitionStatus(partition=part.number, position=part.position, read_models_lag=lag)
