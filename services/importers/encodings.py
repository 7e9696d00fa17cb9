"""Whether a file is text in the encoding that it is said to have; what it is otherwise."""
from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from typing import IO

_MARKS = (  # UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"), (codecs.BOM_UTF8, "utf-8", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030", "gb18030"),
)
"""(byte order mark, what is said of a file that begins with it, how what follows is read)"""
MARK_BYTES_MAX = 4
_OFTEN = {"cp1252": "western Windows", "cp1250": "central European Windows", "cp1251": "Cyrillic Windows", "cp1256": "Arabic Windows",
          "gb18030": "Chinese", "shift_jis": "Japanese"}
_AROUND_BYTES = 12
_NOT_ASCII = bytes(range(0x80, 0x100))
_NOT_BY_CHANCE_BYTES = 12
"""A Chinese word or two can look like UTF-8; longer texts do not."""


class WrongEncoding(Exception):
    """The message says what the bytes seem to be and what to do."""


def settled(encoding: str, start: bytes) -> tuple[str, int]:
    """(encoding to read with, length of the byte order mark, which is no text), given the file's first bytes.

    Raises WrongEncoding where the two contradict.
    """
    name = codecs.lookup(encoding).name.removesuffix("-sig")
    found = next((each for each in _MARKS if start.startswith(each[0])), None)
    if found is None:
        if name in ("utf-16", "utf-32") and start:
            raise WrongEncoding(f"has no byte order mark, so that {name} leaves open which byte comes first: say {name}-le or {name}-be")
        return encoding, 0
    mark, marked, rest = found
    if name not in (marked, rest):
        raise WrongEncoding(
            f"begins with the byte order mark of {marked}, so it is not {name}: save it as UTF-8, or let a mapping say "
            f"format: {{encoding: {marked}}}"
        )
    return rest, len(mark)


def watched(stream: IO[bytes], encoding: str) -> IO[bytes]:
    """The same bytes; at their end it raises WrongEncoding when they are UTF-8 and said to be something else."""
    name = codecs.lookup(encoding).name
    if name == "ascii" or name.startswith("utf"):
        return stream
    return io.BufferedReader(_Watched(stream, encoding, 1 if _has_one_byte_a_letter(name) else _NOT_BY_CHANCE_BYTES))


def _has_one_byte_a_letter(encoding: str) -> bool:
    return all(bytes((byte, 0x41)).decode(encoding, "replace")[1:] == "A" for byte in range(0x80, 0x100))


class _Watched(io.RawIOBase):
    def __init__(self, stream: IO[bytes], encoding: str, enough_bytes: int) -> None:
        """``enough_bytes`` that are not ASCII show that the whole is not UTF-8 by chance."""
        self._stream, self._encoding, self._enough_bytes = stream, encoding, enough_bytes
        self._decode: Callable[[bytes, bool], str] | None = codecs.getincrementaldecoder("utf-8")().decode
        self._other_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]  # of the buffers there are
        data = self._stream.read(len(buffer))
        buffer[:len(data)] = data
        if self._decode is not None:
            self._other_bytes += len(data) - len(data.translate(None, _NOT_ASCII))
            try:
                self._decode(data, not data)
            except UnicodeDecodeError:
                self._decode = None
        if not data and self._decode is not None and self._other_bytes >= self._enough_bytes:
            raise WrongEncoding(_utf_8_after_all(self._encoding))
        return len(data)


def nul_bytes(text: str) -> str:
    """What to say of a header with NULs in it."""
    order = "be" if text.startswith("\0") else "le"
    return f"holds NUL characters, as UTF-16 read as something else does: say format: {{encoding: utf-16-{order}}}"


def not_in_its_encoding(error: UnicodeError) -> str:
    """Which bytes are wrong, and what they would be elsewhere."""
    if not isinstance(error, UnicodeDecodeError):
        return f"is not text in its encoding: {error}"
    if not error.encoding.startswith("utf") and _is_utf_8(error.object):
        return _utf_8_after_all(error.encoding)
    before, after = error.object[:error.start], error.object[error.start:]
    piece = before[-_AROUND_BYTES:].rpartition(b"\n")[2] + after[:_AROUND_BYTES].partition(b"\n")[0]
    readings = []
    for name, region in _OFTEN.items():
        try:
            readings.append(f"{piece.decode(name)!r} in {name} ({region})")
        except UnicodeDecodeError:
            continue
    tried = f". It would be {', '.join(readings)}: save it as UTF-8, or let a mapping say format: {{encoding: …}}" if readings else ""
    return f"is not text in {error.encoding}: byte 0x{after[0]:02x} of {piece!r}{tried}"


def _is_utf_8(beginning: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(beginning)
    except UnicodeDecodeError:
        return False
    return True


def _utf_8_after_all(encoding: str) -> str:
    return f"is UTF-8, not {encoding}: leave the encoding out"
