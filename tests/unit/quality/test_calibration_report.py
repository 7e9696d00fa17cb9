"""What a calibration session shows, from forms and answers as raters give them. Expected values by hand."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import pytest

from opsledger.core.quality.agreement import agreement
from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.calibration import Calibration
from opsledger.core.quality.calibration_report import CalibrationReport, View, calibration_report
from opsledger.core.quality.coefficients import Reason
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.ratings import Level, ratings_of
from opsledger.core.quality.result import plain_result
from opsledger.core.quality.scoring import score
from opsledger.core.quality.sheet import Sheet
from opsledger.core.quality.subject import Subject, SubjectKind
from tests.kit.forms import choice, form_of, rating

FORM = parse_form(form_of([
    choice("greeting", 1, 0), rating("tone", na=True), choice("solved", 1, 0), {"id": "remarks", "type": "text"},
]))
CONTACTS = [Subject(SubjectKind.INTERACTION, source="acd", interaction_id=f"c{number}") for number in (1, 2, 3)]
Said = Mapping[str, list[tuple[object, object, object]]]
"""By rater: greeting, tone and solved of each contact."""
SAID: Said = {
    "ann": [(1, 8, 1), (1, 5, 0), (0, 9, 1)],
    "bob": [(1, 6, 1), (0, 5, 0), (1, "na", 1)],
    "cem": [(1, 10, 1), (1, 7, 0)],
}


def session(said: Said, reference: str = "", withdrawn: str = "") -> Calibration:
    calibration = Calibration.open(
        tenant="acme", program="desk", title="", form_id="f", form_version=1, contacts=CONTACTS, raters=list(said),
        reference_id=reference, due_at_us=None, actor_id="sue", opened_at_us=0)
    for rater, contacts in said.items():
        for contact, (greeting, tone, solved) in zip(CONTACTS, contacts, strict=False):
            answers = read_answers(FORM, {"greeting": greeting, "tone": tone, "solved": solved, "remarks": f"by {rater}"})
            calibration.submit(rater, contact, Sheet(answers.plain(), {}), plain_result(score(FORM, answers)), 1)
    if withdrawn:
        calibration.withdraw(withdrawn, "sue", "ill", 2)
    return calibration


@cache
def report(reference: str = "", withdrawn: str = "") -> CalibrationReport:
    return calibration_report(session(SAID, reference, withdrawn), FORM)


def test_the_most_divided_question_comes_first() -> None:
    found = report()
    told = {one.question: (one.percent_agreement.value, one.percent_agreement.level) for one in found.splits}
    assert [one.question for one in found.splits] == ["tone", "greeting", "solved"]
    assert told["solved"] == (1.0, Level.NOMINAL)
    assert told["tone"] == (0.0 + (1 / 3) / 3, Level.NOMINAL), "N/A is an answer that a number does not agree with"
    assert told["greeting"] == (pytest.approx((1 + 1 / 3 + 0) / 3), Level.NOMINAL)


def test_numbers_of_which_all_apply_are_compared_by_how_far_they_are_apart() -> None:
    tone = next(one for one in calibration_report(session({"ann": [(1, 8, 1), (1, 5, 1)], "bob": [(1, 7, 1), (1, 5, 1)]}), FORM).splits)
    assert (tone.question, tone.percent_agreement.level) == ("tone", Level.INTERVAL)
    assert tone.percent_agreement.value == pytest.approx((1 - 1 / 100 + 1) / 2), "on the scale from 0 to 10"


def test_agreement_is_that_of_the_ratings() -> None:
    found = {each.view: each for each in report().agreed}
    assert {view: (each.units, each.pairable_units) for view, each in found.items()} == {
        View.SCORES: (3, 3), View.POINTS: (9, 8), View.ANSWERS: (9, 9)}
    scores = ratings_of([(10 / 12, 8 / 12, 1.0), (6 / 12, 5 / 12, 8 / 12), (10 / 12, 1.0, None)])
    expected = agreement(scores, "krippendorff_alpha", Level.INTERVAL)
    alpha = next(one for one in found[View.SCORES].agreements if one.coefficient == "krippendorff_alpha")
    assert alpha.value == pytest.approx(expected.value)


def test_bias_from_the_reference_or_from_the_others() -> None:
    ann, bob, cem = report(reference="ann").score_biases
    assert (ann.bias.value, ann.bias.reason) == (None, Reason.IS_REFERENCE)
    assert bob.bias.value == pytest.approx((-2 / 12 - 1 / 12 + 2 / 12) / 3)
    assert cem.bias.value == pytest.approx((2 / 12 + 2 / 12) / 2)
    found = report(reference="ann").points_biases[2]
    assert (found.units, found.bias.value) == (6, pytest.approx((0 + 0.2 + 0 + 0 + 0.2 + 0) / 6))
    assert report().score_biases[0].bias.value == pytest.approx((0 + (6 - 6.5) / 12 - 2 / 12) / 3)


def test_a_withdrawn_rater_leaves_no_trace() -> None:
    without = {rater: said for rater, said in SAID.items() if rater != "bob"}
    found, expected = report(withdrawn="bob"), calibration_report(session(without), FORM)
    assert (found.raters, found.agreed, found.score_biases) == (expected.raters, expected.agreed, expected.score_biases)


def test_nothing_submitted_is_nothing_defined() -> None:
    found = calibration_report(session({"ann": [], "bob": []}), FORM)
    assert {one.reason for each in found.agreed for one in each.agreements} == {Reason.NO_PAIRS}
    assert {one.bias.reason for one in found.score_biases} == {Reason.NO_PAIRS}
    assert {one.percent_agreement.reason for one in found.splits} == {Reason.NO_PAIRS}
