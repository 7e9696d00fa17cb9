"""Given past answers, when another version of the form judges them, then this would change, and nothing is written."""
from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.rescore import Rescored, Unanswerable, report, rescore
from tests.kit.forms import Document, answers_to, choice, documents, form_of, rating

OLD = form_of([choice("a", 0, 5, 10), choice("b", 0, 10, na=True), rating("c", required=False)], pass_mark=60,
              bands=[{"name": "low", "from": 0}, {"name": "high", "from": 80}])


def again(new: Document, *batch: dict[str, Any], old: Document = OLD) -> list[Rescored]:
    form = parse_form(old)
    return list(rescore(form, parse_form(new), [read_answers(form, answers) for answers in batch]))


def test_a_new_weight_moves_the_score_the_outcome_and_the_band() -> None:
    new = deepcopy(OLD)
    new["sections"][0]["questions"][1]["points"] = 40
    [found] = again(new, {"a": 10, "b": 0, "c": 10})
    assert (found.before.score, found.after.score, found.delta) == (Fraction(20, 30), Fraction(20, 60), Fraction(-1, 3))
    whole = report([found])
    assert (whole.compared, whole.changed) == (1, 1)
    assert (dict(whole.outcomes), dict(whole.bands)) == ({("pass", "fail"): 1}, {("low", "low"): 1})


def test_what_cannot_be_mapped_is_unanswerable_and_leaves_the_score() -> None:
    new = form_of([choice("a", 0, 10), choice("b", 0, 10), choice("d", 0, 10), rating("c", na_values=[0])], pass_mark=60)
    found = again(new, {"a": 5, "b": "na", "c": 0}, {"a": 10, "b": 0})
    assert [dict(each.unanswerable) for each in found] == [
        {"a": Unanswerable.NOT_ACCEPTED, "b": Unanswerable.NOT_ACCEPTED, "d": Unanswerable.NEW_QUESTION},
        {"d": Unanswerable.NEW_QUESTION, "c": Unanswerable.NOT_ANSWERED},
    ]
    assert [each.after.score for each in found] == [None, Fraction(1, 2)]
    whole = report(found)
    assert (whole.evaluations, whole.compared, whole.mean_before, whole.mean_after) == (2, 1, 0.5, 0.5)
    assert whole.unanswerable == {"a": 1, "b": 1, "c": 1, "d": 2}


def test_answers_to_questions_that_are_gone_or_hidden_are_dropped() -> None:
    new = form_of([choice("a", 0, 5, 10), choice("b", 0, 10, na=True, when={"question": "a", "is": "5"})])
    [found] = again(new, {"a": 10, "b": 0, "c": 3})
    assert (found.dropped, dict(found.unanswerable), found.after.score) == (("b", "c"), {}, 1)


@given(st.data())
def test_under_the_same_version_nothing_changes(data: st.DataObject) -> None:
    document = data.draw(documents())
    batch = data.draw(st.lists(answers_to(parse_form(document)), max_size=3))
    found = again(document, *batch, old=document)
    assert all(each.before == each.after and not each.unanswerable and not each.dropped for each in found)
    assert (report(found).changed, report(found).evaluations) == (0, len(batch))
