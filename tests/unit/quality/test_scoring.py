"""Given a form and answers, when they are scored, then these figures. Published figures name their source."""
from __future__ import annotations

from copy import deepcopy
from fractions import Fraction
from random import Random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form import CriticalClass, FailLevel
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.scoring import Outcome, Reason, State, score
from tests.kit.forms import answers_to, choice, documents, form_of, percent, rating, scored

WEIGHTED = form_of([rating(f"q{place}", weight=weight, na=True) for place, weight in enumerate([40, 20, 20, 20])], mode="question_weights")


@pytest.mark.parametrize("na", ["redistribute", "zero_of_zero"])
def test_weights_as_published(na: str) -> None:
    # 40/20/20/20 with 10, 5, 5, 0 of 10: 60 %; the last one not applicable: 75 %
    document = deepcopy(WEIGHTED)
    document["scoring"]["na"] = na
    assert percent(scored(document, {"q0": 10, "q1": 5, "q2": 5, "q3": 0})) == 60
    assert percent(scored(document, {"q0": 10, "q1": 5, "q2": 5, "q3": "na"})) == 75


def test_points_times_group_weight_as_genesys_publishes_it() -> None:
    # (1·40 + 1·20) ÷ (2·40 + 1·20) = 60 %
    groups = [{"weight": 40, "questions": [choice("a", 0, 1), choice("b", 0, 1)]}, {"weight": 20, "questions": [choice("c", 0, 1)]}]
    assert percent(scored(form_of(*groups, mode="points_times_weight"), {"a": 1, "b": 0, "c": 1})) == 60
    groups[0]["weight"], groups[1]["weight"] = 40, 60
    # by sections the same answers are 40 % · 1/2 + 60 % · 1 = 80 %
    assert percent(scored(form_of(*groups, mode="section_percent"), {"a": 1, "b": 0, "c": 1})) == 80


SECTIONS = [
    {"weight": 40, "questions": [choice("a", 0, 30, na=True), choice("b", 0, 10, na=True)]},
    {"weight": 60, "questions": [choice("c", 0, 5, na=True)]},
]


@pytest.mark.parametrize(("na", "expected"), [
    ("redistribute", Fraction(40)),             # b takes over: 40·(10/10) + 60·0
    ("zero_of_zero", Fraction(10, 70) * 100),   # 30 of a section of 40 points leaves: 10 of 10 + 60
    ("full_credit", Fraction(40)),              # 40·(40/40) + 60·0
])
def test_not_applicable_in_a_section(na: str, expected: Fraction) -> None:
    assert percent(scored(form_of(*SECTIONS, mode="section_percent", na=na), {"a": "na", "b": 10, "c": 0})) == expected


@pytest.mark.parametrize("mode", ["section_percent", "points_times_weight"])
@pytest.mark.parametrize("na", ["redistribute", "zero_of_zero"])
def test_a_section_in_which_nothing_applies_leaves(mode: str, na: str) -> None:
    found = scored(form_of(*SECTIONS, mode=mode, na=na), {"a": "na", "b": "na", "c": 5})
    assert percent(found) == 100
    assert [each.percent for each in found.sections] == [None, 1]


def test_where_nothing_applies_there_is_no_score_but_a_reason() -> None:
    found = scored(WEIGHTED, dict.fromkeys(["q0", "q1", "q2", "q3"], "na"))
    assert (found.score, found.reason, found.outcome, found.band) == (None, Reason.NOTHING_APPLICABLE, None, None)
    assert {each.state for each in found.contributions} == {State.NOT_APPLICABLE}


def test_full_credit_counts_what_does_not_apply_as_done_best() -> None:
    document = {**WEIGHTED, "scoring": {"mode": "question_weights", "na": "full_credit"}}
    assert percent(scored(document, {"q0": 10, "q1": 5, "q2": 5, "q3": "na"})) == 80


FAILING = [{"id": "yes", "points": 8}, {"id": "no", "points": 2, "auto_fail": "question"}]


