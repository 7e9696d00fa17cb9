"""Incremental equals rebuild, to the byte, for any facts, order of arrival, batch size and moment of publication."""
from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsledger.core.ports import NewEvent
from opsledger.core.tickets.facts import Actor, ActorKind, TicketFact
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.runner import Projector
from tests.kit import ticket_facts as kit
from tests.kit.read_models import RULES, SAID_BY_FACTS, STRICTER, Rows, fact, record, rows, rules_event

histories = st.lists(
    st.tuples(st.sampled_from("123"), st.integers(0, 300), kit.facts, st.sampled_from(ActorKind), st.sampled_from(["desk", "desk", "vip"])),
    min_size=1, max_size=25,
).map(lambda found: [
    fact(ticket, minute, what, event_id=f"e{number}", actor=Actor(kind, "ann"), program=program)
    for number, (ticket, minute, what, kind, program) in enumerate(found)
])
publications = st.lists(st.tuples(st.integers(0, 25), st.sampled_from([RULES, STRICTER]), st.sampled_from(["desk", "vip"])), max_size=3)


def project(events: Sequence[TicketFact | NewEvent], batch_sizes: Sequence[int]) -> Rows:
    """All rows after the events, applied in batches of these sizes, by a new projector each."""
    journal = MemoryJournal()
    record(journal, events)
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/views.db")
        for size in batch_sizes:
            projector = Projector(Numbered(journal), engine, batch_events=size)
            projector.catch_up(up_to=projector.position + size)
        Projector(Numbered(journal), engine).catch_up()
        found = rows(engine)
        engine.dispose()
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories, publications, st.lists(st.integers(1, 12), max_size=8), st.randoms(use_true_random=False))
def test_incremental_equals_rebuild_and_any_order_of_arrival_converges(
    history: list[TicketFact], published: list[tuple[int, dict[str, object], str]], batch_sizes: list[int], chance: object
) -> None:
    events: list[TicketFact | NewEvent] = list(history)
    for version, (place, document, program) in enumerate(published, start=1):
        events.insert(place, rules_event(version, document, program=program))
    whole = project(events, [])
    assert whole["unreadable"] == []
    assert {row[-1] for row in whole["tickets"]} == {""}
    assert project(events, batch_sizes) == whole

    chance.shuffle(events)  # type: ignore[attr-defined]  # hypothesis has no public name for its Random
    again = [replace(event) for event in history]
    shuffled = project([*events, *again], batch_sizes)
    assert {name: shuffled[name] for name in SAID_BY_FACTS} == {name: whole[name] for name in SAID_BY_FACTS}
