"""Bytes out of what is packed, in bounded memory and number: a few kilobytes can stand for more than a disk holds."""
from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable
from typing import IO, Protocol, cast

RATIO_MAX = 1_000
"""Of the unpacked bytes to the packed ones; tables of real floors come to 10 to 100."""
UNPACKED_BYTES_FREE = 256 << 20
"""So much may come out whatever the ratio is."""
DICTIONARY_BYTES_MAX = 256 << 20
"""Memory for unpacking xz; xz -9 takes 65 MB."""
_CHUNK_BYTES = 64 << 10


class Unreadable(Exception):
    """The message says what the file is and what to do."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Packed(io.RawIOBase):
    """The packed side, which counts what has been read of it."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.bytes_read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io gives a view of bytes
        data = self._raw.read(len(buffer))
        buffer[:len(data)] = data
        self.bytes_read += len(data)
        return len(data)

    def seekable(self) -> bool:
        return self._raw.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()


class Unpacked(io.RawIOBase):
    """What comes out, as long as that is not absurdly much. Raises Unreadable beyond."""

    def __init__(self, source: Readable, packed: Packed) -> None:
        self._source, self._packed = source, packed
        self._bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # io gives a view of bytes
        data = self._source.read(len(buffer))
        buffer[:len(data)] = data
        self._bytes += len(data)
        if self._bytes > max(UNPACKED_BYTES_FREE, RATIO_MAX * self._packed.bytes_read):
            raise Unreadable(f"unpacks to more than {RATIO_MAX:,} times its size: unpack it first, if that is meant")
        return len(data)


class Xz:
    """One xz stream after the other, as ``cat a.xz b.xz`` makes them. As lzma.open, but with a bound for the dictionary."""

    def __init__(self, packed: IO[bytes]) -> None:
        self._packed = packed
        self._stream = _xz()

    def read(self, size: int, /) -> bytes:
        while True:
            if self._stream.eof:
                data = self._stream.unused_data.lstrip(b"\0") or self._packed.read(_CHUNK_BYTES).lstrip(b"\0")  # xz pads with zeros
                if not data:
                    return b""
                self._stream = _xz()
            elif self._stream.needs_input:
                data = self._packed.read(_CHUNK_BYTES)
                if not data:
                    raise EOFError("it ends in the middle of what was packed")
            else:
                data = b""
            if found := self._stream.decompress(data, size):
                return found


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(memlimit=DICTIONARY_BYTES_MAX)


PACKED: tuple[tuple[bytes, Callable[[IO[bytes]], Readable]], ...] = (
    (b"\x1f\x8b", cast(Callable[[IO[bytes]], Readable], gzip.open)), (b"\xfd7zXZ\x00", Xz), (b"BZh", bz2.BZ2File),
)
"""First bytes, and how to read what begins with them."""
