"""The CoachingService of a running server, with few words."""
from __future__ import annotations

from itertools import count
from typing import Any

import grpc
import jwt

from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.proto.coaching.v1.coaching_pb2_grpc import CoachingServiceStub
from opsledger.services.grpc.progress import METADATA_KEY

SECRET = "s" * 32
_numbers = count()


class Floor:
    """Calls with a token of their own; requests without a request_id get one."""

    def __init__(self, channel: grpc.Channel, tenant: str = "acme") -> None:
        self._stub, self._tenant = CoachingServiceStub(channel), tenant  # type: ignore[no-untyped-call]  # generated without types
        self.position = 0
        """Of the last write: queries wait until the read models are there."""

    def __call__(self, method: str, subject: str, roles: str, **fields: Any) -> Any:
        request_type = getattr(pb, f"{method}Request")
        if "request_id" in request_type.DESCRIPTOR.fields_by_name:
            fields.setdefault("request_id", f"request {next(_numbers)}")
        request = request_type(**{"tenant": self._tenant, **fields})
        answer = getattr(self._stub, method)(request, metadata=self.metadata(subject, roles), timeout=30)
        if "position" in answer.DESCRIPTOR.fields_by_name:
            self.position = max(self.position, answer.position)
        return answer

    def metadata(self, subject: str, roles: str) -> list[tuple[str, str]]:
        claims = {"sub": subject, "exp": 9_999_999_999, "tenant": "acme", "roles": roles.split()}
        return [("authorization", f"Bearer {jwt.encode(claims, SECRET, 'HS256')}"), (METADATA_KEY, str(self.position))]

    def sue(self, method: str, **fields: Any) -> Any:
        """The supervisor."""
        return self(method, "sue", "supervisor", **fields)

    def ann(self, method: str, **fields: Any) -> Any:
        """The agent."""
        return self(method, "ann", "agent", **fields)

    def planned(self, **fields: Any) -> pb.Session:
        return self.sue("PlanSession", **{"program": "desk", "agent": "ann", "agenda": ["greeting"], **fields}).session

    def held(self) -> pb.Session:
        session = self.planned()
        self.sue("OpenSession", id=session.id)
        return self.sue("HoldSession", id=session.id, summary="one thing").session
