"""A status from the server as the error that it stands for: the classes of core/errors.py and of the areas, by ErrorInfo.reason."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import cache

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode
from grpc_status import rpc_status

from opsledger.core import errors
from opsledger.core.coaching import errors as coaching_errors
from opsledger.core.quality import errors as quality_errors

AREAS = (coaching_errors, quality_errors)
"""Imported so that their classes are known."""
_BY_CODE = {
    StatusCode.INVALID_ARGUMENT: errors.InvalidInput, StatusCode.NOT_FOUND: errors.NotFound,
    StatusCode.UNAUTHENTICATED: errors.NotAuthenticated, StatusCode.PERMISSION_DENIED: errors.NotAllowed,
    StatusCode.FAILED_PRECONDITION: errors.Precluded, StatusCode.ABORTED: errors.VersionConflict,
    StatusCode.RESOURCE_EXHAUSTED: errors.Overloaded, StatusCode.UNAVAILABLE: errors.NotReady,
    StatusCode.DEADLINE_EXCEEDED: errors.NotReady, StatusCode.DATA_LOSS: errors.JournalError,
}
"""For a reason of a later version, and for what is not the server's word: a connection that failed."""
_CODES = {code.value[0]: code for code in StatusCode}
RETRYABLE = (StatusCode.UNAVAILABLE, StatusCode.RESOURCE_EXHAUSTED)
_UNREADABLE = (ValueError, DecodeError)
"""Details that a proxy has damaged, or that do not belong to the code and text it has written anew: as good as none."""


def typed(address: str, failed: grpc.RpcError) -> errors.OpsledgerError:
    """The error that a failed call stands for. What did not come from the server itself names its address."""
    with suppress(*_UNREADABLE):
        if status := rpc_status.from_call(failed):  # type: ignore[arg-type]  # a failed call is both error and call
            return from_status(status)
    code = failed.code()
    return from_status(Status(code=code.value[0], message=f"{address}: {failed.details() or code.name}"))


def from_status(status: Status) -> errors.OpsledgerError:
    """The error that a status stands for."""
    info, request = ErrorInfo(), BadRequest()
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(request)
    kind = _by_reason().get(info.reason) or _BY_CODE.get(_CODES.get(status.code, StatusCode.UNKNOWN), errors.OpsledgerError)
    violations = [errors.FieldViolation(v.field, v.reason, v.description) for v in request.field_violations]
    return _made(kind, status.message, info, violations)


def retry_after_s(failed: grpc.RpcError) -> float | None:
    """How long the server asks to wait; None when it does not say."""
    info = RetryInfo()
    with suppress(*_UNREADABLE):
        status = rpc_status.from_call(failed)  # type: ignore[arg-type]  # as above
        if status and any(detail.Unpack(info) for detail in status.details):
            return float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
    return None


def _made(
    kind: type[errors.OpsledgerError], text: str, info: ErrorInfo, violations: list[errors.FieldViolation]
) -> errors.OpsledgerError:
    """An error of the class with the server's own words, which its constructor would write anew."""
    error = kind.__new__(kind)
    error.args = (text,)
    said = info.metadata
    match error:
        case errors.InvalidInput():
            error.violations = tuple(violations) or (errors.FieldViolation("", info.reason or "INVALID", text),)
        case errors.NotFound():
            error.kind, error.name = said.get("kind", ""), said.get("name", "")
        case errors.RequestIdReused():
            error.request_id, error.position = said.get("request_id", ""), int(said.get("position", 0))
        case errors.VersionConflict():
            error.stream_id = bytes.fromhex(said.get("stream", ""))
            error.current, error.given = int(said.get("current", 0)), int(said.get("given", 0))
        case errors.JournalMoved():
            error.node, error.address, error.epoch = said.get("node", ""), said.get("address", ""), int(said.get("epoch", 0))
        case errors.JournalDamaged():
            error.text, error.segment = text, said.get("segment", "")
            error.position, error.offset = int(said.get("position", 0)), int(said.get("offset", 0))
    return error


@cache
def _by_reason() -> dict[str, type[errors.OpsledgerError]]:
    return {kind.reason: kind for kind in _tree(errors.OpsledgerError)}


def _tree(root: type[errors.OpsledgerError]) -> Iterator[type[errors.OpsledgerError]]:
    """Parents last: a class that has no reason of its own does not take its parent's place."""
    for kind in root.__subclasses__():
        yield from _tree(kind)
        yield kind
