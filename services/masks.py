"""Read masks (https://google.aip.dev/157): only the fields that the caller asked for."""
from __future__ import annotations

from typing import TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from opsledger.core.errors import FieldViolation, InvalidInput

M = TypeVar("M", bound=Message)


def masked(message: M, mask: FieldMask) -> M:
    """The fields of a message that a mask names; all of them for an empty one or ``*``. Raises InvalidInput for one that there is not."""
    if list(mask.paths) in ([], ["*"]):
        return message
    if not mask.IsValidForDescriptor(message.DESCRIPTOR):  # type: ignore[arg-type]  # the stubs know one of the two implementations
        known = ", ".join(field.name for field in message.DESCRIPTOR.fields)
        raise InvalidInput(FieldViolation("read_mask", "UNKNOWN", f"names a field that is none of {known}"))
    chosen = type(message)()
    mask.MergeMessage(message, chosen)
    return chosen
