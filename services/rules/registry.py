"""The rules of all programs, kept in the journal. It has the methods of the RuleService; the servicer and the command line use it."""
from __future__ import annotations

from collections.abc import Callable

from opsledger.core.errors import RequestIdReused, VersionConflict
from opsledger.core.ports import Commit, Journal, NewEvent, RecordedEvent
from opsledger.proto.sla.v1.rules_pb2 import (
    GetRulesRequest,
    GetRulesResponse,
    PublishRulesRequest,
    PublishRulesResponse,
    RulesPublished,
)
from opsledger.services.decisions.requests import Request, first_of
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.projections.rule_books import RULES_PUBLISHED
from opsledger.services.rules.publishing import RULES_CONFIRMED, History, decide, fold, in_force, numbered, rules_stream_id
from opsledger.services.tickets.codec import timestamp_us

ATTEMPTS_MAX = 5
"""How often a publication is decided anew because somebody published in between."""
_ANSWERS = (RULES_PUBLISHED, RULES_CONFIRMED)


class RuleRegistry:
    def __init__(self, journal: Journal, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._journal = journal
        self._now_us = now_us

    def PublishRules(self, request: PublishRulesRequest, published_by: str = "") -> PublishRulesResponse:
        """The version that the request made, or that stood already when nothing would change. The same request always gets
        the first answer.

        Raises InvalidInput, InvalidRules; VersionConflict when others keep publishing the same program's rules; RequestIdReused.
        """
        for attempts_left in reversed(range(ATTEMPTS_MAX)):
            try:
                return self._publish(request, published_by)
            except VersionConflict:
                if not attempts_left:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _publish(self, request: PublishRulesRequest, published_by: str) -> PublishRulesResponse:
        named = Request.of(request, published_by, earlier_name=request.request_id)
        first = first_of(self._journal, named, _publisher)
        if first is None:
            now_us, history = self._now_us(), self.history(request.tenant, request.program)
            decided = decide(history, request, published_by, now_us)
            event = NewEvent(
                rules_stream_id(request.tenant, request.program), decided.type, request.tenant, now_us,
                decided.rules.SerializeToString(deterministic=True), named.said, version=history.stream_version + 1,
            )
            self._journal.append(Commit([event], named.key))
            first = first_of(self._journal, named, _publisher)
            assert first is not None
        if first.event.type not in _ANSWERS:
            raise RequestIdReused(request.request_id, first.event.position)
        return PublishRulesResponse(rules=RulesPublished.FromString(first.event.payload), position=first.event.position)

    def GetRules(self, request: GetRulesRequest) -> GetRulesResponse:
        """Raises NotFound."""
        history = self.history(request.tenant, request.program)
        if request.version:
            return GetRulesResponse(rules=numbered(history, request.version))
        at_us = timestamp_us(request.at) if request.HasField("at") else self._now_us()
        return GetRulesResponse(rules=in_force(history, at_us))

    def history(self, tenant: str, program: str, as_known_at_us: int | None = None) -> History:
        """What had been published, and recorded until then."""
        events = self._journal.read_stream(rules_stream_id(tenant, program))
        return fold(event for event in events if as_known_at_us is None or event.recorded_at_us <= as_known_at_us)


def _publisher(event: RecordedEvent) -> str:
    """Who published; empty for an event that is no publication: a version that was confirmed has its first publisher."""
    return RulesPublished.FromString(event.payload).published_by if event.type == RULES_PUBLISHED else ""
