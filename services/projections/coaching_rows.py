"""Coaching sessions and action items as rows of their tables."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from sqlalchemy import Table

from opsledger.core.coaching.action_item import ActionItem
from opsledger.core.coaching.outcomes import item_outcomes, session_outcomes
from opsledger.core.coaching.session import CoachingSession
from opsledger.core.scorecards.cases import Outcome
from opsledger.services.coaching.messages import item_message, session_message
from opsledger.services.projections.tables_coaching import coaching_item_outcomes, coaching_items, coaching_outcomes, coaching_sessions

Rows = Iterator[tuple[Table, Mapping[str, Any]]]


def session_rows(session: CoachingSession) -> Rows:
    yield coaching_sessions, {
        "tenant": session.tenant, "program": session.program, "agent": session.agent, "supervisor": session.supervisor,
        "stage": session.stage.value, "metric": session.measure.metric if session.measure else "", "planned_at_us": session.planned_at_us,
        "scheduled_at_us": session.scheduled_at_us or None, "held_at_us": session.held_at_us,
        "acknowledged_at_us": session.acknowledged_at_us, "closed_at_us": session.closed_at_us, "message": _json(session_message(session)),
    }
    yield from _outcomes(coaching_outcomes, session, session_outcomes(session))


def item_rows(item: ActionItem) -> Rows:
    yield coaching_items, {
        "tenant": item.tenant, "program": item.program, "session_id": str(item.session_id), "agent": item.agent, "owner": item.owner,
        "change": item.change, "status": item.status.value, "agreed_at_us": item.agreed_at_us, "due_at_us": item.due_at_us,
        "completed_at_us": item.completed_at_us, "follow_up_at_us": item.follow_up_at_us or None, "message": _json(item_message(item)),
    }
    yield from _outcomes(coaching_item_outcomes, item, item_outcomes(item))


def _outcomes(table: Table, of: CoachingSession | ActionItem, found: Iterator[Outcome]) -> Rows:
    for row in found:
        yield table, {
            "kpi": row.kpi, "ordinal": 1, "tenant": of.tenant, "program": of.program, "source": "", "ticket_id": "", "at_us": row.at_us,
            "agent": row.agent, "group_name": row.group, "numerator": row.numerator, "denominator": row.denominator, "value": row.value,
            "detail": row.detail,
        }


def _json(message: Message) -> str:
    return MessageToJson(message, preserving_proto_field_name=True, indent=None, ensure_ascii=False)
