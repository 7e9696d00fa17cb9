# cython: boundscheck=False, wraparound=False, cdivision=True
"""The kernel of split_py.py, which is its specification."""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport uint8_t, uint32_t, uint64_t

from opsledger.ext.wire.split_py import MalformedWire

cdef enum:
    GROUP_DEPTH_MAX = 100
    VARINT = 0
    I64 = 1
    LEN = 2
    GROUP = 3
    GROUP_END = 4
    I32 = 5

# Each of these returns the offset after what it read, or -1 - offset of what is malformed.
ctypedef Py_ssize_t offset_t


cdef inline offset_t _varint(const uint8_t* data, Py_ssize_t size, Py_ssize_t at, uint64_t* value) noexcept nogil:
    cdef uint64_t result = 0
    cdef uint8_t byte
    cdef int index
    for index in range(10):
        if at + index >= size:
            return -1 - size
        byte = data[at + index]
        result |= <uint64_t>(byte & 0x7F) << (7 * index)
        if byte < 0x80:
            value[0] = result
            return at + index + 1
    return -1 - at


cdef inline offset_t _tag(const uint8_t* data, Py_ssize_t size, Py_ssize_t at, uint32_t* field, int* wire_type) noexcept nogil:
    cdef uint64_t tag = 0
    cdef offset_t after = _varint(data, size, at, &tag)
    if after < 0:
        return after
    if tag >= (<uint64_t>1 << 32) or after - at > 5:
        return -1 - at
    field[0] = <uint32_t>(tag >> 3)
    wire_type[0] = <int>(tag & 7)
    return after


cdef inline offset_t _length(const uint8_t* data, Py_ssize_t size, Py_ssize_t at, Py_ssize_t* start) noexcept nogil:
    cdef uint64_t length = 0
    cdef offset_t after = _varint(data, size, at, &length)
    if after < 0:
        return after
    if length > <uint64_t>(size - after) or after - at > 5:
        return -1 - at
    start[0] = after
    return after + <Py_ssize_t>length


cdef offset_t _skip(const uint8_t* data, Py_ssize_t size, Py_ssize_t at, uint32_t field, int wire_type, int depth) noexcept nogil:
    cdef uint64_t value = 0
    cdef Py_ssize_t start = 0
    cdef uint32_t inner = 0
    cdef int inner_type = 0
    cdef offset_t after
    if wire_type == VARINT:
        return _varint(data, size, at, &value)
    if wire_type == LEN:
        return _length(data, size, at, &start)
    if wire_type == I32 or wire_type == I64:
        after = at + (4 if wire_type == I32 else 8)
        return after if after <= size else -1 - at
    if wire_type != GROUP or depth == GROUP_DEPTH_MAX:
        return -1 - at
    while True:
        after = _tag(data, size, at, &inner, &inner_type)
        if after < 0:
            return after
        if inner_type == GROUP_END:
            return after if inner == field else -1 - at
        at = _skip(data, size, after, inner, inner_type, depth + 1)
        if at < 0:
            return at


def split(bytes data not None, int number_field, int parts_field):
    cdef const uint8_t* raw = <const uint8_t*>PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t start = 0
    cdef offset_t at = 0
    cdef uint64_t number = 0
    cdef uint32_t field = 0
    cdef int wire_type = 0
    cdef list parts = []
    while at < size:
        start = at
        at = _tag(raw, size, at, &field, &wire_type)
        if at >= 0:
            if field == 0:
                at = -1 - start
            elif wire_type == VARINT and field == <uint32_t>number_field:
                at = _varint(raw, size, at, &number)
            elif wire_type == LEN and field == <uint32_t>parts_field:
                at = _length(raw, size, at, &start)
                if at >= 0:
                    parts.append(PyBytes_FromStringAndSize(<const char*>raw + start, at - start))
            else:
                at = _skip(raw, size, at, field, wire_type, 0)
        if at < 0:
            raise MalformedWire(-1 - at)
    return number, parts
