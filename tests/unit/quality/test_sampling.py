"""Samples are a function of the frame, the design and its seed; and they are what their names say."""
from __future__ import annotations

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.quality.assignment import assign
from opsledger.core.quality.sampling import Contact, Design, Method, Risk, draw, frame_hash, shares


def contact(number: int, agent: str = "bob", *risks: Risk, channel: str = "call", category: str = "billing") -> Contact:
    return Contact("zendesk", f"T{number:04}", "", agent, "tier 1", channel, category, 1_000 + number, tuple(sorted(risks)))


FRAME = [contact(n, agent) for n in range(40) for agent in ("bob", "eve")]
frames = st.lists(
    st.builds(contact, st.integers(0, 50), st.sampled_from(["bob", "eve", "kim"]), channel=st.sampled_from(["call", "mail"])),
    unique=True, max_size=60)
designs = st.builds(Design, st.sampled_from(list(Method)), st.integers(1, 30), st.integers(0, 1000))


@given(frames, designs)
def test_the_order_of_the_frame_does_not_matter(frame: list[Contact], design: Design) -> None:
    shuffled = sorted(frame, key=lambda each: sha256(repr(each).encode()).digest())
    assert draw(frame, design) == draw(shuffled, design)
    assert frame_hash(frame) == frame_hash(shuffled)


@given(frames, designs)
def test_a_sample_is_a_part_of_the_frame_without_repetition(frame: list[Contact], design: Design) -> None:
    sample = draw(frame, design)
    assert len(set(sample)) == len(sample)
    assert set(sample) <= set(frame)
    if design.method is Method.PER_AGENT:
        assert Counter(each.agent for each in sample) == {
            agent: min(design.size, count) for agent, count in Counter(each.agent for each in frame).items()}
    else:
        assert len(sample) == min(design.size, len(frame))


@given(st.dictionaries(st.tuples(st.text(max_size=2)), st.integers(1, 50), min_size=1, max_size=12), st.integers(1, 200))
def test_strata_get_their_part(sizes: dict[tuple[str, ...], int], total: int) -> None:
    found, whole = shares(sizes, total), sum(sizes.values())
    assert sum(found.values()) == min(total, whole)
    assert all(0 <= found[key] <= sizes[key] for key in sizes)
    if len(sizes) <= total:
        assert min(found.values()) >= 1
    else:
        assert all(abs(found[key] - sizes[key] * total / whole) < 1 for key in sizes)


def test_proportions_are_by_largest_remainders() -> None:
    # Hamilton's method; the example is that of Balinski and Young (1982), Fair Representation, on 26 seats
    states = {("A",): 9061, ("B",): 7179, ("C",): 5259, ("D",): 3319, ("E",): 1182}
    assert [shares(states, 26)[key] for key in sorted(states)] == [9, 7, 5, 4, 1]


def test_other_seeds_draw_others_and_every_contact_has_the_same_chance() -> None:
    drawn = Counter(each for seed in range(2_000) for each in draw(FRAME, Design(Method.PER_AGENT, 4, seed)))
    assert len(drawn) == len(FRAME)
    # each is in 1 of 10 samples: 200 ± 13.4; six standard deviations either way
    assert all(120 < count < 280 for count in drawn.values())


def test_risk_draws_in_proportion_to_weights() -> None:
    frame = [contact(1), contact(2, "bob", Risk.BREACHED), contact(3, "bob", Risk.LOW_CSAT, Risk.LONG)]
    first = Counter(draw(frame, Design(Method.RISK, 1, seed))[0].ticket_id for seed in range(13_000))
    # weights 1, 4 and 8 of 13: expected 1000, 4000 and 8000 with standard deviations of at most 56
    assert [round(first[f"T{n:04}"], -3) for n in (1, 2, 3)] == [1000, 4000, 8000]


def test_a_draw_is_the_same_for_ever() -> None:
    golden = {Method.PER_AGENT: "T0000e T0006b T0009e T0022b", Method.STRATIFIED: "T0006b T0009e", Method.RISK: "T0000e T0009e"}
    for method, drawn in golden.items():  # as drawn when this was written: the seed and the frame must always give them again
        assert " ".join(each.ticket_id + each.agent[0] for each in draw(FRAME, Design(method, 2, 42))) == drawn
    assert frame_hash([contact(1, "bob", Risk.LONG)]) == sha256(
        b'["zendesk","T0001","","bob","tier 1","call","billing",1001,["long"],[]]\n').hexdigest()


def test_any_change_of_the_frame_changes_its_hash() -> None:
    hashes = {frame_hash(frame) for frame in (FRAME, FRAME[1:], [*FRAME, contact(99)], [*FRAME[1:], FRAME[0]._replace(group="tier 2")])}
    assert len(hashes) == 4


def test_nobody_gets_their_own_work_or_that_of_a_conflict() -> None:
    sample = [contact(n, agent) for n in range(6) for agent in ("ann", "bob")]
    found = assign(sample, {"ann": 6, "art": 6}, conflicts=[("art", "bob")])
    assert [(each.agent, analyst) for each, analyst in zip(sample, found, strict=True)] == [("ann", "art"), ("bob", "ann")] * 6


def test_nobody_judges_a_ticket_that_they_worked_on() -> None:
    assert assign([contact(1)._replace(others=("ann",))], {"ann": 1}) == [""]


def test_work_is_shared_out_as_the_quotas_are() -> None:
    found = assign([contact(n) for n in range(9)], {"ann": 6, "art": 3})
    assert Counter(found) == {"ann": 6, "art": 3}
    assert found[:3].count("ann") == 2


AGENTS, ANALYSTS = st.sampled_from(["ann", "art", "bob"]), st.sampled_from(["ann", "art", "sue"])


@given(st.lists(AGENTS, max_size=12), st.dictionaries(ANALYSTS, st.integers(0, 4)), st.sets(st.tuples(ANALYSTS, AGENTS)))
def test_as_many_as_possible_get_an_analyst(agents: list[str], quotas: dict[str, int], conflicts: set[tuple[str, str]]) -> None:
    sample = [contact(n, agent) for n, agent in enumerate(agents)]
    found = assign(sample, quotas, conflicts)
    for each, analyst in zip(sample, found, strict=True):
        assert analyst != each.agent
        assert (analyst, each.agent) not in conflicts
    assert all(found.count(analyst) <= quotas.get(analyst, 0) for analyst in set(found) - {""})
    assert sum(map(bool, found)) == most_possible(agents, quotas, conflicts)


def most_possible(agents: list[str], quotas: dict[str, int], conflicts: set[tuple[str, str]]) -> int:
    """By Hall's theorem with deficiency: contacts of an agent are alike, so subsets of agents are all there is to look at."""
    kinds = sorted(set(agents))
    lacking = 0
    for mask in range(1 << len(kinds)):
        subset = {kind for bit, kind in enumerate(kinds) if mask >> bit & 1}
        wanted = sum(agent in subset for agent in agents)
        able = sum(most for name, most in quotas.items() if any(name != kind and (name, kind) not in conflicts for kind in subset))
        lacking = max(lacking, wanted - able)
    return len(agents) - lacking


@pytest.mark.parametrize("method", list(Method))
def test_nothing_is_drawn_from_nothing(method: Method) -> None:
    assert draw([], Design(method, 5, 1)) == []
