"""The read models of coaching. `message` is the whole of it as coaching.v1 shows it, in JSON; the other columns are for queries."""
from __future__ import annotations

from sqlalchemy import Index, Table

from opsledger.services.projections.columns import aggregate_id, metadata, text, time_us
from opsledger.services.projections.tables_quality import outcome_table

coaching_sessions = Table(
    "coaching_sessions", metadata, aggregate_id(),
    text("tenant"), text("program"), text("agent"), text("supervisor"),
    text("stage", comment="planned, open, held, acknowledged, closed, cancelled"),
    text("metric", comment="that its effect is measured by; '' for none"),
    time_us("planned_at_us"), time_us("scheduled_at_us", optional=True), time_us("held_at_us", optional=True),
    time_us("acknowledged_at_us", optional=True), time_us("closed_at_us", optional=True, comment="or cancelled"), text("message"),
    Index("coaching_sessions_by_agent", "tenant", "agent", "stage"), Index("coaching_sessions_by_supervisor", "tenant", "supervisor"),
)

coaching_items = Table(
    "coaching_items", metadata, aggregate_id(),
    text("tenant"), text("program"), text("session_id"), text("agent"), text("owner"), text("change", comment="what is to change"),
    text("status", comment="agreed, completed, withdrawn"),
    time_us("agreed_at_us"), time_us("due_at_us"), time_us("completed_at_us", optional=True),
    time_us("follow_up_at_us", optional=True), text("message"),
    Index("coaching_items_by_owner", "tenant", "owner", "status"), Index("coaching_items_by_due", "tenant", "status", "due_at_us"),
    Index("coaching_items_by_session", "session_id"),
)

coaching_outcomes, coaching_item_outcomes = outcome_table("coaching_outcomes"), outcome_table("coaching_item_outcomes")

SESSION_TABLES, ITEM_TABLES = (coaching_sessions, coaching_outcomes), (coaching_items, coaching_item_outcomes)
