# cython: boundscheck=False, wraparound=False
"""The bytes of the journal, fast. The layout and its meaning stand in codec.py, the twin of this module."""
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.unicode cimport PyUnicode_DecodeUTF8
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr, memcmp, memcpy, memset

from hashlib import sha256

from opsledger.ext.journal.found import BadFrame, Problem, Scan, SegmentHeader

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>

    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
    #error "the kernel reads numbers as they lie; on a big-endian machine the Python twin is used"
    #endif

    /* Slicing by 8: Kounavis and Berry, "Novel Table Lookup-Based Algorithms for High-Performance CRC Generation" (2008). */
    static uint32_t crc_table[8][256];

    static void crc_fill_tables(void) {
        for (uint32_t n = 0; n < 256; n++) {
            uint32_t crc = n;
            for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82F63B78u : 0);
            crc_table[0][n] = crc;
        }
        for (int k = 1; k < 8; k++)
            for (uint32_t n = 0; n < 256; n++)
                crc_table[k][n] = crc_table[0][crc_table[k - 1][n] & 0xFF] ^ (crc_table[k - 1][n] >> 8);
    }

    static uint32_t crc_by_tables(const unsigned char *p, size_t n, uint32_t crc) {
        crc = ~crc;
        for (; n >= 8; p += 8, n -= 8) {
            uint64_t word;
            memcpy(&word, p, 8);
            word ^= crc;
            crc = crc_table[7][word & 0xFF] ^ crc_table[6][(word >> 8) & 0xFF] ^ crc_table[5][(word >> 16) & 0xFF]
                ^ crc_table[4][(word >> 24) & 0xFF] ^ crc_table[3][(word >> 32) & 0xFF] ^ crc_table[2][(word >> 40) & 0xFF]
                ^ crc_table[1][(word >> 48) & 0xFF] ^ crc_table[0][word >> 56];
        }
        for (; n; p++, n--) crc = crc_table[0][(crc ^ *p) & 0xFF] ^ (crc >> 8);
        return ~crc;
    }

    #if defined(__x86_64__) && defined(__GNUC__)
    __attribute__((target("sse4.2")))
    static uint32_t crc_by_instruction(const unsigned char *p, size_t n, uint32_t crc) {
        uint64_t wide = (uint32_t)~crc;
        for (; n >= 8; p += 8, n -= 8) {
            uint64_t word;
            memcpy(&word, p, 8);
            wide = __builtin_ia32_crc32di(wide, word);
        }
        crc = (uint32_t)wide;
        for (; n; p++, n--) crc = __builtin_ia32_crc32qi(crc, *p);
        return ~crc;
    }
    static int crc_has_instruction(void) { __builtin_cpu_init(); return __builtin_cpu_supports("sse4.2"); }
    #else
    static uint32_t crc_by_instruction(const unsigned char *p, size_t n, uint32_t crc) { return crc_by_tables(p, n, crc); }
    static int crc_has_instruction(void) { return 0; }
    #endif

    static int crc_instruction = 0;
    static void crc_prepare(void) { crc_fill_tables(); crc_instruction = crc_has_instruction(); }
    static inline uint32_t crc_of(const void *p, size_t n, uint32_t crc) {
        return crc_instruction ? crc_by_instruction((const unsigned char *)p, n, crc) : crc_by_tables((const unsigned char *)p, n, crc);
    }

    #pragma pack(push, 1)
    typedef struct { char magic[4]; uint32_t crc, length, count; uint64_t first_position, durable; int64_t recorded_at_us;
                     char request_key[16]; uint64_t epoch; } CommitHeader;
    typedef struct { uint32_t crc, length, payload_crc; uint8_t type_length, tenant_length; uint16_t flags;
                     uint64_t position, previous; int64_t version, occurred_at_us, recorded_at_us;
                     char stream_id[16], key[16]; } EventHeader;
    typedef struct { char stream_id[16], key[16], request_key[16]; int64_t version; uint64_t previous; uint32_t offset, count; } Entry;
    #pragma pack(pop)
    """
    uint32_t crc_by_tables(const void *, size_t, uint32_t)
    uint32_t crc_of(const void *, size_t, uint32_t) noexcept nogil
    void crc_prepare()
    ctypedef struct CommitHeader:
        char magic[4]
        uint32_t crc, length, count
        uint64_t first_position, durable
        int64_t recorded_at_us
        char request_key[16]
        uint64_t epoch
    ctypedef struct EventHeader:
        uint32_t crc, length, payload_crc
        uint8_t type_length, tenant_length
        uint16_t flags
        uint64_t position, previous
        int64_t version, occurred_at_us, recorded_at_us
        char stream_id[16]
        char key[16]
    ctypedef struct Entry:
        char stream_id[16]
        char key[16]
        char request_key[16]
        int64_t version
        uint64_t previous
        uint32_t offset, count

crc_prepare()

cdef const char *COMMIT_MAGIC = b"CMT1"
cdef char[16] NO_NAME
memset(NO_NAME, 0, 16)

cdef enum:
    HASH_BYTES = 32


def crc32c(const uint8_t[::1] data not None, uint32_t value=0):
    return crc_of(&data[0], data.shape[0], value) if data.shape[0] else value


def crc32c_portable(const uint8_t[::1] data not None, uint32_t value=0):
    """As crc32c on a machine without the instruction."""
    return crc_by_tables(&data[0], data.shape[0], value) if data.shape[0] else value


def encode_commit(
    list placed not None, uint64_t first_position, int64_t recorded_at_us, uint64_t durable, bytes request_key not None,
    bytes previous_hash not None, uint32_t offset, uint64_t epoch=0,
):
    cdef Py_ssize_t count = len(placed), index, total = sizeof(CommitHeader) + HASH_BYTES
    cdef list texts = []
    cdef dict known = {}
    cdef object one, event  # subclasses of tuple: cast where they are read
    cdef bytes kind, tenant, payload, key, stream_id
    for one in placed:
        event = (<tuple>one)[0]
        kind = _utf8((<tuple>event)[1], known)
        tenant = _utf8((<tuple>event)[2], known)
        payload = (<tuple>event)[4]
        texts.append((kind, tenant))
        total += sizeof(EventHeader) + PyBytes_GET_SIZE(kind) + PyBytes_GET_SIZE(tenant) + PyBytes_GET_SIZE(payload)
    cdef bytes commit = PyBytes_FromStringAndSize(NULL, total)
    cdef bytes entries = PyBytes_FromStringAndSize(NULL, count * sizeof(Entry))
    cdef char *out = PyBytes_AS_STRING(commit)
    cdef char *at = out + sizeof(CommitHeader)
    cdef Entry *entry = <Entry *>PyBytes_AS_STRING(entries)
    cdef EventHeader head
    for index in range(count):
        one = placed[index]
        event = (<tuple>one)[0]
        kind, tenant = texts[index]
        stream_id, payload, key = (<tuple>event)[0], (<tuple>event)[4], (<tuple>event)[5]
        memset(&head, 0, sizeof(head))
        head.length = sizeof(head) + PyBytes_GET_SIZE(kind) + PyBytes_GET_SIZE(tenant) + PyBytes_GET_SIZE(payload)
        head.payload_crc = crc_of(PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload), 0)
        head.type_length = PyBytes_GET_SIZE(kind)
        head.tenant_length = PyBytes_GET_SIZE(tenant)
        head.position = first_position + index
        head.version = (<tuple>one)[1]
        head.previous = (<tuple>one)[2]
        head.occurred_at_us = (<tuple>event)[3]
        head.recorded_at_us = recorded_at_us
        memcpy(head.stream_id, PyBytes_AS_STRING(stream_id), 16)
        if key:
            memcpy(head.key, PyBytes_AS_STRING(key), 16)
        _entry_of(entry + index, &head, offset + (at - out))
        memcpy(at + sizeof(head), PyBytes_AS_STRING(kind), head.type_length)
        memcpy(at + sizeof(head) + head.type_length, PyBytes_AS_STRING(tenant), head.tenant_length)
        memcpy(at, &head, sizeof(head))
        (<EventHeader *>at).crc = crc_of(at + 4, sizeof(head) - 4 + head.type_length + head.tenant_length, 0)
        memcpy(at + head.length - PyBytes_GET_SIZE(payload), PyBytes_AS_STRING(payload), PyBytes_GET_SIZE(payload))
        at += head.length
    cdef CommitHeader header
    memset(&header, 0, sizeof(header))
    memcpy(header.magic, COMMIT_MAGIC, 4)
    header.length = at - out - sizeof(CommitHeader)
    header.count = count
    header.first_position = first_position
    header.durable = durable
    header.recorded_at_us = recorded_at_us
    header.epoch = epoch
    if request_key:
        memcpy(header.request_key, PyBytes_AS_STRING(request_key), 16)
    header.crc = crc_of(<char *>&header + 8, sizeof(header) - 8, 0)
    memcpy(out, &header, sizeof(header))
    if count and request_key:
        memcpy(entry.request_key, header.request_key, 16)
    if count:
        entry.count = count
    digest = _hash(previous_hash, commit, 0, total - HASH_BYTES)
    memcpy(at, PyBytes_AS_STRING(digest), HASH_BYTES)
    return commit, digest, entries


cdef bytes _utf8(object text, dict known):
    """Types and tenants repeat within a commit."""
    found = known.get(text)
    if found is None:
        found = known[text] = text.encode()
    return found


cdef bytes _hash(bytes previous, bytes data, Py_ssize_t start, Py_ssize_t end):
    digest = sha256(previous)
    digest.update(memoryview(data)[start:end])
    return digest.digest()


cdef inline void _entry_of(Entry *entry, const EventHeader *head, uint32_t offset) noexcept:
    memset(entry, 0, sizeof(Entry))
    memcpy(entry.stream_id, head.stream_id, 16)
    memcpy(entry.key, head.key, 16)
    entry.version = head.version
    entry.previous = head.previous
    entry.offset = offset


def scan(bytes data not None, uint64_t base, uint64_t next_position, bytes previous_hash not None):
    cdef const char *begin = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data), start = 0, at, frames_end, end
    cdef CommitHeader header
    cdef EventHeader head
    cdef uint32_t index
    cdef uint64_t commits = 0, durable = 0
    cdef int64_t recorded_at_us = 0
    cdef const char *text
    cdef Entry entry
    cdef bytearray entries = bytearray()
    cdef Py_ssize_t kept
    problem, is_short = None, False
    while start < size:
        if size - start < <Py_ssize_t>sizeof(CommitHeader):
            problem, is_short = Problem("the commit is cut off", next_position, base + start, 0), True
            break
        memcpy(&header, begin + start, sizeof(header))
        if memcmp(header.magic, COMMIT_MAGIC, 4) or header.crc != crc_of(begin + start + 8, sizeof(header) - 8, 0):
            problem = Problem("the commit header is not what was written", next_position, base + start, 0)
            break
        at = start + sizeof(header)
        frames_end = at + header.length
        end = frames_end + HASH_BYTES
        if header.first_position != next_position or not header.count:
            problem = Problem(
                f"the commit says it begins at position {header.first_position} with {header.count} events",
                next_position, base + start, base + end)
            break
        if size < end:
            problem, is_short = Problem("the commit is cut off", next_position, base + start, base + end), True
            break
        kept = len(entries)
        for index in range(header.count):
            text = _check_frame(begin, at, frames_end, &head)
            if text != NULL:
                problem = Problem(text.decode(), next_position + index, base + at, base + end)
                break
            if head.position != next_position + index or head.recorded_at_us != header.recorded_at_us:
                problem = Problem(f"the event says it stands at position {head.position}", next_position + index, base + at, base + end)
                break
            _entry_of(&entry, &head, base + at)
            if index == 0:
                entry.count = header.count
                memcpy(entry.request_key, header.request_key, 16)
            entries.extend((<char *>&entry)[:sizeof(entry)])
            at += head.length
        if problem is None and at != frames_end:
            problem = Problem("the commit is longer than its events", next_position, base + start, base + end)
        if problem is None:
            digest = _hash(previous_hash, data, start, frames_end)
            if memcmp(PyBytes_AS_STRING(digest), begin + frames_end, HASH_BYTES):
                problem = Problem(
                    "the hash does not follow from the commit and the one before it", next_position, base + start, base + end)
        if problem is not None:
            del entries[kept:]
            break
        previous_hash, start = digest, end
        commits += 1
        next_position += header.count
        recorded_at_us = header.recorded_at_us
        durable = max(durable, header.durable)
    return Scan(bytes(entries), base + start, commits, next_position, previous_hash, recorded_at_us, durable, problem, is_short)


cdef const char *_check_frame(const char *begin, Py_ssize_t at, Py_ssize_t limit, EventHeader *head) noexcept:
    """Copy the header of a frame; say what is wrong with the frame, or nothing."""
    cdef Py_ssize_t payload, end
    if at < 0 or at + <Py_ssize_t>sizeof(EventHeader) > limit:
        return "the event frame is cut off"
    memcpy(head, begin + at, sizeof(EventHeader))
    payload = at + sizeof(EventHeader) + head.type_length + head.tenant_length
    end = at + head.length
    if payload > end or end > limit or head.crc != crc_of(begin + at + 4, payload - at - 4, 0):
        return "the event header is not what was written"
    if not head.type_length or head.flags:
        return "the event header has flags that this program does not know"
    if head.payload_crc != crc_of(begin + payload, end - payload, 0):
        return "the event payload is not what was written"
    return NULL


def decode_events(bytes data not None, Py_ssize_t base, offsets not None, make not None):
    cdef const char *begin = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data), at, payload
    cdef EventHeader head
    cdef const char *text
    cdef const char *names
    cdef list events = []
    for offset in offsets:
        at = offset - base
        text = _check_frame(begin, at, size, &head)
        if text != NULL:
            raise BadFrame(text.decode(), offset)
        names = begin + at + sizeof(EventHeader)
        payload = at + sizeof(EventHeader) + head.type_length + head.tenant_length
        try:
            kind = PyUnicode_DecodeUTF8(<char *>names, head.type_length, NULL)
            tenant = PyUnicode_DecodeUTF8(<char *>names + head.type_length, head.tenant_length, NULL)
        except UnicodeDecodeError:
            raise BadFrame("the type or tenant is not UTF-8", offset) from None
        events.append(make((
            head.position, PyBytes_FromStringAndSize(head.stream_id, 16), head.version, kind, tenant, head.occurred_at_us,
            head.recorded_at_us, PyBytes_FromStringAndSize(head.key, 16) if memcmp(head.key, NO_NAME, 16) else b"",
            PyBytes_FromStringAndSize(begin + payload, at + head.length - payload),
        )))
    return events


def find_commit(bytes data not None, Py_ssize_t start):
    cdef const char *begin = PyBytes_AS_STRING(data)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
    cdef CommitHeader header
    cdef const char *hit
    while start + <Py_ssize_t>sizeof(header) <= size:
        hit = <const char *>memchr(begin + start, COMMIT_MAGIC[0], size - start)
        if hit == NULL:
            return None
        start = hit - begin
        if start + <Py_ssize_t>sizeof(header) <= size and memcmp(hit, COMMIT_MAGIC, 4) == 0:
            memcpy(&header, hit, sizeof(header))
            if header.crc == crc_of(hit + 8, sizeof(header) - 8, 0):
                return start, header.first_position, header.durable
        start += 1
    return None
