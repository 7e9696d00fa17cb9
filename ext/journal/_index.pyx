# cython: boundscheck=False, wraparound=False
"""The indexes as open-addressing tables over C arrays: linear probing, doubled at 70 % load. Twin: index.py.

Keys and stream ids come out of SHA-256 or are random, mostly; whatever they are, they are mixed before they choose a slot.
"""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memcmp, memcpy, memset

from array import array

cdef extern from *:
    """
    #pragma pack(push, 1)
    typedef struct { char stream_id[16], key[16], request_key[16]; int64_t version; uint64_t previous; uint32_t offset, count; } IndexEntry;
    #pragma pack(pop)
    """
    ctypedef struct IndexEntry:
        char stream_id[16]
        char key[16]
        char request_key[16]
        int64_t version
        uint64_t previous
        uint32_t offset, count

cdef struct Slot:
    char name[16]
    uint64_t position  # 0: the slot is free
    int64_t value

cdef struct Table:
    Slot *slots
    uint64_t mask
    uint64_t used

cdef char[16] NO_NAME
memset(NO_NAME, 0, 16)


cdef inline uint64_t _mix(const char *name) noexcept:
    cdef uint64_t low, high
    memcpy(&low, name, 8)
    memcpy(&high, name + 8, 8)
    low ^= high * <uint64_t>0x9E3779B97F4A7C15
    low ^= low >> 32
    low *= <uint64_t>0xD6E8FEB86659FD93
    return low ^ (low >> 32)


cdef Slot *_slot(const Table *table, const char *name) noexcept:
    """The slot of a name, or the free one where it belongs."""
    cdef uint64_t at = _mix(name) & table.mask
    while table.slots[at].position and memcmp(table.slots[at].name, name, 16):
        at = (at + 1) & table.mask
    return table.slots + at


cdef int _open(Table *table, uint64_t size) except -1:
    table.slots = <Slot *>calloc(size, sizeof(Slot))
    if table.slots == NULL:
        raise MemoryError
    table.mask = size - 1
    table.used = 0
    return 0


cdef int _reserve(Table *table, uint64_t more) except -1:
    """Grow until that many names more leave 30 % of the slots free, so that every search ends soon."""
    cdef uint64_t size = table.mask + 1, at
    cdef Table bigger
    while (table.used + more) * 10 > size * 7:
        size *= 2
    if size == table.mask + 1:
        return 0
    _open(&bigger, size)
    for at in range(table.mask + 1):
        if table.slots[at].position:
            _slot(&bigger, table.slots[at].name)[0] = table.slots[at]
    bigger.used = table.used
    free(table.slots)
    table[0] = bigger
    return 0


cdef inline void _remember(Table *table, const char *name, uint64_t position, int64_t value) noexcept:
    """Unless the name is known. There is room: _reserve came first."""
    cdef Slot *slot = _slot(table, name)
    if not slot.position:
        memcpy(slot.name, name, 16)
        slot.position, slot.value = position, value
        table.used += 1


cdef class Index:
    """Built from the entries of all events, in order from position 1."""

    cdef Table _keys, _ends
    cdef uint32_t *_offsets
    cdef uint64_t _events, _room

    def __cinit__(self):
        self._offsets = NULL
        self._events = self._room = 0
        _open(&self._keys, 1024)
        _open(&self._ends, 1024)

    def __dealloc__(self):
        free(self._keys.slots)
        free(self._ends.slots)
        free(self._offsets)

    def add(self, bytes entries not None):
        """Take the next events. Returns the position of the first whose version or link does not follow its stream; 0: none."""
        cdef Py_ssize_t count = PyBytes_GET_SIZE(entries) // <Py_ssize_t>sizeof(IndexEntry), i
        cdef const IndexEntry *entry = <const IndexEntry *>PyBytes_AS_STRING(entries)
        cdef uint64_t wrong = 0, named = 0
        cdef Slot *end
        if PyBytes_GET_SIZE(entries) % <Py_ssize_t>sizeof(IndexEntry):
            raise ValueError("entries are not whole")
        self._reserve_offsets(count)
        for i in range(count):
            named += (memcmp(entry[i].key, NO_NAME, 16) != 0) + (memcmp(entry[i].request_key, NO_NAME, 16) != 0)
        _reserve(&self._keys, named)
        _reserve(&self._ends, count)
        for i in range(count):
            self._offsets[self._events] = entry.offset
            self._events += 1
            end = _slot(&self._ends, entry.stream_id)
            if end.position != entry.previous or entry.version < 0 or (end.position and entry.version <= end.value):
                wrong = wrong or self._events
            if not end.position:
                memcpy(end.name, entry.stream_id, 16)
                self._ends.used += 1
            end.position, end.value = self._events, entry.version
            if memcmp(entry.request_key, NO_NAME, 16):
                _remember(&self._keys, entry.request_key, self._events, entry.count)
            if memcmp(entry.key, NO_NAME, 16):
                _remember(&self._keys, entry.key, self._events, 1)
            entry += 1
        return wrong

    cdef int _reserve_offsets(self, uint64_t more) except -1:
        cdef uint64_t room = self._room or 1024
        cdef uint32_t *moved
        while room < self._events + more:
            room *= 2
        if room != self._room:
            moved = <uint32_t *>realloc(self._offsets, room * sizeof(uint32_t))
            if moved == NULL:
                raise MemoryError
            self._offsets, self._room = moved, room
        return 0

    def find(self, bytes key not None):
        """Position and number of the events that a key names."""
        return _found(&self._keys, key)

    def end_of(self, bytes stream_id not None):
        """Position and version of a stream's last event."""
        return _found(&self._ends, stream_id)

    def offsets(self, uint64_t first, uint64_t last):
        """Of the frames at positions first (from 1) to last (included), as far as they exist, each in its file."""
        found = array("I")
        last = min(last, self._events)
        if 1 <= first <= last:
            found.frombytes((<char *>(self._offsets + first - 1))[:(last - first + 1) * sizeof(uint32_t)])
        return found

    @property
    def events(self):
        return self._events

    @property
    def streams(self):
        return self._ends.used

    @property
    def keys(self):
        return self._keys.used


cdef object _found(const Table *table, bytes name):
    cdef const Slot *slot
    if PyBytes_GET_SIZE(name) != 16:
        return None
    slot = _slot(table, PyBytes_AS_STRING(name))
    return (slot.position, slot.value) if slot.position else None
