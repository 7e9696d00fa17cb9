"""The bounds of a commit, the same for every journal."""
from __future__ import annotations

from collections.abc import Iterator

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.ports import Commit, NewEvent

NAME_BYTES = 16
NO_NAME = bytes(NAME_BYTES)
"""What stands in the journal's files for "no key"."""
TEXT_BYTES_MAX = 255
PAYLOAD_BYTES_MAX = 16 << 20
COMMIT_EVENTS_MAX = 65_536
COMMIT_PAYLOAD_BYTES_MAX = 64 << 20
EVENT_OVERHEAD_BYTES = 256
"""What an event takes beside its payload, about."""
INT64_MIN, INT64_MAX = -(1 << 63), (1 << 63) - 1


def check(commit: Commit) -> int:
    """How many bytes it takes, about. Raises InvalidInput that names all that breaks a bound: ``events[3].type``."""
    events, request_key = commit
    if len(request_key) not in (0, NAME_BYTES):
        raise InvalidInput(FieldViolation("request_key", "WRONG_LENGTH", f"must have {NAME_BYTES} bytes, or none"))
    if request_key == NO_NAME:
        raise InvalidInput(FieldViolation("request_key", "RESERVED", "must not be all zeros"))
    if len(events) > COMMIT_EVENTS_MAX:
        raise InvalidInput(FieldViolation("events", "TOO_MANY", f"must be at most {COMMIT_EVENTS_MAX}"))
    found = [violation for index, event in enumerate(events) for violation in _violations(index, event)]
    if found:
        raise InvalidInput(*found)
    payload_bytes = sum(len(event.payload) for event in events)
    if payload_bytes > COMMIT_PAYLOAD_BYTES_MAX:
        raise InvalidInput(FieldViolation("events", "TOO_LONG", f"must have at most {COMMIT_PAYLOAD_BYTES_MAX} payload bytes in all"))
    return payload_bytes + EVENT_OVERHEAD_BYTES * len(events)


def _violations(index: int, event: NewEvent) -> Iterator[FieldViolation]:
    stream_id, kind, tenant, occurred_at_us, payload, key, version = event
    field = f"events[{index}]"
    if len(stream_id) != NAME_BYTES:
        yield FieldViolation(f"{field}.stream_id", "WRONG_LENGTH", f"must have {NAME_BYTES} bytes")
    if key and len(key) != NAME_BYTES:
        yield FieldViolation(f"{field}.key", "WRONG_LENGTH", f"must have {NAME_BYTES} bytes, or none")
    if key == NO_NAME:
        yield FieldViolation(f"{field}.key", "RESERVED", "must not be all zeros")
    if not kind:
        yield FieldViolation(f"{field}.type", "REQUIRED", "must be set")
    if not _fits(kind):
        yield FieldViolation(f"{field}.type", "TOO_LONG", f"must have at most {TEXT_BYTES_MAX} bytes of UTF-8")
    if not _fits(tenant):
        yield FieldViolation(f"{field}.tenant", "TOO_LONG", f"must have at most {TEXT_BYTES_MAX} bytes of UTF-8")
    if not INT64_MIN <= occurred_at_us <= INT64_MAX:
        yield FieldViolation(f"{field}.occurred_at_us", "OUT_OF_RANGE", "must fit into 64 bits")
    if len(payload) > PAYLOAD_BYTES_MAX:
        yield FieldViolation(f"{field}.payload", "TOO_LONG", f"must have at most {PAYLOAD_BYTES_MAX} bytes")
    if version is not None and not 0 <= version < INT64_MAX:
        yield FieldViolation(f"{field}.version", "OUT_OF_RANGE", "must be from 0 and fit into 63 bits")


def _fits(text: str) -> bool:
    if text.isascii():
        return len(text) <= TEXT_BYTES_MAX
    try:
        return len(text.encode()) <= TEXT_BYTES_MAX
    except UnicodeEncodeError:  # a lone surrogate
        return False
