"""Names of a table's columns, and what a header says that is none."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from unicodedata import normalize

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.services.importers.encodings import nul_bytes

_DELIMITERS = {",": '","', ";": '";"', "\t": "tab", "|": '"|"'}


def column_names(header: Sequence[str], place: str) -> tuple[str, ...]:
    """A name that occurs twice gets a number: ``Time``, ``Time (2)``.

    Raises InvalidInput for no name at all, and for names that then collide.
    """
    if not header:
        raise InvalidInput(FieldViolation(place, "REQUIRED", "must name the columns"))
    seen = Counter[str]()
    unique: list[str] = []
    for name in map(str.strip, header):
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    collisions = [name for name, count in Counter(map(same, unique)).items() if count > 1]
    if collisions:
        raise InvalidInput(FieldViolation(
            place, "DUPLICATE", f"has two columns that would both be called {', '.join(map(repr, collisions))}: rename one of them"
        ))
    return tuple(unique)


def repeated_names(columns: Sequence[str]) -> list[str]:
    """What to say of names that occur more than once."""
    known = {*columns}
    found = []
    for name in columns:
        others = [other for number in range(2, len(columns) + 1) if (other := f"{name} ({number})") in known]
        if name and others:
            called = ", then ".join(f"{{{one}}}" for one in (name, *others))
            found.append(f"the header has {1 + len(others)} columns {name!r}; in a mapping they are {called}")
    return found


def same(name: str) -> str:
    """Equal for names that look the same, however their letters are composed."""
    return normalize("NFC", name)


def require_columns(file: str, columns: Sequence[str], needed: Sequence[str], delimiter: str = "") -> None:
    """Raises InvalidInput when the table has not all of the needed columns."""
    if missing := [name for name in needed if name not in columns]:
        raise InvalidInput(FieldViolation(
            f"{file}: header", "UNKNOWN_COLUMN",
            f"has no column {', '.join(missing)}; its columns are: {', '.join(columns)}{other_delimiter(columns, delimiter)}",
        ))


def other_delimiter(columns: Sequence[str], delimiter: str) -> str:
    """What to add to "there is no such column" where the header seems to be separated by something else; empty where it does not."""
    header = "".join(columns)
    if not delimiter:
        return ""
    best = max(_DELIMITERS, key=lambda mark: header.count(mark) if mark != delimiter else -1)
    if header.count(best) < len(columns):
        return ""
    return f". The header seems to be separated by {_DELIMITERS[best]}: say format: {{delimiter: {_DELIMITERS[best]}}}"


def not_a_table(header: str) -> str:
    """What a first line is that is no header of a table; empty when it may be one."""
    start = header.lstrip()
    if "\0" in header:
        return nul_bytes(header)
    if start.startswith(("{", "[{", "[")) and (start in "[{" or start.lstrip("[{ ").startswith('"')):
        return (
            "is JSON, no table: `opsledger import events` reads one TicketEvent on each line; make a table of other JSON first "
            "(jq -r '.[] | [.id, .created] | @csv')"
        )
    if start.lower().startswith("sep="):
        return "begins with Excel's line sep=…, which is no header: say format: {skip_lines: 1}, and the delimiter if it is not a comma"
    if start[:1] == "<":
        return "is HTML or XML, no table (some programs call such files .xls): save it as .xlsx or CSV"
    return ""
