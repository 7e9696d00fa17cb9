"""Form documents: what is right is read, and what is wrong is named by its path."""
from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from typing import Any

import pytest

from opsledger.core.errors import InvalidForm
from opsledger.core.quality.form import Condition, CriticalClass, FailLevel, FormFail, Kind, Mode, NotApplicable
from opsledger.core.quality.form_document import parse_form
from tests.kit.forms import Document, choice, form_of, rating

YES_NO = {"type": "single", "options": [{"id": True, "points": 1}, {"id": False, "points": 0}]}


def wrong(document: object) -> set[tuple[str, str]]:
    with pytest.raises(InvalidForm) as caught:
        parse_form(document)  # type: ignore[arg-type]  # it may be anything
    return {(violation.field, violation.reason) for violation in caught.value.violations}


def changed(document: Document, path: list[str | int], value: Any) -> Document:
    copy = deepcopy(document)
    place: Any = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return copy


def test_a_form_is_read_as_it_is_written() -> None:
    form = parse_form({
        "form": "call", "title": "Calls",
        "scoring": {"mode": "section_percent", "na": "full_credit", "auto_fail": "keep", "pass_mark": 82.5,
                    "fail_on_critical": ["compliance"],
                    "bands": [{"name": "red", "from": 0, "color": "#c00"}, {"name": "green", "from": 80}]},
        "sections": [
            {"id": "opening", "title": "Opening", "weight": 33.3, "questions": [
                {"id": "greeted", "text": "Greeted?", **YES_NO, "points": 5,
                 "evidence": ["recording"], "root_causes": ["habit", "script"]}]},
            {"id": "law", "weight": 66.7, "when": {"question": "greeted", "is": True}, "questions": [
                {"id": "recorded", "type": "single", "critical": "compliance", "na": True,
                 "options": [{"id": "told", "points": 2}, {"id": "hid", "points": 0, "auto_fail": "form", "critical": True}]},
                {"id": "waited", "type": "numeric", "required": False, "na_values": [0, "-"],
                 "when": {"question": "recorded", "is": ["told"]}},
                {"id": "seen", "type": "date"}, {"id": "note", "type": "text"}]},
        ],
    })
    assert (form.scoring.mode, form.scoring.na, form.scoring.form_fail) == (Mode.SECTION_PERCENT, NotApplicable.FULL_CREDIT, FormFail.KEEP)
    assert (form.scoring.pass_mark, form.scoring.fail_on_critical) == (Fraction(825, 1000), {CriticalClass.COMPLIANCE})
    assert [section.weight for section in form.sections] == [Fraction(333, 10), Fraction(667, 10)]
    greeted, recorded, waited, seen, note = form
    assert (greeted.possible, [option.id for option in greeted.options]) == (5, ["yes", "no"])
    assert (greeted.evidence, greeted.root_causes, greeted.required) == (("recording",), ("habit", "script"), True)
    assert (recorded.option("hid").then.auto_fail, recorded.marks_errors, recorded.may_be_na) == (FailLevel.FORM, True, True)
    assert (waited.na_values, waited.may_be_na, waited.is_scored) == ({Fraction(0), "-"}, True, False)
    assert (seen.kind, note.kind, note.required) == (Kind.DATE, Kind.TEXT, False)
    assert form.shown_when["waited"] == (Condition("greeted", frozenset({"yes"})), Condition("recorded", frozenset({"told"})))


GOOD = form_of([choice("a", 0, 1), choice("b", 0, 1, when={"question": "a", "is": "1"}), rating("c")])
FIRST: list[str | int] = ["sections", 0, "questions", 0]