@pytest.mark.parametrize(("level", "form_fail", "expected", "outcome"), [
    ("question", "zero", Fraction(10 + 10, 28), Outcome.PASS), ("section", "zero", Fraction(10, 28), Outcome.FAIL),
    ("form", "zero", Fraction(0), Outcome.FAIL), ("form", "keep", Fraction(2 + 10 + 10, 28), Outcome.FAIL),
])
def test_an_automatic_fail_reaches_question_section_or_form(level: str, form_fail: str, expected: Fraction, outcome: Outcome) -> None:
    options = [FAILING[0], {**FAILING[1], "auto_fail": level}]
    document = form_of([{"id": "a", "type": "single", "options": options}, choice("b", 0, 10)], [choice("c", 0, 10)],
                       auto_fail=form_fail, pass_mark=50)
    found = scored(document, {"a": "no", "b": 10, "c": 10})
    assert (found.score, found.outcome) == (expected, outcome)
    assert [(each.question, each.level) for each in found.auto_fails] == [("a", FailLevel[level.upper()])]
    assert sum(each.share for each in found.contributions) == expected


def test_a_question_without_points_can_fail_the_form() -> None:
    insulted = {"id": "insulted", "type": "single", "options": [{"id": True, "auto_fail": "form"}, {"id": False}]}
    document = form_of([insulted, choice("a", 0, 1, na=True)], pass_mark=80)
    assert (percent(scored(document, {"insulted": "no", "a": 1}))) == 100
    found = scored(document, {"insulted": True, "a": "na"})
    assert (found.score, found.outcome) == (0, Outcome.FAIL)


def test_bonus_comes_on_top_and_ends_at_the_maximum() -> None:
    document = form_of([choice("a", 0, 10), choice("extra", 0, 5, bonus=True)])
    assert percent(scored(document, {"a": 10, "extra": 5})) == 100
    found = scored({**document, "scoring": {"mode": "points", "score_max": 120}}, {"a": 10, "extra": 5})
    assert percent(found) == 120
    assert [each.share for each in found.contributions] == [1, Fraction(1, 5)], "what is cut is cut from the bonus"
    assert percent(scored(form_of([choice("a", 0, 5, 10), choice("extra", 0, 5, bonus=True)]), {"a": 5, "extra": 5})) == 100


def test_the_pass_mark_stands_apart_from_the_bands_and_both_are_exact() -> None:
    bands = [{"name": "red", "from": 0}, {"name": "amber", "from": 60}, {"name": "green", "from": 90}]
    document = form_of([choice("a", 0, 2, 3)], pass_mark=66.6, bands=bands)
    found = [scored(document, {"a": answer}) for answer in (0, 2, 3)]
    assert [(each.outcome, each.band) for each in found] == [(Outcome.FAIL, "red"), (Outcome.PASS, "amber"), (Outcome.PASS, "green")]
    at_the_mark = form_of([rating("a")], pass_mark=70, bands=[{"name": "low", "from": 0}, {"name": "high", "from": 70}])
    assert [(each.outcome, each.band) for each in (scored(at_the_mark, {"a": 7}), scored(at_the_mark, {"a": 6.9999999999999991}))] == [
        (Outcome.PASS, "high"), (Outcome.FAIL, "low")]


def test_critical_errors_are_counted_per_class_and_may_fail_the_outcome() -> None:
    questions = [
        choice("a", 0, 5, critical="customer", na=True), choice("b", 0, 5, critical="customer", na=True),
        {"id": "c", "type": "single", "critical": "compliance", "options": [{"id": "ok"}, {"id": "leak", "critical": True}]},
    ]
    found = scored(form_of(questions, pass_mark=50), {"a": 5, "b": 0, "c": "ok"})
    assert found.critical == {CriticalClass.CUSTOMER: (2, ("b",)), CriticalClass.COMPLIANCE: (1, ())}
    assert found.outcome is Outcome.PASS
    strict = form_of(questions, pass_mark=50, fail_on_critical=["customer"])
    assert scored(strict, {"a": 5, "b": 0, "c": "ok"}).outcome is Outcome.FAIL
    none = scored(strict, {"a": "na", "b": "na", "c": "leak"})
    assert none.critical == {CriticalClass.CUSTOMER: (0, ()), CriticalClass.COMPLIANCE: (1, ("c",))}


