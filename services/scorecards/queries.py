"""What scorecards read from the read models, in SQL. Nothing is computed here but sums."""
from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, literal, select, tuple_, union_all

from opsledger.core.names import find
from opsledger.core.scorecards.choices import UNSAID, Choices
from opsledger.core.scorecards.kpis import KPIS, MILLIONTHS
from opsledger.core.scorecards.periods import Almanac, Period
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.core.sla.rules import parse_rules
from opsledger.core.sla.zones import zone
from opsledger.services.projections.tables import positions, rules, tickets
from opsledger.services.projections.tables_quality import evaluations
from opsledger.services.projections.views import OUTCOME_TABLES

"""Tables of cases: of tickets, and of decisions about them. Each has its own KPIs."""
SubjectTallies = dict[str, dict[str, dict[int, int]]]
"""Name, KPI, numerator: rows."""


class Program(NamedTuple):
    tenant: str
    name: str


class ProgramTime(NamedTuple):
    """How a program counts its days."""

    almanac: Almanac
    rules_version: int
    """0: no rules are published, and it is UTC for want of a zone."""
    choices: Choices = UNSAID
    """What the program means by its figures."""


class Case(NamedTuple):
    """One case of a KPI and the ticket behind it."""

    source: str
    ticket_id: str
    kpi: str
    ordinal: int
    at_us: int
    agent: str
    group: str
    value: float
    """The numerator; for a mean the value in the KPI's unit."""
    detail: str
    status: str
    priority: str
    category: str


def positions_reached(connection: Connection) -> tuple[int, ...]:
    return tuple(connection.scalars(select(positions.c.position).order_by(positions.c.partition)))


def programs(connection: Connection) -> list[Program]:
    """All that have tickets, rules or evaluations, by name."""
    found = union_all(*(select(table.c.tenant, table.c.program).distinct() for table in (tickets, rules, evaluations)))
    return sorted({Program(*row) for row in connection.execute(found)})


def exists(connection: Connection, program: Program) -> bool:
    return any(
        connection.execute(select(table.c.tenant).where(table.c.tenant == program.tenant, table.c.program == program.name).limit(1)).first()
        for table in (tickets, rules, evaluations)
    )


def program_time(connection: Connection, program: Program, now_us: int) -> ProgramTime:
    """By the rules in force; the first ones while none are in force yet; UTC where there are none."""
    found = connection.execute(
        select(rules.c.version, rules.c.document_json)
        .where(rules.c.tenant == program.tenant, rules.c.program == program.name)
        .order_by(rules.c.effective_from_us <= now_us, rules.c.effective_from_us, rules.c.version)
    ).all()
    if not found:
        return ProgramTime(Almanac(zone("UTC")), 0)
    version, document_json = found[-1]
    in_force = parse_rules(json.loads(document_json))
    return ProgramTime(Almanac(in_force.time_zone, in_force.week_starts), version, in_force.scorecards)


def last_at_us(connection: Connection, program: Program, before_us: int | None = None) -> int | None:
    """When the last case was, of all or of those before an instant. One index seek for each table and KPI."""
    last = [
        select(func.max(table.c.at_us).label("at_us")).where(
            *_of(table, program), table.c.kpi == kpi, *([] if before_us is None else [table.c.at_us < before_us])
        )
        for table in OUTCOME_TABLES for kpi in KPIS
    ]
    found: int | None = connection.scalar(select(func.max(union_all(*last).subquery().c.at_us)))
    return found


def meant(connection: Connection, program: Program, subject: Subject) -> Subject:
    """The agent or group of that name; where none has a case, the only one whose name looks the same (core/names.py), if there is one. It
    reads the names of all cases: ask only about a name under which nothing was found."""
    if subject.kind is SubjectKind.PROGRAM or not subject.name:
        return subject
    names = {
        each for table in OUTCOME_TABLES
        for each in connection.scalars(select(_name(table, subject.kind)).where(*_of(table, program)).distinct())
    }
    return subject._replace(name=find(subject.name, names) or subject.name)


