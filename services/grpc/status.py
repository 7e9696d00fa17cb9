"""The one table from errors to gRPC status, with the details of google.rpc (https://google.aip.dev/193).

Every status carries an ErrorInfo (domain ``opsledger``, the error's reason); invalid input a BadRequest with its fields; what
may be tried again a RetryInfo.
"""
from __future__ import annotations

from uuid import uuid4

import grpc
import structlog
from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from grpc_status import rpc_status

from opsledger.core import errors
from opsledger.services.grpc.fitting import fitting, shortened

DOMAIN = "opsledger"

CODES: dict[type[errors.OpsledgerError], StatusCode] = {
    errors.InvalidInput: StatusCode.INVALID_ARGUMENT,
    errors.NotFound: StatusCode.NOT_FOUND,
    errors.NotAuthenticated: StatusCode.UNAUTHENTICATED,
    errors.NotAllowed: StatusCode.PERMISSION_DENIED,
    errors.Precluded: StatusCode.FAILED_PRECONDITION,
    errors.VersionConflict: StatusCode.ABORTED,
    errors.Overloaded: StatusCode.RESOURCE_EXHAUSTED,
    errors.NoRoom: StatusCode.RESOURCE_EXHAUSTED,
    errors.NotReady: StatusCode.UNAVAILABLE,
    errors.ExchangeUnreachable: StatusCode.UNAVAILABLE,
    errors.DatabaseUnusable: StatusCode.UNAVAILABLE,
    errors.JournalError: StatusCode.UNAVAILABLE,
    errors.JournalDamaged: StatusCode.DATA_LOSS,
}
"""A class stands for its subclasses, unless they are here themselves."""

RETRY_AFTER_MS = {StatusCode.UNAVAILABLE: 1_000, StatusCode.RESOURCE_EXHAUSTED: 200}

log = structlog.get_logger(__name__)


def code_of(error: BaseException) -> StatusCode:
    return next((CODES[kind] for kind in type(error).__mro__ if kind in CODES), StatusCode.INTERNAL)


def status_of(error: Exception) -> grpc.Status:
    """The status that answers an error."""
    status = rpc_status.to_status(message_of(error))
    if delay_ms := RETRY_AFTER_MS.get(code_of(error)):  # gRPC's own clients know this one: https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback
        status = status._replace(trailing_metadata=(*status.trailing_metadata, ("grpc-retry-pushback-ms", str(delay_ms))))  # type: ignore[attr-defined]  # a named tuple
    return status


def message_of(error: BaseException) -> Status:
    """The same as a message. An error without a place in the table is logged with its trace; the client gets
    nothing of it but the name under which the log has it."""
    code = code_of(error)
    if code is StatusCode.INTERNAL:
        incident = uuid4().hex[:12]
        log.error("internal error", incident=incident, exc_info=error)
        text, reason = f"internal error; the server's log has it as {incident}", errors.OpsledgerError.reason
        details: list[Message] = [ErrorInfo(domain=DOMAIN, reason=reason, metadata={"incident": incident})]
    else:
        assert isinstance(error, errors.OpsledgerError)  # only they are in the table
        text = shortened(str(error))
        details = [ErrorInfo(domain=DOMAIN, reason=error.reason, metadata=_metadata(error))]
    if isinstance(error, errors.InvalidInput):
        details.append(fitting(error.violations))
    if delay_ms := RETRY_AFTER_MS.get(code):
        details.append(RetryInfo(retry_delay=Duration(nanos=delay_ms % 1000 * 1_000_000, seconds=delay_ms // 1000)))
    return Status(code=code.value[0], message=text, details=[_any(detail) for detail in details])


def _metadata(error: errors.OpsledgerError) -> dict[str, str]:
    match error:
        case errors.NotFound():
            return {"kind": error.kind, "name": error.name}
        case errors.RequestIdReused():
            return {"request_id": error.request_id, "position": str(error.position)}
        case errors.VersionConflict():
            return {"stream": error.stream_id.hex(), "current": str(error.current), "given": str(error.given)}
        case errors.JournalDamaged():
            return {"position": str(error.position), "segment": error.segment, "offset": str(error.offset)}
        case errors.JournalMoved():
            return {"node": error.node, "address": error.address, "epoch": str(error.epoch)}
    return {}


def _any(message: Message) -> Any:
    packed = Any()
    packed.Pack(message)
    return packed
