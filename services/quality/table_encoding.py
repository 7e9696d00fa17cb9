"""In which encoding a table of ratings or scores is written: as the caller says, or as its first bytes say, or UTF-8."""
from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.importers.files import Source

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)
"""UTF-32 before UTF-16, whose mark it begins with."""


@contextmanager
def naming_encoding(source: Source, asked: str) -> Iterator[str]:
    """The encoding to read the source in. A byte order mark wins: it says what the file is.

    Raises InvalidInput for an encoding that does not exist, and when what is read is not in this one, saying what to do.
    """
    if asked:
        try:
            codecs.lookup(asked)
        except LookupError:
            text = f"{asked!r} is no encoding: utf-8, utf-16, cp1252 and latin-1 are some"
            raise InvalidInput(FieldViolation("--encoding", "UNKNOWN", text)) from None
    encoding = _marked(source) or asked or "utf-8-sig"
    try:
        yield encoding
    except UnicodeError as error:
        text = f"is not text in {encoding.removesuffix('-sig')} ({error}): say --encoding; cp1252 is that of old spreadsheets"
        raise InvalidInput(FieldViolation(f"{source.name}: after line {source.line}", "ENCODING", text)) from error


def _marked(source: Source) -> str | None:
    """As the first bytes say: a table begins with a letter of ASCII, of which UTF-16 has a zero beside it."""
    start = source.stream.peek(4)[:4]
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    return {b"\0": "utf-16-be"}.get(start[:1]) or {b"\0": "utf-16-le"}.get(start[1:2])
