"""Scorecards from the read models: what the gRPC service and the command line both ask for."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from opsledger.core.errors import FieldViolation, InvalidInput, InvalidPageToken, NotFound
from opsledger.core.quality.drift import AgentScore
from opsledger.core.scorecards.kpis import KPIS, QA_SCORE, Sort
from opsledger.core.scorecards.periods import Period, PeriodKind
from opsledger.core.scorecards.scorecard import Scorecard, Tallies, figure, scorecard, value_of
from opsledger.core.scorecards.statistics import CONFIDENCE
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.paging import last_of, page_size, page_token
from opsledger.services.scorecards import queries
from opsledger.services.scorecards.adjusting import adjusted_scores
from opsledger.services.scorecards.queries import Case, Program, ProgramTime, SubjectTallies

CONFIDENCE_MIN, CONFIDENCE_MAX = 0.5, 0.999
BY_NAME = "name"


class Report(NamedTuple):
    """Scorecards of one program and period."""

    program: Program
    time: ProgramTime
    period: Period
    before: Period
    confidence: float
    scorecards: tuple[Scorecard, ...]
    total: int
    """How many there are on all pages."""
    next_page_token: str
    adjusted: Mapping[str, AgentScore]
    """QA scores of agents without the evaluators' bias, in percent."""


class Cases(NamedTuple):
    time: ProgramTime
    period: Period
    cases: list[Case]
    next_page_token: str


