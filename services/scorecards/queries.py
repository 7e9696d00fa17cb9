"""What scorecards read from the read models, in SQL. Nothing is computed here but sums."""
from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, literal, select, tuple_, union_all

from opsledger.core.scorecards.kpis import KPIS, MILLIONTHS, Sort
from opsledger.core.scorecards.periods import Almanac, Period
from opsledger.core.scorecards.subjects import Subject, SubjectKind
from opsledger.core.sla.rules import parse_rules
from opsledger.core.sla.zones import zone
from opsledger.services.projections.tables import outcomes, rules, tickets

NAME_COLUMNS: dict[SubjectKind, ColumnElement[str]] = {
    SubjectKind.AGENT: outcomes.c.agent, SubjectKind.GROUP: outcomes.c.group_name, SubjectKind.PROGRAM: literal(""),
}
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


def programs(connection: Connection) -> list[Program]:
    """All that have tickets or rules, by name."""
    found = union_all(select(tickets.c.tenant, tickets.c.program).distinct(), select(rules.c.tenant, rules.c.program).distinct())
    return sorted({Program(*row) for row in connection.execute(found)})


def exists(connection: Connection, program: Program) -> bool:
    return any(
        connection.execute(select(table.c.tenant).where(table.c.tenant == program.tenant, table.c.program == program.name).limit(1)).first()
        for table in (tickets, rules)
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
    return ProgramTime(Almanac(in_force.time_zone, in_force.week_starts), version)


def last_at_us(connection: Connection, program: Program, before_us: int | None = None) -> int | None:
    """When the last case was, of all or of those before an instant. One index seek for each KPI."""
    last = [
        select(func.max(outcomes.c.at_us).label("at_us")).where(
            *_of(program), outcomes.c.kpi == kpi, *([] if before_us is None else [outcomes.c.at_us < before_us])
        )
        for kpi in KPIS
    ]
    found: int | None = connection.scalar(select(func.max(union_all(*last).subquery().c.at_us)))
    return found


def tallies(
    connection: Connection, program: Program, kind: SubjectKind, period: Period, names: Collection[str] | None = None
) -> SubjectTallies:
    """What every subject of a kind (or those named) did in a period. A program's own name is empty here."""
    name = NAME_COLUMNS[kind]
    query = (
        select(name.label("name"), outcomes.c.kpi, outcomes.c.numerator, func.count())
        .where(*_of(program), outcomes.c.kpi.in_(list(KPIS)), *_within(period))
        .group_by(*([] if kind is SubjectKind.PROGRAM else [name]), outcomes.c.kpi, outcomes.c.numerator)
    )
    if names is not None and kind is not SubjectKind.PROGRAM:
        query = query.where(name.in_(list(names)))
    found: SubjectTallies = {}
    for subject, kpi, numerator, rows in connection.execute(query):
        found.setdefault(subject, {}).setdefault(kpi, {})[numerator] = rows
    return found


def cases(
    connection: Connection, program: Program, subject: Subject, period: Period, kpis: Sequence[str], limit: int,
    after: Sequence[str | int] | None = None,
) -> list[Case]:
    """At most ``limit`` cases of some KPIs, oldest first; after one of them, given by its ``order_key``."""
    key = (outcomes.c.at_us, outcomes.c.source, outcomes.c.ticket_id, outcomes.c.kpi, outcomes.c.ordinal)
    same_ticket = and_(*(outcomes.c[name] == tickets.c[name] for name in ("tenant", "source", "ticket_id")))
    query = (
        select(
            outcomes.c.source, outcomes.c.ticket_id, outcomes.c.kpi, outcomes.c.ordinal, outcomes.c.at_us, outcomes.c.agent,
            outcomes.c.group_name, outcomes.c.numerator, outcomes.c.detail, tickets.c.status, tickets.c.priority, tickets.c.category,
        )
        .join(tickets, same_ticket)
        .where(*_of(program), outcomes.c.kpi.in_(list(kpis)), *_within(period))
        .order_by(*key)
        .limit(limit)
    )
    if subject.kind is not SubjectKind.PROGRAM:
        query = query.where(NAME_COLUMNS[subject.kind] == subject.name)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return [_case(*row) for row in connection.execute(query)]


def order_key(case: Case) -> tuple[str | int, ...]:
    return case.at_us, case.source, case.ticket_id, case.kpi, case.ordinal


def _case(source: str, ticket_id: str, kpi: str, ordinal: int, at_us: int, agent: str, group: str, numerator: int, *rest: str) -> Case:
    value = numerator / MILLIONTHS if KPIS[kpi].sort is Sort.MEAN else float(numerator)
    return Case(source, ticket_id, kpi, ordinal, at_us, agent, group, value, *rest)


def _of(program: Program) -> list[ColumnElement[bool]]:
    return [outcomes.c.tenant == program.tenant, outcomes.c.program == program.name]


def _within(period: Period) -> list[ColumnElement[bool]]:
    return [outcomes.c.at_us >= period.start_us, outcomes.c.at_us < period.end_us]
