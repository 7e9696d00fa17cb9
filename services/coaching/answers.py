"""The queries of the CoachingService without its server, from the read models. The servicer and the offline command both answer with it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from opsledger.core.coaching.effect import cautions_of_time, effect
from opsledger.core.coaching.errors import NoMeasure
from opsledger.core.errors import FieldViolation, InvalidInput, NotAllowed, NotFound
from opsledger.core.scorecards.kpis import KPIS
from opsledger.core.scorecards.statistics import CONFIDENCE
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.services.coaching import queries
from opsledger.services.coaching.messages import STAGES, STATUSES, effect_message, measure_of
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.paging import last_of, page_size, page_token
from opsledger.services.projections.database import reader
from opsledger.services.resuming import Places, resume_token
from opsledger.services.scorecards.withholding import check_unblinded
from opsledger.services.tickets.codec import timestamp, timestamp_us


class CoachingAnswers:
    """Methods as those of the generated stub. ``person`` is who asks when they may see only their own; empty: everything.

    They raise InvalidInput, InvalidPageToken, NotFound.
    """

    def __init__(self, engine: Engine, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._engine, self._now_us = reader(engine), now_us

    def ListSessions(self, request: pb.ListSessionsRequest, person: str = "") -> pb.ListSessionsResponse:
        chosen = queries.SessionFilter(
            _tenant(request), person, request.program, request.agent, request.supervisor, _words(request.stages, STAGES, "stages"))
        size = page_size(request.page_size, 100, 1000)
        last = last_of(request.page_token, chosen, 1)
        with self._engine.connect() as connection:
            found = queries.list_sessions(connection, chosen, size + 1, _number(last[0]) if last else None)
        page = found[:size]
        token = page_token(chosen, [page[-1][0]]) if len(found) > size else ""
        return pb.ListSessionsResponse(sessions=[message for _, message in page], next_page_token=token)

    def ListActionItems(self, request: pb.ListActionItemsRequest, person: str = "") -> pb.ListActionItemsResponse:
        chosen = queries.ItemFilter(
            _tenant(request), person, request.program, request.agent, request.owner, request.session,
            _words(request.statuses, STATUSES, "statuses"), request.overdue, request.follow_up_due)
        size = page_size(request.page_size, 100, 1000)
        last = last_of(request.page_token, chosen, 3)
        now_us = _number(last[0]) if last else self._now_us()
        after: list[str | int] | None = [_number(last[1]), str(last[2])] if last else None
        with self._engine.connect() as connection:
            found = queries.list_items(connection, chosen, now_us, size + 1, after)
        page = found[:size]
        token = page_token(chosen, [now_us, *page[-1][0]]) if len(found) > size else ""
        return pb.ListActionItemsResponse(items=[message for _, message in page], next_page_token=token, now=timestamp(now_us))

    def MeasureEffect(self, request: pb.MeasureEffectRequest, person: str = "", viewer: str = "") -> pb.MeasureEffectResponse:
        """Raises NoMeasure too; NotAllowed for somebody else's session; CalibrationOpen where it would show ``viewer`` what an open
        calibration hides."""
        confidence, now_us = request.confidence if request.HasField("confidence") else CONFIDENCE, self._now_us()
        if not 0.5 <= confidence <= 0.999:
            raise InvalidInput(FieldViolation("confidence", "OUT_OF_RANGE", "must lie between 0.5 and 0.999"))
        with self._engine.connect() as connection:
            session = queries.session(connection, _tenant(request), request.id)
            if session is None:
                raise NotFound("coaching session", request.id)
            if person not in ("", session.agent, session.supervisor):
                raise NotAllowed(f"coaching session {session.id} is not about {person}")
            if not session.HasField("measure"):
                raise NoMeasure(UUID(session.id))
            measure = measure_of(session.measure)
            check_unblinded(
                connection, session.tenant, session.program, measure.metric, (measure.baseline, measure.follow_up), viewer)
            own, group = queries.samples(connection, session.tenant, session.program, session.agent, measure)
        found = effect(KPIS[measure.metric], measure.higher_is_better, own, group, confidence)
        cautions = cautions_of_time(timestamp_us(session.measure_fixed_at), measure.follow_up, now_us)
        return effect_message(session, found, confidence, list(cautions), now_us)

    def inbox(self, tenant: str, person: str, after: Places | None, up_to: Places) -> pb.WatchInboxResponse:
        """What WatchInbox sends for a stretch of the tenant's home in the journal, or first (``after`` None)."""
        [begin], [end] = [None] if after is None else after.values(), up_to.values()
        with self._engine.connect() as connection:
            sessions, items = queries.inbox(connection, tenant, person, begin, end)
        return pb.WatchInboxResponse(sessions=sessions, items=items, resume_token=resume_token([end]))


def _tenant(request: Any) -> str:
    if not request.tenant:
        raise InvalidInput(FieldViolation("tenant", "REQUIRED", "must not be empty"))
    tenant: str = request.tenant
    return tenant


def _words(numbers: Any, words: tuple[Any, ...], field: str) -> tuple[str, ...]:
    for number in numbers:
        if not 0 < number < len(words):
            raise InvalidInput(FieldViolation(field, "UNKNOWN", f"{number} is not a value of this version"))
    return tuple(words[number].value for number in numbers)


def _number(part: str | int) -> int:
    if not isinstance(part, int) or not 0 <= part < 1 << 63:
        raise InvalidInput(FieldViolation("page_token", "INVALID", "is none that this server gave"))
    return part
