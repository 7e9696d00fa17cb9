"""The TimerService without its server: requests in, responses out. The servicer and the offline command both answer with it."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from google.protobuf.duration_pb2 import Duration
from sqlalchemy import Engine

from opsledger.core.errors import FieldViolation, InvalidInput, InvalidPageToken
from opsledger.core.ports import Journal
from opsledger.core.tickets.facts import TicketKey
from opsledger.core.tickets.validation import METRICS
from opsledger.proto.sla.v1 import timers_pb2 as pb
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.paging import last_of, page_size, page_token
from opsledger.services.projections.database import reader
from opsledger.services.projections.store import positions_reached
from opsledger.services.resuming import Places, resume_token
from opsledger.services.rules.registry import RuleRegistry
from opsledger.services.tickets.codec import timestamp, timestamp_us
from opsledger.services.timers import queries, watch
from opsledger.services.timers.explaining import explain_ticket, recompute
from opsledger.services.timers.measuring import Calendars
from opsledger.services.timers.messages import timer_of_row

HOUR_US = 3_600_000_000
_FILTERS = {
    pb.TIMER_FILTER_UNSPECIFIED: "open", pb.TIMER_FILTER_RUNNING: "running", pb.TIMER_FILTER_PAUSED: "paused",
    pb.TIMER_FILTER_DUE_SOON: "due_soon", pb.TIMER_FILTER_BREACHED: "breached", pb.TIMER_FILTER_FINISHED: "finished",
}


class TimerAnswers:
    """Methods as those of the generated stub, but for the stream. They raise InvalidInput, InvalidPageToken, NotFound."""

    def __init__(self, engine: Engine, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._engine, self._now_us = reader(engine), now_us

    def ListTimers(self, request: pb.ListTimersRequest) -> pb.ListTimersResponse:
        chosen, size = _filter(request), page_size(request.page_size, 100, 1000)
        token = _checked(last_of(request.page_token, chosen, len(_TOKEN_PARTS)))
        now_us = self._now_us() if token is None else token[0]
        with self._engine.connect() as connection:
            reached = positions_reached(connection)
            found = queries.timers(connection, chosen, now_us, size + 1, token and token[1:])
            page, calendars = found[:size], Calendars(connection)
            shown = [timer_of_row(row, now_us, calendars) for row in page]
        return pb.ListTimersResponse(
            timers=shown,
            next_page_token=page_token(chosen, [now_us, *queries.order_key(page[-1])]) if len(found) > size else "",
            now=timestamp(now_us), resume_token=resume_token(reached.values()),
        )

    def changes(self, request: pb.WatchTimersRequest, after: Places, up_to: Places) -> Iterator[pb.WatchTimersResponse]:
        """What WatchTimers sends for a stretch of the journal."""
        return watch.changes(self._engine, request.tenant, request.program, after, up_to, self._now_us())


class Explanations:
    """Answers ExplainTicket from the journal."""

    def __init__(self, journal: Journal, registry: RuleRegistry, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._journal, self._registry, self._now_us = journal, registry, now_us

    def ExplainTicket(self, request: pb.ExplainTicketRequest) -> pb.ExplainTicketResponse:
        require_fields(request, "tenant", "source", "ticket_id")
        as_known_at_us = timestamp_us(request.as_known_at) if request.HasField("as_known_at") else None
        ticket = TicketKey(request.tenant, request.source, request.ticket_id)
        return explain_ticket(recompute(self._journal, self._registry, ticket, self._now_us(), as_known_at_us))


_TOKEN_PARTS = (int, int, str, str, str, int)
"""The now of the first page, and the order key of the last timer."""


def _checked(token: list[str | int] | None) -> list[Any] | None:
    if token is not None and not all(
        type(part) is kind and (kind is str or 0 <= part < 1 << 63)  # type: ignore[operator]  # it is an int then
        for part, kind in zip(token, _TOKEN_PARTS, strict=True)
    ):
        raise InvalidPageToken(FieldViolation("page_token", "INVALID", "is none that this server gave"))
    return token


def require_fields(request: object, *names: str) -> None:
    """Raises InvalidInput for those that are empty."""
    missing = [FieldViolation(name, "REQUIRED", "must not be empty") for name in names if not getattr(request, name)]
    if missing:
        raise InvalidInput(*missing)


def _filter(request: pb.ListTimersRequest) -> queries.Filter:
    require_fields(request, "tenant")
    if request.filter not in _FILTERS:
        raise InvalidInput(FieldViolation("filter", "UNKNOWN", f"{request.filter} is not a value of this version"))
    if request.metric and request.metric not in METRICS:
        raise InvalidInput(FieldViolation("metric", "UNKNOWN", f"must be one of {', '.join(METRICS)}"))
    within_us = _span_us(request.within) if request.HasField("within") else HOUR_US
    if within_us < 0:
        raise InvalidInput(FieldViolation("within", "OUT_OF_RANGE", "must not be negative"))
    return queries.Filter(
        request.tenant, request.program, _FILTERS[request.filter], within_us, request.group, request.agent, request.metric
    )


def _span_us(span: Duration) -> int:
    return span.seconds * 1_000_000 + span.nanos // 1_000
