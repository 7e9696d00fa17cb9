"""The wire splitter, kernel and twin, beside Google's protobuf, which reads the same fields as ``repeated bytes``."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opsledger.ext.wire import MalformedWire, _split, split, split_py
from opsledger.proto.tickets.v1.ticket_event_pb2 import TicketEvent
from opsledger.proto.tickets.v1.ticket_recorder_pb2 import StreamTicketEventsRequest

Split = Callable[[bytes, int, int], tuple[int, list[bytes]]]

SPLITTERS = [pytest.param(_split.split, id="kernel"), pytest.param(split_py.split, id="twin")]
over_both = pytest.mark.parametrize("splitter", SPLITTERS)


def _oracle_class() -> Any:
    """``message Parts { uint64 number = 1; repeated bytes parts = 2; }``: wire-compatible with StreamTicketEventsRequest."""
    file = descriptor_pb2.FileDescriptorProto(name="oracle.proto", package="oracle", syntax="proto3")
    parts = file.message_type.add(name="Parts")
    parts.field.add(name="number", number=1, type="TYPE_UINT64", label="LABEL_OPTIONAL")
    parts.field.add(name="parts", number=2, type="TYPE_BYTES", label="LABEL_REPEATED")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("oracle.Parts"))


Oracle = _oracle_class()


def varint(value: int, padding: int = 0) -> bytes:
    """As protobuf writes it; with padding, longer than it need be."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(padding):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


varints = st.builds(varint, st.integers(0, 2**64 - 1) | st.integers(0, 300), st.integers(0, 9))
tags = st.builds(
    lambda field, wire, pad: varint(field << 3 | wire, pad),
    st.integers(0, 4) | st.integers(0, 2**29), st.integers(0, 7), st.sampled_from([0, 0, 0, 1, 4]),
)
fields = st.one_of(
    st.builds(lambda field, value: varint(field << 3) + value, st.integers(1, 3), varints),
    st.builds(
        lambda field, data, pad: varint(field << 3 | 2) + varint(len(data), pad) + data,
        st.integers(1, 3), st.binary(max_size=6), st.sampled_from([0, 0, 0, 1, 4, 5]),
    ),
    st.builds(lambda field, data: varint(field << 3 | 1) + data, st.integers(1, 3), st.binary(min_size=8, max_size=8)),
    st.builds(lambda field, data: varint(field << 3 | 5) + data, st.integers(1, 3), st.binary(min_size=4, max_size=4)),
)
groups = st.recursive(
    st.lists(fields, max_size=3).map(b"".join),
    lambda inner: st.builds(lambda field, body: varint(field << 3 | 3) + body + varint(field << 3 | 4), st.integers(1, 3), inner),
    max_leaves=5,
)
messages = st.lists(fields | groups | tags | varints | st.binary(max_size=4), max_size=6).map(b"".join)


@over_both
@settings(max_examples=1000, deadline=None)
@example(data=b"\x08" + b"\xff" * 9 + b"\x01")
@example(data=b"\x08" + b"\xff" * 9 + b"\x7f")
@example(data=b"\x1b" * 100 + b"\x1c" * 100)
@example(data=b"\x1b" * 101 + b"\x1c" * 101)
@example(data=b"\x88\x80\x80\x80\x00\x01")
@example(data=b"\x88\x80\x80\x80\x80\x00\x01")
@example(data=b"\x12\xff\xff\xff\xff\x0f")
@example(data=b"\x12\x80\x80\x80\x80\x00")
@example(data=b"\x12\x80\x80\x80\x80\x80\x00")
@example(data=b"\x00\x00")
@example(data=b"\x0b\x00\x00\x0c")
@example(data=b"\x1b\x12\x80\x80\x80\x80\x80\x00\x1c")
@given(data=messages)
def test_it_takes_a_message_apart_as_protobuf_does_or_refuses_it_as_protobuf_does(splitter: Split, data: bytes) -> None:
    try:
        oracle = Oracle.FromString(data)
    except DecodeError:
        with pytest.raises(MalformedWire):
            splitter(data, 1, 2)
    else:
        assert splitter(data, 1, 2) == (oracle.number, list(oracle.parts))


@settings(max_examples=500, deadline=None)
@given(data=messages)
def test_kernel_and_twin_refuse_at_the_same_byte(data: bytes) -> None:
    def offset(splitter: Split) -> int | None:
        try:
            splitter(data, 1, 2)
        except MalformedWire as error:
            return error.offset
        return None

    assert offset(_split.split) == offset(split_py.split)


@over_both
def test_what_a_later_client_says_is_kept_to_the_byte(splitter: Split) -> None:
    event = TicketEvent(event_id="e1", tenant="acme").SerializeToString() + b"\x82\x7d\x03new"  # field 2000, unknown today
    request = StreamTicketEventsRequest(batch_id=7, events=[TicketEvent.FromString(event)] * 2).SerializeToString()
    assert splitter(request + b"\x9a\x06\x01x", 1, 2) == (7, [event, event])


@over_both
def test_a_message_without_parts_has_none(splitter: Split) -> None:
    assert splitter(b"", 1, 2) == (0, [])


def test_the_kernel_is_what_is_used() -> None:
    assert split is _split.split
