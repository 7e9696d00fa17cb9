"""How a source writes instants: text in one of several formats, with an offset or in a time zone."""
from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.sla.zones import zone as zone_of
from opsledger.services.importers.scripts import plain_digits
from opsledger.services.importers.time_pattern import ClockTime, TimePattern, persian_date

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_DAY = timedelta(days=1)
_EPOCH_COUNT_MAX = 10**17
_EPOCH_UNITS_US = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}
_END_OF_DAY = re.compile(r"(.{8,10}[T ])24(?=:?00(?::?00(?:[.,]0+)?)?(?:[+-]|Z|$))", re.IGNORECASE)
_ISO_DATE = re.compile(r"(\d{4})(-?)(\d\d)\2(\d\d)(?!\d)")
_PERSIAN_YEARS = range(1300, 1500)
_GREGORIAN_AS_PERSIAN_YEARS = range(1970 + 621, 2200 + 622)
"""What Gregorian years become when they are read as Persian ones."""
_WORKBOOK_YEAR_MIN = 1900
_UTC_NAMES = frozenset(("utc", "gmt", "ut", "z"))


class Instants(NamedTuple):
    """What a time can mean, in microseconds since 1970 UTC: twice the same, or the two instants at which the clock shows it."""

    first: int
    second: int

    def from_(self, not_before_us: int | None) -> int:
        """The first that is not before that instant, else the last."""
        return self.second if not_before_us is not None and self.first < not_before_us else self.first

    def after(self, duration_us: int) -> Instants:
        return Instants(self.first + duration_us, self.second + duration_us)


class ZoneSpan(NamedTuple):
    """The zone of local times before ``until``; None: of all that are left."""

    zone: str
    until: datetime | None = None


class NoInstant(ValueError):
    """A time of the right form that cannot be what it seems: the message says why, and other formats are not tried."""


class TimeReader:
    """Reads instants by the first format that fits: ``iso`` (ISO 8601), ``epoch_s``, ``epoch_ms``, ``epoch_us`` or a pattern of strptime.

    A time without offset is local to its zone. One that the clock shows twice is the first of the two, or the second when the
    first lies before ``not_before_us``; one that the clock skips is read with the offset before the gap, as Python does.
    Nothing depends on the machine's zone or language.
    """

    def __init__(
        self, formats: Sequence[str] = ("iso",), zone: str | Sequence[ZoneSpan] = "UTC", *, calendar: str = "gregorian",
        typed: bool = False, field: str = "time.zone",
    ) -> None:
        """``calendar`` is ``gregorian`` or ``persian``. ``typed``: dates of a workbook come as Gregorian ISO 8601, before all formats.

        Raises InvalidInput for an unknown time zone or a wrong pattern.
        """
        spans = (ZoneSpan(zone),) if isinstance(zone, str) else zone
        places = [field] if len(spans) == 1 else [f"{field}[{number}].zone" for number in range(len(spans))]
        self._zones = [(_zone(span.zone, place), span.until) for span, place in zip(spans, places, strict=True)]
        self._formats = tuple(formats)
        self._readers = [*[_typed] * typed, *(_reader(form, calendar, field.rpartition(".")[0]) for form in formats)]
        self._instants = lru_cache(maxsize=100_000)(self._read)

    def instants(self, text: str) -> Instants:
        """Raises ValueError, saying which formats were tried."""
        return self._instants(text)

    def instant_us(self, text: str, *, not_before_us: int | None = None) -> int:
        """Microseconds since 1970 UTC. Raises ValueError, saying which formats were tried."""
        return self._instants(text).from_(not_before_us)

    def _read(self, text: str) -> Instants:
        for read in self._readers:
            try:
                return self._both(read(plain_digits(text)))
            except NoInstant as error:
                raise ValueError(f"{text!r}: {error}") from None
            except (ValueError, InvalidOperation, OverflowError):
                continue
        raise ValueError(f"{text!r} is not a time in {' or '.join(map(repr, self._formats))}")

    def _both(self, clock: ClockTime) -> Instants:
        if clock.moment.year in _PERSIAN_YEARS:
            raise NoInstant("is of the Persian calendar: say time: {calendar: persian}")
        if clock.moment.year in _GREGORIAN_AS_PERSIAN_YEARS:
            raise NoInstant("is of the Gregorian calendar, not the Persian one that time.calendar says")
        if clock.moment.tzinfo is not None or clock.zone_name in _UTC_NAMES:
            at_us = (clock.moment.replace(tzinfo=clock.moment.tzinfo or UTC) - _EPOCH) // _US
            return Instants(at_us, at_us)
        zone = next(zone for zone, until in self._zones if until is None or clock.moment < until)
        readings = [clock.moment.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
        if clock.zone_name:
            readings = [moment for moment in readings if (moment.tzname() or "").casefold() == clock.zone_name]
            if not readings:
                raise NoInstant(
                    f"{clock.zone_name.upper()!r} is neither UTC nor what {zone.key} calls its time then, so its offset cannot be known: "
                    "take it out (match) and name the zone in time.zone, or let the source write offsets (%z)"
                )
        first, *_, second = [(moment - _EPOCH) // _US for moment in (readings[0], *readings)]
        return Instants(first, max(first, second))


def _zone(name: str, field: str) -> ZoneInfo:
    try:
        return zone_of(name)
    except InvalidInput as error:
        raise InvalidInput(*(violation._replace(field=field) for violation in error.violations)) from None


def _reader(form: str, calendar: str, path: str) -> Callable[[str], ClockTime]:
    """Of one format; what it returns raises ValueError for a text that is not of it."""
    if unit_us := _EPOCH_UNITS_US.get(form):
        return lambda text: _since_epoch(text, unit_us)
    if form == "iso":
        return lambda text: ClockTime(_iso(text, calendar))
    try:
        return TimePattern(form, calendar).read
    except ValueError as error:
        raise InvalidInput(FieldViolation(f"{path}.formats" if path else "formats", "INVALID", f"{form!r} {error}")) from None


def _since_epoch(text: str, unit_us: int) -> ClockTime:
    count = Decimal(text)
    if not count.copy_abs() < _EPOCH_COUNT_MAX:
        raise ValueError("is no count of a time")
    return ClockTime(_EPOCH + int(count * unit_us) * _US)


def _typed(text: str) -> ClockTime:
    """A date of a workbook; no older one is there, while a text of 1404 is of the Persian calendar."""
    moment = datetime.fromisoformat(text)
    if moment.year < _WORKBOOK_YEAR_MIN:
        raise ValueError("is no date of a workbook")
    return ClockTime(moment)


def _iso(text: str, calendar: str) -> datetime:
    if calendar == "persian":
        found = _ISO_DATE.match(text)
        if found is None:
            raise ValueError("is not ISO 8601")
        year, _, month, day = found.groups()
        text = persian_date(int(year), int(month), int(day)).isoformat() + text[found.end():]
    midnight = _END_OF_DAY.sub(r"\g<1>00", text)
    moment = datetime.fromisoformat(midnight)
    return moment if midnight == text else moment + _DAY
