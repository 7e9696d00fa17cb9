"""What a server refuses, for its callers: the errors of core/errors.py again, as far as people need them."""
from __future__ import annotations

import grpc
from google.rpc.error_details_pb2 import BadRequest
from grpc_status import rpc_status

from opsledger.core.errors import FieldViolation, InvalidInput, OpsledgerError


def refusal(server: str, error: grpc.RpcError) -> OpsledgerError:
    """InvalidInput with its fields where the server named them, else an OpsledgerError that names the server and what it said."""
    status = rpc_status.from_call(error)  # type: ignore[arg-type]  # a failed call is both error and call
    for detail in status.details if status else ():
        request = BadRequest()
        if detail.Unpack(request) and request.field_violations:
            return InvalidInput(*(FieldViolation(v.field, v.reason, v.description) for v in request.field_violations))
    return OpsledgerError(f"{server}: {error.details()}")


def authorization(token: str) -> tuple[tuple[str, str | bytes], ...]:
    """Metadata of a call; none without a token."""
    return (("authorization", f"Bearer {token}"),) if token else ()
