"""Lists of evaluations from the read models: pages, and what has changed since a position of the journal."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Engine, Select, or_, select, tuple_

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.tickets.validation import check_name
from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.services.masks import masked
from opsledger.services.paging import last_of, page_size, page_token
from opsledger.services.projections.database import reader
from opsledger.services.projections.decision_views import decisions
from opsledger.services.projections.store import positions_reached
from opsledger.services.projections.tables_quality import evaluations
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.evaluation_messages import STATUS_WORDS, row_message, taken_message
from opsledger.services.quality.sight import rated_by, taken, visible
from opsledger.services.resuming import Places, resume_token

PER_MESSAGE = 200
Place: TypeAlias = "tuple[int, str]"
"""Position of the last change, and id; unique, since a commit may change several."""


class Chosen(NamedTuple):
    """Which evaluations; empty is any."""

    tenant: str
    program: str
    agent: str
    analyst: str
    statuses: tuple[str, ...]
    form: str
    draw: str
    source: str
    ticket_id: str
    caller: Caller


def chosen_by(tenant: str, filter: pb.EvaluationFilter, caller: Caller) -> Chosen:
    """An agent's own ones, whatever the filter says, for a caller who does not see all. Raises InvalidInput."""
    if wrong := list(check_name("tenant", tenant, required=True)):
        raise InvalidInput(*wrong)
    for number in filter.statuses:
        if number not in STATUS_WORDS:
            raise InvalidInput(FieldViolation("filter.statuses", "UNKNOWN", f"{number} is not a value of this version"))
    statuses = tuple(sorted({STATUS_WORDS[number] for number in filter.statuses}))
    agent = filter.agent if caller.sees_all else caller.name
    return Chosen(
        tenant, filter.program, agent, filter.analyst, statuses, filter.form, filter.draw, filter.source, filter.ticket_id, caller,
    )


class EvaluationQueries:
    def __init__(self, engine: Engine) -> None:
        self._engine = reader(engine)

    def ListEvaluations(self, request: pb.ListEvaluationsRequest, caller: Caller) -> pb.ListEvaluationsResponse:
        """Last changed first. Raises InvalidInput, InvalidPageToken."""
        chosen, size = chosen_by(request.tenant, request.filter, caller), page_size(request.page_size, 100, 1000)
        last = last_of(request.page_token, chosen, 2)
        with self._engine.connect() as connection:
            query = _rows(connection, chosen).order_by(decisions.c.position.desc(), evaluations.c.aggregate_id.desc()).limit(size + 1)
            if last is not None:
                query = query.where(_place() < tuple_(*last))
            reached = positions_reached(connection)
            rows = connection.execute(query).all()
        page = rows[:size]
        return pb.ListEvaluationsResponse(
            evaluations=[masked(row_message(row), request.read_mask) for row in page],
            next_page_token=page_token(chosen, [page[-1].position, page[-1].aggregate_id]) if len(rows) > size else "",
            resume_token=resume_token(reached.values()),
        )

    def changes(
        self, chosen: Chosen, after: Places, up_to: Places, *, also_taken: bool = False
    ) -> Iterator[pb.WatchEvaluationsResponse]:
        """The messages that bring a subscriber from one place in the tenant's home to another; the last one, which may be empty, has
        the token. ``also_taken``: of work that was open and that a colleague has claimed, id and status."""
        last = pb.WatchEvaluationsResponse()
        for rows in self._pages(chosen, also_taken and not chosen.analyst, *after.values(), *up_to.values()):
            if last.evaluations:
                yield last
            last = pb.WatchEvaluationsResponse(evaluations=[row_message(row) if row.visible else taken_message(row) for row in rows])
        last.resume_token = resume_token(up_to.values())
        yield last

    def _pages(self, chosen: Chosen, also_taken: bool, after: int, up_to: int) -> Iterator[list[Any]]:
        beyond: Place = (after + 1, "")
        while True:
            with self._engine.connect() as connection:
                rows = _between(connection, chosen, also_taken, beyond, up_to)
            if not rows:
                return
            yield rows
            beyond = rows[-1].position, rows[-1].aggregate_id


def _between(connection: Connection, chosen: Chosen, also_taken: bool, beyond: Place, up_to: int) -> list[Any]:
    query = (
        _rows(connection, chosen, also_taken=also_taken)
        .where(_place() > tuple_(*beyond), decisions.c.position <= up_to)
        .order_by(decisions.c.position, evaluations.c.aggregate_id).limit(PER_MESSAGE)
    )
    return list(connection.execute(query))


def _rows(connection: Connection, chosen: Chosen, *, also_taken: bool = False) -> Select[Any]:
    columns, shown = evaluations.c, visible(chosen.caller, rated_by(connection, chosen.tenant, chosen.caller.name))
    named = ((columns.program, chosen.program), (columns.agent, chosen.agent), (columns.analyst, chosen.analyst),
             (columns.form, chosen.form), (columns.draw, chosen.draw), (columns.source, chosen.source),
             (columns.ticket_id, chosen.ticket_id))
    query = (
        select(evaluations, decisions.c.version, decisions.c.position, shown.label("visible"))
        .join(decisions, decisions.c.aggregate_id == columns.aggregate_id)
        .where(
            columns.tenant == chosen.tenant, *(column == value for column, value in named if value),
            or_(shown, taken(chosen.caller)) if also_taken else shown)
    )
    if chosen.statuses:
        query = query.where(columns.status.in_(chosen.statuses))
    return query


def _place() -> ColumnElement[Any]:
    return tuple_(decisions.c.position, evaluations.c.aggregate_id)
