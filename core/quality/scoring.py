"""What answers are worth: scores as exact fractions, with the part of every question and section. docs/quality.md has the formulas."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from math import lcm
from typing import NamedTuple

import numpy as np

from opsledger.core.quality.answers import Answer, Answers
from opsledger.core.quality.form import Consequence, CriticalClass, FailLevel, Form, FormFail, Kind, Mode, NotApplicable, Question
from opsledger.ext import scoring as kernel

_ZERO = Fraction(0)
_NA_STATES = {
    NotApplicable.REDISTRIBUTE: kernel.OUT, NotApplicable.ZERO_OF_ZERO: kernel.NOT_APPLICABLE, NotApplicable.FULL_CREDIT: kernel.COUNTS,
}


class Reason(StrEnum):
    """Why there is no score."""

    NOTHING_APPLICABLE = "NOTHING_APPLICABLE"
    """No question that is scored was asked and applied."""


class Outcome(StrEnum):
    PASS = "pass"
    FAIL = "fail"


class State(StrEnum):
    """What became of a question."""

    ANSWERED = "answered"
    NOT_APPLICABLE = "na"
    UNANSWERED = "unanswered"
    HIDDEN = "hidden"


class Contribution(NamedTuple):
    """The part of a question in the score."""

    question: str
    section: str
    state: State
    points: Fraction | None
    """What its answer is worth by itself, of ``possible_points``; below 0 for a deduction; None without an answer."""
    possible_points: Fraction
    share: Fraction
    """Its part of the score. The shares of all questions sum to the score."""
    of: Fraction
    """What its share could have been. Those of all questions but the bonuses sum to 1."""
    bonus: bool


class SectionScore(NamedTuple):
    section: str
    share: Fraction
    """Of the score: the sum of its questions' shares."""
    of: Fraction
    percent: Fraction | None
    """share ÷ of, as a share of 1; None where nothing of it counts."""


class AutoFail(NamedTuple):
    question: str
    level: FailLevel


class Critical(NamedTuple):
    """Critical questions of one class in one evaluation."""

    applicable: int
    """Those that were answered."""
    failed: tuple[str, ...]


class Scored(NamedTuple):
    score: Fraction | None
    """A share of 1."""
    reason: Reason | None
    """Why there is no score."""
    outcome: Outcome | None
    """None: the form has no pass mark and nothing failed, or there is no score."""
    band: str | None
    contributions: tuple[Contribution, ...]
    sections: tuple[SectionScore, ...]
    auto_fails: tuple[AutoFail, ...]
    critical: Mapping[CriticalClass, Critical]
    """Of the classes of which the form has questions."""


class _Mark(NamedTuple):
    """One answer, judged by itself."""

    state: State
    points: Fraction | None
    fail: FailLevel | None
    is_error: bool


def score(form: Form, answers: Answers) -> Scored:
    return next(score_all(form, [answers]))


def score_all(form: Form, batch: Sequence[Answers]) -> Iterator[Scored]:
    """In order. A form with no questions that count, or answers to none, give a score of None with a reason."""
    questions = tuple(form)
    marks = [[_mark(question, answers) for question in questions] for answers in batch]
    scores = _weighed(form, questions, marks)
    for row, marked in enumerate(marks):
        whole = int(scores.whole[row])
        earned, possible = ([int(part) for part in parts[row]] for parts in (scores.earned, scores.possible))
        yield _scored(form, questions, marked, earned, possible, whole)


def _mark(question: Question, answers: Answers) -> _Mark:
    if question.id not in answers.given:
        state = State.HIDDEN if question.id in answers.hidden else State.UNANSWERED
        return _Mark(state, None, None, is_error=False)
    answer = answers.given[question.id]
    if answer is None:
        return _Mark(State.NOT_APPLICABLE, None, None, is_error=False)
    thens = _consequences(question, answer)
    points = _points(question, answer, thens)
    fails = [then.auto_fail for then in thens if then.auto_fail is not None]
    earns_nothing = points < 0 or (points == 0 and not question.only_deducts)
    is_error = question.critical is not None and (any(then.is_error for then in thens) if question.marks_errors else earns_nothing)
    return _Mark(State.ANSWERED, points if question.is_scored else None, max(fails, default=None), is_error)


def _consequences(question: Question, answer: Answer) -> list[Consequence]:
    if isinstance(answer, tuple):
        return [question.option(id).then for id in answer]
    if isinstance(answer, Fraction):
        return [each.then for each in question.ranges if each.low <= answer <= each.high][-1:]
    return []


def _points(question: Question, answer: Answer, thens: Sequence[Consequence]) -> Fraction:
    if question.scale is not None and isinstance(answer, Fraction):
        return question.scale.share(answer) * question.possible
    if question.kind is not Kind.MULTI:
        return sum((then.points or _ZERO for then in thens), _ZERO)
    return min(max(sum((then.points or _ZERO for then in thens), question.base), _ZERO), question.possible)


