"""How far a replica has read its partition: a small file beside the segments, written after them. Without it, or when it does not fit
them, the replica is read again from the topic.

    0  8  magic "OPSLKAFK"     8  4  CRC-32C of all that follows    12  4  format version, 1
   16  8  next offset         24  8  position                       32  8  recorded at of the last commit, us
   40 32  hash of the last commit                                   72  4  CRC-32C of the record before the next offset
   76  4  length of what follows                                    80     JSON: topic, partition, the last claim
"""
from __future__ import annotations

import json
from struct import Struct
from typing import NamedTuple

from opsledger.ext.journal import crc32c
from opsledger.services.journal.files import File, Files
from opsledger.services.journal.kafka.cached_files import CachedFiles
from opsledger.services.journal.kafka.fold import LogState
from opsledger.services.journal.kafka.records import Claim

NAME = "offset"
SEALED = "offset.sealed"
"""The same as it was when the last segment was full, durable as that segment is: where to go on from after a power cut."""
MAGIC, VERSION = b"OPSLKAFK", 1
_LAYOUT = Struct("<8sIIQQq32sII")


class StoredOffset(NamedTuple):
    state: LogState
    record_crc: int
    """Of the last record that was read: tells this topic from another one with the same name."""
    topic: str
    partition: int


def encode_stored(stored: StoredOffset) -> bytes:
    state = stored.state
    rest = json.dumps([stored.topic, stored.partition, *state.claim]).encode()
    tail = _LAYOUT.pack(
        MAGIC, 0, VERSION, state.offset, state.position, state.recorded_at_us, state.hash, stored.record_crc, len(rest)
    )[12:] + rest
    return MAGIC + crc32c(tail).to_bytes(4, "little") + tail


def decode_stored(data: bytes) -> StoredOffset | None:
    if len(data) < _LAYOUT.size:
        return None
    magic, crc, version, offset, position, recorded_at_us, digest, record_crc, length = _LAYOUT.unpack_from(data)
    end = _LAYOUT.size + length  # an older, longer one may end behind it
    if magic != MAGIC or version != VERSION or len(data) < end or crc != crc32c(memoryview(data)[12:end]):
        return None
    topic, partition, *claim = json.loads(data[_LAYOUT.size:end])
    state = LogState(offset, position, recorded_at_us, digest, Claim(*claim))
    return StoredOffset(state, record_crc, topic, partition)


def read_stored(files: Files, name: str = NAME) -> StoredOffset | None:
    if name not in files.names():
        return None
    file = files.open(name)
    return decode_stored(file.read(file.size(), 0))


def open_stored(files: Files) -> File:
    return files.open(NAME, create=NAME not in files.names())


def write_sealed(files: CachedFiles, stored: StoredOffset) -> None:
    """Return when it is durable; what it speaks of must be so already."""
    new = f"{SEALED}.new"
    if new in files.names():
        files.remove(new)
    file = files.open(new, create=True)
    file.write(encode_stored(stored), 0)
    file.settle()
    files.replace(new, SEALED)
    files.settle_names()
