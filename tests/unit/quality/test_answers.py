"""Answers are read against their form: what does not fit is named by its question."""
from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import InvalidAnswers
from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form_document import parse_form
from tests.kit.forms import answers_to, choice, documents, form_of, rating

FORM = parse_form(form_of([
    {"id": "polite", "type": "single", "options": [{"id": "yes", "label": "Fully", "points": 1}, {"id": "no", "points": 0}]},
    {"id": "why", "type": "multi", "when": {"question": "polite", "is": "no"}, "options": [{"id": "rude"}, {"id": "curt"}, {"id": "a;b"}]},
    {"id": "who", "type": "text", "when": {"question": "why", "is": "rude"}, "required": True},
    rating("tone", na_values=[0, "none"], required=False),
    {"id": "seen", "type": "date"}, {"id": "note", "type": "text"}, choice("stars", 1, 2, 3, na=True, required=False),
    {"id": "more", "type": "text", "when": {"question": "tone", "from": 8}},
]))


def wrong(answers: dict[str, Any], **how: Any) -> set[tuple[str, str]]:
    with pytest.raises(InvalidAnswers) as caught:
        read_answers(FORM, answers, **how)
    return {(violation.field, violation.reason) for violation in caught.value.violations}


@pytest.mark.parametrize(("question", "value", "expected"), [
    ("polite", "yes", ("yes",)), ("polite", True, ("yes",)), ("polite", "Fully", ("yes",)),
    ("tone", 7, Fraction(7)), ("tone", "7.5", Fraction(15, 2)), ("tone", 0.1, Fraction(1, 10)), ("tone", 0, None), ("tone", "0.0", None),
    ("tone", "none", None), ("tone", "NA", None), ("tone", "N/A", None),
    ("note", "n/a", "n/a"), ("stars", " n/a ", None),
    ("seen", "2026-02-28", date(2026, 2, 28)), ("seen", date(2026, 2, 28), date(2026, 2, 28)),
    ("note", "na", "na"), ("note", 12, "12"), ("stars", 2, ("2",)), ("stars", "2.0", ("2",)), ("stars", "na", None),
])
def test_a_value_is_read(question: str, value: object, expected: object) -> None:
    assert read_answers(FORM, {"polite": "yes", question: value}).given[question] == expected


def test_an_option_may_be_labelled_as_not_applicable() -> None:
    form = parse_form(form_of([{"id": "held", "type": "single", "na": True, "options": [
        {"id": "yes", "points": 1}, {"id": "never", "label": "N/A", "points": 0}]}]))
    assert read_answers(form, {"held": "N/A"}).given["held"] == ("never",)


@pytest.mark.parametrize(("value", "expected"), [
    (["curt", "rude"], ("rude", "curt")), ("rude|curt", ("rude", "curt")), ("a;b", ("a;b",)), ("curt; ", ("curt",)), ([], ()), ("none", ()),
])
def test_a_multiple_choice_is_a_list_or_text_with_semicolons(value: object, expected: tuple[str, ...]) -> None:
    who = {"who": "x"} if "rude" in expected else {}
    assert read_answers(FORM, {"polite": "no", "why": value, **who}).given["why"] == expected


@pytest.mark.parametrize(("answers", "field", "reason"), [
    ({}, "polite", "REQUIRED"), ({"polite": ""}, "polite", "REQUIRED"), ({"polite": "na"}, "polite", "NOT_ALLOWED"),
    ({"polite": "maybe"}, "polite", "UNKNOWN"), ({"polite": ["yes"]}, "polite", "UNKNOWN"), ({"polit": "yes"}, "polit", "UNKNOWN"),
    ({"polite": "no"}, "why", "REQUIRED"), ({"polite": "no", "why": ["rude", "x"]}, "why[1]", "UNKNOWN"),
    ({"polite": "no", "why": ["curt", "curt"]}, "why", "DUPLICATE"), ({"polite": "no", "why": "rude"}, "who", "REQUIRED"),
    ({"polite": "yes", "why": "curt"}, "why", "HIDDEN"), ({"polite": "yes", "who": "me"}, "who", "HIDDEN"),
    ({"polite": "yes", "tone": 11}, "tone", "OUT_OF_RANGE"), ({"polite": "yes", "tone": -1}, "tone", "OUT_OF_RANGE"),
    ({"polite": "yes", "tone": "good"}, "tone", "NOT_A_NUMBER"), ({"polite": "yes", "tone": float("nan")}, "tone", "NOT_A_NUMBER"),
    ({"polite": "yes", "seen": "28.2.2026"}, "seen", "NOT_A_DATE"), ({"polite": "yes", "note": "x" * 2001}, "note", "TOO_LONG"),
    ({"polite": "yes", "tone": 7, "more": "x"}, "more", "HIDDEN"),
])
def test_what_does_not_fit_is_named(answers: dict[str, Any], field: str, reason: str) -> None:
    assert (field, reason) in wrong(answers)
    assert (f"answers[3].{field}", reason) in wrong(answers, field="answers[3]")


def test_hidden_questions_are_told_and_need_no_answer() -> None:
    found = read_answers(FORM, {"polite": "yes", "why": "", "who": None, "tone": 9})
    assert found.hidden == {"why", "who"}
    assert list(found.given) == ["polite", "tone"]


def test_a_draft_may_lack_answers_but_not_hold_wrong_ones() -> None:
    assert read_answers(FORM, {"tone": 3}, complete=False).given == {"tone": Fraction(3)}
    assert ("tone", "OUT_OF_RANGE") in wrong({"tone": 30}, complete=False)


def test_in_a_table_an_empty_cell_is_not_applicable_where_that_is_an_answer() -> None:
    found = read_answers(FORM, {"polite": "yes", "tone": "", "stars": " "}, missing_is_na=True)
    assert found.given == {"polite": ("yes",), "tone": None, "stars": None}
    assert wrong({"polite": ""}, missing_is_na=True) == {("polite", "REQUIRED")}


@given(st.data())
def test_answers_as_they_are_stored_are_read_back(data: st.DataObject) -> None:
    form = parse_form(data.draw(documents()))
    found = read_answers(form, data.draw(answers_to(form)))
    assert read_answers(form, found.plain()) == found