def _weighed(form: Form, questions: Sequence[Question], marks: Sequence[Sequence[_Mark]]) -> kernel.Scores:
    """The same in integers: points in a unit in which all of them are whole."""
    credit = form.scoring.na is NotApplicable.FULL_CREDIT
    worth = [
        [question.possible if credit and mark.state is State.NOT_APPLICABLE else mark.points or _ZERO
         for question, mark in zip(questions, marked, strict=True)]
        for marked in marks
    ]
    unit = lcm(*(points.denominator for row in worth for points in row), *(question.possible.denominator for question in questions))
    possible = [int(question.possible * unit) for question in questions]
    weights = _weights(form, questions, possible)
    fails = [[_reach(mark.fail, form.scoring.form_fail) for mark in marked] for marked in marks]
    states = [[_state(question, mark.state, form.scoring.na) for question, mark in zip(questions, marked, strict=True)] for marked in marks]
    places = {section.id: place for place, section in enumerate(form.sections)}
    shape = (len(marks), len(questions))
    return kernel.score(
        kernel.Questions(
            kernel.integers([places[question.section] for question in questions]), kernel.integers(weights), kernel.integers(possible),
            kernel.integers([int(question.bonus) for question in questions]), form.scoring.mode is Mode.SECTION_PERCENT,
            form.scoring.score_max.as_integer_ratio(),
        ),
        np.array(states, dtype=np.int64).reshape(shape),
        kernel.integers([[int(points * unit) for points in row] for row in worth]).reshape(shape),
        np.array(fails, dtype=np.int64).reshape(shape),
    )


def _weights(form: Form, questions: Sequence[Question], possible: Sequence[int]) -> list[int]:
    """What one unit of points weighs, in whole numbers; nothing for questions that are not scored."""
    if form.scoring.mode is Mode.QUESTION_WEIGHTS:
        each = [(question.weight or _ZERO) / (points or 1) for question, points in zip(questions, possible, strict=True)]
    elif form.scoring.mode is Mode.POINTS:
        each = [Fraction(question.is_scored) for question in questions]
    else:
        of_section = {section.id: section.weight or _ZERO for section in form.sections}
        each = [of_section[question.section] if question.is_scored else _ZERO for question in questions]
    unit = lcm(*(weight.denominator for weight in each))
    return [int(weight * unit) for weight in each]


def _state(question: Question, state: State, na: NotApplicable) -> int:
    if state is State.ANSWERED:
        return kernel.COUNTS
    if state is State.NOT_APPLICABLE and not question.bonus:
        return _NA_STATES[na]
    return kernel.OUT


def _reach(fail: FailLevel | None, form_fail: FormFail) -> int:
    if fail is None or (fail is FailLevel.FORM and form_fail is FormFail.KEEP):
        return 0
    return int(fail)


def _scored(
    form: Form, questions: Sequence[Question], marks: Sequence[_Mark], earned: Sequence[int], possible: Sequence[int], whole: int
) -> Scored:
    contributions = tuple(
        Contribution(
            question.id, question.section, mark.state, mark.points, question.possible, Fraction(earned[at], whole or 1),
            Fraction(possible[at], whole or 1), question.bonus,
        )
        for at, (question, mark) in enumerate(zip(questions, marks, strict=True))
    )
    score = Fraction(sum(earned), whole) if whole else None
    auto_fails = tuple(AutoFail(question.id, mark.fail) for question, mark in zip(questions, marks, strict=True) if mark.fail is not None)
    critical = _critical(questions, marks)
    failed = any(fail.level is FailLevel.FORM for fail in auto_fails) or any(
        found.failed and each in form.scoring.fail_on_critical for each, found in critical.items())
    return Scored(
        score, None if whole else Reason.NOTHING_APPLICABLE, _outcome(score, form.scoring.pass_mark, failed),
        None if score is None else form.scoring.band(score), contributions, tuple(_sections(form, contributions)), auto_fails, critical,
    )


def _outcome(score: Fraction | None, pass_mark: Fraction | None, failed: bool) -> Outcome | None:
    if failed:
        return Outcome.FAIL
    if score is None or pass_mark is None:
        return None
    return Outcome.PASS if score >= pass_mark else Outcome.FAIL


def _sections(form: Form, contributions: Sequence[Contribution]) -> Iterator[SectionScore]:
    for section in form.sections:
        own = [each for each in contributions if each.section == section.id]
        share, of = sum((each.share for each in own), _ZERO), sum((each.of for each in own if not each.bonus), _ZERO)
        yield SectionScore(section.id, share, of, share / of if of else None)


def _critical(questions: Sequence[Question], marks: Sequence[_Mark]) -> dict[CriticalClass, Critical]:
    found: dict[CriticalClass, Critical] = {}
    for each in CriticalClass:
        own = [(question, mark) for question, mark in zip(questions, marks, strict=True) if question.critical is each]
        if own:
            answered = [(question, mark) for question, mark in own if mark.state is State.ANSWERED]
            found[each] = Critical(len(answered), tuple(question.id for question, mark in answered if mark.is_error))
    return found
