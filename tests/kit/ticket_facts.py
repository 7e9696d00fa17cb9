"""Hypothesis strategies for whole ticket facts, every kind and every field."""
from __future__ import annotations

from hypothesis import strategies as st

from opsledger.core.tickets.facts import (
    Actor,
    ActorKind,
    Assigned,
    Channel,
    Classified,
    DueSet,
    Fact,
    FeedbackKind,
    FeedbackReceived,
    InteractionEnded,
    Merged,
    Opened,
    PriorityChanged,
    Reopened,
    Replied,
    Status,
    StatusChanged,
    TicketFact,
)
from opsledger.core.tickets.validation import METRICS

YEAR_2000_US, YEAR_2100_US = 946_684_800_000_000, 4_102_444_800_000_000

names = st.text(st.characters(categories=["L", "N", "P"]), max_size=12)
required_names = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=12)
tags = st.lists(required_names, max_size=3).map(tuple)
attributes = st.dictionaries(required_names, names, max_size=3)
times_us = st.integers(YEAR_2000_US, YEAR_2100_US)
spans_us = st.integers(0, 86_400_000_000)

facts: st.SearchStrategy[Fact] = st.one_of(
    st.builds(Opened, names, names, st.sampled_from(Status), names, names, names, names, names, tags, attributes),
    st.builds(Assigned, required_names, st.none() | names),
    st.builds(StatusChanged, st.sampled_from(Status), names, names),
    st.builds(PriorityChanged, names),
    st.builds(Classified, names, st.none() | tags, attributes),
    st.builds(Replied, st.just(True), names),
    st.builds(
        InteractionEnded, required_names, st.sampled_from(Channel), st.booleans(), names, names,
        spans_us, spans_us, spans_us, spans_us, names,
    ),
    st.builds(FeedbackReceived, st.sampled_from(FeedbackKind), st.integers(1, 5).map(float), st.just(1.0), st.just(5.0), names, names),
    st.builds(DueSet, st.none() | times_us, st.sampled_from(METRICS)),
    st.builds(Merged, required_names.map("other ticket ".__add__)),
    st.builds(Reopened, names),
)

ticket_facts = st.builds(
    TicketFact, required_names, required_names, required_names, required_names, required_names, times_us, st.integers(0, 2**62),
    st.builds(Actor, st.sampled_from(ActorKind), names), facts,
)
