"""Bytes, lines and CSV rows of a file or of standard input. Compression is recognised by its first bytes, whatever the name."""
from __future__ import annotations

import csv
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple, cast

from opsledger.core.errors import FieldViolation, InvalidInput

CELL_CHARACTERS_MAX = 1_000_000
_WATCH_LINES = 1_000
_MAGIC = ((b"\x1f\x8b", gzip.open), (b"\xfd7zXZ\x00", lzma.open))


class Row(NamedTuple):
    line: int
    """Where it begins, from 1."""
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is written down."""

    delimiter: str = ","
    quote: str = '"'
    """Empty: quotes mean nothing."""
    encoding: str = "utf-8-sig"
    columns: tuple[str, ...] = ()
    """Names of the columns when the file has no line that says them."""
    skip_lines: int = 0
    """Lines before the header that are no part of the table."""


class Source:
    """An opened file. ``size`` and ``bytes_read`` are of the file as it lies on disk, for a progress bar."""

    def __init__(self, name: str, raw: io.BufferedReader) -> None:
        self.name = name
        self.size = Path(name).stat().st_size if raw.seekable() and Path(name).is_file() else None
        self.line = 0
        """The last line that was read."""
        self.watch: Callable[[], None] = lambda: None
        """Called now and then while the file is read."""
        self._raw = raw
        start = raw.peek(6)[:6]
        opener = next((opener for magic, opener in _MAGIC if start.startswith(magic)), None)
        self.stream = cast(IO[bytes], opener(raw) if opener else raw)

    @property
    def bytes_read(self) -> int:
        return self._raw.tell() if self.size is not None else 0

    def reached(self, line: int) -> None:
        """A reader says how far it has come."""
        if line // _WATCH_LINES != self.line // _WATCH_LINES:
            self.watch()
        self.line = line

    def text(self, encoding: str) -> io.TextIOWrapper:
        return io.TextIOWrapper(cast(io.BufferedReader, self.stream), encoding=encoding, newline="")


@contextmanager
def open_source(name: str) -> Iterator[Source]:
    """The file of that name, ``-`` for standard input.

    Raises InvalidInput, with file and line, when it cannot be opened, is cut off or damaged, or is not text in its encoding.
    """
    try:
        raw = cast(io.BufferedReader, sys.stdin.buffer) if name == "-" else Path(name).open("rb")  # noqa: SIM115  # closed below
    except OSError as error:
        raise InvalidInput(FieldViolation(name, "UNREADABLE", error.strerror or str(error))) from error
    source: Source | None = None
    try:
        source = Source("standard input" if name == "-" else name, raw)
        yield source
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise _unreadable(source, name, "DAMAGED", f"cannot be read on: {error}") from error
    except UnicodeError as error:
        raise _unreadable(source, name, "ENCODING", f"is not text in its encoding: {error}") from error
    except csv.Error as error:
        raise _unreadable(source, name, "MALFORMED", f"is not a table: {error}") from error
    finally:
        if name != "-":
            raw.close()


def _unreadable(source: Source | None, name: str, reason: str, text: str) -> InvalidInput:
    place = f"{source.name}: after line {source.line}" if source else name
    return InvalidInput(FieldViolation(place, reason, text))


class Table:
    """The rows of a CSV file. ``columns`` are their names; a name that occurs twice gets a number: ``Time``, ``Time (2)``."""

    def __init__(self, source: Source, layout: Layout) -> None:
        """Raises InvalidInput when the file has no header."""
        csv.field_size_limit(CELL_CHARACTERS_MAX)
        self._source = source
        text = source.text(layout.encoding)
        for _ in range(layout.skip_lines):
            text.readline()
        # strict: a quote that is never closed would swallow the rest of the file
        self._reader = csv.reader(
            text, delimiter=layout.delimiter, quotechar=layout.quote or None, strict=True,
            quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
        )
        self._lines_before = layout.skip_lines
        header = layout.columns or tuple(next(self._reader, []))
        if not header:
            raise InvalidInput(FieldViolation(f"{source.name}: line {layout.skip_lines + 1}", "REQUIRED", "must name the columns"))
        self.columns = _numbered([name.strip() for name in header])
        self._has_header = not layout.columns

    def __iter__(self) -> Iterator[Row]:
        """Every row with something in it, whatever its length; empty cells beyond the header's last are no cells."""
        begins = self._line
        self._source.reached(begins)
        for cells in self._reader:
            if any(map(str.strip, cells)):
                while self._has_header and len(cells) > len(self.columns) and not cells[-1].strip():
                    cells.pop()
                yield Row(begins + 1, tuple(cells))
            begins = self._line
            self._source.reached(begins)

    @property
    def _line(self) -> int:
        return self._lines_before + self._reader.line_num

    def length_violation(self, row: Row) -> FieldViolation | None:
        """What is wrong with a row that has more or fewer cells than the table has columns."""
        if len(row.cells) == len(self.columns):
            return None
        return FieldViolation("", "MALFORMED", f"has {len(row.cells)} cells where there are {len(self.columns)} columns")


def require_columns(file: str, columns: Sequence[str], needed: Sequence[str]) -> None:
    """Raises InvalidInput when the table has not all of the needed columns."""
    if missing := [name for name in needed if name not in columns]:
        raise InvalidInput(FieldViolation(
            f"{file}: header", "UNKNOWN_COLUMN", f"has no column {', '.join(missing)}; its columns are: {', '.join(columns)}"
        ))


def _numbered(names: Sequence[str]) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    unique = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(unique)