def test_numbers_earn_by_range_or_in_proportion() -> None:
    ranges = [{"from": 0, "to": 5, "points": 0}, {"from": 5, "to": 8, "points": 3}, {"from": 8, "to": 10, "points": 5}]
    document = form_of([{"id": "a", "type": "numeric", "ranges": ranges}])
    assert [percent(scored(document, {"a": value})) for value in (4.9, 5, 8, 10)] == [0, 60, 100, 100]
    faster = form_of([{"id": "hold_s", "type": "numeric", "points": 4, "scale": {"none": 120, "full": 20}}])
    assert [percent(scored(faster, {"hold_s": value})) for value in (10, 20, 70, 120, 500)] == [100, 100, 50, 0, 0]


def test_a_multiple_choice_adds_and_takes_away_but_never_below_nothing() -> None:
    document = form_of([{"id": "a", "type": "multi", "base": 10, "options": [{"id": "rude", "points": -6}, {"id": "slow", "points": -5}]}])
    assert [percent(scored(document, {"a": answer})) for answer in (["slow"], ["rude"], ["slow", "rude"])] == [50, 40, 0]


def test_a_value_can_mean_that_it_was_not_appraised() -> None:
    document = form_of([rating("a", na_values=[0]), rating("b", na_values=[0])])
    found = scored(document, {"a": "0", "b": 8})
    assert (percent(found), found.contributions[0].state) == (80, State.NOT_APPLICABLE)


@given(st.data())
def test_a_question_that_does_not_apply_is_as_if_the_form_did_not_have_it(data: st.DataObject) -> None:
    document = data.draw(documents(modes=("points", "points_times_weight", "section_percent")))
    document["scoring"]["na"] = "redistribute"
    form = parse_form(document)
    answers = data.draw(answers_to(form))
    places = [place for place, section in enumerate(document["sections"]) if len(section["questions"]) > 1]
    assume(places)
    place = data.draw(st.sampled_from(places))
    without = deepcopy(document)
    gone = without["sections"][place]["questions"].pop()["id"]
    assume(any(not question.get("bonus") for question in without["sections"][place]["questions"]))
    rest = {id: answer for id, answer in answers.items() if id != gone}
    assert scored(document, {**answers, gone: "na"}).score == scored(without, rest).score


@given(st.data(), st.integers(2, 9))
def test_more_points_of_everything_change_nothing(data: st.DataObject, factor: int) -> None:
    document = data.draw(documents(modes=("points", "section_percent", "points_times_weight")))
    answers = data.draw(answers_to(parse_form(document)))
    scaled = deepcopy(document)
    for section in scaled["sections"]:
        if document["scoring"]["mode"] == "points_times_weight":
            section["weight"] *= factor
        for question in section["questions"]:
            for option in question.get("options", []):
                option["points"] *= factor
            if question["type"] == "numeric":
                question["points"] = factor * question["max"]
    one, other = scored(document, answers), scored(scaled, answers)
    assert one.score == other.score
    assert [each.share for each in one.contributions] == [each.share for each in other.contributions]


@given(st.data(), st.randoms())
def test_the_order_of_questions_changes_nothing(data: st.DataObject, random: Random) -> None:
    document = data.draw(documents())
    form = parse_form(document)
    answers = data.draw(answers_to(form))
    shuffled = deepcopy(document)
    random.shuffle(shuffled["sections"])
    for section in shuffled["sections"]:
        random.shuffle(section["questions"])
    one, other = scored(document, answers), scored(shuffled, answers)
    assert (one.score, one.outcome, sorted(one.contributions)) == (other.score, other.outcome, sorted(other.contributions))


def test_answers_that_were_stored_score_the_same() -> None:
    parsed = parse_form(WEIGHTED)
    read = read_answers(parsed, {"q0": 3.3, "q1": "1e-7", "q2": 1, "q3": "na"})
    assert score(parsed, read_answers(parsed, read.plain())) == score(parsed, read)
