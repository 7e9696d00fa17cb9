"""What many scored evaluations say together, each figure with its interval or the reason why there is none."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from opsledger.core.quality.form import CriticalClass
from opsledger.core.quality.scoring import Outcome, Scored, State
from opsledger.core.scorecards.statistics import CONFIDENCE, SHARES, SMALL_SAMPLE_N, Interval, Reason, of_mean, wilson


class Figure(NamedTuple):
    value: float | None
    """A share of 1."""
    cases: int
    interval: Interval | None
    reason: Reason | None
    """Why value or interval is None."""

    @property
    def small_sample(self) -> bool:
        return 0 < self.cases < SMALL_SAMPLE_N


class QuestionSummary(NamedTuple):
    answered: int
    not_applicable: int
    mean: float | None
    """Points ÷ possible points of the answers; None for a question that is not scored."""


class Summary(NamedTuple):
    evaluations: int
    mean: Figure
    """Of the scores; evaluations without one do not count."""
    pass_rate: Figure
    """Of those with an outcome."""
    critical: Mapping[CriticalClass, Figure]
    """Critical-error accuracy: 1 − evaluations with at least one failure ÷ evaluations where one was possible."""
    questions: Mapping[str, QuestionSummary]


def summarise(found: Sequence[Scored], confidence: float = CONFIDENCE) -> Summary:
    scores = [float(each.score) for each in found if each.score is not None]
    outcomes = [each.outcome for each in found if each.outcome is not None]
    return Summary(
        len(found), _mean(scores, confidence), _share(sum(each is Outcome.PASS for each in outcomes), len(outcomes), confidence),
        {each: _accuracy(each, found, confidence) for each in CriticalClass if any(each in one.critical for one in found)},
        _questions(found),
    )


def _mean(values: Sequence[float], confidence: float) -> Figure:
    interval = of_mean(values, confidence, SHARES)
    return _figure(fmean(values) if values else None, len(values), interval)


def _share(successes: int, cases: int, confidence: float) -> Figure:
    return _figure(successes / cases if cases else None, cases, wilson(successes, cases, confidence))


def _figure(value: float | None, cases: int, interval: Interval | Reason) -> Figure:
    if isinstance(interval, Reason):
        return Figure(value, cases, None, interval)
    return Figure(value, cases, interval, None)


def _accuracy(kind: CriticalClass, found: Sequence[Scored], confidence: float) -> Figure:
    applicable = [each.critical[kind] for each in found if kind in each.critical and each.critical[kind].applicable]
    return _share(sum(not each.failed for each in applicable), len(applicable), confidence)


def _questions(found: Sequence[Scored]) -> dict[str, QuestionSummary]:
    ids = dict.fromkeys(each.question for one in found for each in one.contributions)
    parts: dict[str, list[float]] = {id: [] for id in ids}
    states: dict[str, list[State]] = {id: [] for id in ids}
    for one in found:
        for each in one.contributions:
            states[each.question].append(each.state)
            if each.points is not None:
                parts[each.question].append(float(each.points / each.possible_points))
    return {
        id: QuestionSummary(
            states[id].count(State.ANSWERED), states[id].count(State.NOT_APPLICABLE), fmean(parts[id]) if parts[id] else None)
        for id in ids
    }
