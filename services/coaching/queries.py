"""What coaching reads from the read models, in SQL."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from google.protobuf.json_format import Parse
from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select, tuple_

from opsledger.core.coaching.action_item import ItemStatus
from opsledger.core.coaching.effect import Samples
from opsledger.core.coaching.measure import Measure, Window
from opsledger.core.coaching.session import Stage
from opsledger.core.scorecards.scorecard import Tally
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.services.projections.decision_views import decisions
from opsledger.services.projections.tables_coaching import coaching_items as items
from opsledger.services.projections.tables_coaching import coaching_sessions as sessions
from opsledger.services.projections.views import OUTCOME_TABLES


class SessionFilter(NamedTuple):
    """What is empty leaves all."""

    tenant: str
    person: str = ""
    """Only those that this person may see: as the one who is coached or coaches."""
    program: str = ""
    agent: str = ""
    supervisor: str = ""
    stages: tuple[str, ...] = ()


class ItemFilter(NamedTuple):
    tenant: str
    person: str = ""
    """Only those that this person may see: as the owner or the one who was coached."""
    program: str = ""
    agent: str = ""
    owner: str = ""
    session_id: str = ""
    statuses: tuple[str, ...] = ()
    overdue: bool = False
    follow_up_due: bool = False


def session(connection: Connection, tenant: str, id: str) -> pb.Session | None:
    found = connection.scalar(select(sessions.c.message).where(sessions.c.tenant == tenant, sessions.c.aggregate_id == id))
    return Parse(found, pb.Session()) if found else None


def list_sessions(
    connection: Connection, chosen: SessionFilter, limit: int, before: int | None
) -> list[tuple[int, pb.Session]]:
    """With the position of the last change, last changed first; only those changed before one, where it is given."""
    query = (
        select(decisions.c.position, sessions.c.message)
        .join(decisions, decisions.c.aggregate_id == sessions.c.aggregate_id)
        .where(
            sessions.c.tenant == chosen.tenant,
            *_equal(sessions, program=chosen.program, agent=chosen.agent, supervisor=chosen.supervisor),
            *([sessions.c.stage.in_(chosen.stages)] if chosen.stages else []),
            *([or_(sessions.c.agent == chosen.person, sessions.c.supervisor == chosen.person)] if chosen.person else []),
            *([decisions.c.position < before] if before is not None else []),
        )
        .order_by(decisions.c.position.desc())
        .limit(limit)
    )
    return [(position, Parse(message, pb.Session())) for position, message in connection.execute(query)]


def list_items(
    connection: Connection, chosen: ItemFilter, now_us: int, limit: int, after: Sequence[str | int] | None
) -> list[tuple[tuple[int, str], pb.ActionItem]]:
    """With the order key, the one that is due first on top."""
    key = (items.c.due_at_us, items.c.aggregate_id)
    query = (
        select(*key, items.c.message)
        .where(
            items.c.tenant == chosen.tenant,
            *_equal(items, program=chosen.program, agent=chosen.agent, owner=chosen.owner, session_id=chosen.session_id),
            *([items.c.status.in_(chosen.statuses)] if chosen.statuses else []),
            *([and_(items.c.status == ItemStatus.AGREED, items.c.due_at_us < now_us)] if chosen.overdue else []),
            *([and_(items.c.status != ItemStatus.WITHDRAWN, items.c.follow_up_at_us < now_us)] if chosen.follow_up_due else []),
            *([or_(items.c.agent == chosen.person, items.c.owner == chosen.person)] if chosen.person else []),
            *([tuple_(*key) > tuple_(*after)] if after is not None else []),
        )
        .order_by(*key)
        .limit(limit)
    )
    return [((due_at_us, id), Parse(message, pb.ActionItem())) for due_at_us, id, message in connection.execute(query)]


def inbox(
    connection: Connection, tenant: str, person: str, after: int | None, up_to: int
) -> tuple[list[pb.Session], list[pb.ActionItem]]:
    """What changed between two positions; ``after`` None: what is not over at the second."""
    sessions_when: ColumnElement[bool] = sessions.c.stage.not_in([Stage.CLOSED, Stage.CANCELLED])
    items_when: ColumnElement[bool] = items.c.status == ItemStatus.AGREED
    if after is not None:
        sessions_when = items_when = decisions.c.position > after
    ours = or_(sessions.c.agent == person, sessions.c.supervisor == person)
    found = [
        connection.scalars(
            select(table.c.message).join(decisions, decisions.c.aggregate_id == table.c.aggregate_id)
            .where(table.c.tenant == tenant, whose, when, decisions.c.position <= up_to).order_by(decisions.c.position)
        )
        for table, whose, when in ((sessions, ours, sessions_when), (items, items.c.owner == person, items_when))
    ]
    return [Parse(message, pb.Session()) for message in found[0]], [Parse(message, pb.ActionItem()) for message in found[1]]


def samples(connection: Connection, tenant: str, program: str, agent: str, measure: Measure) -> tuple[Samples, Samples]:
    """The cases of the agent, and of the comparison group."""

    def tally(whose: Callable[[Table], list[ColumnElement[bool]]], window: Window) -> Tally:
        found: dict[int, int] = {}
        for table in OUTCOME_TABLES:
            query = (
                select(table.c.numerator, func.count())
                .where(
                    table.c.tenant == tenant, table.c.program == program, table.c.kpi == measure.metric,
                    table.c.at_us >= window.start_us, table.c.at_us < window.end_us, *whose(table),
                )
                .group_by(table.c.numerator)
            )
            found.update((value, cases) for value, cases in connection.execute(query))  # a KPI has its rows in one of the tables
        return found

    own, others = (
        Samples(tally(whose, measure.baseline), tally(whose, measure.follow_up))
        for whose in (lambda table: [table.c.agent == agent], lambda table: _others(table, agent, measure))
    )
    return own, others


def _others(table: Table, agent: str, measure: Measure) -> list[ColumnElement[bool]]:
    """Whoever is in the group but the agent; what is credited to nobody is nobody's."""
    if measure.comparison_agents:
        return [table.c.agent.in_(measure.comparison_agents)]
    in_group = [table.c.group_name == measure.comparison_group] if measure.comparison_group else []
    return [table.c.agent.not_in(["", agent]), *in_group]


def _equal(table: Table, **values: str) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in values.items() if value]
