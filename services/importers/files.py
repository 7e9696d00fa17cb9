"""Bytes, text and CSV rows of a file or of standard input."""
from __future__ import annotations

import csv
import io
import lzma
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple, cast
from zipfile import BadZipFile

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.importers.columns import column_names, not_a_table
from opsledger.services.importers.containers import unpacked
from opsledger.services.importers.encodings import MARK_BYTES_MAX, WrongEncoding, not_in_its_encoding, settled, watched
from opsledger.services.importers.unpacking import Unreadable

CELL_CHARACTERS_MAX = 1_000_000
ROW_CHARACTERS_MAX = 4_000_000
"""Of a line, and of a row of a table over all its lines; rows stand in memory."""
TEXT_CHARACTERS_MAX = 20_000_000
"""Of a file that is read in one piece."""
_WATCH_LINES = 1_000


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
    sheet: str = ""
    """Of a workbook; empty: its first."""
    decimal: str = "."
    """The mark before a fraction, in which a workbook's numbers are given."""


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
        self.stream, self.is_workbook = unpacked(raw)

    @property
    def bytes_read(self) -> int:
        return self._raw.tell() if self.size is not None else 0

    def reached(self, line: int) -> None:
        """A reader says how far it has come."""
        if line // _WATCH_LINES != self.line // _WATCH_LINES:
            self.watch()
        self.line = line

    def lines(self, encoding: str) -> Lines:
        """Raises WrongEncoding, now or while it is read, for what is not text in that encoding."""
        return Lines(self.name, self._text(encoding))

    def text(self, encoding: str) -> str:
        """All of it. Raises WrongEncoding; InvalidInput for a file that is too long for that."""
        found = self._text(encoding).read(TEXT_CHARACTERS_MAX + 1)
        if len(found) > TEXT_CHARACTERS_MAX:
            text = f"holds more than {TEXT_CHARACTERS_MAX:,} characters; lines (CSV, JSON lines) are read one by one"
            raise InvalidInput(FieldViolation(self.name, "TOO_LONG", text))
        return found

    def _text(self, encoding: str) -> io.TextIOWrapper:
        if self.is_workbook:
            raise Unreadable("is a workbook (.xlsx): `opsledger import csv` and `import servicenow` read its tables")
        stream = self.stream
        settled_encoding, mark_bytes = settled(encoding, stream.peek(MARK_BYTES_MAX)[:MARK_BYTES_MAX])
        stream.read(mark_bytes)
        return io.TextIOWrapper(cast(io.BufferedReader, watched(stream, settled_encoding)), encoding=settled_encoding, newline="")


class Lines:
    """The lines of a text with their ends, in bounded memory. Raises InvalidInput for one, or a row of them, that is too long."""

    def __init__(self, name: str, text: io.TextIOWrapper) -> None:
        self._name, self._read = name, text.readline
        self.number = 0
        """Of the last line, from 1."""
        self._room = ROW_CHARACTERS_MAX

    def __iter__(self) -> Lines:
        return self

    def __next__(self) -> str:
        line = self._read(self._room + 1)
        if not line:
            raise StopIteration
        self.number += 1
        self._room -= len(line)
        if self._room < 0:
            raise InvalidInput(FieldViolation(
                f"{self._name}: line {self.number}", "TOO_LONG",
                f"is longer than {ROW_CHARACTERS_MAX:,} characters, with the lines that its row began on: is it text, and in lines?",
            ))
        return line

    def begin_row(self) -> None:
        """The next line begins a row."""
        self._room = ROW_CHARACTERS_MAX


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
    except Unreadable as error:
        raise InvalidInput(FieldViolation(source.name if source else name, "UNREADABLE", str(error))) from error
    except (OSError, EOFError, lzma.LZMAError, zlib.error, BadZipFile) as error:
        raise _unreadable(source, name, "DAMAGED", f"cannot be read on: {error}") from error
    except WrongEncoding as error:
        raise InvalidInput(FieldViolation(source.name if source else name, "ENCODING", str(error))) from error
    except UnicodeError as error:
        raise _unreadable(source, name, "ENCODING", not_in_its_encoding(error)) from error
    except csv.Error as error:
        raise _unreadable(source, name, "MALFORMED", f"is not a table: {error}") from error
    finally:
        if name != "-":
            raw.close()


