"""What is shown rounded says what it is: decimals are cut, never rounded up to a mark that was missed."""
from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.quality.exact_text import DIGITS_MAX, exact_text
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.result import plain_result
from opsledger.core.quality.verdict import outcome_reason
from tests.kit.forms import choice, form_of, scored


@pytest.mark.parametrize(("number", "text"), [
    (Fraction(200, 3), "66.666…"), (Fraction(133, 2), "66.5"), (Fraction(100), "100"), (Fraction(-1, 3), "-0.333…"),
    (Fraction("99.999999999"), "99.999999999"), (Fraction(10**13 - 1, 10**13), "0.999…"), (Fraction(0), "0"),
])
def test_exact_text(number: Fraction, text: str) -> None:
    assert exact_text(number) == text


@given(st.fractions())
def test_it_is_the_number_or_says_that_it_is_cut(number: Fraction) -> None:
    text = exact_text(number)
    if text.endswith("…"):
        assert 0 < abs(number) - abs(Fraction(text[:-1])) < Fraction(1, 10**3)
        assert (number * 10**DIGITS_MAX).denominator > 1
    else:
        assert Fraction(text) == number


@pytest.mark.parametrize(("mark", "answer", "reason"), [
    (66.67, 2, "2/3 = 66.666…% < 66.67%"), ("200/3", 2, "2/3 = 66.666…% ≥ 66.666…%"), (66.66666, 2, "2/3 = 66.666666…% ≥ 66.66666%"),
    (70, 3, "100% ≥ 70%"), (70, 0, "0% < 70%"),
])
def test_a_score_beside_its_mark(mark: Any, answer: int, reason: str) -> None:
    document = form_of([choice("a", 0, 2, 3)], pass_mark=mark)
    assert outcome_reason(parse_form(document).scoring, plain_result(scored(document, {"a": answer}))) == reason


def test_what_fails_whatever_the_score_is_named_instead() -> None:
    fatal = {"id": "b", "type": "single", "critical": "compliance", "options": [
        {"id": "said", "points": 0, "auto_fail": "form"}, {"id": "not", "points": 1}]}
    document = form_of([choice("a", 0, 1), fatal], pass_mark=50, fail_on_critical=["compliance"])
    result = plain_result(scored(document, {"a": 1, "b": "said"}))
    assert outcome_reason(parse_form(document).scoring, result) == "the answer to b fails the form; compliance critical error: b"
    without = form_of([choice("a", 0, 1)])
    assert outcome_reason(parse_form(without).scoring, plain_result(scored(without, {"a": 1}))) == ""
