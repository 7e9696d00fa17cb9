"""No text or number that a read model could not hold passes the door, in any field of any request."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from opsledger.core.errors import InvalidInput
from opsledger.proto.coaching.v1 import coaching_pb2
from opsledger.proto.quality.v1 import calibrations_pb2, evaluations_pb2, forms_pb2, sampling_pb2
from opsledger.proto.scorecards.v1 import scorecards_pb2
from opsledger.proto.sla.v1 import rules_pb2, timers_pb2
from opsledger.services.grpc.texts import check_kept

FILES = (coaching_pb2, calibrations_pb2, evaluations_pb2, forms_pb2, sampling_pb2, scorecards_pb2, rules_pb2, timers_pb2)
REQUESTS = [
    method.input_type for file in FILES for service in file.DESCRIPTOR.services_by_name.values() for method in service.methods
]
DEPTH_MAX = 3


def _spoilt(kind: Descriptor, depth: int = DEPTH_MAX) -> Iterator[tuple[str, Message]]:
    """Messages of a kind with a NUL in one field, or a number that is none; with that field's path."""
    make = message_factory.GetMessageClass(kind)
    for field in kind.fields:
        message: Any = make()
        target = getattr(message, field.name)
        bad = "a\0b" if field.type == FieldDescriptor.TYPE_STRING else float("nan")
        if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_DOUBLE):
            if field.is_repeated:
                target.append(bad)
                yield f"{field.name}[0]", message
            else:
                setattr(message, field.name, bad)
                yield field.name, message
        elif field.message_type is not None and field.message_type.GetOptions().map_entry:
            if field.message_type.fields_by_name["value"].type == FieldDescriptor.TYPE_STRING:
                target["key"] = "a\0b"
                yield f"{field.name}['key']", message
        elif field.message_type is not None and depth and not field.message_type.full_name.startswith("google."):
            for path, inner in _spoilt(field.message_type, depth - 1):
                whole: Any = make()
                if field.is_repeated:
                    getattr(whole, field.name).append(inner)
                    yield f"{field.name}[0].{path}", whole
                else:
                    getattr(whole, field.name).CopyFrom(inner)
                    yield f"{field.name}.{path}", whole


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.name)
def test_every_field_of_every_request_is_looked_at(kind: Descriptor) -> None:
    for path, message in _spoilt(kind):
        with pytest.raises(InvalidInput) as caught:
            check_kept(message)
        assert [violation.field for violation in caught.value.violations] == [path]


def test_every_fault_is_named() -> None:
    request = coaching_pb2.AgreeActionItemRequest(session="s\0", change="greet\0 by name")
    with pytest.raises(InvalidInput) as caught:
        check_kept(request)
    assert [(each.field, each.reason) for each in caught.value.violations] == [("session", "UNPRINTABLE"), ("change", "UNPRINTABLE")]


def test_what_is_fine_passes_and_what_is_no_message_is_left_alone() -> None:
    check_kept(coaching_pb2.AgreeActionItemRequest(change="نام‌ها\nzwei Zeilen"))
    check_kept(b"\0")
