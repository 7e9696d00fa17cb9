"""Reads what is in rules documents alone: durations, time zones, calendars."""
from __future__ import annotations

from zoneinfo import ZoneInfo

from opsledger.core.errors import InvalidInput, InvalidRules
from opsledger.core.reading import Reading, join, shown
from opsledger.core.sla.calendar import ALWAYS, Calendar, parse_calendar
from opsledger.core.sla.durations import DURATION_TEXT, parse_duration_us
from opsledger.core.sla.zones import zone


class RulesReading(Reading):
    """``finish`` raises InvalidRules."""

    def __init__(self) -> None:
        super().__init__(InvalidRules)

    def duration_us(self, value: object, field: str, *, least_us: int = 0) -> int:
        if not isinstance(value, str):
            self.wrong(field, "NOT_A_DURATION", f"must be {DURATION_TEXT}, not {shown(value)}")
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
            self.add(*(violation._replace(field=field) for violation in error.violations))
            return zone("UTC")

    def calendars(self, value: object, field: str) -> dict[str, Calendar]:
        """Named calendars, and ``always`` (24/7)."""
        found = {"always": ALWAYS}
        for name, document in self.mapping(value, field).items():
            found[name] = ALWAYS
            entries = self.mapping(document, join(field, name))
            try:
                found[name] = parse_calendar(entries, field=join(field, name)) if entries else ALWAYS
            except InvalidInput as error:
                self.add(*error.violations)
        return found
