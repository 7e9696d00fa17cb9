"""The door of every request: a text or number that could be recorded but never shown is refused here, each with its field."""
from __future__ import annotations

from collections.abc import Iterator
from math import isfinite
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.text import unkept

_REALS = (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT)


def check_kept(request: object) -> None:
    """Raises InvalidInput that names every field which no read model could hold. What is no message is the servicer's own matter."""
    if isinstance(request, Message) and (found := list(_violations(request, ""))):
        raise InvalidInput(*found)


def _violations(message: Message, path: str) -> Iterator[FieldViolation]:
    for field, value in message.ListFields():
        place = f"{path}{field.name}"
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            kind = field.message_type.fields_by_name["value"]
            for key, entry in value.items():
                yield from _of(field.message_type.fields_by_name["key"], key, f"{place} key")
                yield from _of(kind, entry, f"{place}[{key!r}]")
        elif field.is_repeated:
            for index, entry in enumerate(value):
                yield from _of(field, entry, f"{place}[{index}]")
        else:
            yield from _of(field, value, place)


def _of(field: FieldDescriptor, value: Any, place: str) -> Iterator[FieldViolation]:
    if field.cpp_type == FieldDescriptor.CPPTYPE_MESSAGE:
        yield from _violations(value, f"{place}.")
    elif field.cpp_type == FieldDescriptor.CPPTYPE_STRING and isinstance(value, str):
        if reason := unkept(value):
            yield FieldViolation(place, "UNPRINTABLE", reason)
    elif field.cpp_type in _REALS and not isfinite(value):
        yield FieldViolation(place, "NOT_A_NUMBER", "must be a finite number")
