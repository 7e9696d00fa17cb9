"""Scores with the evaluators' bias removed, beside the originals: what an agent would score with the average evaluator.

An additive model, score = agent + evaluator + error, fitted by least squares. Agents and evaluators form a graph in which every
evaluation is an edge; within a connected part of it evaluators can be compared, and their effects sum to zero there. Between parts
nothing can be said. With agents a, evaluators e, n_ae evaluations of a by e and n_a, n_e in all, the normal equations without the
agents are L·effects = r with L = diag(n_e) − Σ_a n_ae n_ae′ ÷ n_a and r = Σ_a (sum_ae − n_ae · mean_a): Searle (1971), Linear
Models, 7.1.
"""
from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from opsledger.core.quality.rater_bias import Mean
from opsledger.core.scorecards import statistics
from opsledger.core.scorecards.statistics import CONFIDENCE, RESAMPLES, Interval, of_mean, random_of

Floats: TypeAlias = "NDArray[np.float64]"
Places: TypeAlias = "NDArray[np.int64]"


class Reason(StrEnum):
    """Why there is no effect, or no interval."""

    NOT_CONNECTED = "NOT_CONNECTED"
    """All of these agents were judged by this evaluator alone: how strict that is cannot be told from how good they are."""
    SATURATED = "SATURATED"
    """No evaluation is left over to see how much scores vary."""
    NO_SPREAD = "NO_SPREAD"
    """The model fits without error: an interval would claim a certainty that is not there."""


class Judged(NamedTuple):
    """One evaluation that counts."""

    agent: str
    evaluator: str
    score: float


class EvaluatorEffect(NamedTuple):
    evaluator: str
    evaluations: int
    part: int
    """Of the graph, from 1, the one with the most evaluations first. Compare effects within a part only."""
    effect: Mean
    """Points that this evaluator gives more than the average evaluator of the part does: above 0 is lenient."""


class AgentScore(NamedTuple):
    agent: str
    evaluations: int
    part: int
    original: Mean
    adjusted: Mean


class Drift(NamedTuple):
    evaluators: tuple[EvaluatorEffect, ...]
    """By part and name."""
    agents: tuple[AgentScore, ...]
    parts: int


def drift(evaluations: Iterable[Judged], confidence: float = CONFIDENCE) -> Drift:
    """Effects of all evaluators and scores of all agents. The same evaluations, in any order, always give the same intervals.

    Intervals are percentile bootstraps of the residuals, scaled by √(n ÷ degrees of freedom): who judged whom stays as it was. Those of
    original means are ``statistics.of_mean``'s.
    """
    parts = _parts(sorted(evaluations))
    found = [_fitted(part, place, confidence) for place, part in enumerate(parts, start=1)]
    return Drift(
        tuple(effect for effects, _ in found for effect in effects), tuple(score for _, scores in found for score in scores), len(parts))


