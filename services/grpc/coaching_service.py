"""Coaching over gRPC: who may do and see what, and the answers off the event loop."""
from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import grpc
from grpc.aio import ServicerContext

from opsledger.core.errors import NotAllowed
from opsledger.proto.coaching.v1 import coaching_pb2 as pb
from opsledger.proto.coaching.v1 import coaching_pb2_grpc as pb_grpc
from opsledger.services.coaching.answers import CoachingAnswers
from opsledger.services.coaching.commands import CoachingCommands
from opsledger.services.coaching.messages import item_message, session_message
from opsledger.services.grpc.auth import Role, acting, current_principal, require_any
from opsledger.services.grpc.threads import Threads
from opsledger.services.grpc.watching import Watching
from opsledger.services.masks import masked

SERVICE = pb.DESCRIPTOR.services_by_name["CoachingService"]
Context = ServicerContext[Any, Any]
WHO = {"AcknowledgeSession": (Role.AGENT,), "CompleteActionItem": (Role.AGENT, Role.SUPERVISOR)}
"""Who may carry out a command; the others are for supervisors."""
SEE_ALL = (Role.SUPERVISOR, Role.MANAGER, Role.READER)


class CoachingService(pb_grpc.CoachingServiceServicer):
    def __init__(self, watching: Watching, commands: CoachingCommands, answers: CoachingAnswers, threads: Threads) -> None:
        self._watching, self._commands, self._answers, self._threads = watching, commands, answers, threads
        for name in _COMMANDS:
            setattr(self, name, self._command(name, getattr(commands, name)))

    def register(self, server: grpc.aio.Server) -> None:
        pb_grpc.add_CoachingServiceServicer_to_server(self, server)  # type: ignore[no-untyped-call]  # generated without types

    def _command(self, name: str, carry_out: Callable[[Any, str], Any]) -> Callable[[Any, Context], Any]:
        roles = WHO.get(name, (Role.SUPERVISOR,))

        async def command(request: Any, context: Context) -> Any:
            principal = current_principal()
            require_any(principal, request.tenant, *roles)
            answer = await self._threads.commands(carry_out, request, acting(principal, request.actor))
            # Who has just given the command may see what became of it; who repeats one, not always.
            _require_answer_seen(_sees_only(request), answer)
            return answer

        return command

    async def GetSession(self, request: pb.GetSessionRequest, context: Context) -> pb.GetSessionResponse:
        person = _sees_only(request)
        session = await self._threads.queries(self._commands.session, request.tenant, request.id)
        _require_seen(person, session.agent, session.supervisor)
        return pb.GetSessionResponse(session=masked(session_message(session), request.read_mask))

    async def GetActionItem(self, request: pb.GetActionItemRequest, context: Context) -> pb.GetActionItemResponse:
        person = _sees_only(request)
        item = await self._threads.queries(self._commands.item, request.tenant, request.id)
        _require_seen(person, item.agent, item.owner)
        return pb.GetActionItemResponse(item=masked(item_message(item), request.read_mask))

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:
        found = await self._threads.queries(self._answers.ListSessions, request, _sees_only(request))
        sessions = [masked(session, request.read_mask) for session in found.sessions]
        return pb.ListSessionsResponse(sessions=sessions, next_page_token=found.next_page_token)

    async def ListActionItems(self, request: pb.ListActionItemsRequest, context: Context) -> pb.ListActionItemsResponse:
        found = await self._threads.queries(self._answers.ListActionItems, request, _sees_only(request))
        items = [masked(item, request.read_mask) for item in found.items]
        return pb.ListActionItemsResponse(items=items, next_page_token=found.next_page_token, now=found.now)

    async def MeasureEffect(self, request: pb.MeasureEffectRequest, context: Context) -> pb.MeasureEffectResponse:
        return await self._threads.queries(
            self._answers.MeasureEffect, request, _sees_only(request), acting(current_principal(), request.actor))

    async def WatchInbox(self, request: pb.WatchInboxRequest, context: Context) -> AsyncIterator[pb.WatchInboxResponse]:
        sees_only = _sees_only(request)
        person = request.person or acting(current_principal(), request.actor)
        _require_seen(sees_only, person)
        told = self._watching.at_home(request.tenant, request.resume_token)
        up_to = await self._watching.newest(told)
        after = told if request.resume_token else None
        yield await self._threads.queries(self._answers.inbox, request.tenant, person, after, up_to)
        async for stretch in self._watching.stretches(up_to):
            message = await self._threads.queries(self._answers.inbox, request.tenant, person, *stretch)
            if message.sessions or message.items:
                yield message


_COMMANDS = [
    name for name, method in vars(CoachingCommands).items() if name in SERVICE.methods_by_name and callable(method)
]


def _sees_only(request: Any) -> str:
    """Who asks, when they may see nothing but their own; empty for those who may see everything."""
    principal = current_principal()
    require_any(principal, request.tenant, *SEE_ALL, Role.AGENT)
    return "" if any(role in principal.roles for role in SEE_ALL) else acting(principal, request.actor)


def _require_answer_seen(person: str, answer: Any) -> None:
    """Of a command: with its session, or its item."""
    if "session" in answer.DESCRIPTOR.fields_by_name:
        _require_seen(person, answer.session.agent, answer.session.supervisor)
    else:
        _require_seen(person, answer.item.agent, answer.item.owner)


def _require_seen(person: str, *whose: str) -> None:
    if person and person not in whose:
        raise NotAllowed(f"{person!r} may see only their own")
