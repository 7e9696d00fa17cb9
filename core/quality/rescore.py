"""Past answers under another version of their form: what would change, with nothing written.

Questions and options are the same when their ids are. A question of the new version to which there is no answer that it accepts is
unanswerable; it leaves the score, and the report says so.
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from fractions import Fraction
from statistics import fmean
from typing import NamedTuple

from opsledger.core.quality.answers import Answer, Answers, arrange
from opsledger.core.quality.form import Form, Kind, Question
from opsledger.core.quality.scoring import Scored, score_all


class Unanswerable(StrEnum):
    """Why a question of the new version has no answer."""

    NEW_QUESTION = "NEW_QUESTION"
    NOT_ANSWERED = "NOT_ANSWERED"
    """It was not asked, or left out."""
    NOT_ACCEPTED = "NOT_ACCEPTED"
    """The answer is none of the new version's."""


class Mapped(NamedTuple):
    answers: Answers
    unanswerable: Mapping[str, Unanswerable]
    """Questions that the new version asks and scores or requires."""
    dropped: tuple[str, ...]
    """Answered questions that the new version does not ask."""


class Rescored(NamedTuple):
    """One evaluation under both versions."""

    before: Scored
    after: Scored
    unanswerable: Mapping[str, Unanswerable]
    dropped: tuple[str, ...]

    @property
    def delta(self) -> Fraction | None:
        """Of the score, as a share of 1; None where either is missing."""
        if self.before.score is None or self.after.score is None:
            return None
        return self.after.score - self.before.score


class Report(NamedTuple):
    """What another version would change."""

    evaluations: int
    compared: int
    """With a score under both."""
    changed: int
    """Score, outcome or band would be another one."""
    mean_before: float | None
    """Of the compared ones."""
    mean_after: float | None
    outcomes: Mapping[tuple[str, str], int]
    """How often which outcome becomes which; ``none`` where there is none."""
    bands: Mapping[tuple[str, str], int]
    unanswerable: Mapping[str, int]
    """In how many evaluations, by question."""
    dropped: Mapping[str, int]


def map_answers(new: Form, answers: Answers, old: Form) -> Mapped:
    carried: dict[str, Answer] = {}
    lost: dict[str, Unanswerable] = {}
    for id, question in new.questions.items():
        if id not in old.questions:
            lost[id] = Unanswerable.NEW_QUESTION
        elif id not in answers.given:
            lost[id] = Unanswerable.NOT_ANSWERED
        elif _accepts(question, answers.given[id]):
            carried[id] = None if answers.given[id] in question.na_values else answers.given[id]
        else:
            lost[id] = Unanswerable.NOT_ACCEPTED
    mapped = arrange(new, carried)
    needed = {question.id for question in new if question.is_scored or question.required}
    return Mapped(
        mapped,
        {id: why for id, why in lost.items() if id in needed and id not in mapped.hidden},
        tuple(id for id in answers.given if id not in new.questions or id in mapped.hidden),
    )


def rescore(old: Form, new: Form, batch: Sequence[Answers]) -> Iterator[Rescored]:
    """In order."""
    mapped = [map_answers(new, answers, old) for answers in batch]
    after = score_all(new, [each.answers for each in mapped])
    for before, later, each in zip(score_all(old, batch), after, mapped, strict=True):
        yield Rescored(before, later, each.unanswerable, each.dropped)


def report(found: Sequence[Rescored]) -> Report:
    pairs = [(each.before.score, each.after.score) for each in found if each.before.score is not None and each.after.score is not None]
    return Report(
        evaluations=len(found),
        compared=len(pairs),
        changed=sum(_result(each.before) != _result(each.after) for each in found),
        mean_before=fmean(float(before) for before, _ in pairs) if pairs else None,
        mean_after=fmean(float(after) for _, after in pairs) if pairs else None,
        outcomes=Counter((_word(each.before.outcome), _word(each.after.outcome)) for each in found),
        bands=Counter((_word(each.before.band), _word(each.after.band)) for each in found),
        unanswerable=Counter(id for each in found for id in each.unanswerable),
        dropped=Counter(id for each in found for id in each.dropped),
    )


def _accepts(question: Question, answer: Answer) -> bool:
    if answer is None:
        return question.may_be_na
    if isinstance(answer, tuple):
        fits = question.kind is Kind.MULTI or (question.kind is Kind.SINGLE and len(answer) == 1)
        return fits and set(answer) <= {option.id for option in question.options}
    if isinstance(answer, Fraction):
        return question.kind is Kind.NUMERIC and (answer in question.na_values or question.allows(answer))
    return question.kind is (Kind.TEXT if isinstance(answer, str) else Kind.DATE)


def _result(scored: Scored) -> tuple[object, ...]:
    return scored.score, scored.outcome, scored.band


def _word(word: str | None) -> str:
    return "none" if word is None else str(word)
