"""Names that are one to a reader, by the Unicode Standard's caseless canonical matching and a few letters more."""
from __future__ import annotations

from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.names import find, lookup_key, unfit


@pytest.mark.parametrize(("one", "other"), [
    ("Yes", "yes"), ("Straße", "STRASSE"), ("caf\u00e9", "cafe\u0301"), ("\u0643\u064a\u0641", "\u06a9\u06cc\u0641"),
    ("tier 1", "tier\u00a01"), ("tier 1", "tier  1"), ("nim\u200cfasele", "nimfasele"), ("\u1e9b\u0323", "\u017f\u0323\u0307"),
])
def test_alike(one: str, other: str) -> None:
    assert lookup_key(one) == lookup_key(other)


@pytest.mark.parametrize(("one", "other"), [("yes", "yess"), ("cafe", "caf\u00e9"), ("m2", "m\u00b2"), ("a b", "ab"), ("1", "\u0661")])
def test_apart(one: str, other: str) -> None:
    assert lookup_key(one) != lookup_key(other)


@given(st.text())
def test_the_key_of_a_name_does_not_depend_on_its_form_or_case(name: str) -> None:
    key = lookup_key(name)
    assert {lookup_key(normalize(form, name)) for form in ("NFC", "NFD")} == {key}
    assert lookup_key(key) == key
    assert lookup_key(name.casefold()) == key


def test_find_prefers_the_same_and_does_not_guess() -> None:
    assert find("yes", ["Yes", "yes"]) == "yes"
    assert find("YES", ["Yes", "yes"]) is None
    assert find("YES", ("no", "Yes")) == "Yes"
    assert find("maybe", {"yes": 1}) is None


@pytest.mark.parametrize("name", [
    "نیم\u200cفاصله", "क\u094d\u200dष", "東京\u3000本社", "tier\u00a01", "thin\u2009space", "cafe\u0301", "👩\u200d🚀 desk", "\u200fمکتب",
    "Ünï¢ødé", "\ue000 private", "soft\u00adhyphen", "a  b",
])
def test_ordinary_names_of_every_script(name: str) -> None:
    assert unfit(name) == ""


@pytest.mark.parametrize(("name", "why"), [
    ("a\nb", "U+000A"), ("a\x00b", "U+0000"), ("a\x7f", "U+007F"), ("a\x85b", "U+0085"), ("\ud800", "U+D800"), ("a\u2028b", "U+2028"),
    ("a\ufdd0", "U+FDD0"), ("a\U0001ffff", "U+1FFFF"), ("ann\u202ebob", "U+202E"), ("\u2066ann", "U+2066"),
    (" ", "blank"), ("\u3000\u00a0", "blank"), ("\u200c", "blank"),
])
def test_what_cannot_be_a_name(name: str, why: str) -> None:
    assert why in unfit(name)
