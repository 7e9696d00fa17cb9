"""The rows of a workbook's sheet (.xlsx). Dates, times and numbers come as they are, whatever the sheet makes of them to look at."""
from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.importers.columns import column_names
from opsledger.services.importers.files import Layout, Row, Source
from opsledger.services.importers.unpacking import Unreadable

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

WORKBOOK_BYTES_MAX = 1 << 30
"""Unpacked; sheets are read row by row."""
TEXTS_BYTES_MAX = 1 << 27
"""Of the texts that its cells share, which are held in memory."""
_TEXTS = "xl/sharedStrings.xml"
_CHUNK_BYTES = 1 << 20

_FORMULA = re.compile(rb"<f[ >]")


class SheetTable:
    """As a Table of CSV. A date is written as ISO 8601 has it, a number with the layout's mark before its fraction."""

    typed = True
    """Dates are dates: they are read whatever the mapping's formats are."""
    delimiter = ""

    def __init__(self, source: Source, layout: Layout) -> None:
        """Raises InvalidInput when there is no such sheet, or it names no columns."""
        self._source, self._decimal = source, layout.decimal
        book = _opened(source)
        every = [sheet.title for sheet in book.worksheets]
        names = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"] or every
        if not names or (layout.sheet and layout.sheet not in every):
            text = f"there is no {layout.sheet or 'table'!r}; there are: {', '.join(names) or 'none'}"
            raise InvalidInput(FieldViolation(f"{source.name}: sheet", "UNKNOWN", text))
        self.name = layout.sheet or names[0]
        self.others = [name for name in names if name != self.name]
        self._rows = _rows(book, self.name)
        self._formulas = _rows(_opened(source, formulas=True), self.name) if _has_formulas(source) else None
        with _complaints():
            for _ in range(layout.skip_lines):
                self._next()
            line, header = (layout.skip_lines, layout.columns) if layout.columns else self._next()
        self.columns = column_names(_stripped([*header]), f"{source.name}: {self.name}, row {line}")

    def __iter__(self) -> Iterator[Row]:
        """Every row with something in it; cells that it does not have are empty."""
        with _complaints():
            while (row := self._next_or_none()) is not None:
                line, cells = row[0], _stripped(row[1])
                if cells:
                    yield Row(line, (*cells, *("" for _ in range(len(self.columns) - len(cells)))))
                self._source.reached(line)

    def length_violation(self, row: Row) -> FieldViolation | None:
        if len(row.cells) == len(self.columns):
            return None
        return FieldViolation("", "MALFORMED", f"has {len(row.cells)} cells where there are {len(self.columns)} columns")

    def settled(self, row: Row) -> Row | FieldViolation:
        return row

    def _next(self) -> tuple[int, list[str]]:
        return self._next_or_none() or (1, [])

    def _next_or_none(self) -> tuple[int, list[str]] | None:
        row = next(self._rows, None)
        if row is None:
            return None
        line, values = row
        if self._formulas is not None:
            _, formulas = next(self._formulas)
            if any(value is None and str(formula).startswith("=") for value, formula in zip_longest(values, formulas)):
                raise Unreadable(
                    f"holds a formula in row {line} that was never computed, so that its cell has no value: open the workbook in a "
                    "spreadsheet program, save it, and import it again"
                )
        return line, [self._text(value) for value in values]

    def _text(self, value: object) -> str:
        match value:
            case None:
                return ""
            case bool():
                return str(value).upper()
            case datetime() | date() | time() | timedelta():
                return _written(value)
            case float():
                text = f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
                return text.replace(".", self._decimal)
            case _:
                return str(value)


def _written(value: datetime | date | time | timedelta) -> str:
    """ISO 8601; a day for its midnight, so that a time in another cell can follow it; h:mm:ss for a length."""
    if isinstance(value, timedelta):
        seconds, rest = divmod(value, timedelta(seconds=1))
        fraction = f".{rest.microseconds:06}".rstrip("0") if rest else ""
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}" if seconds >= 0 else f"-{_written(-value)}"
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    return value.isoformat()


def _stripped(cells: list[str]) -> list[str]:
    """Without the empty ones at the end: a sheet has as many as were ever touched."""
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _opened(source: Source, *, formulas: bool = False) -> Workbook:
    """With the values that formulas have, or with the formulas."""
    sizes = {item.filename: item.file_size for item in ZipFile(source.stream).infolist()}
    if sum(sizes.values()) > WORKBOOK_BYTES_MAX or sizes.get(_TEXTS, 0) > TEXTS_BYTES_MAX:
        size = f"{sum(sizes.values()) / 2**30:.1f} GiB"
        raise Unreadable(f"is a workbook of {size} when unpacked: save the sheet as CSV, which is read row by row whatever its size")
    source.stream.seek(0)
    with _complaints():
        return load_workbook(source.stream, read_only=True, data_only=not formulas)


def _rows(book: Workbook, name: str) -> Iterator[tuple[int, tuple[object, ...]]]:
    sheet = book[name]
    sheet.reset_dimensions()  # what a sheet says of its size is often wrong
    return enumerate(sheet.iter_rows(values_only=True), start=1)


def _has_formulas(source: Source) -> bool:
    archive = ZipFile(source.stream)
    sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
    for name in sheets:
        with archive.open(name) as file:
            end = b""
            while chunk := file.read(_CHUNK_BYTES):
                if _FORMULA.search(end + chunk):
                    return True
                end = chunk[-2:]
    return False


@contextmanager
def _complaints() -> Iterator[None]:
    """openpyxl warns of styles and extensions that it passes over, and raises what its parsers raise."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (InvalidFileException, BadZipFile, KeyError, ValueError, SyntaxError, TypeError) as error:
        raise Unreadable(f"is a workbook that cannot be read: {error}") from error
