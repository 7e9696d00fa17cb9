"""The read models: plain SQL tables that any BI tool can query, in SQLite or PostgreSQL.

Times are microseconds since 1970 UTC, durations microseconds, unknown text is ''. Every row is a function of the journal
alone: no wall clock, no random id, so the same journal always gives the same rows. What depends on the order in which
facts arrived stands apart from what the facts say: in `changes`, `announcements` and `positions`.
"""
from __future__ import annotations

from sqlalchemy import BigInteger, Column, Double, Index, Integer, MetaData, Table, Text

SCHEMA_VERSION = 1
"""Goes up with every change to a table; the read models are then rebuilt."""

metadata = MetaData()


def _text(name: str, **extra: object) -> Column[str]:
    return Column(name, Text, nullable=False, **extra)  # type: ignore[arg-type]  # keywords pass through


def _time(name: str, *, optional: bool = False, **extra: object) -> Column[int]:
    """An instant or a duration in microseconds."""
    return Column(name, BigInteger, nullable=optional, **extra)  # type: ignore[arg-type]  # keywords pass through


def _count(name: str, **extra: object) -> Column[int]:
    return Column(name, Integer, nullable=False, **extra)  # type: ignore[arg-type]  # keywords pass through


def _position(name: str = "position", **extra: object) -> Column[int]:
    """A journal position."""
    return Column(name, BigInteger, nullable=False, autoincrement=False, **extra)  # type: ignore[arg-type]  # keywords pass through


def _ticket() -> tuple[Column[str], Column[str], Column[str]]:
    """The key of one ticket."""
    return _text("tenant", primary_key=True), _text("source", primary_key=True), _text("ticket_id", primary_key=True)


tickets = Table(
    "tickets", metadata, *_ticket(),
    _text("program"), _text("status"), _text("source_status"), _text("priority"), _text("group_name"), _text("agent"),
    _text("category"), _text("channel"), _text("requester_id"),
    _time("opened_at_us"), _time("changed_at_us"), _time("resolved_at_us", optional=True),
    _count("resolutions"), _count("reopenings"), _count("transfers"), _count("public_replies"), _count("requester_replies"),
    _text("merged_into"),
    _text("tags", comment="JSON list"), _text("attributes", comment="JSON object"),
    _count("facts", comment="how many facts it was folded from"),
    _text("problem", comment="why its clocks or outcomes could not be computed; '' as a rule"),
    Index("tickets_by_program", "tenant", "program", "status"),
)

clocks = Table(
    "clocks", metadata, *_ticket(), _text("metric", primary_key=True), _count("cycle", primary_key=True, autoincrement=False),
    _text("program"), _text("group_name", comment="whose ownership it measures, else who has the ticket now"), _text("agent"),
    _text("policy"), _count("rules_version"), _text("calendar"), _text("tz_version"), _text("priority"),
    _time("target_us"), _time("started_at_us"), _count("promised", comment="1: the due time is one that a person set"),
    _text("state", comment="running, paused, met, breached, cancelled: by the facts alone"),
    _time("due_at_us", optional=True, comment="NULL while it cannot be known: paused"),
    _time("ended_at_us", optional=True), _time("breached_at_us", optional=True),
    _time("elapsed_us", comment="business time until the end or the last fact"), _time("paused_us"),
    Index("clocks_by_due", "state", "due_at_us"),
    Index("clocks_by_program", "tenant", "program", "state", "due_at_us"),
)

steps = Table(
    "steps", metadata, *_ticket(), _text("metric", primary_key=True), _count("cycle", primary_key=True, autoincrement=False),
    _text("kind", primary_key=True, comment="warning, breach"),
    _text("step", primary_key=True, comment="its name in the escalation ladder; 'breach' for the due time itself"),
    _text("program"), _text("policy"), _time("at_us", comment="when it is reached"), _time("due_at_us", optional=True),
    Index("steps_by_time", "at_us"),
)

outcomes = Table(
    "outcomes", metadata, *_ticket(), _text("kpi", primary_key=True), _count("ordinal", primary_key=True, autoincrement=False),
    _text("program"), _time("at_us"), _text("agent"), _text("group_name"),
    _time("numerator"), _time("denominator"), Column("value", Double, nullable=True), _text("detail"),
    Index("outcomes_by_kpi", "tenant", "program", "kpi", "at_us"),
)

changes = Table(
    "changes", metadata, *_ticket(), _text("program"), _position(),
    Index("changes_by_position", "position"),
)
"""Where in the journal the last fact (or rules version) stands that changed a ticket's rows."""

announcements = Table(
    "announcements", metadata, _position(primary_key=True),
    _text("tenant"), _text("source"), _text("ticket_id"), _text("program"),
    _text("kind", comment="warning, breach, retraction"), _text("metric"), _count("cycle"), _text("policy"), _text("step"),
    _time("due_at_us", optional=True), _time("at_us"), _text("retracts", comment="warning or breach, for a retraction"),
    Index("announcements_by_ticket", "tenant", "source", "ticket_id"), Index("announcements_by_program", "tenant", "program", "position"),
)

rules = Table(
    "rules", metadata, _text("tenant", primary_key=True), _text("program", primary_key=True),
    _count("version", primary_key=True, autoincrement=False),
    _time("effective_from_us", comment="0: from the beginning of time"), _text("document_json"), _text("published_by"), _position(),
)

unreadable = Table(
    "unreadable", metadata, _position(primary_key=True), _text("tenant"), _text("type"), _text("reason"),
)
"""Recorded events that say nothing to these read models although they should."""

positions = Table(
    "positions", metadata, _text("name", primary_key=True), _position(),
    _text("origin", comment="fingerprint of the journal's first event; '' before the first"),
)
"""Up to where in the journal the tables have come; written in the transaction of the rows."""

TICKET_TABLES = (tickets, clocks, steps, outcomes, changes)
"""Rewritten as a whole for every ticket that changes."""
MODEL_TABLES = (*TICKET_TABLES, announcements, rules, unreadable)
"""All that a rebuild makes anew."""
VIEWS_POSITION = "views"
"""The row of `positions` for MODEL_TABLES."""

about = Table("about", MetaData(), _count("schema_version"))
