"""Whatever was recorded, in any text and any number of any event: SQLite and PostgreSQL both go on, agree, and are equal to a rebuild."""
from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import pytest
from eventsourcing.domain import Aggregate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from opsledger.core.coaching.action_item import ActionItem
from opsledger.core.coaching.session import CoachingSession
from opsledger.core.ports import Commit, NewEvent, RecordedEvent
from opsledger.core.quality.calibration import Calibration
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.form_publication import EvaluationForm
from opsledger.core.quality.sample_draw import SampleDraw
from opsledger.core.quality.sheet import Sheet
from opsledger.core.quality.subject import Subject, SubjectKind
from opsledger.core.tickets.facts import Opened, Status, StatusChanged
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.decisions.requests import Request
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections.database import open_database
from opsledger.services.projections.rebuild import check, rebuild
from opsledger.services.projections.runner import Projector
from opsledger.services.projections.tables import tickets, unreadable
from tests.kit.quality import SIXTY, UNTIL_US, result, sheet, started
from tests.kit.read_models import RULES, START_US, fact, opened, record, rows, rules_event

T1 = Subject(SubjectKind.TICKET, source="zendesk", ticket_id="1")
RESULT = {"score": [1, 1], "questions": []}


def _evaluation() -> Evaluation:
    evaluation = started("bob")
    evaluation.submit("ann", sheet(SIXTY, tone={"comment": "curt", "root_causes": ["haste"]}), result(SIXTY), UNTIL_US, START_US)
    evaluation.dispute("bob", {"closing": "none"}, UNTIL_US)
    return evaluation


def _item() -> ActionItem:
    item = ActionItem("acme", "desk", UUID(int=1), "ann", "ann", "greet by name", START_US, START_US, "sue", START_US)
    item.complete("ann", "call 812", START_US)
    return item


def _session() -> CoachingSession:
    session = CoachingSession("acme", "desk", "ann", "sue", ["greeting"], [], 0, START_US)
    session.open("sue", START_US)
    session.note("sue", "listens well", START_US)
    return session


def _calibration() -> Calibration:
    calibration = Calibration.open(
        tenant="acme", program="desk", title="May", form_id="calls", form_version=2, contacts=[T1], raters=("ann", "bob"),
        reference_id="", due_at_us=None, actor_id="sue", opened_at_us=START_US)
    calibration.submit("ann", T1, Sheet({"greeting": "yes"}, {}), RESULT, START_US)
    calibration.close("sue", START_US)
    return calibration


def _form() -> EvaluationForm:
    form = EvaluationForm(tenant="acme", form_id="f")
    form.draft(json.dumps({"form": "f", "title": "Calls"}), "ann", START_US)
    return form


def _draw() -> SampleDraw:
    return SampleDraw("acme", "desk", "calls", 1, "stratified", 5, 7, {}, {}, [], "hash", 9, [], ["ann"], "sue", START_US)


MADE = (_evaluation, _item, _session, _calibration, _form, _draw)


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Sequence[RecordedEvent]:
    """One aggregate of each kind, as recorded."""
    journal = MemoryJournal(lambda: START_US)
    decisions = Decisions(journal, tmp_path_factory.mktemp("decisions"), lambda: START_US)
    for number, make in enumerate(MADE):
        made: Aggregate = make()
        decisions.create(type(made), Request("acme", str(number)), make=lambda made=made: made)  # type: ignore[misc]  # bound as it is now
    decisions.close()
    return journal.read()


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=12),
    st.sampled_from(["a\0b", "\ud800", "\udcff half", "x" * 3_000, "é" * 9_000, ""]),
)
NUMBERS = st.one_of(st.integers(-(1 << 70), 1 << 70), st.sampled_from([1 << 31, 1 << 63, -(1 << 63) - 1, 3_000_000_000, 0, -1]))


def _leaves(value: Any) -> Iterator[tuple[Any, Any]]:
    """Container and key of every text and number in a document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, entry in entries:
        if isinstance(entry, str) or type(entry) in (int, float):
            yield value, key
        else:
            yield from _leaves(entry)


@st.composite
def altered(draw: st.DrawFn, event: RecordedEvent) -> NewEvent:
    """The event with some of its texts and numbers replaced by any other."""
    state = json.loads(event.payload)
    for container, key in list(_leaves(state)):
        if draw(st.integers(0, 5)) == 0:
            container[key] = draw(TEXTS if isinstance(container[key], str) else NUMBERS)
    payload = json.dumps(state, separators=(",", ":")).encode()
    return NewEvent(event.stream_id, event.type, event.tenant, event.occurred_at_us, payload, version=event.version)


@given(data=st.data())
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large])
def test_both_databases_go_on_and_agree(
    data: st.DataObject, decided: Sequence[RecordedEvent], postgres_server: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    journal = MemoryJournal(lambda: START_US)
    policy = {**RULES["policies"][0], "name": data.draw(TEXTS)}  # type: ignore[dict-item]  # a mapping
    published = rules_event(1, {**RULES, "policies": [policy]})
    record(journal, [published, fact("1", 0, Opened(priority="high"))])
    for event in decided:
        journal.append(Commit([data.draw(altered(event))]))
    record(journal, [fact("1", 9, StatusChanged(Status.RESOLVED)), fact("2", 0, Opened())])
    folder = tmp_path_factory.mktemp("any")
    postgres_server.psql("DROP DATABASE IF EXISTS any_event")
    postgres_server.psql("CREATE DATABASE any_event")
    found = []
    for url in (f"sqlite:///{folder}/a.db", postgres_server.get_uri(database="any_event")):
        engine = open_database(url)
        Projector(Numbered(journal), engine, batch_events=data.draw(st.sampled_from([1, 3, 100]))).catch_up()
        assert check(opened(journal), engine).differences == ()
        found.append(rows(engine))
        engine.dispose()
    assert found[0] == found[1]
    assert {row[2] for row in found[0][tickets.name]} == {"1", "2"}


@pytest.mark.parametrize(("text", "aside"), [
    ("greet\0 by name", {"row of coaching_items": "change", "row of coaching_item_outcomes": "detail"}),
    ("\ud800", {"row of decisions": "UnicodeEncodeError:"}),  # no message can carry it, so none of its rows can be made
])
def test_a_row_that_cannot_be_kept_is_set_aside_and_the_rest_is_there(
    text: str, aside: dict[str, str], decided: Sequence[RecordedEvent], database_url: str
) -> None:
    journal = MemoryJournal(lambda: START_US)
    agreed, completed = (event for event in decided if ".action_item." in event.type)
    state = json.loads(agreed.payload) | {"change": text}
    journal.append(Commit([NewEvent(agreed.stream_id, agreed.type, "acme", START_US, json.dumps(state).encode())]))
    record(journal, [NewEvent(completed.stream_id, completed.type, "acme", START_US, completed.payload), fact("1", 0, Opened())])
    engine = open_database(database_url)
    Projector(Numbered(journal), engine, batch_events=1).catch_up()
    with engine.connect() as connection:
        noted = [(row.position, row.type, row.reason.split()[0]) for row in connection.execute(select(unreadable))]
    assert sorted(noted) == sorted((1, type_, reason) for type_, reason in aside.items())
    found = rows(engine)
    assert (len(found["decisions"]), len(found["coaching_items"]), len(found["tickets"])) == ("row of decisions" not in aside, 0, 1)
    rebuild(opened(journal), engine)
    assert rows(engine) == found
