"""Regular expressions of mappings: Python's, searched by RE2 in time that grows with the text alone.

Python's own search tries every way to match: ``(a+)+$`` over forty letters takes for ever. RE2 cannot do what needs such a search
(https://github.com/google/re2/wiki/Syntax), and its letters are ASCII; so classes are written out for it, and the rest is refused.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

import re2

CHARACTERS_MAX = 1_000
_UNICODE = {"d": r"\p{Nd}", "w": r"\p{L}\p{N}_", "s": r"\t-\r\x1c-\x20\x{85}\p{Z}"}
"""What Python's classes hold, as parts of a class of RE2."""
_TOKEN = re.compile(
    r"\\(?:u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<escape>.))|(?P<upto>\{,(?=\d+\}))|(?P<open>\[\^?\]?)|(?P<close>\])", re.DOTALL,
)


class Pattern:
    def __init__(self, text: str, *, ignore_case: bool = False) -> None:
        """Raises ValueError, saying which part of it cannot be used."""
        if len(text) > CHARACTERS_MAX:
            raise ValueError(f"has more than {CHARACTERS_MAX:,} characters")
        try:
            re.compile(text)
        except (re.error, OverflowError, RecursionError) as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        options = re2.Options()
        options.log_errors, options.case_sensitive = False, not ignore_case
        try:
            self._compiled = re2.compile("".join(_translated(text)), options)
        except re2.error as error:
            said = error.args[0].decode() if isinstance(error.args[0], bytes) else error
            raise ValueError(
                f"is a regular expression that could search for ever, or too large ({said}): backreferences, lookaround, atomic groups, "
                "possessive repetitions, conditions, flags other than (?ims), and repetitions beyond 1,000 cannot be used"
            ) from None

    def found_in(self, text: str) -> bool:
        return self._compiled.search(text) is not None

    def value_in(self, text: str) -> str:
        """The first group of the first match, or all of it when there are no groups; empty where nothing matches."""
        found = self._compiled.search(text)
        if found is None:
            return ""
        return (found.group(1) if self._compiled.groups else found.group()) or ""


def _translated(text: str) -> Iterator[str]:
    """The same expression as RE2 writes it. Raises ValueError for what means something else there."""
    at, in_class = 0, False
    for token in _TOKEN.finditer(text):
        yield text[at:token.start()]
        at = token.end()
        if code := token["u"] or token["U"]:
            yield f"\\x{{{code}}}"
        elif escape := token["escape"]:
            yield _class(escape, in_class)
        elif token["upto"] and not in_class:
            yield "{0,"
        elif token["open"] and not in_class:
            in_class = True
            yield token["open"]
        elif token["open"]:  # a mere character here, but [: begins a class of its own in RE2
            in_class = not token["open"].endswith("]")
            yield "\\" + token["open"]
        else:
            in_class = in_class and not token["close"]
            yield token.group()
    yield text[at:]


def _class(escape: str, in_class: bool) -> str:
    """What comes after a backslash."""
    if escape in "bB" and not in_class:
        raise ValueError(rf"cannot have \{escape}: write (?:^|\W) before a word and (?:\W|$) behind it")
    if escape == "b":
        return r"\x08"
    if escape == "Z":
        return r"\z"
    if escape.lower() not in _UNICODE:
        return "\\" + escape
    if in_class and escape == "D":
        return r"\P{Nd}"
    if in_class and escape.isupper():
        raise ValueError(rf"cannot have \{escape} within brackets; where any character is meant, write (?s:.)")
    characters = _UNICODE[escape.lower()]
    return characters if in_class else f"[{'^' if escape.isupper() else ''}{characters}]"
