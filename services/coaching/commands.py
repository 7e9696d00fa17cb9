"""The commands of the CoachingService without its server: what a request asks of a session or an action item, carried out once.

Methods as those of the generated stub, with who acts. They raise InvalidInput, NotFound, VersionConflict and what
core/coaching/errors.py has.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from opsledger.core.coaching import evidence as evidences
from opsledger.core.coaching.action_item import ActionItem
from opsledger.core.coaching.evidence import Evidence
from opsledger.core.coaching.session import CoachingSession
from opsledger.core.errors import FieldViolation, InvalidInput, NotFound
from opsledger.core.ports import Journal
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.tickets.facts import TicketKey
from opsledger.core.tickets.identity import ticket_stream_id
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.services.coaching.checks import check, instant_us, names, texts, uuid
from opsledger.services.coaching.messages import evidence_of, item_message, measure_of, session_message
from opsledger.services.decisions.decisions import Decided, Decisions
from opsledger.services.decisions.requests import Request

SESSION, ITEM = "coaching session", "action item"
Response = TypeVar("Response")


class CoachingCommands:
    def __init__(self, decisions: Decisions, journal: Journal, now_us: Callable[[], int]) -> None:
        """``journal`` says which tickets there are."""
        self._decisions, self._journal, self._now_us = decisions, journal, now_us

    # Sessions

    def PlanSession(self, request: pb.PlanSessionRequest, actor: str) -> pb.PlanSessionResponse:
        supervisor = request.supervisor or actor
        check(names(request, "tenant", "program", "agent"), names(request, "supervisor", required=False), texts(request, "agenda"))
        if supervisor == request.agent:
            raise InvalidInput(FieldViolation("agent", "INVALID", f"{supervisor} cannot coach themselves"))
        evidence, scheduled_at_us = self._evidence(request), instant_us(request, "scheduled_at")

        def plan() -> CoachingSession:
            session = CoachingSession(
                request.tenant, request.program, request.agent, supervisor, list(request.agenda), list(map(evidences.plain, evidence)),
                scheduled_at_us, self._now_us(),
            )
            if request.HasField("measure"):
                session.fix_measure(measure_of(request.measure), self._now_us())
            return session

        decided = self._decisions.create(CoachingSession, Request.of(request, actor), make=plan)
        return pb.PlanSessionResponse(session=session_message(decided.aggregate), position=decided.position)

    def ReviseSession(self, request: pb.ReviseSessionRequest, actor: str) -> pb.ReviseSessionResponse:
        check(texts(request, "agenda"))
        evidence, scheduled_at_us = self._evidence(request), instant_us(request, "scheduled_at")
        return self._session(
            request, actor, pb.ReviseSessionResponse, lambda session: session.revise(actor, request.agenda, evidence, scheduled_at_us))

    def FixMeasure(self, request: pb.FixMeasureRequest, actor: str) -> pb.FixMeasureResponse:
        measure = measure_of(request.measure)
        return self._session(request, actor, pb.FixMeasureResponse, lambda session: session.fix_measure(measure, self._now_us()))

    def OpenSession(self, request: pb.OpenSessionRequest, actor: str) -> pb.OpenSessionResponse:
        return self._session(request, actor, pb.OpenSessionResponse, lambda session: session.open(actor, self._now_us()))

    def AddNote(self, request: pb.AddNoteRequest, actor: str) -> pb.AddNoteResponse:
        check(texts(request, "text", required=True))
        return self._session(request, actor, pb.AddNoteResponse, lambda session: session.note(actor, request.text, self._now_us()))

    def HoldSession(self, request: pb.HoldSessionRequest, actor: str) -> pb.HoldSessionResponse:
        check(texts(request, "summary"))
        return self._session(request, actor, pb.HoldSessionResponse, lambda session: session.hold(request.summary, self._now_us()))

    def AcknowledgeSession(self, request: pb.AcknowledgeSessionRequest, actor: str) -> pb.AcknowledgeSessionResponse:
        check(texts(request, "comment"))
        return self._session(
            request, actor, pb.AcknowledgeSessionResponse, lambda session: session.acknowledge(actor, request.comment, self._now_us()))

    def CloseSession(self, request: pb.CloseSessionRequest, actor: str) -> pb.CloseSessionResponse:
        return self._session(request, actor, pb.CloseSessionResponse, lambda session: session.close(actor, self._now_us()))

    def CancelSession(self, request: pb.CancelSessionRequest, actor: str) -> pb.CancelSessionResponse:
        check(texts(request, "reason", required=True))
        return self._session(
            request, actor, pb.CancelSessionResponse, lambda session: session.cancel(actor, request.reason, self._now_us()))

    # Action items

    def AgreeActionItem(self, request: pb.AgreeActionItemRequest, actor: str) -> pb.AgreeActionItemResponse:
        check(names(request, "tenant"), names(request, "owner", required=False), texts(request, "change", required=True))
        due_at_us, follow_up_at_us = instant_us(request, "due_at", required=True), instant_us(request, "follow_up_at")
        session_id = uuid(SESSION, request.session)

        def agree() -> ActionItem:
            session = self._decisions.get(CoachingSession, session_id, tenant=request.tenant)
            session.require_agreeing()
            return ActionItem(
                request.tenant, session.program, session.id, session.agent, request.owner or session.agent, request.change, due_at_us,
                follow_up_at_us, actor, self._now_us(),
            )

        decided = self._decisions.create(ActionItem, Request.of(request, actor), make=agree)
        return pb.AgreeActionItemResponse(item=item_message(decided.aggregate), position=decided.position)

    def CompleteActionItem(self, request: pb.CompleteActionItemRequest, actor: str) -> pb.CompleteActionItemResponse:
        check(texts(request, "evidence"))
        return self._item(
            request, actor, pb.CompleteActionItemResponse, lambda item: item.complete(actor, request.evidence, self._now_us()))

    def WithdrawActionItem(self, request: pb.WithdrawActionItemRequest, actor: str) -> pb.WithdrawActionItemResponse:
        check(texts(request, "reason", required=True))
        return self._item(request, actor, pb.WithdrawActionItemResponse, lambda item: item.withdraw(actor, request.reason))

    def ReopenActionItem(self, request: pb.ReopenActionItemRequest, actor: str) -> pb.ReopenActionItemResponse:
        check(texts(request, "reason", required=True))
        due_at_us = instant_us(request, "due_at")
        return self._item(request, actor, pb.ReopenActionItemResponse, lambda item: item.reopen(actor, request.reason, due_at_us))

    def FollowUpActionItem(self, request: pb.FollowUpActionItemRequest, actor: str) -> pb.FollowUpActionItemResponse:
        check(texts(request, "finding", required=True))
        next_at_us = instant_us(request, "next_at")
        return self._item(
            request, actor, pb.FollowUpActionItemResponse,
            lambda item: item.follow_up(actor, request.finding, request.lasted, self._now_us(), next_at_us))

    def session(self, tenant: str, id: str) -> CoachingSession:
        """As it stands now. Raises NotFound."""
        return self._decisions.get(CoachingSession, uuid(SESSION, id), tenant=tenant)

    def item(self, tenant: str, id: str) -> ActionItem:
        """As it stands now. Raises NotFound."""
        return self._decisions.get(ActionItem, uuid(ITEM, id), tenant=tenant)

    def _session(
        self, request: Any, actor: str, response: Callable[..., Response], command: Callable[[CoachingSession], object]
    ) -> Response:
        decided: Decided[CoachingSession] = self._decisions.change(
            CoachingSession, uuid(SESSION, request.id), Request.of(request, actor), etag=request.etag, command=command)
        return response(session=session_message(decided.aggregate), position=decided.position)

    def _item(self, request: Any, actor: str, response: Callable[..., Response], command: Callable[[ActionItem], object]) -> Response:
        decided: Decided[ActionItem] = self._decisions.change(
            ActionItem, uuid(ITEM, request.id), Request.of(request, actor), etag=request.etag, command=command)
        return response(item=item_message(decided.aggregate), position=decided.position)

    def _evidence(self, request: pb.PlanSessionRequest | pb.ReviseSessionRequest) -> list[Evidence]:
        """All of it on record. Raises InvalidInput."""
        found = [evidence_of(message, f"evidence[{index}]") for index, message in enumerate(request.evidence)]
        check(
            FieldViolation(f"evidence[{index}]", "UNKNOWN", f"there is no {' '.join(map(str, evidence))}")
            for index, evidence in enumerate(found) if not self._is_on_record(request.tenant, evidence)
        )
        return found

    def _is_on_record(self, tenant: str, evidence: Evidence) -> bool:
        if isinstance(evidence, evidences.Evaluation):
            try:
                self._decisions.get(Evaluation, uuid("evaluation", evidence.evaluation_id), tenant=tenant)
            except NotFound:
                return False
            return True
        return self._journal.version(ticket_stream_id(TicketKey(tenant, evidence.source, evidence.ticket_id))) is not None
