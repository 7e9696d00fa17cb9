"""A choice whose answers take points away: by hand, in every mode."""
from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from opsledger.core.errors import InvalidForm
from opsledger.core.quality.form import CriticalClass
from opsledger.core.quality.form_document import parse_form
from tests.kit.forms import choice, form_of, percent, scored


def breach(**more: Any) -> dict[str, Any]:
    """A question that can only cost something."""
    return {"id": "breach", "type": "single", "na": True, "options": [
        {"id": "none", "points": 0}, {"id": "minor", "points": -5}, {"id": "major", "points": -20}], **more}


POINTS = form_of([choice("a", 0, 10), choice("b", 0, 10), breach()])


@pytest.mark.parametrize(("answers", "expected"), [
    ({"a": 10, "b": 10, "breach": "none"}, 100), ({"a": 10, "b": 10, "breach": "minor"}, 75), ({"a": 10, "b": 0, "breach": "minor"}, 25),
    ({"a": 10, "b": 10, "breach": "na"}, 100), ({"a": 10, "b": 0, "breach": "major"}, 0), ({"a": 0, "b": 0, "breach": "major"}, 0),
])
def test_points(answers: dict[str, Any], expected: int) -> None:
    found = scored(POINTS, answers)
    assert percent(found) == expected
    assert sum(each.share for each in found.contributions) == found.score
    assert sum(each.share for each in found.sections) == found.score


def test_by_question_weights_it_costs_up_to_its_weight_beside_the_hundred() -> None:
    document = form_of([choice("a", 0, 10, weight=60), choice("b", 0, 10, weight=40), breach(weight=30)], mode="question_weights")
    assert percent(scored(document, {"a": 10, "b": 10, "breach": "major"})) == 70
    assert percent(scored(document, {"a": 10, "b": 10, "breach": "minor"})) == Fraction(185, 2)


def test_by_sections_it_costs_of_its_own_section() -> None:
    sections = [{"weight": 40, "questions": [choice("a", 0, 10), breach()]}, {"weight": 60, "questions": [choice("b", 0, 10)]}]
    document = form_of(*sections, mode="section_percent")
    found = scored(document, {"a": 10, "b": 10, "breach": "minor"})
    assert (percent(found), [each.percent for each in found.sections]) == (80, [Fraction(1, 2), 1])


def test_one_answer_of_a_choice_can_deduct() -> None:
    document = form_of([{"id": "a", "type": "single", "options": [
        {"id": "yes", "points": 10}, {"id": "no", "points": 0}, {"id": "rude", "points": -5}]}, choice("b", 0, 10)])
    assert [percent(scored(document, {"a": said, "b": 10})) for said in ("yes", "no", "rude")] == [100, 50, 25]


def test_a_deduction_is_a_critical_error_and_none_is_not() -> None:
    document = form_of([choice("a", 0, 10), breach(critical="compliance")])
    failed = {said: scored(document, {"a": 10, "breach": said}).critical[CriticalClass.COMPLIANCE].failed for said in ("none", "minor")}
    assert failed == {"none": (), "minor": ("breach",)}


@pytest.mark.parametrize(("document", "field", "reason"), [
    (form_of({"weight": 40, "questions": [breach()]}, {"weight": 60, "questions": [choice("b", 0, 10)]}, mode="section_percent"),
     "sections[0].questions", "UNUSED"),
    (form_of([choice("a", 0, 1), breach(bonus=True)]), "sections[0].questions[1].bonus", "UNUSED"),
])
def test_what_could_have_no_effect_is_refused(document: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(InvalidForm) as caught:
        parse_form(document)
    assert (field, reason) in {(each.field, each.reason) for each in caught.value.violations}


@pytest.mark.parametrize("weight", ["100/3", " 100 / 3 ", "33.33333"])
def test_fractions_are_numbers_and_a_sum_that_is_not_a_hundred_is_shown_exactly(weight: str) -> None:
    document = form_of([choice(id, 0, 1, weight=weight) for id in "abc"], mode="question_weights")
    if "/" in weight:
        assert parse_form(document).questions["a"].weight == Fraction(100, 3)
        return
    with pytest.raises(InvalidForm) as caught:
        parse_form(document)
    assert str(caught.value) == "sections: the weights of all questions must sum to exactly 100, not to 99.99999"


@pytest.mark.parametrize(("number", "read"), [
    ("2/3", Fraction(2, 3)), ("-1/2", Fraction(-1, 2)), ("1/0", None), ("1/2/3", None), ("1/x", None)])
def test_points_as_fractions(number: str, read: Fraction | None) -> None:
    options = [{"id": "yes", "points": 1}, {"id": "partly", "points": number}, {"id": "no", "points": 0}]
    document = form_of([{"id": "a", "type": "single", "options": options}])
    if read is None:
        with pytest.raises(InvalidForm):
            parse_form(document)
    else:
        assert parse_form(document).questions["a"].option("partly").then.points == read
