"""Scores with the evaluators' bias removed, beside the originals: what an agent would score with the average evaluator.

An additive model, score = agent + evaluator + error, fitted by least squares. Agents and evaluators form a graph in which every
evaluation is an edge; within a connected part of it evaluators can be compared, and their effects sum to zero there. Between parts
nothing can be said. With agents a, evaluators e, n_ae evaluations of a by e and n_a, n_e in all, the normal equations without the
agents are L·effects = r with L = diag(n_e) − Σ_a n_ae n_ae′ ÷ n_a and r = Σ_a (sum_ae − n_ae · mean_a): Searle (1971), Linear
Models, 7.1. Intervals are Student's t with the errors' degrees of freedom, and variances σ²·L⁺ of the effects and
σ²·(1 ÷ n_a + m_a′ L⁺ m_a) of the agents, where m_a is n_ae ÷ n_a.

No sum is left to BLAS, whose order of adding depends on how many threads it has: the same evaluations give the same digits everywhere.
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
from opsledger.core.scorecards.statistics import CONFIDENCE, UNBOUNDED, Bounds, Interval, of_mean
from opsledger.core.scorecards.student import t_of

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


def drift(evaluations: Iterable[Judged], confidence: float = CONFIDENCE, bounds: Bounds = UNBOUNDED) -> Drift:
    """Effects of all evaluators and scores of all agents. The same evaluations, in any order, always give the same intervals.

    Scores lie between ``bounds``; original means have the intervals of ``statistics.of_mean``.
    """
    parts = _parts(sorted(evaluations))
    found = [_fitted(part, place, confidence, bounds) for place, part in enumerate(parts, start=1)]
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
        self.shares: Floats = self.met / self.of_agent[:, None]
        """Per agent: share of their evaluations by each evaluator."""
        laplacian = np.diag(self.met.sum(axis=0)) - np.einsum("ae,af->ef", self.met, self.shares)
        # r sums to zero, so adding a constant matrix picks the solution that does too, and makes it the only one
        self._solution = _inverse(laplacian + 1)

    @property
    def freedom(self) -> int:
        return len(self.scores) - len(self.agents) - len(self.evaluators) + 1

    def fit(self, scores: Floats) -> tuple[Floats, Floats]:
        """Agents and effects that are least squares for these scores of the same evaluations."""
        by_agent = np.bincount(self.agent, scores, len(self.agents))
        by_evaluator = np.bincount(self.evaluator, scores, len(self.evaluators))
        removed = by_evaluator - np.einsum("ae,a->e", self.shares, by_agent)
        effects: Floats = np.einsum("ef,f->e", self._solution, removed)
        return (by_agent - np.einsum("ae,e->a", self.met, effects)) / self.of_agent, effects

    def variances(self) -> tuple[Floats, Floats]:
        """Of agents and effects, in variances of the error."""
        inverse = self._solution - 1 / len(self.evaluators) ** 2  # without the constant: L⁺
        agents = 1 / self.of_agent + (np.einsum("ae,ef->af", self.shares, inverse) * self.shares).sum(axis=1)
        return agents, np.maximum(np.diagonal(inverse), 0.0)


def _inverse(matrix: Floats) -> Floats:
    """Of a symmetric, positive definite matrix, by Gauss and Jordan: for such a one no pivot has to be looked for."""
    work, found = matrix.copy(), np.eye(len(matrix))
    for at in range(len(matrix)):
        found[at] /= work[at, at]
        work[at] /= work[at, at]
        factors = work[:, at].copy()
        factors[at] = 0
        found -= factors[:, None] * found[at]
        work -= factors[:, None] * work[at]
    return found


def _fitted(
    evaluations: Sequence[Judged], place: int, confidence: float, bounds: Bounds
) -> tuple[list[EvaluatorEffect], list[AgentScore]]:
    part = _Part(evaluations)
    originals = [_original(part.scores[part.agent == at], confidence, bounds) for at in range(len(part.agents))]
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
    errors = part.scores - agents[part.agent] - effects[part.evaluator]
    reach = t_of(confidence, part.freedom) * math.sqrt(math.fsum(errors * errors) / part.freedom)
    of_agents, of_effects = part.variances()
    return list(_means(agents, reach * np.sqrt(of_agents))), list(_means(effects, reach * np.sqrt(of_effects)))


def _means(values: Floats, reaches: Floats) -> Iterator[Mean]:
    for value, reach in zip(values, reaches, strict=True):
        yield Mean(float(value), Interval(float(value - reach), float(value + reach), "t"), None)


def _original(scores: Floats, confidence: float, bounds: Bounds) -> Mean:
    found = of_mean(scores, confidence, bounds)
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
