"""Words of dates: months, weekdays, halves of the day, as CLDR lists them (Babel); months of the Persian calendar (persiantools)."""
from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from babel import Locale
from persiantools import jdatetime

from opsledger.services.importers.scripts import plain_words

LOCALES = ("en", "de", "de_AT", "fr", "fr_CA", "es", "es_UY", "pt", "pt_PT", "fa", "fa_AF", "zh")
_ALSO = {"Mrz": 3, "آگوست": 8}
"""As Windows and Excel abbreviate it in German, and as August is often called in Iran; CLDR has neither."""
_ALSO_PERSIAN = {"امرداد": 5}
_JOINER = "\u200c"
"""Written, left out or written as a blank."""
AMBIGUOUS = -1
"""Of a word that means two things: ``di`` is a Tuesday in German and a Sunday in French."""


@cache
def months(calendar: str) -> Mapping[str, int]:
    """Every word for a month of the calendar, ``gregorian`` or ``persian``, as a regular expression, with its number."""
    if calendar == "persian":
        lists = (jdatetime.MONTH_NAMES_FA, jdatetime.MONTH_NAMES_EN, jdatetime.MONTH_NAMES_ABBR_FA, jdatetime.MONTH_NAMES_ABBR_EN)
        listed = [(name, number) for names in lists for number, name in enumerate(names) if name]
        return _patterns([*listed, *_ALSO_PERSIAN.items()])
    return _patterns([*_from_cldr("months"), *_ALSO.items()])


@cache
def weekdays() -> Mapping[str, int]:
    """0 is Monday, AMBIGUOUS a word of two languages for two days."""
    return _patterns(_from_cldr("days"))


@cache
def day_halves() -> Mapping[str, int]:
    """0 before noon, 1 after it."""
    return _patterns(
        (word, half) for words in _widths("day_periods") for half, key in enumerate(("am", "pm")) if (word := words.get(key))
    )


def _from_cldr(field: str) -> Iterator[tuple[str, int]]:
    for words in _widths(field):
        yield from ((word, number) for number, word in words.items())


def _widths(field: str) -> Iterator[dict[Any, str]]:
    for name in LOCALES:
        for context in getattr(Locale.parse(name), field).values():
            yield from (dict(words) for width, words in context.items() if width != "narrow")  # one letter: J is January, June and July


def _patterns(words: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    """Longest first, so that no word is taken for the beginning of another."""
    found: dict[str, int] = {}
    for word, number in words:
        if found.setdefault(_pattern(word), number) != number:
            found[_pattern(word)] = AMBIGUOUS
    return dict(sorted(found.items(), key=lambda item: (-len(item[0]), item[0])))


def _pattern(word: str) -> str:
    pieces = (re.escape(plain_words(piece)).replace(r"\.", r"\.?").replace(r"\ ", r"\s?") for piece in word.split(_JOINER))
    return r"\s?".join(pieces)
