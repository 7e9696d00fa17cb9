"""Times and durations that options take."""
from __future__ import annotations

from typing import TYPE_CHECKING

from opsledger.core.errors import FieldViolation, InvalidInput

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp


def instant(text: str, option: str) -> Timestamp:
    """An ISO time, in UTC unless it says otherwise. Raises InvalidInput."""
    from opsledger.core.sla.calendar import ALWAYS
    from opsledger.services.tickets.codec import timestamp

    return timestamp(ALWAYS.instant_us(text, field=option))


def span_us(text: str, option: str) -> int:
    """A duration such as 2h. Raises InvalidInput."""
    from opsledger.core.sla.durations import parse_duration_us

    try:
        return parse_duration_us(text)
    except ValueError as error:
        raise InvalidInput(FieldViolation(option, "INVALID", str(error))) from None
