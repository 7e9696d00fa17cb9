"""What many scored evaluations say together, each figure with its interval or the reason why there is none."""
from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
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


def summarise(found: Iterable[Scored], confidence: float = CONFIDENCE) -> Summary:
    whole = Summing()
    for each in found:
        whole.add(each)
    return whole.summary(confidence)


class Summing:
    """A summary of evaluations one after another, of which it keeps what the figures need: a number for each, and for each question how
    often which part of its points was given."""

    def __init__(self) -> None:
        self._evaluations = 0
        self._scores = array("d")
        self._outcomes: Counter[Outcome] = Counter()
        self._critical: dict[CriticalClass, Counter[bool]] = {}
        self._questions: dict[str, tuple[Counter[State], Counter[float]]] = {}

    def add(self, scored: Scored) -> None:
        self._evaluations += 1
        if scored.score is not None:
            self._scores.append(float(scored.score))
        if scored.outcome is not None:
            self._outcomes[scored.outcome] += 1
        for kind, critical in scored.critical.items():
            without_error = self._critical.setdefault(kind, Counter())
            if critical.applicable:
                without_error[not critical.failed] += 1
        for each in scored.contributions:
            states, parts = self._questions.setdefault(each.question, (Counter(), Counter()))
            states[each.state] += 1
            if each.points is not None:
                parts[float(each.points / each.possible_points)] += 1

    def summary(self, confidence: float = CONFIDENCE) -> Summary:
        return Summary(
            self._evaluations, _mean(self._scores, confidence), _share(self._outcomes[Outcome.PASS], self._outcomes.total(), confidence),
            {
                kind: _share(self._critical[kind][True], self._critical[kind].total(), confidence)
                for kind in CriticalClass if kind in self._critical
            },
            {
                id: QuestionSummary(states[State.ANSWERED], states[State.NOT_APPLICABLE], _mean_part(parts))
                for id, (states, parts) in self._questions.items()
            },
        )


def _mean_part(parts: Counter[float]) -> float | None:
    """Exactly added, as if every one stood for itself."""
    if not parts:
        return None
    return float(sum(Fraction(part) * count for part, count in parts.items())) / parts.total()


def _mean(values: Sequence[float], confidence: float) -> Figure:
    interval = of_mean(values, confidence, SHARES)
    return _figure(fmean(values) if values else None, len(values), interval)


def _share(successes: int, cases: int, confidence: float) -> Figure:
    return _figure(successes / cases if cases else None, cases, wilson(successes, cases, confidence))


def _figure(value: float | None, cases: int, interval: Interval | Reason) -> Figure:
    if isinstance(interval, Reason):
        return Figure(value, cases, None, interval)
    return Figure(value, cases, interval, None)
