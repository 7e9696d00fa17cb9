"""How much a document may hold that people write (rules, forms, calendars), and how JSON is read that anybody may have sent."""
from __future__ import annotations

import json
from collections.abc import Iterator

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.reading import NUMBER_CHARACTERS_MAX, join, shown

CHARACTERS_MAX = 1_000_000
VALUES_MAX = 100_000
"""Texts, numbers, lists and mappings; what an alias of YAML stands for counts each time."""
DEPTH_MAX = 50

TOO_LONG = f"holds more than {CHARACTERS_MAX:,} characters, aliases counted as what they stand for"
TOO_MANY = f"holds more than {VALUES_MAX:,} values, aliases counted as what they stand for"
TOO_DEEP = f"is nested deeper than {DEPTH_MAX} levels"
NOT_UNICODE = "holds half a surrogate pair, which is no character"


def parse_json(text: str | bytes) -> object:
    """Any JSON value. Whole numbers of more digits than a number may have stay text, so that whoever reads them names their field.

    Raises ValueError, saying why, for what is no JSON, or is nested deeper than Python reads.
    """
    try:
        return json.loads(text, parse_int=_whole)
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= NUMBER_CHARACTERS_MAX else digits


def check_document(text: str, field: str, error: type[InvalidInput]) -> None:
    """Raises ``error`` for the JSON text of a document that is no JSON or beyond the bounds, naming the place in it."""
    if len(text) > CHARACTERS_MAX:
        raise error(FieldViolation(field, "TOO_LONG", TOO_LONG))
    try:
        document = parse_json(text)
    except ValueError as wrong:
        raise error(FieldViolation(field, "NOT_JSON", f"is not JSON: {wrong}")) from None
    if violation := next(_beyond(document), None):
        raise error(violation._replace(field=join(field, violation.field) if violation.field else field))


def _beyond(document: object) -> Iterator[FieldViolation]:
    waiting: list[tuple[object, str, int]] = [(document, "", 1)]
    for _ in range(VALUES_MAX):
        if not waiting:
            return
        value, path, depth = waiting.pop()
        if isinstance(value, dict):
            for key, entry in value.items():
                if not is_unicode(key):
                    yield FieldViolation(path, "NOT_UNICODE", f"has the key {shown(key)}, which {NOT_UNICODE}")
                waiting.append((entry, join(path, str(key)), depth + 1))
        elif isinstance(value, list):
            waiting += [(entry, f"{path}[{index}]", depth + 1) for index, entry in enumerate(value)]
        elif isinstance(value, str) and not is_unicode(value):
            yield FieldViolation(path, "NOT_UNICODE", NOT_UNICODE)
        if depth > DEPTH_MAX:
            yield FieldViolation(path, "TOO_DEEP", TOO_DEEP)
    if waiting:
        yield FieldViolation("", "TOO_MANY", TOO_MANY)


def is_unicode(text: str) -> bool:
    """JSON and YAML can write half a surrogate pair, which no file, message or database takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