def tallies(
    connection: Connection, program: Program, kind: SubjectKind, period: Period, names: Collection[str] | None = None
) -> SubjectTallies:
    """What every subject of a kind (or those named) did in a period. A program's own name is empty here."""
    found: SubjectTallies = {}
    for table in OUTCOME_TABLES:
        name = _name(table, kind)
        query = (
            select(name.label("name"), table.c.kpi, table.c.numerator, func.count())
            .where(*_of(table, program), table.c.kpi.in_(list(KPIS)), *_within(table, period))
            .group_by(*([] if kind is SubjectKind.PROGRAM else [name]), table.c.kpi, table.c.numerator)
        )
        if names is not None and kind is not SubjectKind.PROGRAM:
            query = query.where(name.in_(list(names)))
        for subject, kpi, numerator, rows in connection.execute(query):
            found.setdefault(subject, {}).setdefault(kpi, {})[numerator] = rows
    return found


def cases(
    connection: Connection, program: Program, subject: Subject, period: Period, kpis: Sequence[str], limit: int,
    after: Sequence[str | int] | None = None,
) -> list[Case]:
    """At most ``limit`` cases of some KPIs, oldest first; after one of them, given by its ``order_key``."""
    both = union_all(*(
        select(_cases(table, program, subject, period, kpis, limit, after).subquery()) for table in OUTCOME_TABLES
    )).subquery()
    return [_case(*row) for row in connection.execute(select(both).order_by(*(both.c[name] for name in _ORDER)).limit(limit))]


_ORDER = ("at_us", "source", "ticket_id", "kpi", "ordinal", "detail")


def _cases(
    table: Table, program: Program, subject: Subject, period: Period, kpis: Sequence[str], limit: int, after: Sequence[str | int] | None
) -> Select[Any]:
    key = [table.c[name] for name in _ORDER]
    same_ticket = and_(*(table.c[name] == tickets.c[name] for name in ("tenant", "source", "ticket_id")))
    of_ticket = (func.coalesce(tickets.c[name], "").label(name) for name in ("status", "priority", "category"))
    query = (
        select(
            table.c.source, table.c.ticket_id, table.c.kpi, table.c.ordinal, table.c.at_us, table.c.agent, table.c.group_name,
            table.c.numerator, table.c.detail, *of_ticket,
        )
        .outerjoin(tickets, same_ticket)  # people may judge what was never recorded here
        .where(*_of(table, program), table.c.kpi.in_(list(kpis)), *_within(table, period))
        .order_by(*key)
        .limit(limit)
    )
    if subject.kind is not SubjectKind.PROGRAM:
        query = query.where(_name(table, subject.kind) == subject.name)
    return query if after is None else query.where(tuple_(*key) > tuple_(*after))


def order_key(case: Case) -> tuple[str | int, ...]:
    return case.at_us, case.source, case.ticket_id, case.kpi, case.ordinal, case.detail


def _case(source: str, ticket_id: str, kpi: str, ordinal: int, at_us: int, agent: str, group: str, numerator: int, *rest: str) -> Case:
    value = numerator / MILLIONTHS if KPIS[kpi].in_millionths else float(numerator)
    return Case(source, ticket_id, kpi, ordinal, at_us, agent, group, value, *rest)


def _name(table: Table, kind: SubjectKind) -> ColumnElement[str]:
    return {SubjectKind.AGENT: table.c.agent, SubjectKind.GROUP: table.c.group_name, SubjectKind.PROGRAM: literal("")}[kind]


def _of(table: Table, program: Program) -> list[ColumnElement[bool]]:
    return [table.c.tenant == program.tenant, table.c.program == program.name]


def _within(table: Table, period: Period) -> list[ColumnElement[bool]]:
    return [table.c.at_us >= period.start_us, table.c.at_us < period.end_us]
