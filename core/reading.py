"""Reads a document written by people: every mistake is collected with the path of its field, none stops the reading."""
from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from fractions import Fraction

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.text import unkept

NUMBER_CHARACTERS_MAX = 40
_FRACTION = re.compile(r"[+-]?\d+\s*/\s*0*[1-9]\d*", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)


class Reading:
    """Every method gives a usable value, whatever it was given, and notes what was wrong; ``finish`` raises it all at once."""

    def __init__(self, error: type[InvalidInput]) -> None:
        """``error`` is what ``finish`` raises."""
        self._error = error
        self._violations: list[FieldViolation] = []

    def wrong(self, field: str, reason: str, description: str) -> None:
        self._violations.append(FieldViolation(field, reason, description))

    def add(self, *violations: FieldViolation) -> None:
        self._violations += violations

    def finish(self) -> None:
        """Raises the error when anything was wrong."""
        if self._violations:
            raise self._error(*dict.fromkeys(self._violations))

    def mapping(
        self, value: object, field: str, *, known: Collection[str] | None = None, required: Collection[str] = ()
    ) -> dict[str, object]:
        """A mapping with keys as text. ``known``: any other key is wrong."""
        if not isinstance(value, Mapping):
            self.wrong(field or "document", "NOT_A_MAPPING", f"must be a mapping of names to values, not {shown(value)}")
            return {}
        entries = {self.text(key, field or "document"): entry for key, entry in value.items()}
        for key in entries:
            if known is not None and key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                self.wrong(join(field, key), "UNKNOWN", f"there is no such key; {hint}")
        for key in required:
            if key not in entries:
                self.wrong(join(field, key), "REQUIRED", "must be set")
        return entries

    def items(self, value: object, field: str) -> list[tuple[str, object]]:
        """The entries of a list, each with its path."""
        if not isinstance(value, list | tuple):
            self.wrong(field, "NOT_A_LIST", f"must be a list, not {shown(value)}")
            return []
        return [(f"{field}[{index}]", entry) for index, entry in enumerate(value)]

    def text(self, value: object, field: str) -> str:
        """Text that can be kept; a whole number is taken as it is written."""
        if isinstance(value, str):
            if reason := unkept(value):
                self.wrong(field, "UNPRINTABLE", reason)
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self.wrong(field, "NOT_TEXT", f"must be text, not {shown(value)}; put it in quotes")
        return ""

    def name(self, value: object, field: str) -> str:
        """Text that is not empty."""
        text = self.text(value, field)
        if value == "":
            self.wrong(field, "REQUIRED", "must not be empty")
        return text

    def texts(self, value: object, field: str) -> frozenset[str]:
        """One text, or a list of them that is not empty."""
        if not isinstance(value, list | tuple):
            return frozenset({self.text(value, field)})
        if not value:
            self.wrong(field, "EMPTY", "must name at least one value")
        return frozenset(self.text(entry, path) for path, entry in self.items(value, field))

    def flag(self, value: object, field: str) -> bool:
        if isinstance(value, bool):
            return value
        self.wrong(field, "NOT_A_FLAG", f"must be true or false, not {shown(value)}")
        return False

    def number(self, value: object, field: str, *, least: int | None = None, most: int | None = None) -> Fraction:
        """A number, exactly as it is written: in decimals, or as a fraction such as ``2/3``; between ``least`` and ``most``, both
        included."""
        number = exact_or_fraction(value)
        if number is None:
            self.wrong(field, "NOT_A_NUMBER", f"must be a number, not {shown(value)}")
        elif (least is not None and number < least) or (most is not None and number > most):
            between = f"at least {least}" if most is None else f"between {least} and {most}"
            self.wrong(field, "OUT_OF_RANGE", f"must be {between}, not {value}")
        else:
            return number
        return Fraction(least or 0)

    def one_of(self, value: object, field: str, words: Collection[str]) -> str:
        if isinstance(value, str) and value in words:
            return value
        self.wrong(field, "UNKNOWN", f"must be one of {', '.join(words)}, not {shown(value)}")
        return next(iter(words))


def exact(value: object) -> Fraction | None:
    """The number that a value or text says, in decimals as it is written: 0.1 is one tenth. None when it is no number, or one
    of more than NUMBER_CHARACTERS_MAX characters."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    if len(text) > NUMBER_CHARACTERS_MAX or not _NUMBER.fullmatch(text):
        return None
    return Fraction(text)


def exact_or_fraction(value: object) -> Fraction | None:
    """As ``exact``, or a quotient of whole numbers: ``2/3`` is two thirds."""
    if isinstance(value, str) and len(value) <= NUMBER_CHARACTERS_MAX and _FRACTION.fullmatch(value.strip()):
        return Fraction("".join(value.split()))
    return exact(value)


def join(field: str, key: str) -> str:
    """Path of an entry of a mapping."""
    return f"{field}.{key}" if field else key


def shown(value: object) -> str:
    """A value as an error quotes it."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
