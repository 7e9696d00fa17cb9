"""A pattern of strptime, read with words and digits of many languages, and never with the machine's locale or time zone."""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta, timezone
from typing import NamedTuple

from persiantools.jdatetime import JalaliDate

from opsledger.services.importers.date_names import AMBIGUOUS, day_halves, months, weekdays
from opsledger.services.importers.scripts import plain_words

# As Python's strptime reads them; %H takes the 24 of a day's end, and %f the digits below the microsecond, which are cut off.
_DIRECTIVES = {
    "d": r"3[01]|[12]\d|0[1-9]|\s?[1-9]", "f": r"\d{1,9}", "H": r"2[0-4]|[01]\d|\d", "I": r"1[0-2]|0[1-9]|[1-9]", "G": r"\d{4}",
    "j": r"36[0-6]|3[0-5]\d|[12]\d\d|0[1-9]\d|00[1-9]|[1-9]\d|0[1-9]|[1-9]", "m": r"1[0-2]|0[1-9]|[1-9]", "M": r"[0-5]\d|\d",
    "S": r"6[01]|[0-5]\d|\d", "U": r"5[0-3]|[0-4]\d|\d", "W": r"5[0-3]|[0-4]\d|\d", "w": r"[0-6]", "u": r"[1-7]",
    "V": r"5[0-3]|0[1-9]|[1-4]\d|\d", "y": r"\d\d", "Y": r"\d{4}", "z": r"[+-]\d\d:?[0-5]\d(?::?[0-5]\d(?:\.\d{1,6})?)?|z", "Z": r"[a-z]+",
}
_ABBREVIATIONS = {"c": "%a %b %d %H:%M:%S %Y", "x": "%m/%d/%y", "X": "%H:%M:%S"}
"""In the C locale, whatever that of the machine is."""
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_WORDS = frozenset("bBaAp")
_UTC_WORD = re.compile(r"(?<![a-z])(?:utc|gmt|z)(?![a-z])")
"""In a pattern itself, as in ``%H:%MZ``, it names the zone no less than in a text."""
_DAY = timedelta(days=1)
_FIRST_YEARS = {"gregorian": 1969, "persian": 1348}
"""Of the hundred years that two digits mean. Gregorian as POSIX says; Persian so that they begin with 1970 too."""


class ClockTime(NamedTuple):
    """What a text says: a time with its offset, or a local one, perhaps with the name of a zone."""

    moment: datetime
    zone_name: str = ""
    """In small letters."""


def persian_date(year: int, month: int, day: int) -> date:
    """The day of the Persian (Jalali) calendar of Iran. Raises ValueError where there is none."""
    return JalaliDate(year, month, day).to_gregorian()  # type: ignore[no-untyped-call]  # persiantools is typed in part


