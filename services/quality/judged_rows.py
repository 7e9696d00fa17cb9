"""The scores that count, with whose they are and who gave them, from the read models."""
from __future__ import annotations

from sqlalchemy import Connection, not_, select

from opsledger.core.quality.drift import Judged
from opsledger.core.quality.subject import SubjectKind
from opsledger.services.projections.tables_quality import evaluation_versions, evaluations
from opsledger.services.quality.sight import hidden, rated_by

EVALUATIONS_MAX = 50_000
"""In one look at the evaluators' drift: what is answered within seconds."""


def judged_rows(
    connection: Connection, tenant: str, program: str, *, form: str = "", start_us: int | None = None, end_us: int | None = None,
    viewer: str = "",
) -> list[Judged] | None:
    """By the version that counts: who made it is the evaluator. By when the contact was; the end is not included.

    Evaluations of evaluations are left out, and what an open calibration hides from ``viewer``. None: there are more than EVALUATIONS_MAX.
    """
    counting = (evaluation_versions.c.aggregate_id == evaluations.c.aggregate_id) & (evaluation_versions.c.counts == 1)
    query = (
        select(evaluations.c.agent, evaluation_versions.c.actor, evaluation_versions.c.score)
        .join(evaluation_versions, counting)
        .where(
            evaluations.c.tenant == tenant, evaluations.c.program == program,
            evaluations.c.subject != SubjectKind.EVALUATION.value, evaluation_versions.c.score.is_not(None),
        )
        .limit(EVALUATIONS_MAX + 1)
    )
    if form:
        query = query.where(evaluations.c.form == form)
    if viewer:
        query = query.where(not_(hidden(viewer, rated_by(connection, tenant, viewer))))
    if start_us is not None:
        query = query.where(evaluations.c.contact_at_us >= start_us)
    if end_us is not None:
        query = query.where(evaluations.c.contact_at_us < end_us)
    found = [Judged(*row) for row in connection.execute(query)]
    return found if len(found) <= EVALUATIONS_MAX else None
