"""Two versions of a form differ in these parts."""
from __future__ import annotations

from copy import deepcopy

from opsledger.core.quality.form_diff import Change, Kind, diff
from opsledger.core.quality.form_document import parse_form
from tests.kit.forms import choice, form_of, rating

OLD = form_of([choice("a", 0, 10, text="Greets"), choice("b", 0, 5)], [rating("c")], pass_mark=80)


def test_a_version_does_not_differ_from_itself() -> None:
    assert diff(parse_form(OLD), parse_form(deepcopy(OLD))) == []


def test_every_difference_is_named_by_ids_and_wording_is_told_apart() -> None:
    new = deepcopy(OLD)
    new["title"], new["scoring"]["pass_mark"] = "Calls", 85
    first, second = new["sections"][0]["questions"]
    first["text"], second["when"] = "Greets by name", {"question": "a", "is": "10"}
    first["options"][0]["points"] = 2.5
    first["options"].append({"id": "12", "points": 12, "label": "Superb"})
    new["sections"][1]["questions"] = [choice("d", 0, 1, text="Calm")]
    assert diff(parse_form(OLD), parse_form(new)) == [
        Change("title", Kind.CHANGED, "", "Calls", affects_results=False),
        Change("scoring.pass_mark", Kind.CHANGED, "0.8", "0.85", affects_results=True),
        Change("questions.a.text", Kind.CHANGED, "Greets", "Greets by name", affects_results=False),
        Change("questions.a.possible", Kind.CHANGED, "10", "12", affects_results=True),
        Change("questions.a.options.0.points", Kind.CHANGED, "0", "2.5", affects_results=True),
        Change("questions.a.options.12", Kind.ADDED, "", "Superb", affects_results=True),
        Change("questions.b.when", Kind.CHANGED, "", "question a, options 10", affects_results=True),
        Change("questions.c", Kind.REMOVED, "c", "", affects_results=True),
        Change("questions.d", Kind.ADDED, "", "Calm", affects_results=True),
    ]


def test_a_question_that_moves_is_told() -> None:
    moved = deepcopy(OLD)
    moved["sections"][1]["questions"].append(moved["sections"][0]["questions"].pop())
    assert diff(parse_form(OLD), parse_form(moved)) == [Change("questions.b.section", Kind.CHANGED, "s0", "s1", affects_results=True)]
