"""The bytes of the journal. This twin is the specification; _codec.pyx does the same faster. docs/journal-format.md explains it.

All numbers are little-endian. A segment file is a segment header and commits, one after the other, nothing between.

Segment header, 64 bytes           Commit header, 64 bytes              Event frame, 88 bytes + type + tenant + payload
  0  8  magic "OPSLJRNL"             0  4  magic "CMT1"                   0  4  CRC-32C of bytes 4 to the payload
  8  4  CRC-32C of bytes 12 to 64    4  4  CRC-32C of bytes 8 to 64       4  4  length of the whole frame
 12  4  format version, 1            8  4  length of all event frames     8  4  CRC-32C of the payload
 16  8  first position              12  4  number of events              12  1  length of the type, from 1
 24  8  zero                        16  8  position of the first event   13  1  length of the tenant
 32 32  hash of the commit before   24  8  position durable before       14  2  flags, zero
        (zeros before the first)    32  8  recorded at, us               16  8  position
                                    40 16  request key, or zeros         24  8  position of the event before it in its stream, or 0
                                    56  8  writer's epoch, or zero         32  8  stream version
                                         event frames                    40  8  occurred at, us
                                     … 32  SHA-256 of the hash before,   48  8  recorded at, us
                                           the header and the frames     56 16  stream id
                                                                         72 16  key, or zeros
                                                                         88     type, tenant, payload

Index entry, 72 bytes: what the indexes need of an event
  0 16  stream id     16 16  key     32 16  request key (first event of a commit; else zeros)
 48  8  version       56  8  position before in the stream     64  4  offset of the frame in its file     68  4  events of the commit
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from struct import Struct
from typing import Any, TypeVar

from opsledger.ext.journal.checksum import crc32c
from opsledger.ext.journal.found import BadFrame, CommitHeader, Problem, Scan, SegmentHeader

SEGMENT_MAGIC, COMMIT_MAGIC, FORMAT_VERSION = b"OPSLJRNL", b"CMT1", 1
SEGMENT_HEADER = Struct("<8sIIQQ32s")
COMMIT_HEADER = Struct("<4sIIIQQq16sQ")
EVENT_HEADER = Struct("<IIIBBHQQqqq16s16s")
ENTRY = Struct("<16s16s16sqQII")
SEGMENT_HEADER_BYTES, COMMIT_HEADER_BYTES, EVENT_HEADER_BYTES = SEGMENT_HEADER.size, COMMIT_HEADER.size, EVENT_HEADER.size
ENTRY_BYTES, HASH_BYTES = ENTRY.size, 32
NO_NAME, NO_HASH = bytes(16), bytes(32)

Made = TypeVar("Made")


def encode_segment_header(first_position: int, previous_hash: bytes) -> bytes:
    tail = SEGMENT_HEADER.pack(SEGMENT_MAGIC, 0, FORMAT_VERSION, first_position, 0, previous_hash)[12:]
    return SEGMENT_MAGIC + crc32c(tail).to_bytes(4, "little") + tail


def decode_segment_header(data: bytes) -> SegmentHeader:
    """Raises BadFrame when these are not the first bytes of a segment of this format."""
    if len(data) < SEGMENT_HEADER_BYTES:
        raise BadFrame("the segment header is cut off", 0)
    magic, crc, version, first_position, zero, previous_hash = SEGMENT_HEADER.unpack_from(data)
    if magic != SEGMENT_MAGIC or crc != crc32c(data[12:SEGMENT_HEADER_BYTES]):
        raise BadFrame("the segment header is not what was written", 0)
    if version != FORMAT_VERSION or zero:
        raise BadFrame(f"the segment is of format {version}; this program reads format {FORMAT_VERSION}", 0)
    return SegmentHeader(first_position, previous_hash)


def encode_commit(
    placed: Sequence[Any], first_position: int, recorded_at_us: int, durable: int, request_key: bytes, previous_hash: bytes, offset: int,
    epoch: int = 0,
) -> tuple[bytes, bytes, bytes]:
    """Bytes of a commit that will stand at ``offset`` of its file, its hash, and its index entries.

    ``placed``: (event, version, position before in its stream) for each event, where event begins with stream id, type, tenant,
    occurred at, payload, key. All of them within the bounds of the format, which are not checked here.
    """
    frames: list[bytes] = []
    entries: list[bytes] = []
    frame_offset = offset + COMMIT_HEADER_BYTES
    for index, (event, version, previous) in enumerate(placed):
        stream_id, kind, tenant, occurred_at_us, payload, key = event[:6]
        type_bytes, tenant_bytes = kind.encode(), tenant.encode()
        length = EVENT_HEADER_BYTES + len(type_bytes) + len(tenant_bytes) + len(payload)
        header = EVENT_HEADER.pack(
            0, length, crc32c(payload), len(type_bytes), len(tenant_bytes), 0, first_position + index, previous, version,
            occurred_at_us, recorded_at_us, stream_id, key or NO_NAME,
        )[4:] + type_bytes + tenant_bytes
        frames += (crc32c(header).to_bytes(4, "little"), header, payload)
        request, count = (request_key or NO_NAME, len(placed)) if index == 0 else (NO_NAME, 0)
        entries.append(ENTRY.pack(stream_id, key or NO_NAME, request, version, previous, frame_offset, count))
        frame_offset += length
    length = frame_offset - offset - COMMIT_HEADER_BYTES
    header = COMMIT_HEADER.pack(
        COMMIT_MAGIC, 0, length, len(placed), first_position, durable, recorded_at_us, request_key or NO_NAME, epoch
    )[8:]
    commit = b"".join((COMMIT_MAGIC, crc32c(header).to_bytes(4, "little"), header, *frames))
    digest = sha256(previous_hash + commit).digest()
    return commit + digest, digest, b"".join(entries)


def decode_commit_header(data: bytes) -> CommitHeader | None:
    """What a commit says of itself, unchecked: ``scan`` checks it. None when these bytes do not begin with a commit's header."""
    if len(data) < COMMIT_HEADER_BYTES or not data.startswith(COMMIT_MAGIC):
        return None
    _, _, _, count, first_position, durable, _, _, epoch = COMMIT_HEADER.unpack_from(data)
    return CommitHeader(first_position, count, durable, epoch)


