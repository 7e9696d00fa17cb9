"""Digits, blanks and letters of every script, made plain for the readers of times and numbers. Names are never changed by it."""
from __future__ import annotations

import unicodedata

from opsledger.core.names import LETTERS_ALIKE

_PASSED_OVER = ("Mn", "Cf")
"""Marks above and below letters; joiners, and marks of the direction of writing."""


def plain_digits(text: str) -> str:
    """The same text with ASCII digits, ordinary blanks, and nothing that cannot be seen: ``۱۴۰۴`` is ``1404``."""
    if text.isascii():
        return text
    return "".join(map(_plain, text))


def plain_words(text: str) -> str:
    """For comparing: digits as in plain_digits, small letters without marks, full-width forms as their ordinary ones."""
    if text.isascii():
        return text.casefold()
    spread = unicodedata.normalize("NFKD", text).casefold().translate(LETTERS_ALIKE)
    return "".join(map(_plain, spread))


def _plain(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Zs":
        return " "
    return "" if category in _PASSED_OVER else character
