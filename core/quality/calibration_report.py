"""What a calibration session shows: how far its raters agree, how far each is from the standard, and the questions that split them.

Agreement is looked at in three ways, each over units of its own; docs/agreement.md says which to read when.
"""
from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from opsledger.core.quality.agreement import Agreement, agreements
from opsledger.core.quality.calibration import Calibration, Rating
from opsledger.core.quality.form import Form, Kind, Question
from opsledger.core.quality.question_words import NA
from opsledger.core.quality.rater_bias import RaterBias, rater_biases
from opsledger.core.quality.ratings import Category, Level, Ratings, ratings_of
from opsledger.core.quality.result import fraction
from opsledger.core.quality.scoring import State
from opsledger.core.quality.splits import Split, splits
from opsledger.core.scorecards.statistics import CONFIDENCE


class View(StrEnum):
    """What is compared."""

    SCORES = "scores"
    """Scores of contacts, from 0 to 1, as numbers. A unit is a contact."""
    POINTS = "points"
    """Points of answers ÷ those possible, as numbers. A unit is a scored question of a contact; N/A is missing."""
    ANSWERS = "answers"
    """Answers as they are, as names; N/A is one. A unit is a question of a contact that is not free text."""


LEVELS = {View.SCORES: Level.INTERVAL, View.POINTS: Level.INTERVAL, View.ANSWERS: Level.NOMINAL}


class Agreed(NamedTuple):
    """Agreement in one view."""

    view: View
    units: int
    pairable_units: int
    agreements: tuple[Agreement, ...]


class CalibrationReport(NamedTuple):
    raters: tuple[str, ...]
    """Whose ratings count, in the order of the biases' columns."""
    reference_id: str
    agreed: tuple[Agreed, ...]
    score_biases: tuple[RaterBias, ...]
    """Over contacts, in shares of 1."""
    points_biases: tuple[RaterBias, ...]
    """Over scored questions of contacts, in shares of the points possible."""
    splits: tuple[Split, ...]
    """Of the questions that are not free text: numbers at the interval level, unless somebody said N/A, others at the nominal one."""


def calibration_report(calibration: Calibration, form: Form, confidence: float = CONFIDENCE) -> CalibrationReport:
    """Whoever is given it sees what everybody said: check ``is_blind_to`` first.

    ``form`` is the version of the session. Raters who have withdrawn do not count.
    """
    raters = calibration.active_raters
    judged = _judged(calibration, raters)
    asked = [question for question in form if question.kind is not Kind.TEXT]
    scores = _on_scale((_row(of, _score) for of in judged), 0.0, 1.0)
    points = _on_scale((_row(of, _points(question)) for of in judged for question in asked if question.is_scored), 0.0, 1.0)
    answers = ratings_of(_row(of, _answer(question)) for of in judged for question in asked)
    reference = raters.index(calibration.reference_id) if calibration.reference_id in raters else None
    return CalibrationReport(
        raters, calibration.reference_id,
        tuple(
            Agreed(view, ratings.units, ratings.pairable_units, tuple(agreements(ratings, [LEVELS[view]], confidence)))
            for view, ratings in ((View.SCORES, scores), (View.POINTS, points), (View.ANSWERS, answers))
        ),
        tuple(rater_biases(scores, reference, confidence)), tuple(rater_biases(points, reference, confidence)),
        tuple(splits({question.id: _by_contact(judged, question) for question in asked}, Level.INTERVAL, confidence)),
    )


class _Said(NamedTuple):
    """A rating, with what became of each question."""

    rating: Rating
    parts: Mapping[str, Mapping[str, Any]]


_Judged = tuple["_Said | None", ...]
"""One contact: what each of the raters said of it."""
_Read = Callable[[_Said], "Category | None"]


def _judged(calibration: Calibration, raters: tuple[str, ...]) -> list[_Judged]:
    given = {
        (rating.contact, rating.rater_id): _Said(rating, {part["question"]: part for part in rating.result["questions"]})
        for rating in calibration.ratings
    }
    return [tuple(given.get((contact, rater)) for rater in raters) for contact in calibration.contacts]


def _row(judged: _Judged, read: _Read) -> list[Category | None]:
    return [None if said is None else read(said) for said in judged]


def _by_contact(judged: list[_Judged], question: Question) -> Ratings:
    """Numbers where all are; where somebody says that it does not apply, that is one answer among others."""
    answers = [_row(of, _answer(question)) for of in judged]
    if question.kind is not Kind.NUMERIC or any(NA in row for row in answers):
        return ratings_of(answers)
    ends = (float(end) for end in (question.least, question.most) if end is not None)
    return _on_scale((_row(of, _number(question)) for of in judged), *ends)


def _on_scale(rows: Iterable[list[Category | None]], *ends: float) -> Ratings:
    """Numbers of which some mark the ends of their scale: 9 and 10 are near each other also where nobody said less than 9."""
    table = list(rows)
    return ratings_of(table, sorted({*ends, *(float(rating) for row in table for rating in row if rating is not None)}))


def _score(said: _Said) -> float | None:
    score = fraction(said.rating.result["score"])
    return None if score is None else float(score)


def _points(question: Question) -> _Read:
    def read(said: _Said) -> float | None:
        found = said.parts.get(question.id, {})
        points, possible = fraction(found.get("points")), fraction(found.get("possible_points"))
        return None if points is None or not possible else float(points / possible)

    return read


def _answer(question: Question) -> _Read:
    def read(said: _Said) -> str | None:
        if said.parts.get(question.id, {}).get("state") == State.NOT_APPLICABLE:
            return NA
        given = said.rating.sheet.answers.get(question.id)
        return None if given is None else json.dumps(given, ensure_ascii=False)

    return read


def _number(question: Question) -> _Read:
    def read(said: _Said) -> float | None:
        given = said.rating.sheet.answers.get(question.id)
        return None if given is None else float(given)

    return read

