"""Splitting a protobuf message into the bytes of one repeated field, without decoding what is in them.

The specification that ``_split.pyx`` follows. The wire format is https://protobuf.dev/programming-guides/encoding/; where that
leaves a choice (bytes of a tag or a length, depth of groups), this accepts and refuses what Google's implementation does.
"""
from __future__ import annotations

GROUP_DEPTH_MAX = 100
"""Unknown groups within each other: a message that costs the stack is refused."""
_VARINT, _I64, _LEN, _GROUP, _GROUP_END, _I32 = range(6)


class MalformedWire(ValueError):
    """The bytes are not a protobuf message. ``offset`` is where that shows."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"not a protobuf message at byte {offset}")
        self.offset = offset


def split(data: bytes, number_field: int, parts_field: int) -> tuple[int, list[bytes]]:
    """The last value of the unsigned number ``number_field`` (0 when it is absent) and the bytes of each occurrence of
    ``parts_field``, in order.

    Other fields, and these two in another wire type, are skipped as any unknown field is. Raises MalformedWire.
    """
    number, parts, at = 0, [], 0
    while at < len(data):
        start = at
        field, wire_type, at = _tag(data, at)
        if field == 0:  # within an unknown group Google's parser does not look for it
            raise MalformedWire(start)
        if wire_type == _VARINT and field == number_field:
            number, at = _varint(data, at)
        elif wire_type == _LEN and field == parts_field:
            start, at = _length(data, at)
            parts.append(data[start:at])
        else:
            at = _skip(data, at, field, wire_type, 0)
    return number, parts


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Value, modulo 2**64, and the offset after it."""
    value = 0
    for index in range(10):
        if at + index >= len(data):
            raise MalformedWire(len(data))
        byte = data[at + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at + index + 1
    raise MalformedWire(at)


def _tag(data: bytes, at: int) -> tuple[int, int, int]:
    """Field number, wire type, and the offset after them."""
    tag, after = _varint(data, at)
    if tag >= 1 << 32 or after - at > 5:
        raise MalformedWire(at)
    return tag >> 3, tag & 7, after


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Where the bytes of a length-delimited field begin and end."""
    size, start = _varint(data, at)
    if size > len(data) - start or start - at > 5:
        raise MalformedWire(at)
    return start, start + size


def _skip(data: bytes, at: int, field: int, wire_type: int, depth: int) -> int:
    """The offset after a field whose tag has been read."""
    if wire_type == _VARINT:
        return _varint(data, at)[1]
    if wire_type == _LEN:
        return _length(data, at)[1]
    if wire_type in (_I32, _I64):
        after = at + (4 if wire_type == _I32 else 8)
        if after > len(data):
            raise MalformedWire(at)
        return after
    if wire_type != _GROUP or depth == GROUP_DEPTH_MAX:
        raise MalformedWire(at)
    while True:
        inner, inner_type, after = _tag(data, at)
        if inner_type == _GROUP_END:
            if inner != field:
                raise MalformedWire(at)
            return after
        at = _skip(data, after, inner, inner_type, depth + 1)
