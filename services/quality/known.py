"""Which tickets and agents anything was ever recorded of: who names others is told, because it may be a slip of the pen."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, Engine, select, tuple_, union

from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.remark import Remark, date_remarks
from opsledger.core.quality.subject import Subject, SubjectKind
from opsledger.services.projections.database import reader
from opsledger.services.projections.tables import contributions, tickets
from opsledger.services.projections.tables_quality import evaluations


class Known(NamedTuple):
    """Of those that were asked for."""

    tickets: frozenset[tuple[str, str]]
    agents: frozenset[str]

    def remarks(self, subject: Subject, agent: str) -> Iterator[Remark]:
        if subject.kind is not SubjectKind.EVALUATION and subject.ticket_id and (subject.source, subject.ticket_id) not in self.tickets:
            yield Remark("subject", "UNKNOWN", f"no ticket {subject.ticket_id!r} of {subject.source!r} is recorded")
        if agent not in self.agents:
            yield Remark("agent", "UNKNOWN", f"{agent!r} has worked on no ticket that is recorded")


class Knowledge:
    """Over the read models."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reader(engine)

    def of(self, tenant: str, subjects: Collection[Subject], agents: Collection[str]) -> Known:
        keys = {(subject.source, subject.ticket_id) for subject in subjects if subject.ticket_id}
        with self._engine.connect() as connection:
            return Known(_tickets(connection, tenant, keys), _agents(connection, tenant, set(agents)))

    def remarks(self, evaluation: Evaluation, now_us: int) -> list[Remark]:
        """Of one that has just been started."""
        known = self.of(evaluation.tenant, [evaluation.subject], [evaluation.agent_id])
        return [*known.remarks(evaluation.subject, evaluation.agent_id), *date_remarks(evaluation.contact_at_us, now_us)]


def _tickets(connection: Connection, tenant: str, keys: Collection[tuple[str, str]]) -> frozenset[tuple[str, str]]:
    name = tickets.c.source, tickets.c.ticket_id
    query = select(*name).where(tickets.c.tenant == tenant, tuple_(*name).in_(keys))
    return frozenset((source, ticket_id) for source, ticket_id in connection.execute(query)) if keys else frozenset()


def _agents(connection: Connection, tenant: str, agents: Collection[str]) -> frozenset[str]:
    """Who worked on a ticket, or made an evaluation (its analyst is the one judged in an evaluation of it)."""
    worked = select(contributions.c.agent).where(contributions.c.tenant == tenant, contributions.c.agent.in_(agents))
    judged = select(evaluations.c.analyst).where(
        evaluations.c.tenant == tenant, evaluations.c.analyst.in_(agents), evaluations.c.submitted_at_us.is_not(None))
    return frozenset(connection.scalars(union(worked, judged))) if agents else frozenset()
