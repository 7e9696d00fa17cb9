"""Given conditions joined by all and any, and on N/A, when there are answers, then these questions are asked."""
from __future__ import annotations

from typing import Any

import pytest

from opsledger.core.errors import InvalidAnswers, InvalidForm
from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form_document import parse_form
from tests.kit.forms import choice, form_of, rating

A, B = {"question": "a", "is": "1"}, {"question": "b", "from": 5}
NOT_APPLICABLE = {"question": "b", "is": "na"}


def form(when: dict[str, Any], **section: Any) -> dict[str, Any]:
    asking = [choice("a", 0, 1, na=True), rating("b", na=True), {"id": "d", "type": "date", "na": True}]
    return form_of(asking, {"questions": [{"id": "c", "type": "text", "required": True, "when": when}], **section})


@pytest.mark.parametrize(("when", "asked"), [
    ({"all": [A, B]}, {"1 7"}),
    ({"any": [A, B]}, {"1 7", "1 3", "1 na", "0 7", "na 7"}),
    (NOT_APPLICABLE, {"1 na", "0 na"}),
    ({"all": [A, NOT_APPLICABLE]}, {"1 na"}),
    ({"question": "a", "is": ["1", "na"]}, {"1 7", "1 3", "1 na", "na 7"}),
    ({"any": [{"all": [A, B]}, {"all": [{"question": "a", "is": "0"}, NOT_APPLICABLE]}]}, {"1 7", "0 na"}),
    ({"question": "d", "is": "na"}, {"1 7"}),
])
def test_asked(when: dict[str, Any], asked: set[str]) -> None:
    found = set()
    for said in ("1 7", "1 3", "1 na", "0 7", "0 3", "0 na", "na 7"):
        a, b = said.split()
        given = {"a": a, "b": b, "d": "na" if said == "1 7" else "2026-01-31"}
        if "c" not in read_answers(parse_form(form(when)), given, complete=False).hidden:
            found.add(said)
    assert found == asked


def test_who_answers_what_is_not_asked_is_told_when_it_is() -> None:
    when = {"any": [{"all": [A, B]}, NOT_APPLICABLE]}
    with pytest.raises(InvalidAnswers) as caught:
        read_answers(parse_form(form(when)), {"a": "0", "b": 7, "d": "na", "c": "x"})
    assert "only where (a is 1 and b is at least 5) or (b is N/A)" in str(caught.value)


def test_a_condition_on_a_question_that_is_not_asked_does_not_hold_be_it_on_na_or_not() -> None:
    document = form(NOT_APPLICABLE)
    document["sections"][0]["questions"][1]["when"] = A
    answers = read_answers(parse_form(document), {"a": "0", "d": "na"}, missing_is_na=True)
    assert answers.hidden == {"b", "c"}


@pytest.mark.parametrize(("when", "field", "reason"), [
    ({"all": []}, "when.all", "EMPTY"), ({"all": [A], "any": [B]}, "when", "AMBIGUOUS"), ({"any": [A], **B}, "when", "AMBIGUOUS"),
    ({"all": [A, {"question": "z", "is": "1"}]}, "when.question", "UNKNOWN"),
    ({"any": [{"all": [{"question": "a"}]}]}, "when.any[0].all[0]", "REQUIRED"),
    ({"question": "d", "is": "2026-01-31"}, "when.question", "UNUSED"), ({"all": [{"question": "c", "is": "na"}]}, "when", "CYCLE"),
    ({"question": "e", "is": "na"}, "when.is", "UNUSED"),
])
def test_what_cannot_be_a_condition(when: dict[str, Any], field: str, reason: str) -> None:
    document = form(when)
    document["sections"][0]["questions"].append(choice("e", 0, 1))
    with pytest.raises(InvalidForm) as caught:
        parse_form(document)
    assert (f"sections[1].questions[0].{field}", reason) in {(each.field, each.reason) for each in caught.value.violations}


def test_conditions_are_not_nested_without_end() -> None:
    when: dict[str, Any] = A
    for _ in range(500):
        when = {"all": [when]}
    with pytest.raises(InvalidForm) as caught:
        parse_form(form(when))
    assert "TOO_DEEP" in {each.reason for each in caught.value.violations}