class Reports:
    """Thread-safe; every call reads in one transaction."""

    def __init__(self, engine: Engine, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._engine, self._now_us = engine, now_us

    def positions(self) -> tuple[int, ...]:
        """How far the read models have come."""
        with self._engine.connect() as connection:
            return queries.positions_reached(connection)

    def programs(self) -> list[Program]:
        with self._engine.connect() as connection:
            return queries.programs(connection)

    def scorecard(self, program: Program, subject: Subject, kind: PeriodKind, label: str = "", confidence: float = CONFIDENCE) -> Report:
        """The scorecard of one subject. Without a label: of the last complete period with data.

        Raises NotFound for a program without tickets and rules, InvalidInput for a label or confidence that is none.
        """
        check_confidence(confidence)
        with self._engine.connect() as connection:
            when, period = self._period(connection, program, kind, label)
            before = when.almanac.before(period)

            def did(subject: Subject, span: Period) -> Tallies:
                return queries.tallies(connection, program, subject.kind, span, [subject.name]).get(_key(subject), {})

            now = did(subject, period)
            if not now:
                subject = queries.meant(connection, program, subject)
                now = did(subject, period)
            then = did(subject, before)
            adjusted = _adjusted(connection, program, subject.kind, period, confidence, [now])
        found = scorecard(subject, period, now, then, confidence)
        return Report(program, when, period, before, confidence, (found,), 1, "", adjusted)

    def scorecards(
        self, program: Program, by: SubjectKind, kind: PeriodKind, label: str = "", confidence: float = CONFIDENCE,
        order_by: str = BY_NAME, size: int = 0, token: str = "",
    ) -> Report:
        """Those of all agents (or groups) with a case in the period, a page at a time. Raises as ``scorecard``, and InvalidPageToken."""
        check_confidence(confidence)
        with self._engine.connect() as connection:
            when, period = self._period(connection, program, kind, label)
            before = when.almanac.before(period)
            now = queries.tallies(connection, program, by, period)
            names = _ordered(now, order_by)
            query = (*program, by, period, order_by)
            page = _page(names, last_of(token, query, 1), page_size(size, 50, 200))
            then = queries.tallies(connection, program, by, before, page)
            adjusted = _adjusted(connection, program, by, period, confidence, [now[name] for name in page])
        found = tuple(scorecard(_subject(by, program, name), period, now[name], then.get(name, {}), confidence) for name in page)
        more = bool(page) and page[-1] != names[-1]
        return Report(program, when, period, before, confidence, found, len(names), page_token(query, [page[-1]]) if more else "", adjusted)

    def cases(
        self, program: Program, subject: Subject, kind: PeriodKind, label: str = "", kpi: str = "", size: int = 0, token: str = ""
    ) -> Cases:
        """The tickets behind a figure (or behind all), a page at a time. Raises as ``scorecards``, and InvalidInput for an unknown KPI."""
        if kpi and kpi not in KPIS:
            raise InvalidInput(FieldViolation("kpi", "UNKNOWN", f"{kpi!r} is none of {', '.join(KPIS)}"))
        with self._engine.connect() as connection:
            when, period = self._period(connection, program, kind, label)
            query = (*program, *subject, period, kpi)
            limit = page_size(size, 100, 1000)
            after = last_of(token, query, 6)

            def of(subject: Subject) -> list[Case]:
                return queries.cases(connection, program, subject, period, [KPIS[kpi].rows] if kpi else list(KPIS), limit + 1, after)

            found = of(subject) or of(queries.meant(connection, program, subject))
        page = found[:limit]
        return Cases(when, period, page, page_token(query, queries.order_key(page[-1])) if len(found) > limit else "")

    def _period(self, connection: Connection, program: Program, kind: PeriodKind, label: str) -> tuple[ProgramTime, Period]:
        if not queries.exists(connection, program):
            raise NotFound("program", f"{program.name} of {program.tenant}")
        now_us = self._now_us()
        when = queries.program_time(connection, program, now_us)
        if label:
            return when, when.almanac.named(kind, label)
        if kind is PeriodKind.RANGE:
            raise InvalidInput(FieldViolation("period", "REQUIRED", "a range needs its days: 2026-03-01..2026-03-10"))
        last_us = queries.last_at_us(connection, program)
        period = when.almanac.at(kind, now_us if last_us is None else last_us)
        if period.end_us > now_us:  # not over yet: rather the one before it that has data
            last_us = queries.last_at_us(connection, program, period.start_us)
            period = period if last_us is None else when.almanac.at(kind, last_us)
        return when, period


def _adjusted(
    connection: Connection, program: Program, kind: SubjectKind, period: Period, confidence: float, shown: Sequence[Mapping[str, object]]
) -> Mapping[str, AgentScore]:
    """Empty unless one of the scorecards shown is of an agent with a QA score."""
    if kind is not SubjectKind.AGENT or not any(QA_SCORE.name in tallies for tallies in shown):
        return {}
    return adjusted_scores(connection, program, period, confidence)


def check_confidence(confidence: float) -> None:
    """Raises InvalidInput for a level that no interval is given at."""
    if not CONFIDENCE_MIN <= confidence <= CONFIDENCE_MAX:
        raise InvalidInput(FieldViolation("confidence", "OUT_OF_RANGE", f"must lie between {CONFIDENCE_MIN} and {CONFIDENCE_MAX}"))


def _key(subject: Subject) -> str:
    return "" if subject.kind is SubjectKind.PROGRAM else subject.name


def _subject(kind: SubjectKind, program: Program, name: str) -> Subject:
    return Subject(kind, program.name if kind is SubjectKind.PROGRAM else name)


def _ordered(found: SubjectTallies, order_by: str) -> list[str]:
    """Names in order: by name or by a KPI's value. Equals are in order of names, as are those behind the others: first who has a
    value but no interval (nobody is ahead by what may be chance), then the undefined."""
    word, _, way = order_by.partition(" ")
    if way not in ("", "asc", "desc") or (word != BY_NAME and word not in KPIS):
        raise InvalidInput(FieldViolation("order_by", "UNKNOWN", f"{order_by!r}: must be 'name' or a KPI, and ' desc' or not"))
    names = sorted(found, reverse=word == BY_NAME and way == "desc")
    if word == BY_NAME:
        return names
    values = {name: value_of(KPIS[word], found[name].get(KPIS[word].rows, {})) for name in names}
    known = {name: value for name, value in values.items() if value is not None}
    ranked = [
        name for name in known
        if KPIS[word].sort is Sort.COUNT or figure(KPIS[word], found[name][KPIS[word].rows]).interval is not None
    ]
    ranked.sort(key=known.__getitem__, reverse=way == "desc")
    behind = sorted(set(names).difference(ranked), key=lambda name: (name not in known, name))
    return [*ranked, *behind]


def _page(names: Sequence[str], last: Sequence[str | int] | None, size: int) -> list[str]:
    if last is None:
        return list(names[:size])
    if last[0] not in names:
        raise InvalidPageToken(FieldViolation("page_token", "INVALID", "the scorecards have changed since that page; begin again"))
    start = names.index(str(last[0])) + 1
    return list(names[start:start + size])
