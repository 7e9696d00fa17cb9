"""The read models: plain SQL tables that any BI tool can query, in SQLite or PostgreSQL.

Times are microseconds since 1970 UTC, durations microseconds, unknown text is ''. Every row is a function of the journal
alone: no wall clock, no random id, so the same journal always gives the same rows. What depends on the order in which
facts arrived stands apart from what the facts say: in `changes`, `announcements` and `positions`.

A row comes from one partition of the journal, and nobody but that partition's projector writes it. A column with a position says which
one it is (core/partitions.py).
"""
from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table

from opsledger.services.projections.columns import amount, count, metadata, position, text, time_us


def _ticket() -> tuple[Column[str], Column[str], Column[str]]:
    """The key of one ticket."""
    return text("tenant", primary_key=True), text("source", primary_key=True), text("ticket_id", primary_key=True)


tickets = Table(
    "tickets", metadata, *_ticket(),
    text("program"), text("status"), text("source_status"), text("priority"), text("group_name"), text("agent"),
    text("category"), text("channel"), text("requester_id"),
    time_us("opened_at_us"), time_us("changed_at_us"), time_us("resolved_at_us", optional=True),
    count("resolutions"), count("reopenings"), count("transfers"), count("public_replies"), count("requester_replies"),
    count("late_openings", comment="openings that were not its first fact"),
    text("merged_into"),
    text("tags", comment="JSON list"), text("attributes", comment="JSON object"),
    count("facts", comment="how many facts it was folded from"),
    text("problem", comment="why its clocks or outcomes could not be computed; '' as a rule"),
    Index("tickets_by_program", "tenant", "program", "status"),
)

clocks = Table(
    "clocks", metadata, *_ticket(), text("metric", primary_key=True), count("cycle", primary_key=True, autoincrement=False),
    text("program"), text("group_name", comment="whose ownership it measures, else who has the ticket now"), text("agent"),
    text("policy"), count("rules_version"), text("calendar"), text("tz_version"), text("priority"),
    time_us("target_us"), time_us("started_at_us"), count("promised", comment="1: the due time is one that a person set"),
    text("state", comment="running, paused, met, breached, cancelled: by the facts alone"),
    time_us("due_at_us", optional=True, comment="NULL while it cannot be known: paused"),
    time_us("ended_at_us", optional=True), time_us("breached_at_us", optional=True),
    time_us("elapsed_us", comment="business time until the end or the last fact"), time_us("paused_us"),
    Index("clocks_by_due", "state", "due_at_us"),
    Index("clocks_by_program", "tenant", "program", "state", "due_at_us"),
)

steps = Table(
    "steps", metadata, *_ticket(), text("metric", primary_key=True), count("cycle", primary_key=True, autoincrement=False),
    text("kind", primary_key=True, comment="warning, breach"),
    text("step", primary_key=True, comment="its name in the escalation ladder; 'breach' for the due time itself"),
    text("program"), text("policy"), time_us("at_us", comment="when it is reached"), time_us("due_at_us", optional=True),
    count("partition", comment="of the journal, in which the ticket's facts stand"),
    Index("steps_by_time", "partition", "at_us"),
)

outcomes = Table(
    "outcomes", metadata, *_ticket(), text("kpi", primary_key=True), count("ordinal", primary_key=True, autoincrement=False),
    text("program"), time_us("at_us"), text("agent"), text("group_name"),
    amount("numerator"), amount("denominator"), Column("value", Double, nullable=True), text("detail"),
    Index("outcomes_by_kpi", "tenant", "program", "kpi", "at_us"),
)

contributions = Table(
    "contributions", metadata, *_ticket(), text("agent", primary_key=True), text("program"),
    text("group_name", comment="in which they did the last of it"), time_us("first_at_us"), time_us("last_at_us"),
    count("acts", comment="replies, answered interactions, changes of status"),
    Index("contributions_by_agent", "tenant", "agent"),
)

changes = Table(
    "changes", metadata, *_ticket(), text("program"), position(),
    Index("changes_by_position", "position"),
)
"""Where in the journal the last fact (or rules version) stands that changed a ticket's rows."""

announcements = Table(
    "announcements", metadata, position(primary_key=True),
    text("tenant"), text("source"), text("ticket_id"), text("program"),
    text("kind", comment="warning, breach, retraction"), text("metric"), count("cycle"), text("policy"), text("step"),
    time_us("due_at_us", optional=True), time_us("at_us"), text("retracts", comment="warning or breach, for a retraction"),
    Index("announcements_by_ticket", "tenant", "source", "ticket_id"), Index("announcements_by_program", "tenant", "program", "position"),
)

rules = Table(
    "rules", metadata, text("tenant", primary_key=True), text("program", primary_key=True),
    count("version", primary_key=True, autoincrement=False),
    time_us("effective_from_us", comment="0: from the beginning of time"), text("document_json"), text("published_by"), position(),
)

program_offsets = Table(
    "program_offsets", metadata, text("tenant", primary_key=True), text("program", primary_key=True),
    time_us("from_us", primary_key=True, autoincrement=False), time_us("until_us"),
    count("offset_s", comment="seconds that its clocks are ahead of UTC then"),
    text("time_zone"), count("week_starts", comment="0 is Monday"),
)
"""The clocks of every program that has rules, by the version in force last: local dates without a time-zone database in SQL."""

shared_rules = Table(
    "shared_rules", metadata, text("tenant"), text("program"), count("version"),
    time_us("effective_from_us"), text("document_json"), text("published_by"), position(primary_key=True),
)
"""Rules as the partitions know them that are not the tenant's home: they judge from that position on."""

unreadable = Table(
    "unreadable", metadata, position(primary_key=True), text("tenant"),
    text("type", primary_key=True, comment="of the event; 'row of TABLE' where a row could not be kept"), text("reason"),
)
"""Recorded events that say nothing to these read models although they should; and rows that no database is given, at the first event of
what they are about."""

positions = Table(
    "positions", metadata, count("partition", primary_key=True, autoincrement=False), position(),
    text("origin", comment="fingerprint of the partition's first event; '' before the first"),
)
"""Up to where in each partition of the journal the tables have come; written in the transaction of the rows. No row: not begun."""

TICKET_TABLES = (tickets, clocks, steps, outcomes, contributions, changes)
"""Rewritten as a whole for every ticket that changes."""

about = Table("about", MetaData(), count("schema_version", primary_key=True, autoincrement=False))
"""Of which version the tables are (schema.py): one row."""
