"""What a file's first bytes say it is: packed text, a workbook, or something that cannot be read here. Its name says nothing."""
from __future__ import annotations

import io
import shutil
import tempfile
from typing import NamedTuple, cast
from zipfile import ZIP_LZMA, BadZipFile, ZipFile

from opsledger.services.importers.unpacking import PACKED, Packed, Unpacked, Unreadable

_ZIP = b"PK\x03\x04"
_REFUSED = (
    (b"\xd0\xcf\x11\xe0", "is a workbook of old Excel (.xls), or one with a password: save it as .xlsx without a password, or as CSV"),
    (b"PK\x05\x06", "is an empty zip file"),
    (b"%PDF", "is a PDF: export the table itself, as CSV or .xlsx"),
    (b"\x28\xb5\x2f\xfd", "is packed with zstd: unpack it first (zstd -d)"),
    (b"7z\xbc\xaf", "is a 7z archive: unpack it first"),
    (b"Rar!", "is a RAR archive: unpack it first"),
    (b"PAR1", "is a Parquet file: export it as CSV"),
    (b"SQLite format 3", "is an SQLite database: export the table as CSV"),
)
_TAR, _TAR_PLACE = b"ustar", 257
_TAR_BYTES = _TAR_PLACE + len(_TAR)
_START_BYTES = 16
_LAYERS_MAX = 3
"""A table in a zip in a gzip; nothing real is packed more often."""


class Content(NamedTuple):
    stream: io.BufferedReader
    is_workbook: bool = False
    """An .xlsx file; ``stream`` can seek."""


def unpacked(raw: io.BufferedReader) -> Content:
    """What is inside the file. Raises Unreadable for what is neither text nor a workbook."""
    packed = Packed(raw)
    stream = raw
    for _ in range(_LAYERS_MAX):
        start = stream.peek(_START_BYTES)[:_START_BYTES]
        if opener := next((opener for magic, opener in PACKED if start.startswith(magic)), None):
            stream = io.BufferedReader(Unpacked(opener(_counted(stream, raw, packed)), packed))
        elif start.startswith(_ZIP):
            content = _zip_content(_counted(stream, raw, packed))
            if content.is_workbook:
                return content
            stream = io.BufferedReader(Unpacked(content.stream, packed))
        elif stream.peek(_TAR_BYTES)[_TAR_PLACE:_TAR_BYTES] == _TAR:
            raise Unreadable("is a tar archive: unpack it first, and import its files one after the other")
        elif reason := next((reason for magic, reason in _REFUSED if start.startswith(magic)), None):
            raise Unreadable(reason)
        else:
            return Content(stream)
    raise Unreadable(f"is packed more than {_LAYERS_MAX} times: unpack it first")


def _counted(stream: io.BufferedReader, raw: io.BufferedReader, packed: Packed) -> io.BufferedReader:
    """What lies on disk is counted once, however many layers it has."""
    return io.BufferedReader(packed) if stream is raw else stream


def _zip_content(stream: io.BufferedReader) -> Content:
    seekable = stream if stream.seekable() else _copy(stream)
    try:
        archive = ZipFile(seekable)
    except BadZipFile as error:
        raise Unreadable(f"is a damaged zip file or workbook: {error}") from error
    names = [item.filename for item in archive.infolist() if not item.is_dir()]
    if "[Content_Types].xml" in names:
        if "xl/workbook.xml" not in names:
            raise Unreadable("is a document of an office program, but no .xlsx workbook: save its table as .xlsx or CSV")
        seekable.seek(0)
        return Content(seekable, is_workbook=True)
    if "mimetype" in names and "content.xml" in names:
        raise Unreadable("is an OpenDocument file (.ods): save its table as .xlsx or CSV")
    files = [name for name in names if not name.startswith("__MACOSX/") and not name.endswith(".DS_Store")]
    if len(files) != 1:
        shown = ", ".join(files[:5]) + (", …" if len(files) > 5 else "")
        raise Unreadable(f"is a zip of {len(files)} files ({shown}): unpack it and import them one after the other")
    if archive.getinfo(files[0]).compress_type == ZIP_LZMA:
        raise Unreadable("is a zip packed by LZMA, whose memory is unbounded: unpack it first")
    try:
        return Content(io.BufferedReader(cast(io.RawIOBase, archive.open(files[0]))))
    except (RuntimeError, NotImplementedError) as error:  # zipfile says so of passwords and of methods that it does not know
        raise Unreadable(f"is a zip that cannot be unpacked here: {error}") from error


def _copy(stream: io.BufferedReader) -> io.BufferedReader:
    """A zip's list of files stands at its end, so that it cannot be read from a pipe."""
    copy = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the content that is read from it, and has no name
    shutil.copyfileobj(stream, copy)
    copy.seek(0)
    return cast(io.BufferedReader, copy)  # one that writes too
