"""What requests must say, field by field."""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.core.errors import FieldViolation, InvalidInput, NotFound
from opsledger.core.tickets.validation import check_instant, check_name
from opsledger.services.tickets.codec import timestamp_us

TEXT_BYTES_MAX = 10_000
"""Of a note, a reason, a point of the agenda."""
ENTRIES_MAX = 100
"""Points of an agenda, pieces of evidence."""


def check(*found: Iterable[FieldViolation]) -> None:
    """Raises InvalidInput for all that was found."""
    if violations := [violation for some in found for violation in some]:
        raise InvalidInput(*violations)


def names(request: Any, *fields: str, required: bool = True) -> Iterator[FieldViolation]:
    for field in fields:
        yield from check_name(field, getattr(request, field), required=required)


def texts(request: Any, *fields: str, required: bool = False) -> Iterator[FieldViolation]:
    for field in fields:
        value = getattr(request, field)
        if isinstance(value, str):
            yield from _text(field, value, required)
            continue
        if len(value) > ENTRIES_MAX:
            yield FieldViolation(field, "TOO_MANY", f"must be at most {ENTRIES_MAX}")
        for index, entry in enumerate(value[:ENTRIES_MAX]):
            yield from _text(f"{field}[{index}]", entry, True)


def instant_us(request: Any, field: str, *, required: bool = False) -> int:
    """0 when unset. Raises InvalidInput."""
    if not request.HasField(field):
        if required:
            raise InvalidInput(FieldViolation(field, "REQUIRED", "must be set"))
        return 0
    stamp: Timestamp = getattr(request, field)
    at_us = timestamp_us(stamp)
    check(check_instant(field, at_us))
    return at_us


def uuid(kind: str, text: str) -> UUID:
    """Raises NotFound for what no id looks like."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(kind, text) from None


def _text(field: str, value: str, required: bool) -> Iterator[FieldViolation]:
    if required and not value.strip():
        yield FieldViolation(field, "REQUIRED", "must not be empty")
    if len(value.encode()) > TEXT_BYTES_MAX:
        yield FieldViolation(field, "TOO_LONG", f"must be at most {TEXT_BYTES_MAX} bytes")
