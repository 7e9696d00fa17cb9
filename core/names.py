"""What a name may be made of, and when two names are one to a reader, whatever bytes they are written with."""
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from functools import lru_cache
from unicodedata import category, normalize

LETTERS_ALIKE = str.maketrans({"\u0643": "\u06a9", "\u064a": "\u06cc", "\u0649": "\u06cc"})
"""Arabic kaf, yeh and alef maksura as Persian writes them: one keyboard gives these, another those."""


_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embed, override or isolate a direction of writing: a name with one can be shown as another (Unicode Technical Report 36, 2.4). Marks of
direction (U+200E, U+200F, U+061C) cannot, and stand in the exports of Arabic, Hebrew and Persian systems."""
_BREAKING = ("Cc", "Cs", "Zl", "Zp")


def unfit(name: str) -> str:
    """Why a text cannot be a name, as the rest of a sentence; empty when it can. Letters of every script, their joiners and marks, every
    kind of space, emoji and characters of later versions of Unicode can."""
    if name.isascii() and name.isprintable():
        return "must not be blank" if name.isspace() else ""
    return _unfit(name)


@lru_cache(maxsize=8_192)
def _unfit(name: str) -> str:
    for letter in name:
        code = ord(letter)
        if category(letter) in _BREAKING or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE:
            return f"must not contain control characters, half characters or line breaks, as U+{code:04X}"
        if letter in _TURNING:
            return f"must not contain characters that turn the direction of writing, as U+{code:04X}"
    return "" if any(category(letter) not in ("Zs", "Cf") for letter in name) else "must not be blank"


@lru_cache(maxsize=8_192)
def lookup_key(name: str) -> str:
    """Equal for names that differ in case, in Unicode form (caseless canonical matching: the Unicode Standard, D145), in the kind of their
    spaces, in characters that are not seen, or in Arabic and Persian kaf and yeh. To look up by, never to show."""
    folded = normalize("NFD", normalize("NFD", name).casefold()).translate(LETTERS_ALIKE)
    seen = "".join(" " if category(letter) == "Zs" else letter for letter in folded if category(letter) != "Cf")
    return normalize("NFC", " ".join(seen.split()))


def find(name: str, names: Collection[str]) -> str | None:
    """The one of the names that is meant: the same, or else the only one that looks so. None: there is none, or more than one."""
    return name if name in names else _alike(tuple(names)).get(lookup_key(name))


@lru_cache(maxsize=256)
def _alike(names: tuple[str, ...]) -> Mapping[str, str]:
    """By their keys, those that no other looks like."""
    many = Counter(map(lookup_key, names))
    return {key: name for name in names if many[key := lookup_key(name)] == 1}
