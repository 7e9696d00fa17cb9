"""Reports as messages of scorecards.v1, and requests as what reports are asked by. The only place that knows both."""
from __future__ import annotations

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.drift import AgentScore
from opsledger.core.scorecards.choices import Choices
from opsledger.core.scorecards.composite import Definition
from opsledger.core.scorecards.kpis import QA_SCORE
from opsledger.core.scorecards.periods import Period, PeriodKind
from opsledger.core.scorecards.scorecard import Figure, Line, Scorecard, Verdict
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.proto.scorecards.v1 import scorecards_pb2 as pb
from opsledger.services.scorecards.composites import composite_message
from opsledger.services.scorecards.queries import Case, ProgramTime
from opsledger.services.scorecards.reports import Cases, Report
from opsledger.services.tickets.codec import timestamp

_KINDS = (None, SubjectKind.AGENT, SubjectKind.GROUP, SubjectKind.PROGRAM)
_PERIODS = (PeriodKind.WEEK, PeriodKind.DAY, PeriodKind.WEEK, PeriodKind.MONTH, PeriodKind.RANGE)
_PERIOD_NUMBERS = {kind: number for number, kind in enumerate(_PERIODS) if number}
_VERDICTS = (None, Verdict.BETTER, Verdict.WORSE, Verdict.NOT_APART, Verdict.UNKNOWN)


def subject_of(message: pb.Subject, program: str) -> Subject:
    """Unset: the program. Raises InvalidInput for a kind of a later version."""
    if message.kind == pb.SUBJECT_KIND_UNSPECIFIED and not message.name:
        return Subject(SubjectKind.PROGRAM, program)
    kind = subject_kind_of(message.kind, "subject.kind")
    return Subject(kind, program if kind is SubjectKind.PROGRAM else message.name)


def subject_kind_of(number: int, field: str) -> SubjectKind:
    """Raises InvalidInput for none and for one of a later version."""
    kind = _KINDS[number] if 0 <= number < len(_KINDS) else None
    if kind is None:
        raise InvalidInput(FieldViolation(field, "REQUIRED", "must be agent, group or program"))
    return kind


def period_of(message: pb.PeriodName) -> tuple[PeriodKind, str]:
    """Kind and label; a week when unset. Raises InvalidInput for a kind of a later version."""
    if not 0 <= message.kind < len(_PERIODS):
        raise InvalidInput(FieldViolation("period.kind", "UNKNOWN", f"{message.kind} is not a value of this version"))
    return _PERIODS[message.kind], message.label


def period_name(kind: PeriodKind, label: str) -> pb.PeriodName:
    return pb.PeriodName(kind=_PERIOD_NUMBERS[kind], label=label)  # type: ignore[arg-type]  # enum numbers are ints on the wire


def subject_message(subject: Subject) -> pb.Subject:
    return pb.Subject(kind=_KINDS.index(subject.kind), name=subject.name)  # type: ignore[arg-type]  # enum numbers are ints on the wire


def scorecard_messages(report: Report, composite: Definition | None = None) -> list[pb.Scorecard]:
    """Each with the composite, where one is defined."""
    messages = [_scorecard(report, card) for card in report.scorecards]
    if composite is not None:
        for message, card in zip(messages, report.scorecards, strict=True):
            message.composite.CopyFrom(composite_message(composite, card))
    return messages


def cases_response(found: Cases) -> pb.ListScorecardTicketsResponse:
    return pb.ListScorecardTicketsResponse(
        tickets=[_case(case) for case in found.cases], next_page_token=found.next_page_token, period=_period(found.period, found.time),
    )


def _scorecard(report: Report, card: Scorecard) -> pb.Scorecard:
    return pb.Scorecard(
        tenant=report.program.tenant, program=report.program.name, subject=subject_message(card.subject),
        period=_period(report.period, report.time), before=_period(report.before, report.time),
        figures=[_figure(line, report.time.choices, report.adjusted.get(card.subject.name)) for line in card.lines],
        confidence=report.confidence,
    )


def _period(period: Period, when: ProgramTime) -> pb.Period:
    return pb.Period(
        kind=_PERIOD_NUMBERS[period.kind], label=period.label,  # type: ignore[arg-type]  # enum numbers are ints on the wire
        start=timestamp(period.start_us), end=timestamp(period.end_us),
        time_zone=when.almanac.zone.key, rules_version=when.rules_version,
    )


def _figure(line: Line, choices: Choices, adjusted: AgentScore | None) -> pb.Figure:
    figure, interval = line.figure, line.figure.interval
    beside = adjusted if figure.kpi is QA_SCORE else None
    return pb.Figure(
        kpi=figure.kpi.name, unit=figure.kpi.unit, numerator=figure.numerator, denominator=figure.denominator, value=figure.value,
        low=interval and interval.low, high=interval and interval.high, method=interval.method if interval else "",
        small_sample=figure.small_sample, reason=figure.reason or "", trend=_trend(line),
        adjusted=_adjusted(beside) if beside else None, definition=choices.definition(figure.kpi.name),
    )


def _adjusted(score: AgentScore) -> pb.Adjusted:
    found, (low, high, _) = score.adjusted, score.adjusted.interval or (None, None, "")
    return pb.Adjusted(value=found.value, low=low, high=high, reason=found.reason or "", part=score.part)


def _trend(line: Line) -> pb.Trend:
    before: Figure = line.trend.before
    return pb.Trend(
        value=before.value, low=before.interval and before.interval.low, high=before.interval and before.interval.high,
        numerator=before.numerator, denominator=before.denominator, change=line.trend.change,
        verdict=_VERDICTS.index(line.trend.verdict),  # type: ignore[arg-type]  # enum numbers are ints on the wire
    )


def _case(case: Case) -> pb.ScorecardTicket:
    return pb.ScorecardTicket(
        source=case.source, ticket_id=case.ticket_id, kpi=case.kpi, at=timestamp(case.at_us), agent=case.agent, group=case.group,
        value=case.value, detail=case.detail, status=case.status, priority=case.priority, category=case.category,
    )