def scan(data: bytes, base: int, next_position: int, previous_hash: bytes) -> Scan:
    """Check commit after commit from the begin of ``data``, which stands at ``base`` of its file: every checksum, the chain of
    hashes, dense positions, equal times. Ends at the first problem."""
    entries: list[bytes] = []
    start = commits = durable = recorded_at_us = 0
    problem, is_short = None, False
    while start < len(data):
        problem, is_short, end, digest, times = _scan_commit(data, start, base, next_position, previous_hash, entries)
        if problem:
            break
        start, previous_hash, commits = end, digest, commits + 1
        count, durable_then, recorded_at_us = times
        next_position += count
        durable = max(durable, durable_then)
    return Scan(b"".join(entries), base + start, commits, next_position, previous_hash, recorded_at_us, durable, problem, is_short)


_Checked = tuple[Problem | None, bool, int, bytes, tuple[int, int, int]]
_NOTHING = (0, b"", (0, 0, 0))


def _scan_commit(data: bytes, start: int, base: int, position: int, previous_hash: bytes, entries: list[bytes]) -> _Checked:
    """Check one commit; add its entries only when all of it is right."""

    def bad(text: str, at: int, where: int, end: int = 0) -> _Checked:
        return Problem(text, at, base + where, base + end if end else 0), False, *_NOTHING

    body = start + COMMIT_HEADER_BYTES
    if len(data) < body:
        return Problem("the commit is cut off", position, base + start, 0), True, *_NOTHING
    magic, crc, length, count, first, durable, recorded_at_us, request_key, _ = COMMIT_HEADER.unpack_from(data, start)
    if magic != COMMIT_MAGIC or crc != crc32c(data[start + 8:body]):
        return bad("the commit header is not what was written", position, start)
    frames_end = body + length
    end = frames_end + HASH_BYTES
    if first != position or not count:
        return bad(f"the commit says it begins at position {first} with {count} events", position, start, end)
    if len(data) < end:
        return Problem("the commit is cut off", position, base + start, base + end), True, *_NOTHING
    found: list[bytes] = []
    at = body
    for index in range(count):
        try:
            head, frame_end = _check_frame(data, at, frames_end, base)
        except BadFrame as error:
            return bad(error.text, position + index, at, end)
        event_position, previous, version, _, event_recorded_at_us, stream_id, key = head
        if event_position != position + index or event_recorded_at_us != recorded_at_us:
            return bad(f"the event says it stands at position {event_position}", position + index, at, end)
        request, events = (request_key, count) if index == 0 else (NO_NAME, 0)
        found.append(ENTRY.pack(stream_id, key, request, version, previous, base + at, events))
        at = frame_end
    if at != frames_end:
        return bad("the commit is longer than its events", position, start, end)
    digest = sha256(previous_hash + data[start:frames_end]).digest()
    if digest != data[frames_end:end]:
        return bad("the hash does not follow from the commit and the one before it", position, start, end)
    entries.extend(found)
    return None, False, end, digest, (count, durable, recorded_at_us)


