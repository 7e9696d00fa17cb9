"""What the other nodes ask of this one: to record in the partitions that it owns."""
from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc.aio import ServicerContext

from opsledger.core.errors import FieldViolation, InvalidInput, JournalStopped
from opsledger.proto.cluster.v1 import node_pb2 as pb
from opsledger.proto.cluster.v1 import node_pb2_grpc as pb_grpc
from opsledger.services.cluster.messages import commit_of, result_message
from opsledger.services.cluster.node import ClusterJournal
from opsledger.services.cluster.recording import record_all
from opsledger.services.grpc.auth import Role, current_principal, require

SERVICE = pb.DESCRIPTOR.services_by_name["NodeService"]
Context = ServicerContext[Any, Any]
_BYTES_MAX = 160 << 20
"""Of a request in pieces: the largest commit with all that surrounds its events."""


class NodeService(pb_grpc.NodeServiceServicer):
    def __init__(self, journal: ClusterJournal) -> None:
        self._journals = journal.journals

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_NodeServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    async def Append(self, request: pb.AppendRequest, context: Context) -> pb.AppendResponse:
        require(current_principal(), None, Role.NODE)
        return await self._append(request)

    async def AppendInPieces(self, pieces: AsyncIterator[pb.Piece], context: Context) -> pb.AppendResponse:
        require(current_principal(), None, Role.NODE)
        data = bytearray()
        async for piece in pieces:
            data += piece.data
            if len(data) > _BYTES_MAX:
                raise InvalidInput(FieldViolation("data", "TOO_LONG", f"must be at most {_BYTES_MAX} bytes in all"))
        try:
            request = pb.AppendRequest.FromString(bytes(data))
        except DecodeError:
            raise InvalidInput(FieldViolation("data", "MALFORMED", "these bytes are not an AppendRequest")) from None
        return await self._append(request)

    async def _append(self, request: pb.AppendRequest) -> pb.AppendResponse:
        if request.partition >= len(self._journals):
            raise InvalidInput(FieldViolation("partition", "OUT_OF_RANGE", f"there is no partition {request.partition}"))
        answered = await asyncio.wrap_future(record_all(self._journals[request.partition], [commit_of(one) for one in request.commits]))
        if stopped := next((outcome for outcome in answered.outcomes if isinstance(outcome, JournalStopped)), None):
            raise stopped  # it is this whole node that is going down
        return pb.AppendResponse(results=[result_message(outcome) for outcome in answered.outcomes], position=answered.position)
