"""The read models of quality assurance. An exact number is text, ``3/4``, beside the float nearest to it."""
from __future__ import annotations

from sqlalchemy import Column, Double, Index, Table

from opsledger.services.projections.columns import aggregate_id, amount, count, metadata, ordinal, text, time_us


def number(name: str) -> Column[float]:
    """NULL where there is none."""
    return Column(name, Double, nullable=True)


evaluations = Table(
    "evaluations", metadata, aggregate_id(),
    text("tenant"), text("program"), text("status", comment="open, claimed, submitted, disputed, acknowledged, voided"),
    text("subject", comment="ticket, interaction, evaluation"), text("source"), text("ticket_id"), text("interaction_id"),
    text("evaluation_id", comment="the evaluation that is judged"), text("agent"), text("group_name"),
    text("form"), count("form_version"), text("analyst"), text("draw"),
    time_us("contact_at_us"), time_us("started_at_us"), time_us("due_at_us", optional=True), time_us("changed_at_us"),
    time_us("submitted_at_us", optional=True), time_us("dispute_until_us", optional=True), time_us("acknowledged_at_us", optional=True),
    count("versions"), count("counting_version", comment="0: none counts"),
    number("score"), text("score_exact"), text("reason", comment="why there is no score"), text("outcome", comment="pass, fail"),
    text("band"),
    Index("evaluations_by_analyst", "tenant", "analyst", "status"),
    Index("evaluations_by_agent", "tenant", "agent", "status"),
    Index("evaluations_by_ticket", "tenant", "source", "ticket_id"),
)

evaluation_versions = Table(
    "evaluation_versions", metadata, aggregate_id(), ordinal("version"),
    text("cause", comment="submitted, rescored, edited"), count("counts", comment="1: this one does"), text("actor"), time_us("at_us"),
    text("reason"), number("score"), text("score_exact"), text("outcome"), text("band"), text("comment"),
)

evaluation_answers = Table(
    "evaluation_answers", metadata, aggregate_id(), ordinal("version"), text("question", primary_key=True),
    text("section"), text("state", comment="answered, na, unanswered, hidden"), text("answer", comment="JSON"),
    number("points"), number("possible_points"), number("share"), text("share_exact"), text("comment"),
    text("root_causes", comment="JSON list"),
    text("change_reason", comment="of a rescoring: why it changed a question that it was not about"),
)

disputes = Table(
    "disputes", metadata, aggregate_id(), text("question", primary_key=True), ordinal("version", comment="that was disputed"),
    text("reason"), time_us("at_us"),
    text("decision", comment="upheld: the score stands; rescored; '' while it is open"), text("reviewer"), text("review_reason"),
    time_us("reviewed_at_us", optional=True),
)


def outcome_table(name: str) -> Table:
    """As the table `outcomes`: what decisions say for scorecards."""
    return Table(
        name, metadata, aggregate_id(), text("kpi", primary_key=True), ordinal(),
        text("tenant"), text("program"), text("source"), text("ticket_id"), time_us("at_us"), text("agent"), text("group_name"),
        amount("numerator"), amount("denominator"), number("value"), text("detail"),
        Index(f"{name}_by_kpi", "tenant", "program", "kpi", "at_us"),
    )


quality_outcomes = outcome_table("quality_outcomes")

draws = Table(
    "draws", metadata, aggregate_id(),
    text("tenant"), text("program"), text("form"), count("form_version"), text("method", comment="per_agent, stratified, risk"),
    count("size"), time_us("seed"), text("filter", comment="JSON"), text("frame_hash", comment="SHA-256 of the sorted frame"),
    count("frame_size"), count("drawn"), text("actor"), time_us("drawn_at_us"),
    Index("draws_by_time", "tenant", "drawn_at_us"),
)

EVALUATION_TABLES = (evaluations, evaluation_versions, evaluation_answers, disputes, quality_outcomes)
