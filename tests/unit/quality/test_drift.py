"""Scores without the evaluators' bias: by hand where it can be, and what is not defined."""
from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsledger.core.quality.drift import Drift, Judged, Reason, drift
from opsledger.core.scorecards import statistics


def effects(found: Drift) -> dict[str, float | None]:
    return {each.evaluator: each.effect.value for each in found.evaluators}


def adjusted(found: Drift) -> dict[str, float | None]:
    return {each.agent: each.adjusted.value for each in found.agents}


def test_a_strict_evaluator_is_taken_off_the_scores_of_those_they_judged() -> None:
    """bob is always 10 below ann. dee was judged by bob twice and by ann once, eve the other way round."""
    found = drift([
        Judged("dee", "bob", 60), Judged("dee", "bob", 60), Judged("dee", "ann", 70),
        Judged("eve", "ann", 75), Judged("eve", "ann", 75), Judged("eve", "bob", 65),
    ])
    assert effects(found) == pytest.approx({"ann": 5, "bob": -5})
    assert adjusted(found) == pytest.approx({"dee": 65, "eve": 70})
    assert [each.original.value for each in found.agents] == pytest.approx([190 / 3, 215 / 3])
    assert {each.effect.reason for each in found.evaluators} == {Reason.NO_SPREAD}


def test_where_everybody_is_judged_by_everybody_nothing_changes() -> None:
    scores = {"ann": 8.0, "bob": 6.0, "cem": 7.0}
    agents = {"d": 1.0, "e": 0.0}
    found = drift([Judged(agent, evaluator, scores[evaluator] + agents[agent]) for agent, evaluator in product(agents, scores)])
    assert adjusted(found) == pytest.approx({each.agent: each.original.value for each in found.agents})


def test_an_evaluator_who_shares_no_agent_cannot_be_told_from_the_agents() -> None:
    found = drift([
        Judged("d", "ann", 8), Judged("d", "bob", 7), Judged("e", "ann", 9), Judged("e", "bob", 8),
        Judged("f", "cem", 5), Judged("g", "cem", 6),
    ])
    assert found.parts == 2
    assert [(each.evaluator, each.part, each.effect.value, each.effect.reason) for each in found.evaluators][2] == (
        "cem", 2, None, Reason.NOT_CONNECTED)
    alone = found.agents[2]
    assert (alone.agent, alone.original.value, alone.adjusted.value, alone.adjusted.reason) == ("f", 5.0, None, Reason.NOT_CONNECTED)


def test_parts_have_an_average_evaluator_each() -> None:
    found = drift([
        Judged("d", "ann", 8), Judged("d", "bob", 6), Judged("e", "ann", 9),
        Judged("f", "cem", 5), Judged("f", "eve", 4),
    ])
    assert [(each.evaluator, each.part, each.effect.value) for each in found.evaluators] == [
        ("ann", 1, 1.0), ("bob", 1, -1.0), ("cem", 2, 0.5), ("eve", 2, -0.5)]
    assert {each.effect.reason for each in found.evaluators} == {Reason.SATURATED}


def test_one_agent_of_one_evaluator_and_nobody_at_all() -> None:
    assert drift([]) == Drift((), (), 0)
    [alone] = drift([Judged("d", "ann", 1)]).agents
    assert (alone.original.reason, alone.adjusted.reason) == (statistics.Reason.ONE_CASE, Reason.NOT_CONNECTED)


one = st.builds(Judged, st.sampled_from("def"), st.sampled_from(["ann", "bob", "cem"]), st.integers(0, 10).map(float))
worlds = st.lists(one, min_size=1, max_size=14)


@settings(max_examples=25, deadline=None)
@given(worlds, st.randoms())
def test_the_order_of_evaluations_changes_nothing(world: list[Judged], random: object) -> None:
    shuffled = list(world)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert drift(shuffled) == drift(world)


@settings(max_examples=50, deadline=None)
@given(worlds)
def test_effects_sum_to_zero_in_every_part_and_means_shift_by_what_was_removed(world: list[Judged]) -> None:
    found = drift(world)
    for part in range(1, found.parts + 1):
        values = [each.effect.value for each in found.evaluators if each.part == part and each.effect.value is not None]
        assert sum(values) == pytest.approx(0, abs=1e-8)
    of = effects(found)
    for agent in found.agents:
        removed = [of[each.evaluator] for each in world if each.agent == agent.agent]
        if agent.adjusted.value is not None:
            expected = agent.original.value - sum(map(float, removed)) / len(removed)  # type: ignore[arg-type, operator]  # all are defined
            assert agent.adjusted.value == pytest.approx(expected, abs=1e-8)
