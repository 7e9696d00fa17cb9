"""What a sample is drawn from, read from the read models. Thresholds and exclusions are those of the filter; chance has no part here."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, exists, func, select

from opsledger.core.quality.sampling import Contact, Risk
from opsledger.core.quality.sheet import Plain
from opsledger.core.scorecards import kpis
from opsledger.services.projections.tables import clocks, contributions, outcomes, tickets
from opsledger.services.projections.tables_quality import evaluations

LONG_US = 15 * 60_000_000


class FrameFilter(NamedTuple):
    """As the message has it; empty is any."""

    interactions: bool
    """Else tickets."""
    from_us: int
    to_us: int
    agents: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    excluded_agents: tuple[str, ...] = ()
    long_us: int = LONG_US
    include_evaluated: bool = False
    every_contributor: bool = False
    """Of tickets: the part of everybody who worked on one. Draws of before do not say it."""

    def plain(self) -> Plain:
        said = {name: list(value) if isinstance(value, tuple) else value for name, value in self._asdict().items()}
        if not self.every_contributor:
            del said["every_contributor"]  # written only where it is chosen, so that other draws are recorded as ever
        return said


def read_filter(plain: Plain) -> FrameFilter:
    """What ``plain`` gave, as recorded."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    return FrameFilter(**values)


def frame(
    connection: Connection, tenant: str, program: str, chosen: FrameFilter, draw: str = "", before_us: int | None = None
) -> list[Contact]:
    """In no order. To repeat a draw: ``draw`` is its id and ``before_us`` its time, so that what was evaluated since is no exclusion."""
    if chosen.every_contributor and not chosen.interactions:
        return list(_parts(connection, tenant, program, chosen, draw, before_us))
    query = _cases(tenant, program, chosen)
    if not chosen.include_evaluated:
        query = query.where(~_evaluated(chosen, draw, before_us))
    agents = _agents(connection, tenant, query)
    return [_contact(row, chosen, agents[row.source, row.ticket_id]) for row in connection.execute(query)]


def _parts(
    connection: Connection, tenant: str, program: str, chosen: FrameFilter, draw: str, before_us: int | None
) -> Iterator[Contact]:
    """Of the tickets resolved in the time each agent's part: filters by agent and group are about whose part it is."""
    tickets_of = chosen._replace(agents=(), groups=(), excluded_agents=())
    query = _cases(tenant, program, tickets_of, of_somebody=False)
    resolved = {(row.source, row.ticket_id): row for row in connection.execute(query)}
    of = query.with_only_columns(outcomes.c.source, outcomes.c.ticket_id).distinct().subquery()

    def of_these(table: Table, *columns: ColumnElement[Any]) -> Select[Any]:
        same = and_(table.c.source == of.c.source, table.c.ticket_id == of.c.ticket_id)
        return select(table.c.source, table.c.ticket_id, *columns).join(of, same).where(table.c.tenant == tenant)

    parts: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for key, row in resolved.items():
        parts[key].update({row.agent: row.group_name} if row.agent else {})
    for source, ticket_id, agent, group in connection.execute(of_these(contributions, contributions.c.agent, contributions.c.group_name)):
        parts[source, ticket_id].setdefault(agent, group)
    judged = evaluations.c
    been = set() if chosen.include_evaluated else {
        (source, ticket_id, agent) for source, ticket_id, agent in connection.execute(
            of_these(evaluations, judged.agent).where(judged.interaction_id == "", *_living(draw, before_us)))}
    for (source, ticket_id), agents in parts.items():
        for agent, group in agents.items():
            wanted = all(not listed or value in listed for value, listed in ((agent, chosen.agents), (group, chosen.groups)))
            if wanted and agent not in chosen.excluded_agents and (source, ticket_id, agent) not in been:
                yield _contact(resolved[source, ticket_id], chosen, set(agents))._replace(
                    agent=agent, group=group, others=tuple(sorted(agents.keys() - {agent})))