def _unreadable(source: Source | None, name: str, reason: str, text: str) -> InvalidInput:
    place = f"{source.name if source else name}: after line {source.line if source else 0}"
    return InvalidInput(FieldViolation(place, reason, text))


class Table:
    """The rows of a CSV file. ``columns`` are their names; a name that occurs twice gets a number: ``Time``, ``Time (2)``."""

    typed = False
    """Its cells are text, whatever they mean."""

    def __init__(self, source: Source, layout: Layout) -> None:
        """Raises InvalidInput when the file has no header, or one that is none."""
        csv.field_size_limit(CELL_CHARACTERS_MAX)
        self._source = source
        self._lines = source.lines(layout.encoding)
        for _ in islice(self._lines, layout.skip_lines):
            self._lines.begin_row()
        # strict: a quote that is never closed would swallow the rest of the file
        self._reader = csv.reader(
            self._lines, delimiter=layout.delimiter, quotechar=layout.quote or None, strict=True,
            quoting=csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE,
        )
        header = layout.columns or tuple(next(self._reader, []))
        place = f"{source.name}: line {layout.skip_lines + 1}"
        if not layout.columns and (reason := not_a_table(layout.delimiter.join(header))):
            raise InvalidInput(FieldViolation(source.name, "MALFORMED", reason))
        self.columns = column_names(header, place)
        self.delimiter = layout.delimiter
        self._has_header = not layout.columns
        self._surpluses = Counter[int]()
        """How many rows have so many empty cells beyond the header's last."""

    def __iter__(self) -> Iterator[Row]:
        """Every row with something in it, whatever its length, as it stands in the file."""
        begins = self._lines.number
        self._source.reached(begins)
        self._lines.begin_row()
        for cells in self._reader:
            if any(map(str.strip, cells)):
                yield Row(begins + 1, tuple(cells))
            begins = self._lines.number
            self._source.reached(begins)
            self._lines.begin_row()

    def length_violation(self, row: Row) -> FieldViolation | None:
        """What is wrong with a row that has more or fewer cells than the table has columns.

        Empty cells beyond the header's last are none where every row has them, as some programs write; in one row alone they mean that a
        cell before them holds the delimiter without quotes. Which of the two, ``settled`` knows when all rows have been asked for.
        """
        surplus = self._surplus(row)
        if surplus == 0 or (surplus > 0 and self._has_header and not any(map(str.strip, row.cells[len(self.columns):]))):
            self._surpluses[surplus] += 1
            return None
        return self._wrong_length(row)

    def settled(self, row: Row) -> Row | FieldViolation:
        """The row with a cell for each column, or what is wrong with it, when ``length_violation`` has seen all rows."""
        surplus = self._surplus(row)
        if surplus == 0:
            return row
        everywhere = len(self._surpluses) == 1 and self._surpluses[surplus] > 1
        return row._replace(cells=row.cells[:len(self.columns)]) if everywhere else self._wrong_length(row)

    def _surplus(self, row: Row) -> int:
        return len(row.cells) - len(self.columns)

    def _wrong_length(self, row: Row) -> FieldViolation:
        return FieldViolation("", "MALFORMED", (
            f"has {len(row.cells)} cells where there are {len(self.columns)} columns"
            + (": a cell that holds the delimiter needs quotes" if self._surplus(row) > 0 else "")
        ))


def whole_rows(table: Table, name: str) -> Iterator[Row]:
    """The rows of the file of that name, with a cell for each column. Raises InvalidInput, naming the line.

    No more than two are held: as the first row is, all must be; and what is settled by one row more than it waits for it.
    """
    first: Row | None = None
    waiting = True
    for row in table:
        if wrong := table.length_violation(row):
            raise InvalidInput(wrong._replace(field=f"{name}: line {row.line}"))
        if first is None:
            first = row
        elif waiting:
            yield _settled(table, first, first, name)
            waiting = False
        if row is not first:
            yield _settled(table, row, first, name)
    if first is not None and waiting:
        yield _settled(table, first, first, name)


def _settled(table: Table, row: Row, first: Row, name: str) -> Row:
    """Where only one of two rows has empty cells beyond the columns, that one is wrong: the first, if it has."""
    found = row
    for each in (first, row):
        settled_row = table.settled(each)
        if isinstance(settled_row, FieldViolation):
            raise InvalidInput(settled_row._replace(field=f"{name}: line {each.line}"))
        found = settled_row
    return found
