"""Reads a rules document written by people: every mistake is collected with the path of its field, none stops the reading."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from opsledger.core.errors import FieldViolation, InvalidInput, InvalidRules
from opsledger.core.sla.calendar import ALWAYS, Calendar, parse_calendar
from opsledger.core.sla.durations import DURATION_TEXT, parse_duration_us
from opsledger.core.sla.zones import zone


class Reading:
    """Every method gives a usable value, whatever it was given, and notes what was wrong; ``finish`` raises it all at once."""

    def __init__(self) -> None:
        self._violations: list[FieldViolation] = []

    def wrong(self, field: str, reason: str, description: str) -> None:
        self._violations.append(FieldViolation(field, reason, description))

    def finish(self) -> None:
        """Raises InvalidRules when anything was wrong."""
        if self._violations:
            raise InvalidRules(*dict.fromkeys(self._violations))

    def mapping(
        self, value: object, field: str, *, known: Collection[str] | None = None, required: Collection[str] = ()
    ) -> dict[str, object]:
        """A mapping with keys as text. ``known``: any other key is wrong."""
        if not isinstance(value, Mapping):
            self.wrong(field or "document", "NOT_A_MAPPING", f"must be a mapping of names to values, not {_shown(value)}")
            return {}
        entries = {self.text(key, field or "document"): entry for key, entry in value.items()}
        for key in entries:
            if known is not None and key not in known:
                near = get_close_matches(key, known, 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
                self.wrong(_join(field, key), "UNKNOWN", f"there is no such key; {hint}")
        for key in required:
            if key not in entries:
                self.wrong(_join(field, key), "REQUIRED", "must be set")
        return entries

    def items(self, value: object, field: str) -> list[tuple[str, object]]:
        """The entries of a list, each with its path."""
        if not isinstance(value, list | tuple):
            self.wrong(field, "NOT_A_LIST", f"must be a list, not {_shown(value)}")
            return []
        return [(f"{field}[{index}]", entry) for index, entry in enumerate(value)]

    def text(self, value: object, field: str) -> str:
        """Text; a whole number is taken as it is written."""
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self.wrong(field, "NOT_TEXT", f"must be text, not {_shown(value)}; put it in quotes")
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

    def one_of(self, value: object, field: str, words: Collection[str]) -> str:
        if isinstance(value, str) and value in words:
            return value
        self.wrong(field, "UNKNOWN", f"must be one of {', '.join(words)}, not {_shown(value)}")
        return next(iter(words))

    def duration_us(self, value: object, field: str, *, least_us: int = 0) -> int:
        if not isinstance(value, str):
            self.wrong(field, "NOT_A_DURATION", f"must be {DURATION_TEXT}, not {_shown(value)}")
            return least_us
        try:
            span_us = parse_duration_us(value)
        except ValueError as error:
            self.wrong(field, "NOT_A_DURATION", str(error))
            return least_us
        if span_us < least_us:
            self.wrong(field, "OUT_OF_RANGE", "must be longer than 0s")
        return span_us

    def time_zone(self, value: object, field: str) -> ZoneInfo:
        try:
            return zone(self.text(value, field) or "UTC")
        except InvalidInput as error:
            self._violations += [violation._replace(field=field) for violation in error.violations]
            return zone("UTC")

    def calendars(self, value: object, field: str) -> dict[str, Calendar]:
        """Named calendars, and ``always`` (24/7)."""
        found = {"always": ALWAYS}
        for name, document in self.mapping(value, field).items():
            found[name] = ALWAYS
            entries = self.mapping(document, _join(field, name))
            try:
                found[name] = parse_calendar(entries, field=_join(field, name)) if entries else ALWAYS
            except InvalidInput as error:
                self._violations += error.violations
        return found


def _join(field: str, key: str) -> str:
    return f"{field}.{key}" if field else key


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