def _agents(connection: Connection, tenant: str, cases: Select[Any]) -> dict[tuple[str, str], set[str]]:
    """Who worked on each ticket of the cases."""
    of = cases.with_only_columns(outcomes.c.source, outcomes.c.ticket_id).subquery()
    worked = outcomes.alias("worked")
    query = (
        select(worked.c.source, worked.c.ticket_id, worked.c.agent).distinct()
        .join(of, and_(worked.c.source == of.c.source, worked.c.ticket_id == of.c.ticket_id))
        .where(worked.c.tenant == tenant, worked.c.agent != "")
    )
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for source, ticket_id, agent in connection.execute(query):
        found[source, ticket_id].add(agent)
    return found


def _cases(tenant: str, program: str, chosen: FrameFilter, *, of_somebody: bool = True) -> Select[Any]:
    """Cases of the KPI that counts each contact once, with what is known of their tickets. Not ``of_somebody``: also what is credited to
    nobody."""
    counted, handled = (kpis.CONTACTS_HANDLED, kpis.HANDLE_TIME) if chosen.interactions else (
        kpis.TICKETS_RESOLVED, kpis.HANDLE_TIME_PER_TICKET)
    case, time, csat = outcomes.c, outcomes.alias("handling"), outcomes.alias("csat")
    of_ticket = ("tenant", "source", "ticket_id")
    same_contact = [time.c.detail == case.detail] if chosen.interactions else []
    long = select(func.max(time.c.numerator)).where(
        *(time.c[name] == case[name] for name in of_ticket), time.c.kpi == handled.name, *same_contact).scalar_subquery()
    breached = exists().where(*(clocks.c[name] == case[name] for name in of_ticket), clocks.c.breached_at_us.is_not(None))
    unhappy = exists().where(*(csat.c[name] == case[name] for name in of_ticket), csat.c.kpi == kpis.CSAT.name, csat.c.numerator == 0)
    listed = (
        (case.agent, chosen.agents), (case.group_name, chosen.groups), (tickets.c.channel, chosen.channels),
        (tickets.c.category, chosen.categories),
    )
    return (
        select(
            case.source, case.ticket_id, case.detail, case.agent, case.group_name, tickets.c.channel, tickets.c.category, case.at_us,
            tickets.c.reopenings, long.label("handled_us"), breached.label("breached"), unhappy.label("unhappy"),
        )
        .join(tickets, and_(*(tickets.c[name] == case[name] for name in of_ticket)))
        .where(
            case.tenant == tenant, case.program == program, case.kpi == counted.name, case.at_us >= chosen.from_us,
            case.at_us < chosen.to_us, *([case.agent != ""] if of_somebody else []), case.agent.not_in(chosen.excluded_agents),
            *(column.in_(values) for column, values in listed if values),
        )
    )


def _evaluated(chosen: FrameFilter, draw: str, before_us: int | None) -> Any:
    """Somebody has evaluated it, or been asked to; a voided evaluation is none."""
    table = evaluations.c
    same = [table.interaction_id == outcomes.c.detail] if chosen.interactions else [
        table.interaction_id == "", table.ticket_id == outcomes.c.ticket_id, table.agent == outcomes.c.agent]
    return exists().where(table.tenant == outcomes.c.tenant, table.source == outcomes.c.source, *_living(draw, before_us), *same)


def _living(draw: str, before_us: int | None) -> list[ColumnElement[bool]]:
    """Evaluations that count, or may; of those that there were when a draw was made."""
    table = evaluations.c
    then = [] if before_us is None else [table.started_at_us <= before_us, table.draw != draw]
    return [table.status != "voided", *then]


def _contact(row: Any, chosen: FrameFilter, agents: set[str]) -> Contact:
    found = {
        Risk.BREACHED: row.breached, Risk.REOPENED: row.reopenings > 0, Risk.LOW_CSAT: row.unhappy,
        Risk.LONG: row.handled_us is not None and row.handled_us >= chosen.long_us,
    }
    return Contact(
        row.source, row.ticket_id, row.detail if chosen.interactions else "", row.agent, row.group_name, row.channel, row.category,
        row.at_us, tuple(sorted(risk for risk, holds in found.items() if holds)), tuple(sorted(agents - {row.agent})),
    )
