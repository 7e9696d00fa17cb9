"""Time zones, from the ``tzdata`` package's own files: the version of the database is known, and the same on every machine."""
from __future__ import annotations

from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import cache, lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]  # it is data and a version

from opsledger.core.errors import FieldViolation, InvalidInput

TZ_VERSION: str = tzdata.IANA_VERSION
"""Of the time-zone database: ``2026a``."""
_EPOCH = datetime(1970, 1, 1)
_SECOND = timedelta(seconds=1)
_US = timedelta(microseconds=1)


@cache
def zone_names() -> frozenset[str]:
    return frozenset((files("tzdata") / "zones").read_text("utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name, ``Europe/Berlin``. Raises InvalidInput (field ``time_zone``) for any other name."""
    if name not in zone_names():
        near = get_close_matches(name, zone_names(), 1)
        hint = f"; did you mean {near[0]}?" if near else ", for example Europe/Berlin"
        raise InvalidInput(FieldViolation("time_zone", "UNKNOWN", f"{name!r} is not an IANA time zone{hint}"))
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def to_us(utc: datetime) -> int:
    """Microseconds since 1970 of a naive UTC time."""
    span = utc - _EPOCH
    return (span.days * 86_400 + span.seconds) * 1_000_000 + span.microseconds


def local_time(at_us: int, where: ZoneInfo) -> datetime:
    """The aware local time of an instant."""
    return where.fromutc((_EPOCH + at_us * _US).replace(tzinfo=where))


def instant_us(local: datetime, where: ZoneInfo) -> int:
    """The instant of a naive local time.

    A time that the clocks show twice is its first occurrence; one that they skip is the instant at which they skip it.
    Hence a later local time is never an earlier instant, and days that touch on the clock touch in time.
    """
    before = local.replace(tzinfo=where, fold=0).utcoffset() or timedelta()
    after = local.replace(tzinfo=where, fold=1).utcoffset() or timedelta()
    if after <= before:
        return to_us(local - before)
    return to_us(_transition(local - after, local - before, where))


def _transition(low: datetime, high: datetime, where: ZoneInfo) -> datetime:
    """The first UTC second after ``low``, at most ``high``, at which another offset than that of ``low`` holds."""
    def offset(utc: datetime) -> timedelta | None:
        return where.fromutc(utc.replace(tzinfo=where)).utcoffset()

    old, low = offset(low), low.replace(microsecond=0)
    seconds_below, seconds_above = 0, -((low - high) // _SECOND)
    while seconds_above - seconds_below > 1:
        middle = (seconds_below + seconds_above) // 2
        if offset(low + middle * _SECOND) == old:
            seconds_below = middle
        else:
            seconds_above = middle
    return low + seconds_above * _SECOND


@lru_cache(maxsize=64)
def offsets(where: ZoneInfo, from_us: int, until_us: int) -> tuple[tuple[int, int, int], ...]:
    """Stretches of one offset from UTC: (from, until, seconds east of UTC), which follow each other from ``from_us`` to ``until_us``."""
    found: list[tuple[int, int, int]] = []
    start_us, offset = from_us, _offset(from_us, where)
    low_us = from_us
    while low_us < until_us:
        high_us = min(low_us + _LOOK_US, until_us)
        if _offset(high_us, where) == offset:
            low_us = high_us
            continue
        turn_us = to_us(_transition(_EPOCH + low_us * _US, _EPOCH + high_us * _US, where))
        found.append((start_us, turn_us, offset))
        start_us = low_us = turn_us
        offset = _offset(turn_us, where)
    return (*found, (start_us, until_us, offset))


_LOOK_US = 7 * 86_400_000_000
"""Less than any zone has kept an offset between two changes since 1970."""


def _offset(at_us: int, where: ZoneInfo) -> int:
    return round((local_time(at_us, where).utcoffset() or timedelta()).total_seconds())
