"""The rules of all programs, kept in the journal. It has the methods of the RuleService; the servicer and the command line use it."""
from __future__ import annotations

from collections.abc import Callable

from opsledger.core.errors import FieldViolation, InvalidInput, VersionConflict
from opsledger.core.ports import Commit, Journal, NewEvent
from opsledger.core.tickets.identity import request_key
from opsledger.proto.sla.v1.rules_pb2 import (
    GetRulesRequest,
    GetRulesResponse,
    PublishRulesRequest,
    PublishRulesResponse,
    RulesPublished,
)
from opsledger.services.journal.clock import wall_clock_us
from opsledger.services.projections.rule_books import RULES_PUBLISHED
from opsledger.services.rules.publishing import RULES_CONFIRMED, History, decide, fold, in_force, numbered, rules_stream_id
from opsledger.services.tickets.codec import timestamp_us

ATTEMPTS_MAX = 5
"""How often a publication is decided anew because somebody published in between."""


class RuleRegistry:
    def __init__(self, journal: Journal, now_us: Callable[[], int] = wall_clock_us) -> None:
        self._journal = journal
        self._now_us = now_us

    def PublishRules(self, request: PublishRulesRequest, published_by: str = "") -> PublishRulesResponse:
        """The version that the request made, or that stood already when nothing would change. The same request_id always gets
        the first answer.

        Raises InvalidInput, InvalidRules; VersionConflict when others keep publishing the same program's rules.
        """
        for attempts_left in reversed(range(ATTEMPTS_MAX)):
            try:
                return self._publish(request, published_by)
            except VersionConflict:
                if not attempts_left:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _publish(self, request: PublishRulesRequest, published_by: str) -> PublishRulesResponse:
        key = request_key(request.tenant, request.request_id)
        position = self._journal.position_of(key)
        if position is None:
            now_us, history = self._now_us(), self.history(request.tenant, request.program)
            decided = decide(history, request, published_by, now_us)
            event = NewEvent(
                rules_stream_id(request.tenant, request.program), decided.type, request.tenant, now_us,
                decided.rules.SerializeToString(deterministic=True), version=history.stream_version + 1,
            )
            [position] = self._journal.append(Commit([event], key)).positions
        [event_there] = self._journal.read(position - 1, 1)
        if event_there.type not in (RULES_PUBLISHED, RULES_CONFIRMED):
            raise InvalidInput(FieldViolation("request_id", "USED", "has been used for another command"))
        return PublishRulesResponse(rules=RulesPublished.FromString(event_there.payload), position=position)

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
