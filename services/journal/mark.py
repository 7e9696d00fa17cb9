"""The mark: a small file that says how far the journal is durable, so that acknowledged events cannot vanish unnoticed.

It is written after each sync of a segment and never before, so whatever it says is true. It is synced itself only when a
segment is full and on close: it survives the end of the process always, a power cut perhaps as an older version.

    0  8  magic "OPSLMARK"    8  4  CRC-32C of bytes 12 to 56   12  4  format version, 1
   16  8  last durable position                                 24 32  hash of its commit
"""
from __future__ import annotations

import logging
from struct import Struct
from typing import NamedTuple

from opsledger.ext.journal import NO_HASH, crc32c
from opsledger.services.journal.files import File, Files

NAME = "mark"
MAGIC, VERSION = b"OPSLMARK", 1
_LAYOUT = Struct("<8sIIQ32s")
_log = logging.getLogger(__name__)


class Mark(NamedTuple):
    position: int
    hash: bytes


NO_MARK = Mark(0, NO_HASH)
"""Nothing is known to be durable."""


def encode_mark(mark: Mark) -> bytes:
    tail = _LAYOUT.pack(MAGIC, 0, VERSION, *mark)[12:]
    return MAGIC + crc32c(tail).to_bytes(4, "little") + tail


def read_mark(files: Files) -> Mark:
    """What the folder's mark says; NO_MARK when there is none that can be read."""
    if NAME not in files.names():
        return NO_MARK
    data = files.open(NAME).read(_LAYOUT.size, 0)
    if len(data) == _LAYOUT.size:
        magic, crc, version, position, digest = _LAYOUT.unpack(data)
        if magic == MAGIC and version == VERSION and crc == crc32c(data[12:]):
            return Mark(position, digest)
    _log.warning("the journal's mark cannot be read and is ignored: a lost end of the journal would not be noticed this time")
    return NO_MARK


def open_mark(files: Files) -> File:
    """The mark's file, created when there is none."""
    if NAME in files.names():
        return files.open(NAME)
    file = files.open(NAME, create=True)
    files.sync_names()
    return file
