"""What a caller may see of evaluations, where the read models have to be asked: the rules are in core/quality/visibility.py."""
from __future__ import annotations

import json

from sqlalchemy import ColumnElement, Connection, Engine, and_, false, not_, or_, select, tuple_

from opsledger.core.errors import NotFound
from opsledger.core.quality.calibration import CalibrationStatus
from opsledger.core.quality.errors import CalibrationOpen
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.subject import SubjectKind, read_subject
from opsledger.core.quality.visibility import Rated, is_of_colleague, may_see, rated
from opsledger.services.projections.database import reader
from opsledger.services.projections.tables_calibrations import calibration_raters, calibrations
from opsledger.services.projections.tables_quality import evaluations
from opsledger.services.quality.caller import Caller

_IS = evaluations.c


class Sight:
    """Over the read models, which know a calibration before its opening is answered (services/grpc/calibration_service.py)."""

    def __init__(self, engine: Engine) -> None:
        self._engine = reader(engine)

    def check(self, evaluation: Evaluation, caller: Caller) -> None:
        """Raises NotFound for what the caller may not know of, CalibrationOpen as ``check_not_blind`` does."""
        if not may_see(evaluation, caller):
            raise NotFound("evaluation", str(evaluation.id))
        self.check_not_blind(evaluation, caller)

    def check_not_blind(self, evaluation: Evaluation, caller: Caller) -> None:
        """Raises CalibrationOpen for a colleague's evaluation of a contact that the caller rates in an open calibration."""
        if not is_of_colleague(evaluation, caller):
            return
        with self._engine.connect() as connection:
            if rated_by(connection, evaluation.tenant, caller.name).covers(evaluation.subject):
                raise CalibrationOpen(evaluation.id, caller.name)


def rated_by(connection: Connection, tenant: str, rater: str) -> Rated:
    """In open calibrations, also by those who have withdrawn: they know the others."""
    query = (
        select(calibrations.c.contacts).join(calibration_raters, calibration_raters.c.aggregate_id == calibrations.c.aggregate_id)
        .where(calibration_raters.c.rater == rater, calibrations.c.tenant == tenant, calibrations.c.status == CalibrationStatus.OPEN.value)
    )
    return rated(read_subject(contact) for contacts in connection.scalars(query) for contact in json.loads(contacts))


def visible(caller: Caller, of: Rated) -> ColumnElement[bool]:
    """Rows of `evaluations` that the caller may see."""
    submitted, own = _IS.submitted_at_us.is_not(None), _IS.agent == caller.name
    drafts: ColumnElement[bool] = false()
    if caller.supervises:
        drafts = ~submitted
    elif caller.evaluates:
        drafts = and_(~submitted, _IS.analyst.in_(["", caller.name]))
    others = or_(submitted, drafts) if caller.sees_all else drafts
    return or_(and_(own, submitted), and_(~own, others, not_(hidden(caller.name, of))))


def taken(caller: Caller) -> ColumnElement[bool]:
    """Work that was open to the caller until a colleague claimed it; that is all that there is to say of it."""
    if caller.supervises or not caller.evaluates:
        return false()
    return and_(_IS.submitted_at_us.is_(None), _IS.analyst.not_in(["", caller.name]), _IS.agent != caller.name)


def hidden(rater: str, of: Rated) -> ColumnElement[bool]:
    """Rows of `evaluations` in which colleagues say something of what this rater rates in an open calibration."""
    ticket, interaction = tuple_(_IS.source, _IS.ticket_id), tuple_(_IS.source, _IS.interaction_id)
    same = [
        *([ticket.in_(of.tickets)] if of.tickets else []), *([interaction.in_(of.interactions)] if of.interactions else []),
        *([and_(_IS.subject == SubjectKind.TICKET.value, ticket.in_(of.around))] if of.around else []),
        *([_IS.evaluation_id.in_(of.evaluations)] if of.evaluations else []),
    ]
    return and_(_IS.analyst.not_in(["", rater]), _IS.agent != rater, or_(*same)) if same else false()
