"""Sessions, action items and effects as messages of coaching.v1, and what requests say of them. The only place that knows both."""
from __future__ import annotations

from opsledger.core.coaching import evidence as evidences
from opsledger.core.coaching.action_item import ActionItem, ItemStatus
from opsledger.core.coaching.differences import Change
from opsledger.core.coaching.effect import Effect
from opsledger.core.coaching.evidence import Evidence
from opsledger.core.coaching.measure import Measure, Window
from opsledger.core.coaching.session import CoachingSession, Stage
from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.scorecards.kpis import KPIS
from opsledger.core.scorecards.scorecard import Figure, Verdict
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.services.decisions.decisions import etag_of
from opsledger.services.tickets.codec import timestamp, timestamp_us

STAGES = (None, *Stage)
"""By number on the wire."""
STATUSES = (None, *ItemStatus)
_VERDICTS = (None, Verdict.BETTER, Verdict.WORSE, Verdict.NOT_APART, Verdict.UNKNOWN)


def session_message(session: CoachingSession) -> pb.Session:
    message = pb.Session(
        id=str(session.id), etag=etag_of(session), tenant=session.tenant, program=session.program, agent=session.agent,
        supervisor=session.supervisor, stage=STAGES.index(session.stage), agenda=session.agenda,  # type: ignore[arg-type]  # an int on the wire
        evidence=map(_evidence_message, session.evidence), summary=session.summary, comment=session.comment, reason=session.reason,
        notes=[pb.SessionNote(text=text, actor=actor, at=timestamp(at_us)) for text, actor, at_us in session.notes],
    )
    for name in ("scheduled_at", "planned_at", "opened_at", "held_at", "acknowledged_at", "closed_at", "measure_fixed_at"):
        _set_instant(message, name, getattr(session, f"{name}_us"))
    if session.measure is not None:
        message.measure.CopyFrom(measure_message(session.measure))
    return message


def item_message(item: ActionItem) -> pb.ActionItem:
    message = pb.ActionItem(
        id=str(item.id), etag=etag_of(item), tenant=item.tenant, program=item.program, session=str(item.session_id), agent=item.agent,
        owner=item.owner, change=item.change, status=STATUSES.index(item.status),  # type: ignore[arg-type]  # an int on the wire
        agreed_by=item.agreed_by, evidence=item.evidence, reason=item.reason, finding=item.finding, lasted=item.lasted,
    )
    for name in ("due_at", "follow_up_at", "agreed_at", "completed_at"):
        _set_instant(message, name, getattr(item, f"{name}_us"))
    return message


def measure_message(measure: Measure) -> pb.Measure:
    return pb.Measure(
        metric=measure.metric, better=pb.DIRECTION_HIGHER if measure.higher_is_better else pb.DIRECTION_LOWER,
        baseline=_window_message(measure.baseline), follow_up=_window_message(measure.follow_up),
        comparison_group=measure.comparison_group, comparison_agents=measure.comparison_agents,
    )


def measure_of(message: pb.Measure) -> Measure:
    """Which way is better is as the KPI says, where the request does not. Raises InvalidInput where neither does."""
    higher = message.better == pb.DIRECTION_HIGHER
    if message.better == pb.DIRECTION_UNSPECIFIED and message.metric in KPIS:
        better = KPIS[message.metric].better
        if better == 0:
            raise InvalidInput(FieldViolation("measure.better", "REQUIRED", f"must be said: {message.metric} does not say so itself"))
        higher = better > 0
    return Measure(
        message.metric, higher, _window(message.baseline), _window(message.follow_up), message.comparison_group,
        tuple(message.comparison_agents),
    )


def evidence_of(message: pb.Evidence, field: str) -> Evidence:
    """Raises InvalidInput (at ``field``) for none."""
    match message.WhichOneof("evidence"):
        case "evaluation":
            return evidences.Evaluation(message.evaluation)
        case "ticket":
            return evidences.Ticket(message.ticket.source, message.ticket.ticket_id)
        case "interaction":
            interaction = message.interaction
            return evidences.Interaction(interaction.source, interaction.ticket_id, interaction.interaction_id)
        case "breach":
            breach = message.breach
            return evidences.Breach(breach.source, breach.ticket_id, breach.metric, breach.cycle)
    raise InvalidInput(FieldViolation(field, "REQUIRED", "must be an evaluation, a ticket, an interaction or a breach"))


def effect_message(session: pb.Session, found: Effect, confidence: float, cautions: list[str], now_us: int) -> pb.MeasureEffectResponse:
    return pb.MeasureEffectResponse(
        session=session.id, agent=session.agent, measure=session.measure, unit=found.own_before.kpi.unit,
        own_before=_figure(found.own_before), own_after=_figure(found.own_after), group_before=_figure(found.group_before),
        group_after=_figure(found.group_after), own_change=_change(found.own), group_change=_change(found.group),
        net_change=_change(found.net), verdict=_VERDICTS.index(found.verdict),  # type: ignore[arg-type]  # an int on the wire
        cautions=[*found.cautions, *cautions], confidence=confidence, now=timestamp(now_us),
    )


def _evidence_message(evidence: Evidence) -> pb.Evidence:
    match evidence:
        case evidences.Evaluation(evaluation_id):
            return pb.Evidence(evaluation=evaluation_id)
        case evidences.Ticket():
            return pb.Evidence(ticket=pb.TicketEvidence(**evidence._asdict()))
        case evidences.Interaction():
            return pb.Evidence(interaction=pb.InteractionEvidence(**evidence._asdict()))
    return pb.Evidence(breach=pb.BreachEvidence(**evidence._asdict()))


def _set_instant(message: pb.Session | pb.ActionItem, name: str, at_us: int | None) -> None:
    if at_us:
        getattr(message, name).CopyFrom(timestamp(at_us))


def _window_message(window: Window) -> pb.Window:
    return pb.Window(start=timestamp(window.start_us), end=timestamp(window.end_us))


def _window(message: pb.Window) -> Window:
    return Window(timestamp_us(message.start), timestamp_us(message.end))


def _figure(figure: Figure) -> pb.EffectFigure:
    low, high = figure.interval[:2] if figure.interval else (None, None)
    return pb.EffectFigure(
        value=figure.value, low=low, high=high, cases=figure.cases, small_sample=figure.small_sample, reason=figure.reason or "")


def _change(change: Change) -> pb.Change:
    low, high, method = change.interval or (None, None, "")
    return pb.Change(value=change.value, low=low, high=high, method=method, reason=change.reason or "")
