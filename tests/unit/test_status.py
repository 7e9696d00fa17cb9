"""Every error of the tree has its place in the table, and what is not in it tells the client nothing."""
from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc import StatusCode

from opsledger.core import errors
from opsledger.services.grpc.status import code_of, status_of

VIOLATION = errors.FieldViolation("hours.mon[0]", "INVALID", "closes before it opens")


def tree(root: type[errors.OpsledgerError]) -> Iterator[type[errors.OpsledgerError]]:
    for kind in root.__subclasses__():
        yield kind
        yield from tree(kind)


def details(error: Exception) -> dict[type, object]:
    status = Status.FromString(dict(status_of(error).trailing_metadata)["grpc-status-details-bin"])
    found: dict[type, object] = {}
    for packed in status.details:
        kind = next(kind for kind in (ErrorInfo, BadRequest, RetryInfo) if packed.Is(kind.DESCRIPTOR))
        message = kind()
        packed.Unpack(message)
        found[kind] = message
    return found


@pytest.mark.parametrize("kind", list(tree(errors.OpsledgerError)), ids=lambda kind: kind.__name__)
def test_no_error_raised_on_purpose_is_internal(kind: type[errors.OpsledgerError]) -> None:
    assert code_of(kind.__new__(kind)) is not StatusCode.INTERNAL


@pytest.mark.parametrize(("error", "code"), [
    (errors.InvalidCalendar(VIOLATION), StatusCode.INVALID_ARGUMENT),
    (errors.NotFound("ticket", "T1"), StatusCode.NOT_FOUND),
    (errors.NotAuthenticated("no token"), StatusCode.UNAUTHENTICATED),
    (errors.NotAllowed("not yours"), StatusCode.PERMISSION_DENIED),
    (errors.VersionConflict(b"s" * 16, 5, 5), StatusCode.ABORTED),
    (errors.Overloaded("full"), StatusCode.RESOURCE_EXHAUSTED),
    (errors.NotReady("draining"), StatusCode.UNAVAILABLE),
    (errors.JournalStopped("fsync"), StatusCode.UNAVAILABLE),
    (errors.JournalMoved("n2", "10.0.0.2:50051", 7), StatusCode.UNAVAILABLE),
    (errors.JournalUnreachable("Kafka does not answer"), StatusCode.UNAVAILABLE),
    (errors.JournalDamaged("its checksum does not match", position=7, segment="1.segment", offset=96), StatusCode.DATA_LOSS),
    (ValueError("secret"), StatusCode.INTERNAL),
])
def test_each_class_has_its_code(error: Exception, code: StatusCode) -> None:
    assert status_of(error).code is code


def test_invalid_input_names_its_fields() -> None:
    found = details(errors.InvalidRules(VIOLATION))
    assert found[ErrorInfo] == ErrorInfo(domain="opsledger", reason="INVALID_RULES")
    assert [(v.field, v.reason, v.description) for v in found[BadRequest].field_violations] == [VIOLATION]


@pytest.mark.parametrize("error", [errors.Overloaded("full"), errors.NotReady("draining"), errors.JournalStopped("fsync")])
def test_what_may_be_tried_again_says_after_how_long(error: Exception) -> None:
    assert details(error)[RetryInfo].retry_delay.ToMilliseconds() > 0


def test_a_conflict_carries_both_versions() -> None:
    assert details(errors.VersionConflict(b"s" * 16, 5, 4))[ErrorInfo].metadata == {"stream": "73" * 16, "current": "5", "given": "4"}


def test_an_unknown_exception_tells_the_client_only_where_the_log_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("password=hunter2")
    except ValueError as error:
        status, found = status_of(error), details(error)
    assert "hunter2" not in status.details + str(found)
    assert found[ErrorInfo].reason == "INTERNAL"


@pytest.mark.parametrize("violations", [
    [VIOLATION] * 50_000,
    [errors.FieldViolation("名" * 9_000, "INVALID", "名" * 9_000)] * 3, [errors.FieldViolation("a", "INVALID", "\ud800")],
])
def test_an_error_with_many_mistakes_fits_into_what_clients_take(violations: list[errors.FieldViolation]) -> None:
    """grpc-message is percent-encoded, the details base64: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md"""
    status = status_of(errors.InvalidInput(*violations))
    trailers = len(quote(status.details)) + sum(len(b64encode(value)) for _, value in status.trailing_metadata)
    assert trailers < 7_900  # of the 8,192 that clients take without an option
    found = details(errors.InvalidInput(*violations))[BadRequest]
    assert isinstance(found, BadRequest)
    if len(violations) == 50_000:
        shown = len(found.field_violations) - 1
        assert shown > 20
        assert found.field_violations[-1].description == f"and {50_000 - shown:,} more"
