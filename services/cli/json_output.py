"""Answers for machines."""
from __future__ import annotations

import json
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message


def print_json(message: Message) -> None:
    print(json.dumps(as_document(message), ensure_ascii=False, indent=2))


def as_document(message: Message) -> dict[str, Any]:
    """Protobuf JSON with the names of the .proto, and null where an ``optional`` value is not there."""
    document: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)
    _say_null(message, document)
    return document


def _say_null(message: Message, document: dict[str, Any]) -> None:
    for field in message.DESCRIPTOR.fields:
        if _is_optional(field):
            document.setdefault(field.name, None)
        elif field.message_type is not None and not field.message_type.GetOptions().map_entry:
            inner, value = getattr(message, field.name), document.get(field.name)
            if isinstance(value, dict):
                _say_null(inner, value)
            elif isinstance(value, list):
                for each, part in zip(inner, value, strict=True):
                    if isinstance(part, dict):
                        _say_null(each, part)


def _is_optional(field: Any) -> bool:
    """A value that the .proto calls optional; protoc makes a oneof of its own of it."""
    return field.message_type is None and field.containing_oneof is not None and field.containing_oneof.name == f"_{field.name}"
