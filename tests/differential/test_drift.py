"""Evaluator effects against ordinary least squares of statsmodels, with sum-to-zero contrasts."""
from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm

from opsledger.core.quality.drift import Drift, Judged, drift


def drawn(seed: int, *, agents: int = 8, evaluators: int = 4, evaluations: int = 120, error: float = 0.05) -> list[Judged]:
    """Scores of an additive world; whoever judged whom by chance, some agents by few."""
    random = np.random.default_rng(seed)
    levels, effects = random.uniform(0.6, 0.9, agents), random.normal(0, 0.08, evaluators)
    found = []
    for _ in range(evaluations):
        agent = int(random.integers(agents))
        evaluator = int((agent + random.integers(2)) % evaluators)
        found.append(Judged(f"a{agent}", f"e{evaluator}", float(levels[agent] + effects[evaluator] + random.normal(0, error))))
    return found


def ordinary_least_squares(evaluations: list[Judged]) -> tuple[list[str], list[str], Any]:
    """Agents as dummies, evaluators as sum contrasts."""
    agents, evaluators = (sorted({getattr(each, name) for each in evaluations}) for name in ("agent", "evaluator"))
    design = np.zeros((len(evaluations), len(agents) + len(evaluators) - 1))
    for row, each in enumerate(evaluations):
        design[row, agents.index(each.agent)] = 1
        place = evaluators.index(each.evaluator)
        if place == len(evaluators) - 1:
            design[row, len(agents):] = -1
        else:
            design[row, len(agents) + place] = 1
    return agents, evaluators, sm.OLS(np.array([each.score for each in evaluations]), design).fit()


def oracle(evaluations: list[Judged]) -> tuple[dict[str, float], dict[str, float], dict[str, tuple[float, float]]]:
    """Agents, evaluators and the evaluators' t intervals."""
    agents, evaluators, fit = ordinary_least_squares(evaluations)
    free = fit.params[len(agents):]
    intervals = dict(zip(evaluators[:-1], map(tuple, fit.conf_int()[len(agents):]), strict=True))
    return (
        dict(zip(agents, fit.params[:len(agents)], strict=True)), dict(zip(evaluators, [*free, -free.sum()], strict=True)), intervals)


def intervals_of_agents(evaluations: list[Judged]) -> dict[str, tuple[float, float]]:
    agents, _, fit = ordinary_least_squares(evaluations)
    return dict(zip(agents, map(tuple, fit.conf_int()[:len(agents)]), strict=True))


def effects(found: Drift) -> dict[str, float | None]:
    return {each.evaluator: each.effect.value for each in found.evaluators}


@pytest.mark.parametrize("seed", range(5))
def test_effects_and_adjusted_scores_are_those_of_ordinary_least_squares(seed: int) -> None:
    evaluations = drawn(seed)
    found, (agents, evaluators, _) = drift(evaluations), oracle(evaluations)
    assert found.parts == 1
    assert effects(found) == pytest.approx(evaluators, abs=1e-9)
    assert {each.agent: each.adjusted.value for each in found.agents} == pytest.approx(agents, abs=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_intervals_are_those_of_ordinary_least_squares(seed: int) -> None:
    evaluations = drawn(seed, evaluations=60)
    found, (*_, intervals) = drift(evaluations), oracle(evaluations)
    for each in found.evaluators[:-1]:
        assert each.effect.interval is not None
        assert each.effect.interval[:2] == pytest.approx(intervals[each.evaluator], abs=1e-9)
    of_agents = intervals_of_agents(evaluations)
    for agent in found.agents:
        assert agent.adjusted.interval is not None
        assert agent.adjusted.interval[:2] == pytest.approx(of_agents[agent.agent], abs=1e-9)


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """Of 2,000 worlds with 2 evaluators, 3 agents and 9 evaluations in each: 2 points are 4 standard errors."""
    covered = adjusted = 0
    for seed in range(2_000):
        random = np.random.default_rng(seed)
        evaluations = [
            Judged(f"a{agent}", evaluator, 0.7 + sign * 0.05 + float(random.normal(0, 0.1)))
            for agent in range(3) for evaluator, sign, times in (("lenient", 1, 2), ("strict", -1, 1)) for _ in range(times)
        ]
        found = drift(evaluations)
        interval, agent_interval = found.evaluators[0].effect.interval, found.agents[0].adjusted.interval
        assert interval is not None
        assert agent_interval is not None
        covered += interval.low < 0.05 < interval.high
        adjusted += agent_interval.low < 0.7 < agent_interval.high
    assert covered / 2_000 == pytest.approx(0.95, abs=0.02)
    assert adjusted / 2_000 == pytest.approx(0.95, abs=0.02)