class TimePattern:
    def __init__(self, pattern: str, calendar: str = "gregorian") -> None:
        """Raises ValueError for a pattern that strptime does not have, or that leaves open what a text means."""
        self._calendar = calendar
        for directive, meaning in _ABBREVIATIONS.items():
            pattern = pattern.replace(f"%{directive}", meaning)
        pieces = _DIRECTIVE.split(pattern)
        given = [piece for piece in pieces[1::2] if piece != "%"]
        if twice := sorted({f"%{piece}" for piece in given if given.count(piece) > 1}):
            raise ValueError(f"has {', '.join(twice)} twice")
        self._words: dict[str, Mapping[str, int]] = {piece: _words_of(piece, calendar) for piece in given if piece in _WORDS}
        expression = [_literal(piece) if place % 2 == 0 else self._expression(piece) for place, piece in enumerate(pieces)]
        if missing := next((text for text, is_so in _INCOMPLETE.items() if is_so({*given}, calendar)), None):
            raise ValueError(missing)
        utc = _UTC_WORD.search("%".join(map(plain_words, pieces[::2])))
        self._zone_name = utc.group() if utc and "z" not in given else ""
        self._match = re.compile("".join(expression), re.ASCII).fullmatch

    def read(self, text: str) -> ClockTime:
        """Raises ValueError when the text is not of this pattern, or no date of the calendar."""
        found = self._match(plain_words(text))
        if found is None:
            raise ValueError("is not of the pattern")
        given = {name: value for name, value in found.groupdict().items() if value is not None}
        number = {name: int(value) for name, value in given.items() if value.strip().isdigit() and name != "f"}
        number |= {name: _meaning(self._words[name], given[name]) for name in given if name in self._words}
        day, hour = self._day(number), _hour(number)
        clock = time(hour % 24, number.get("M", 0), number.get("S", 0), int(given.get("f", "0")[:6].ljust(6, "0")))
        if hour == 24:
            if clock != time():
                raise ValueError("24:00 is the end of a day; nothing comes after it")
            day += _DAY
        return ClockTime(datetime.combine(day, clock, _offset(given.get("z"))), given.get("Z", self._zone_name))

    def _expression(self, directive: str) -> str:
        if directive == "%":
            return "%"
        if directive in self._words:
            return f"(?P<{directive}>{'|'.join(self._words[directive])})"
        if directive not in _DIRECTIVES:
            raise ValueError(f"%{directive} is not a directive of strptime")
        return f"(?P<{directive}>{_DIRECTIVES[directive]})"

    def _day(self, number: Mapping[str, int]) -> date:
        year = self._year(number)
        weekday = next((find(number) for name, find in _WEEKDAYS.items() if name in number), None)
        if weekday == AMBIGUOUS and not number.keys().isdisjoint("VUW"):
            raise ValueError("the name of the weekday is that of two days, in two languages")
        if "V" in number and weekday is not None:
            return date.fromisocalendar(number["G"], number["V"], weekday + 1)
        month, day = number.get("B", number.get("b", number.get("m", 1))), number.get("d", 1)
        if self._calendar == "persian":
            return persian_date(year, month, day)
        if "j" in number:
            return date(year, 1, 1) + (number["j"] - 1) * _DAY
        for directive, first in (("U", 6), ("W", 0)):
            if directive in number and weekday is not None:
                start = date(year, 1, 1)
                return start + ((first - start.weekday()) % 7 + 7 * (number[directive] - 1) + (weekday - first) % 7) * _DAY
        return date(year, month, day)

    def _year(self, number: Mapping[str, int]) -> int:
        if "y" in number:
            first = _FIRST_YEARS[self._calendar]
            return first + (number["y"] - first) % 100
        return number.get("Y", number.get("G", 0))


_WEEKDAYS: Mapping[str, Callable[[Mapping[str, int]], int]] = {
    "u": lambda number: number["u"] - 1, "w": lambda number: (number["w"] - 1) % 7, "a": lambda number: number["a"],
    "A": lambda number: number["A"],
}


_Given = set[str]
_INCOMPLETE: Mapping[str, Callable[[_Given, str], bool]] = {
    "has no year (%Y)": lambda given, calendar: given.isdisjoint("YyG"),
    "has weeks or days of the year: the Persian calendar is read by year, month and day":
        lambda given, calendar: calendar == "persian" and not given.isdisjoint("GVUWj"),
    "has %I without %p, or %p without %I: 9:00 can be in the evening": lambda given, calendar: ("I" in given) != ("p" in given),
    "has only part of %G, %V and a weekday (%u)":
        lambda given, calendar: not given.isdisjoint("GV") and (not given >= {"G", "V"} or given.isdisjoint("uwaA")),
    "has the number of a week without %Y or a weekday (%u)":
        lambda given, calendar: not given.isdisjoint("UW") and (given.isdisjoint("Yy") or given.isdisjoint("uwaA")),
}
"""What is wrong with a pattern; strptime would read 1 January, or a morning, without a word."""


def _words_of(directive: str, calendar: str) -> Mapping[str, int]:
    if directive in "bB":
        return months(calendar)
    return weekdays() if directive in "aA" else day_halves()


def _literal(text: str) -> str:
    return re.sub(r"(?:\\\s|\s)+", r"\\s+", re.escape(plain_words(text)))


def _meaning(words: Mapping[str, int], text: str) -> int:
    return next(number for pattern, number in words.items() if re.fullmatch(pattern, text))


def _hour(number: Mapping[str, int]) -> int:
    if "H" in number or "I" not in number:
        return number.get("H", 0)
    return number["I"] % 12 + 12 * number.get("p", 0)


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    return datetime.fromisoformat(f"1970-01-01T00:00{text.upper()}").tzinfo  # type: ignore[return-value]  # a fixed offset
