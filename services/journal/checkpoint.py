"""Checkpoints: the index entries of one segment, beside it, so that opening does not scan what was scanned before.

Written when a segment is full, and on close for the last one. A checkpoint is a cache: one that cannot be read or does not
fit its segment is ignored, and the segment is scanned.

    0  8  magic "OPSLINDX"    8  4  CRC-32C of all that follows   12  4  format version, 1
   16  8  first position     24  8  end of the covered bytes      32  8  recorded at of the last covered commit, us
   40 32  hash of the last covered commit                         72     entries, 72 bytes for each event
"""
from __future__ import annotations

import logging
from struct import Struct
from typing import NamedTuple

from opsledger.ext.journal import ENTRY_BYTES, crc32c
from opsledger.services.journal.files import Files

MAGIC, VERSION = b"OPSLINDX", 1
_LAYOUT = Struct("<8sIIQQq32s")
_log = logging.getLogger(__name__)


class Checkpoint(NamedTuple):
    first_position: int
    end: int
    """Of the covered bytes of the segment file."""
    recorded_at_us: int
    hash: bytes
    entries: bytes

    @property
    def next_position(self) -> int:
        return self.first_position + len(self.entries) // ENTRY_BYTES


def checkpoint_name(first_position: int) -> str:
    return f"{first_position:020d}.index"


def encode_checkpoint(checkpoint: Checkpoint) -> bytes:
    tail = _LAYOUT.pack(MAGIC, 0, VERSION, *checkpoint[:4])[12:] + checkpoint.entries
    return MAGIC + crc32c(tail).to_bytes(4, "little") + tail


def decode_checkpoint(data: bytes) -> Checkpoint | None:
    if len(data) < _LAYOUT.size or (len(data) - _LAYOUT.size) % ENTRY_BYTES:
        return None
    magic, crc, version, first_position, end, recorded_at_us, digest = _LAYOUT.unpack_from(data)
    if magic != MAGIC or version != VERSION or crc != crc32c(memoryview(data)[12:]):
        return None
    return Checkpoint(first_position, end, recorded_at_us, digest, data[_LAYOUT.size:])


def write_checkpoint(files: Files, checkpoint: Checkpoint) -> None:
    """Beside the segment, whole or not at all. A failure is logged: the journal is complete without it."""
    name = checkpoint_name(checkpoint.first_position)
    new = f"{name}.new"
    try:
        if new in files.names():
            files.remove(new)
        file = files.open(new, create=True)
        file.write(encode_checkpoint(checkpoint), 0)
        file.sync()
        files.replace(new, name)
        files.sync_names()
    except OSError as error:
        _log.warning("the checkpoint %s cannot be written (%s); the next start will take longer", name, error)


def read_checkpoint(files: Files, first_position: int) -> Checkpoint | None:
    """The checkpoint of the segment that begins at a position; None when there is none that can be read."""
    name = checkpoint_name(first_position)
    try:
        file = files.open(name)
    except FileNotFoundError:
        return None
    checkpoint = decode_checkpoint(file.read(file.size(), 0))
    if checkpoint is None or checkpoint.first_position != first_position:
        _log.warning("the checkpoint %s cannot be read and is ignored: its segment is scanned", name)
        return None
    return checkpoint
