"""Errors that fit into an answer: clients take 8 kB of trailers in all, and lose an error that has more, code included."""
from __future__ import annotations

from collections.abc import Sequence

from google.rpc.error_details_pb2 import BadRequest

from opsledger.core.errors import FieldViolation

MESSAGE_BYTES_MAX = 1_000
"""It stands in the answer twice, once with up to three bytes for one."""
VIOLATIONS_BYTES_MAX = 2_500
_DESCRIPTION_BYTES_MAX, _FIELD_BYTES_MAX = 600, 300


def fitting(violations: Sequence[FieldViolation]) -> BadRequest:
    """As many as fit, the first at least; the last one says how many more there are."""
    found, room = BadRequest(), VIOLATIONS_BYTES_MAX
    for number, violation in enumerate(violations):
        message = BadRequest.FieldViolation(
            field=shortened(violation.field, _FIELD_BYTES_MAX), reason=violation.reason,
            description=shortened(violation.description, _DESCRIPTION_BYTES_MAX),
        )
        room -= message.ByteSize()
        if room < 0 and number:
            found.field_violations.add(reason="MORE", description=f"and {len(violations) - number:,} more")
            break
        found.field_violations.append(message)
    return found


def shortened(text: str, bytes_max: int = MESSAGE_BYTES_MAX) -> str:
    encoded = text.encode(errors="replace")  # half a surrogate pair is quoted too
    return encoded.decode() if len(encoded) <= bytes_max else encoded[:bytes_max].decode(errors="ignore") + " …"
