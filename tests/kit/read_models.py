"""Read models in tests: journals filled with few words, and all rows of a database to compare."""
from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import nullcontext

from sqlalchemy import Engine, select

from opsledger.core.ports import Commit, Journal, NewEvent
from opsledger.core.tickets.facts import Actor, ActorKind, Fact, TicketFact
from opsledger.core.tickets.identity import fact_key, name16, ticket_stream_id
from opsledger.proto.sla.v1.rules_pb2 import RulesPublished
from opsledger.services.journal.partitions import Numbered
from opsledger.services.projections import tables
from opsledger.services.projections.rebuild import OpenPartitions
from opsledger.services.projections.table_sets import MODEL_TABLES
from opsledger.services.tickets.codec import encode, event_type, timestamp

START_US = 1_767_949_200_000_000
"""2026-01-09 09:00 UTC."""
MINUTE_US = 60_000_000
RULES = {
    "time_zone": "UTC",
    "policies": [{
        "name": "standard", "reopen": "resume", "calendar": "always", "escalation": [{"step": "lead", "at": "50%"}],
        "targets": {"first_reply": {"target": "30m"}, "resolution": {"target": {"high": "1h", "default": "4h"}}},
    }],
}
STRICTER = {**RULES, "policies": [{**RULES["policies"][0], "targets": {"resolution": {"target": "10m"}}}]}  # type: ignore[dict-item]  # it is


ANN = Actor(ActorKind.AGENT, "ann")


def fact(
    ticket: str, minute: int, what: Fact, *, event_id: str = "", actor: Actor = ANN, program: str = "desk"
) -> TicketFact:
    """A fact of a ticket at so many minutes past nine."""
    return TicketFact(
        "acme", program, "zendesk", ticket, event_id or f"{ticket}/{minute}/{what}", START_US + minute * MINUTE_US, 0, actor, what,
    )


def recorded_as(fact: TicketFact) -> NewEvent:
    message = encode(fact)
    return NewEvent(
        ticket_stream_id(fact.ticket), event_type(message), fact.tenant, fact.occurred_at_us, message.SerializeToString(),
        fact_key(fact.tenant, fact.source, fact.event_id),
    )


def rules_event(
    version: int, document: dict[str, object], *, effective_from_us: int | None = None, program: str = "desk", tenant: str = "acme"
) -> NewEvent:
    message = RulesPublished(tenant=tenant, program=program, version=version, document_json=json.dumps(document))
    if effective_from_us is not None:
        message.effective_from.CopyFrom(timestamp(effective_from_us))
    return NewEvent(name16("rules", tenant, program), "sla.v1.rules_published", tenant, START_US, message.SerializeToString())


def record(journal: Journal, events: Iterable[TicketFact | NewEvent], *, commit_events: int = 100) -> int:
    """Append them in their order; the position reached."""
    new = [recorded_as(event) if isinstance(event, TicketFact) else event for event in events]
    for start in range(0, len(new), commit_events):
        journal.append(Commit(new[start:start + commit_events]))
    return journal.position


def opened(*journals: Journal) -> OpenPartitions:
    """The journals as they are, as the partitions of one."""
    return lambda: nullcontext([Numbered(journal, number) for number, journal in enumerate(journals)])


Rows = dict[str, list[tuple[object, ...]]]


def rows(engine: Engine, only: Sequence[str] | None = None) -> Rows:
    """Every row of the read models, by table, ordered."""
    with engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in (*MODEL_TABLES, tables.positions) if only is None or table.name in only
        }


SAID_BY_FACTS = ("tickets", "clocks", "steps", "outcomes")
"""Tables that do not depend on the order of arrival."""


def anywhere(found: Rows) -> Rows:
    """Without the partition of the journal in which a ticket stands."""
    column = list(tables.steps.columns).index(tables.steps.c.partition)
    return found | {tables.steps.name: [(*row[:column], *row[column + 1:]) for row in found[tables.steps.name]]}
