"""Numbers and durations as sources write them, with the digits of any script."""
from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

from opsledger.services.importers.scripts import plain_digits

NUMBER_MAX = 10**15
"""Scores, counts and durations are far below it; 1e999999999 would take all memory as an integer."""
UNITS_US = {"us": 1, "ms": 1_000, "s": 1_000_000, "min": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}

_SWAP_COMMA_AND_POINT = str.maketrans(",.", ".,")
_MARKS = str.maketrans({"٫": ".", "٬": ",", "−": "-", "’": "'", "．": ".", "，": ",", "：": ":"})
"""Arabic marks of fractions and thousands, the minus sign, full-width marks."""
_NUMBER = re.compile(r"[-+]?(\d+|\d{1,3}(?P<group>[ ,'])\d{3}((?P=group)\d{3})*)?(\.\d*)?([eE][-+]?\d+)?", re.ASCII)
_NUMERIC = re.compile(r"[-+\d., 'eE]+", re.ASCII)
"""What may be a number, or say why it is none."""
_CLOCK = re.compile(
    r"(?P<sign>[-+]?)(?:(?:(?P<d>\d+)(?:\s*d(?:ays?)?,?\s+|[.:\s]))?(?P<h>\d+):)?(?P<min>\d+):(?P<s>\d+(?:[.,]\d+)?)",
    re.ASCII | re.IGNORECASE,
)
_PART = r"(?:(?P<{}>\d+(?:[.,]\d+)?){})?"
_ISO = re.compile(
    rf"P(?=.*\d){_PART.format('w', 'W')}{_PART.format('d', 'D')}"
    rf"(?:T(?=\d){_PART.format('h', 'H')}{_PART.format('min', 'M')}{_PART.format('s', 'S')})?", re.ASCII | re.IGNORECASE
)
_BELOW = {"h": 24, "min": 60, "s": 60}
"""Where a greater unit stands before them."""


def number(text: str, *, decimal: str = ".") -> Decimal:
    """``decimal`` is the mark before a fraction; the other of point and comma, a blank or an apostrophe stands between thousands.

    Raises ValueError.
    """
    plain = plain_digits(text)
    if decimal == ",":
        plain = plain.translate(_SWAP_COMMA_AND_POINT)
    plain = plain.translate(_MARKS).strip()
    if "," in plain and not _NUMBER.fullmatch(plain):
        raise ValueError(f"{text!r} is not a number (format.decimal says which mark begins the fraction)")
    try:
        found = Decimal(re.sub(r"[ ,']", "", plain)) if _NUMBER.fullmatch(plain) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found.copy_abs() > NUMBER_MAX:
        raise ValueError(f"{text!r} is not a number (or not one that anything here can be)")
    return found


def whole_number(text: str, *, decimal: str = ".") -> int:
    """Raises ValueError."""
    found = number(text, decimal=decimal)
    if found != int(found):
        raise ValueError(f"{text!r} is not a whole number")
    return int(found)


def duration_us(text: str, unit: str = "s", *, decimal: str = ".") -> int:
    """Microseconds of a plain number in ``unit``, of a clock (m:ss, h:mm:ss, d:hh:mm:ss, d.hh:mm:ss, 1 day, h:mm:ss), of ISO 8601 (PT1H2M).

    A clock of two parts is h:mm where the unit is ``h``. Raises ValueError.
    """
    plain = plain_digits(text).translate(_MARKS).strip()
    clock, iso = _CLOCK.fullmatch(plain), _ISO.fullmatch(plain)
    if iso is not None:
        given = {name: _amount(value) for name, value in iso.groupdict().items() if value}
        return int(given.pop("w", Decimal(0)) * 7 * UNITS_US["d"] + sum(value * UNITS_US[name] for name, value in given.items()))
    if clock is None:
        if not _NUMERIC.fullmatch(plain):
            raise ValueError(_not_a_duration(text))
        return int(number(text, decimal=decimal) * UNITS_US[unit])
    parts = {name: _amount(value) for name, value in clock.groupdict().items() if value and name != "sign"}
    if unit == "h" and len(parts) == 2:
        parts = {"h": parts["min"], "min": parts["s"]}
    if (unit == "d" and len(parts) == 2) or any(parts[name] >= _BELOW[name] for name in [*parts][1:]):
        raise ValueError(_not_a_duration(text))
    length = sum(value * UNITS_US[name] for name, value in parts.items())
    return int(-length if clock["sign"] == "-" else length)


def _amount(text: str) -> Decimal:
    found = Decimal(text.replace(",", "."))
    if found > NUMBER_MAX:
        raise ValueError(f"{text!r} is more than a duration can be")
    return found


def _not_a_duration(text: str) -> str:
    return (
        f"{text!r} is not a duration: a number (in `unit`), m:ss, h:mm:ss, d:hh:mm:ss or d.hh:mm:ss, with hours below 24 where there are "
        "days, and minutes and seconds below 60; or PT1H2M3S"
    )