def _check_frame(data: bytes, at: int, limit: int, base: int) -> tuple[tuple[Any, ...], int]:
    """Fields of a frame's header from the position on, and where the frame ends. Raises BadFrame."""
    if at < 0 or at + EVENT_HEADER_BYTES > limit:
        raise BadFrame("the event frame is cut off", base + at)
    crc, length, payload_crc, type_length, tenant_length, flags, *head = EVENT_HEADER.unpack_from(data, at)
    payload, end = at + EVENT_HEADER_BYTES + type_length + tenant_length, at + length
    if not payload <= end <= limit or crc != crc32c(data[at + 4:payload]):
        raise BadFrame("the event header is not what was written", base + at)
    if not type_length or flags:
        raise BadFrame("the event header has flags that this program does not know", base + at)
    if payload_crc != crc32c(data[payload:end]):
        raise BadFrame("the event payload is not what was written", base + at)
    return tuple(head), end


def decode_events(data: bytes, base: int, offsets: Sequence[int], make: Callable[[tuple[Any, ...]], Made]) -> list[Made]:
    """Events whose frames begin at these offsets of the file; ``data`` stands at ``base``. Raises BadFrame.

    ``make`` gets (position, stream id, version, type, tenant, occurred at, recorded at, key, payload).
    """
    return [make(_event(data, offset - base, base)) for offset in offsets]


def _event(data: bytes, at: int, base: int) -> tuple[Any, ...]:
    (position, _, version, occurred_at_us, recorded_at_us, stream_id, key), end = _check_frame(data, at, len(data), base)
    type_at, tenant_at = at + EVENT_HEADER_BYTES, at + EVENT_HEADER_BYTES + data[at + 12]
    payload = tenant_at + data[at + 13]
    try:
        kind, tenant = data[type_at:tenant_at].decode(), data[tenant_at:payload].decode()
    except UnicodeDecodeError:
        raise BadFrame("the type or tenant is not UTF-8", base + at) from None
    return (
        position, stream_id, version, kind, tenant, occurred_at_us, recorded_at_us, b"" if key == NO_NAME else key, data[payload:end]
    )


def previous_in_stream(data: bytes, at: int) -> int:
    """Position of the event before the one whose frame begins at ``at`` of ``data``, in its stream; 0 when it is the first."""
    return int.from_bytes(data[at + 24:at + 32], "little")


def find_commit(data: bytes, start: int) -> tuple[int, int, int] | None:
    """The next thing from ``start`` on that is a commit header by its checksum: where, its first position, what was durable."""
    while (start := data.find(COMMIT_MAGIC, start)) >= 0:
        if len(data) >= start + COMMIT_HEADER_BYTES:
            _, crc, _, _, first_position, durable, *_ = COMMIT_HEADER.unpack_from(data, start)
            if crc == crc32c(data[start + 8:start + COMMIT_HEADER_BYTES]):
                return start, first_position, durable
        start += 1
    return None
