"""Patterns of mappings: what Python's regular expressions find, in time that grows with the text alone."""
from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.services.importers.patterns import Pattern

_CHARACTERS = "aZ_9é٣\u200c \u00a0\u3000\n-[]:^{,}"
_ATOMS = st.sampled_from([
    "a", "é", ".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"[\w-]", r"[^\s,]", r"[\d:]", r"[^\D]", "[[:^]", "[]a]", "[^]a]", r"[\]\[]",
    r"\-", r"\u00e9", "[aé]", "(?:a|9)", "(?i:z)", r"\[", "[a[]", r"\\",
])
_REPEATED = st.builds(str.__add__, _ATOMS, st.sampled_from(["", "", "+", "*", "?", "{2}", "{,2}", "{1,}", "+?", "*?"]))
_ENDS = st.sampled_from([("", ""), ("^", r"\Z")])
_PATTERNS = st.builds(
    lambda before, group, after, ends: f"{ends[0]}{''.join(before)}({''.join(group)}){''.join(after)}{ends[1]}",
    *[st.lists(_REPEATED, max_size=3)] * 3, _ENDS,
)


@pytest.mark.filterwarnings("ignore:Possible nested set")
@given(_PATTERNS, st.text(_CHARACTERS, max_size=12))
def test_it_finds_what_pythons_own_search_finds(pattern: str, text: str) -> None:
    expected = re.search(pattern, text)
    assert Pattern(pattern).found_in(text) == (expected is not None)
    assert Pattern(pattern).value_in(text) == ((expected.group(1) or "") if expected else "")


@pytest.mark.parametrize("pattern", ["(a+)+$", r"^(\w+\s?)*$", "(.*)*=.*", "(.*?,){30}P", "^(?:a?){500}a{500}$"])
def test_what_would_take_for_ever_is_answered(pattern: str) -> None:
    assert not Pattern(pattern).found_in("a" * 100_000 + "!")  # Python's own search does not end for the first one


def test_without_groups_the_value_is_the_match() -> None:
    assert Pattern(r"\d+").value_in("room ٣١") == "٣١"


@pytest.mark.parametrize(("pattern", "said"), [
    ("(", "is not a regular expression"), (r"(a)\1", "backreferences"), ("(?<=a)b", "lookaround"), ("a++", "possessive"),
    (r"\bx", r"\(\?:\^\|\\W\)"), (r"[\S]", "within brackets"), ("((a{1000}){1000}){1000}", "too large"), ("a" * 1_001, "more than 1,000"),
    ("(" * 400 + ")" * 400 + "{1000}" * 9, "is"),
])
def test_what_cannot_be_used_says_why(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Pattern(pattern)
