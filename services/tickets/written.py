"""Ticket events as people write them in a file: the protobuf JSON form of a TicketEvent, with less to type.

What may be left out or shortened: the envelope where the file says it once; event ids; enum prefixes (``status: on_hold``,
``kind: agent``, ``visibility: public``); the offset of a time in the program's zone; ``tags: [vip]`` for a tag set; durations as ``4m30s``.
Everything that protobuf JSON allows is allowed.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from difflib import get_close_matches
from typing import Any, cast

from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.sla.durations import DURATION_TEXT, parse_duration_us
from opsledger.core.tickets.facts import TicketFact
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.services.tickets.codec import examine

ReadTime = Callable[[str, str], int]
"""Microseconds of (text, field). Raises InvalidInput."""
ENVELOPE = ("tenant", "program", "source", "ticket_id")
_PROTOBUF_SPAN = re.compile(r"\d+(\.\d+)?s")


def read_event(written: object, prefix: str, place: int, defaults: Mapping[str, str], read_time: ReadTime) -> TicketFact:
    """One event. ``defaults`` fills tenant, program, source and ticket_id. Raises InvalidInput.

    ``place``: its number in the file, from 1. An event without a name is named after it, and takes it as its sequence too
    unless it has one: it was written down for that file alone, and of two such events of one instant the upper came first.
    ``prefix`` comes before the fields in errors: ``events[3].``, ``line 4: ``.
    """
    try:
        shaped = {**defaults, **_Shape(read_time).message(written, cast(Descriptor, TicketEvent.DESCRIPTOR), "")}
        if "event_id" not in shaped:
            shaped = {"sequence": place, **shaped, "event_id": f"#{place:07}"}
        message = json_format.ParseDict(shaped, TicketEvent())
        fact, found = examine(message)
    except json_format.ParseError as error:
        raise InvalidInput(FieldViolation(prefix.rstrip(".: "), "MALFORMED", str(error))) from None
    except InvalidInput as error:
        found = error.violations
    if found:
        raise InvalidInput(*(violation._replace(field=f"{prefix}{violation.field}".rstrip(".: ")) for violation in found))
    return fact


class _Shape:
    """From what people write to what protobuf's JSON reader takes, field by field of the message's own description."""

    def __init__(self, read_time: ReadTime) -> None:
        self._read_time = read_time

    def message(self, written: object, kind: Descriptor, path: str) -> dict[str, Any]:
        if not isinstance(written, Mapping):
            raise InvalidInput(FieldViolation(path, "NOT_A_MAPPING", f"must be a mapping of names to values, not {written!r}"))
        shaped = {}
        for key, value in written.items():
            field = kind.fields_by_name.get(str(key)) or kind.fields_by_camelcase_name.get(str(key))
            if field is None:
                known = sorted(kind.fields_by_name)
                near = get_close_matches(str(key), known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                raise InvalidInput(FieldViolation(_join(path, str(key)), "UNKNOWN", f"there is no such field; {hint}"))
            shaped[field.name] = self.value(value, field, _join(path, field.name))
        return shaped

    def value(self, written: object, field: FieldDescriptor, path: str) -> object:
        if field.enum_type is not None:
            return _enum(written, field.enum_type, path)
        if field.message_type is None:
            if field.cpp_type == FieldDescriptor.CPPTYPE_STRING and isinstance(written, int) and not isinstance(written, bool):
                return str(written)
            return list(map(_text, written)) if isinstance(written, list) else written
        match field.message_type.full_name:
            case "google.protobuf.Timestamp":
                return self.time(written, path)
            case "google.protobuf.Duration":
                return _span(written, path)
            case "opsledger.tickets.v1.TagSet" if isinstance(written, list):
                return {"values": list(map(_text, written))}
        if field.message_type.GetOptions().map_entry:
            return {_text(key): _text(value) for key, value in written.items()} if isinstance(written, Mapping) else written
        return self.message({} if written is None else written, field.message_type, path)

    def time(self, written: object, path: str) -> str:
        text = written.isoformat() if isinstance(written, date) else written
        if isinstance(text, str) and re.search(r"\.\d{7,9}Z$", text):
            return text  # nanoseconds, which only protobuf reads
        at_us = self._read_time(text, path)  # type: ignore[arg-type]  # what is no text is refused there
        seconds, us = divmod(at_us, 1_000_000)
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{us:06}Z"


def _enum(written: object, kind: EnumDescriptor, path: str) -> object:
    names = list(kind.values_by_name)
    if written in names or (isinstance(written, int) and not isinstance(written, bool)):
        return written
    prefix = names[0].removesuffix("UNSPECIFIED")
    name = f"{prefix}{str(written).upper().replace('-', '_').replace(' ', '_')}"
    if name not in names[1:]:
        words = ", ".join(value.removeprefix(prefix).lower() for value in names[1:])
        raise InvalidInput(FieldViolation(path, "UNKNOWN", f"must be one of {words}, not {written!r}"))
    return name


def _span(written: object, path: str) -> str:
    if isinstance(written, str) and not _PROTOBUF_SPAN.fullmatch(written):
        try:
            return f"{parse_duration_us(written) // 1_000_000}s"
        except ValueError as error:
            raise InvalidInput(FieldViolation(path, "NOT_A_DURATION", str(error))) from None
    if not isinstance(written, str):
        raise InvalidInput(FieldViolation(path, "NOT_A_DURATION", f"must be {DURATION_TEXT}, not {written!r}"))
    return written


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _join(*parts: str) -> str:
    return ".".join(filter(None, parts))