class _Part:
    """Evaluations that hang together, as arrays."""

    def __init__(self, evaluations: Sequence[Judged]) -> None:
        self.agents = sorted({each.agent for each in evaluations})
        self.evaluators = sorted({each.evaluator for each in evaluations})
        places = [{name: place for place, name in enumerate(names)} for names in (self.agents, self.evaluators)]
        self.agent: Places = np.array([places[0][each.agent] for each in evaluations], dtype=np.int64)
        self.evaluator: Places = np.array([places[1][each.evaluator] for each in evaluations], dtype=np.int64)
        self.scores: Floats = np.array([each.score for each in evaluations], dtype=np.float64)
        self.met: Floats = np.zeros((len(self.agents), len(self.evaluators)))
        np.add.at(self.met, (self.agent, self.evaluator), 1)
        self.of_agent: Floats = self.met.sum(axis=1)
        shares = self.met / self.of_agent[:, None]
        laplacian = np.diag(self.met.sum(axis=0)) - self.met.T @ shares
        # r sums to zero, so adding a constant matrix picks the solution that does too, and makes it the only one
        self._solution = np.linalg.inv(laplacian + 1)

    @property
    def freedom(self) -> int:
        return len(self.scores) - len(self.agents) - len(self.evaluators) + 1

    def fit(self, scores: Floats) -> tuple[Floats, Floats]:
        """Agents and effects that are least squares for these scores of the same evaluations."""
        by_agent = np.bincount(self.agent, scores, len(self.agents))
        by_evaluator = np.bincount(self.evaluator, scores, len(self.evaluators))
        effects: Floats = self._solution @ (by_evaluator - self.met.T @ (by_agent / self.of_agent))
        return (by_agent - self.met @ effects) / self.of_agent, effects

    def drawn(self) -> tuple[Floats, Floats]:
        """Fits to scores with the residuals drawn anew: rows are draws."""
        agents, effects = self.fit(self.scores)
        fitted = agents[self.agent] + effects[self.evaluator]
        residuals = (self.scores - fitted) * math.sqrt(len(self.scores) / self.freedom)
        random = random_of(np.column_stack([self.agent, self.evaluator, self.scores]).tobytes())
        fits = [self.fit(fitted + np.take(residuals, random.randint(0, residuals.size, residuals.size))) for _ in range(RESAMPLES)]
        return np.array([fit[0] for fit in fits]), np.array([fit[1] for fit in fits])


def _fitted(evaluations: Sequence[Judged], place: int, confidence: float) -> tuple[list[EvaluatorEffect], list[AgentScore]]:
    part = _Part(evaluations)
    originals = [_original(part.scores[part.agent == at], confidence) for at in range(len(part.agents))]
    if len(part.evaluators) == 1:
        effects = adjusted = [Mean(None, None, Reason.NOT_CONNECTED)] * len(part.agents)
    else:
        adjusted, effects = _estimates(part, confidence)
    met = part.met.sum(axis=0)
    return (
        [EvaluatorEffect(name, int(met[at]), place, effects[at]) for at, name in enumerate(part.evaluators)],
        [AgentScore(name, int(part.of_agent[at]), place, originals[at], adjusted[at]) for at, name in enumerate(part.agents)],
    )


def _estimates(part: _Part, confidence: float) -> tuple[list[Mean], list[Mean]]:
    """Adjusted scores and effects, with what can be said of how sure they are."""
    agents, effects = part.fit(part.scores)
    spread = np.abs(part.scores - agents[part.agent] - effects[part.evaluator]).max()
    reason = Reason.SATURATED if part.freedom == 0 else Reason.NO_SPREAD if spread < 1e-12 * max(1.0, np.abs(part.scores).max()) else None
    if reason is not None:
        return [Mean(float(value), None, reason) for value in agents], [Mean(float(value), None, reason) for value in effects]
    drawn = part.drawn()
    return list(_means(agents, drawn[0], confidence)), list(_means(effects, drawn[1], confidence))


def _means(values: Floats, draws: Floats, confidence: float) -> Iterator[Mean]:
    low, high = np.quantile(draws, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    for at, value in enumerate(values):
        yield Mean(float(value), Interval(float(low[at]), float(high[at]), "bootstrap_residual"), None)


def _original(scores: Floats, confidence: float) -> Mean:
    found = of_mean(scores, confidence)
    middle = float(scores.mean())
    return Mean(middle, None, found) if isinstance(found, statistics.Reason) else Mean(middle, found, None)


def _parts(evaluations: Sequence[Judged]) -> list[list[Judged]]:
    """The connected parts, the largest first."""
    root: dict[tuple[str, str], tuple[str, str]] = {}

    def find(node: tuple[str, str]) -> tuple[str, str]:
        while (above := root.setdefault(node, node)) != node:
            root[node] = root[above]
            node = above
        return node

    for each in evaluations:
        root[find(("agent", each.agent))] = find(("evaluator", each.evaluator))
    found: dict[tuple[str, str], list[Judged]] = {}
    for each in evaluations:
        found.setdefault(find(("agent", each.agent)), []).append(each)
    return sorted(found.values(), key=lambda part: (-len(part), part[0]))
