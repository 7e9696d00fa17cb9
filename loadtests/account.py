"""What was acknowledged, written by the clients while the load runs and held against the journal afterwards.

A record is the position (8 bytes, little-endian) and the first 16 bytes of SHA-256 over the event's bytes.
"""
from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, NamedTuple

from opsledger.core.ports import Journal
from opsledger.services.tickets.codec import TYPE_PREFIX

_RECORD = struct.Struct("<Q16s")
_READ_EVENTS = 10_000


def digest(payload: bytes) -> bytes:
    return sha256(payload).digest()[:16]


class Account:
    """Appends what the server acknowledged to a file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def acknowledged(self, position: int, payload: bytes) -> None:
        self._file.write(_RECORD.pack(position, digest(payload)))


class Findings(NamedTuple):
    """What comparing the account with the journal gave; everything but the first two must be zero."""

    acknowledged: int
    """Answers that named a position, those of repeated events included."""
    recorded: int
    """Ticket events in the journal."""
    missing: int
    """Acknowledged, and not in the journal."""
    altered: int
    """At the acknowledged position stand other bytes."""
    doubled: int
    """In the journal more than once."""

    @property
    def is_sound(self) -> bool:
        return self.acknowledged > 0 and not (self.missing or self.altered or self.doubled)


def compare(account: Path, journal: Journal) -> Findings:
    """Look up everything acknowledged."""
    stored, doubled = _stored(journal)
    acknowledged = missing = altered = 0
    for position, expected in _records(account):
        acknowledged += 1
        found = stored.get(position)
        missing += found is None
        altered += found is not None and found != expected
    return Findings(acknowledged, len(stored), missing, altered, doubled)


def _records(account: Path) -> Iterator[tuple[int, bytes]]:
    yield from _RECORD.iter_unpack(account.read_bytes())


def _stored(journal: Journal) -> tuple[Mapping[int, bytes], int]:
    """Digest by position of every ticket event, and how many of them stand there more than once."""
    stored: dict[int, bytes] = {}
    position = 0
    while batch := journal.read(position, _READ_EVENTS):
        stored.update((event.position, digest(event.payload)) for event in batch if event.type.startswith(TYPE_PREFIX))
        position = batch[-1].position
    return stored, len(stored) - len(set(stored.values()))
