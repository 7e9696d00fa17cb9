"""Spans of business time as people write them: ``45s``, ``1h30m``, ``3d``. A day is 24 hours of open time, whatever the opening hours."""
from __future__ import annotations

import re

_UNITS_US = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000}
_SPAN = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,7})h)?(?:(\d{1,9})m)?(?:(\d{1,11})s)?", re.ASCII)
DURATION_TEXT = "a duration such as 45s, 30m, 1h30m or 3d (a day is 24 hours of open time)"
SPAN_US_MAX = 10 * 366 * 86_400_000_000


def parse_duration_us(text: str) -> int:
    """Microseconds of ``1h30m``: whole numbers with d, h, m, s, in this order. Raises ValueError for anything else."""
    match = _SPAN.fullmatch(text.strip())
    if not text.strip() or match is None:
        raise ValueError(f"{text!r} is not {DURATION_TEXT}")
    span_us = sum(int(number) * unit_us for number, unit_us in zip(match.groups(), _UNITS_US.values(), strict=True) if number)
    if span_us > SPAN_US_MAX:
        raise ValueError(f"{text!r} is more than ten years")
    return span_us


def format_duration(span_us: int) -> str:
    """``-1h30m``, ``0s``, ``2.5s``: hours are the largest unit, since a day means different things to different readers."""
    sign, span_us = ("-" if span_us < 0 else ""), abs(span_us)
    hours, rest_us = divmod(span_us, _UNITS_US["h"])
    minutes, rest_us = divmod(rest_us, _UNITS_US["m"])
    seconds = f"{rest_us / 1_000_000:.6f}".rstrip("0").rstrip(".")
    parts = (f"{hours}h" if hours else "", f"{minutes}m" if minutes else "", f"{seconds}s" if seconds != "0" else "")
    return sign + ("".join(parts) or "0s")