@pytest.mark.parametrize(("path", "value", "field", "reason"), [
    (["titel"], "x", "titel", "UNKNOWN"),
    (["form"], "", "form", "REQUIRED"),
    (["form"], "x" * 201, "form", "TOO_LONG"),
    (["sections"], [], "sections", "OUT_OF_RANGE"),
    (["sections"], {}, "sections", "NOT_A_LIST"),
    (["scoring"], {}, "scoring.mode", "REQUIRED"),
    (["scoring", "mode"], "percent", "scoring.mode", "UNKNOWN"),
    (["scoring", "na"], "skip", "scoring.na", "UNKNOWN"),
    (["scoring", "auto_fail"], "half", "scoring.auto_fail", "UNKNOWN"),
    (["scoring", "pass_mark"], 101, "scoring.pass_mark", "OUT_OF_RANGE"),
    (["scoring", "pass_mark"], "high", "scoring.pass_mark", "NOT_A_NUMBER"),
    (["scoring", "score_max"], 90, "scoring.score_max", "OUT_OF_RANGE"),
    (["scoring", "fail_on_critical"], ["legal"], "scoring.fail_on_critical[0]", "UNKNOWN"),
    (["scoring", "bands"], [{"name": "low", "from": 10}], "scoring.bands[0].from", "OUT_OF_RANGE"),
    (["scoring", "bands"], [{"name": "a", "from": 0}, {"name": "a", "from": 0}], "scoring.bands[1].from", "OUT_OF_RANGE"),
    (["scoring", "bands"], [{"name": "a", "from": 0}, {"name": "a", "from": 5}], "scoring.bands[1].name", "DUPLICATE"),
    (["sections", 0, "questions"], [], "sections[0].questions", "EMPTY"),
    (["sections", 0, "weight"], 3, "sections[0].weight", "UNUSED"),
    ([*FIRST, "type"], "scale", "sections[0].questions[0].type", "UNKNOWN"),
    ([*FIRST, "id"], "b", "sections[0].questions[1].id", "DUPLICATE"),
    ([*FIRST, "weight"], 5, "sections[0].questions[0].weight", "UNUSED"),
    ([*FIRST, "points"], 0, "sections[0].questions[0].points", "OUT_OF_RANGE"),
    ([*FIRST, "ranges"], [], "sections[0].questions[0].ranges", "UNKNOWN"),
    ([*FIRST, "options"], [], "sections[0].questions[0].options", "OUT_OF_RANGE"),
    ([*FIRST, "options", 1, "id"], "0", "sections[0].questions[0].options[1].id", "DUPLICATE"),
    ([*FIRST, "options", 1, "id"], "NA", "sections[0].questions[0].options[1].id", "RESERVED"),
    ([*FIRST, "options"], [{"id": "a", "points": 0}, {"id": "b", "points": 0}], "sections[0].questions[0]", "OUT_OF_RANGE"),
    ([*FIRST, "options", 1, "points"], 0, "sections[0].questions[0]", "OUT_OF_RANGE"),
    ([*FIRST, "options", 1], {"id": "1"}, "sections[0].questions[0].options[1].points", "REQUIRED"),
    ([*FIRST, "options", 0, "auto_fail"], "call", "sections[0].questions[0].options[0].auto_fail", "UNKNOWN"),
    ([*FIRST, "options", 0, "critical"], True, "sections[0].questions[0].critical", "REQUIRED"),
    ([*FIRST, "critical"], "legal", "sections[0].questions[0].critical", "UNKNOWN"),
    ([*FIRST, "na"], "yes", "sections[0].questions[0].na", "NOT_A_FLAG"),
    ([*FIRST, "root_causes"], ["x", "x"], "sections[0].questions[0].root_causes[1]", "DUPLICATE"),
    ([*FIRST, "when"], {"question": "z", "is": "1"}, "sections[0].questions[0].when.question", "UNKNOWN"),
    ([*FIRST, "when"], {"question": "b"}, "sections[0].questions[0].when", "REQUIRED"),
    ([*FIRST, "when"], {"question": "c", "is": "1"}, "sections[0].questions[0].when.is", "UNUSED"),
    ([*FIRST, "when"], {"question": "b", "from": 1}, "sections[0].questions[0].when.is", "REQUIRED"),
    (["sections", 0, "questions", 1, "when", "is"], "maybe", "sections[0].questions[1].when.is", "UNKNOWN"),
    ([*FIRST, "when"], {"question": "b", "is": "1"}, "sections[0].questions[0].when", "CYCLE"),
    (["sections", 0, "when"], {"question": "a", "is": "1"}, "sections[0].when", "CYCLE"),
    (["sections", 0, "questions", 2, "max"], -1, "sections[0].questions[2].max", "OUT_OF_RANGE"),
    (["sections", 0, "questions", 2, "scale"], {"none": 10}, "sections[0].questions[2].scale", "REQUIRED"),
    (["sections", 0, "questions", 2, "ranges"], [{"from": 0, "to": 5, "points": 1}, {"from": 4, "to": 6, "points": 2}],
     "sections[0].questions[2].ranges[1]", "OVERLAP"),
])
def test_what_is_wrong_is_named_by_its_path(path: list[str | int], value: Any, field: str, reason: str) -> None:
    assert (field, reason) in wrong(changed(GOOD, path, value))


def test_the_good_form_of_these_tests_is_good() -> None:
    assert [question.id for question in parse_form(GOOD)] == ["a", "b", "c"]


@pytest.mark.parametrize("document", [None, [], "form", {}])
def test_what_is_no_form_is_refused(document: object) -> None:
    assert wrong(document)


def test_weights_sum_to_100_where_the_mode_says_so() -> None:
    bonus = choice("c", 0, 1, weight=5, bonus=True)
    questions = form_of([choice("a", 0, 1, weight=60), choice("b", 0, 1, weight=39.9), bonus], mode="question_weights")
    assert wrong(questions) == {("sections", "WEIGHTS")}
    parse_form(changed(questions, ["sections", 0, "questions", 1, "weight"], 40))
    assert wrong(form_of([choice("a", 0, 1)], mode="question_weights")) >= {("sections[0].questions[0].weight", "REQUIRED")}
    sections = form_of({"weight": 60, "questions": [choice("a", 0, 1)]}, {"questions": [choice("b", 0, 1)]}, mode="section_percent")
    assert wrong(sections) == {("sections", "WEIGHTS"), ("sections[1].weight", "REQUIRED")}
    parse_form(form_of({"weight": 7, "questions": [choice("a", 0, 1)]}, mode="points_times_weight"))


def test_every_mistake_is_told_at_once() -> None:
    document = changed(changed(GOOD, [*FIRST, "na"], 3), ["scoring", "bands"], [{"name": "x"}])
    assert wrong(document) == {("sections[0].questions[0].na", "NOT_A_FLAG"), ("scoring.bands[0].from", "REQUIRED")}
