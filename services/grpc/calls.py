"""What happens around every RPC: one interceptor that runs a chain of steps, each an async context manager.

A step sees the Call before the servicer does, its outcome after, and may refuse it by raising.
"""
from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import grpc
from grpc.aio import AbortError, ServicerContext

from opsledger.core.errors import JournalStopped
from opsledger.services.grpc.status import status_of
from opsledger.services.grpc.texts import check_kept


@dataclass(slots=True)
class Call:
    """One RPC in flight."""

    method: str
    """``/package.Service/Method``"""
    streams: bool
    """True when either side sends a stream: it may stay open for long."""
    context: ServicerContext[Any, Any]
    notes: dict[str, Any] = field(default_factory=dict)
    """What its log line is to say besides the usual."""

    @property
    def is_ours(self) -> bool:
        """False for gRPC's own services: health and reflection."""
        return self.method.startswith("/opsledger.")

    def metadata(self, key: str) -> str | None:
        """The last value under a lower-case key."""
        found = None
        for name, value in self.context.invocation_metadata() or ():
            if name == key:
                found = value.decode() if isinstance(value, bytes) else value
        return found


_call: ContextVar[Call] = ContextVar("opsledger_call")
Step: TypeAlias = Callable[[Call], AbstractAsyncContextManager[None]]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic only in its stubs


def count(**numbers: int) -> None:
    """Add to the numbers in the log line of the RPC that is being served."""
    notes = _call.get().notes
    for name, number in numbers.items():
        notes[name] = notes.get(name, 0) + number


class CallInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]  # generic only in its stubs
    """Runs the steps around every RPC, the first one outermost."""

    def __init__(self, *steps: Step) -> None:
        self._steps = steps

    async def intercept_service(  # type: ignore[override]  # the stubs leave out that a method may be unknown
        self, continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]], details: grpc.HandlerCallDetails
    ) -> Handler | None:
        handler = await continuation(details)
        return handler and self._around(handler, details.method)

    def _around(self, handler: Handler, method: str) -> Handler:
        streams = handler.request_streaming or handler.response_streaming
        serve, make = _parts(handler)

        @asynccontextmanager
        async def entered(context: ServicerContext[Any, Any]) -> AsyncIterator[None]:
            call = Call(method, streams, context)
            _call.set(call)
            async with AsyncExitStack() as stack:
                for step in self._steps:
                    await stack.enter_async_context(step(call))
                yield

        async def answer(request: Any, context: ServicerContext[Any, Any]) -> Any:
            async with entered(context):
                check_kept(request)
                return await serve(request, context)

        async def generate(request: Any, context: ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            async with entered(context):
                check_kept(request)
                async for response in serve(request, context):
                    yield response

        wrapped = generate if inspect.isasyncgenfunction(serve) else answer
        around: Handler = make(wrapped, request_deserializer=handler.request_deserializer, response_serializer=handler.response_serializer)
        return around


def _parts(handler: Handler) -> tuple[Any, Any]:
    """The function that serves it, and what makes a handler of the same kind."""
    match handler.request_streaming, handler.response_streaming:
        case False, False:
            return handler.unary_unary, grpc.unary_unary_rpc_method_handler
        case False, True:
            return handler.unary_stream, grpc.unary_stream_rpc_method_handler
        case True, False:
            return handler.stream_unary, grpc.stream_unary_rpc_method_handler
    return handler.stream_stream, grpc.stream_stream_rpc_method_handler


@asynccontextmanager
async def answer_errors(call: Call) -> AsyncIterator[None]:
    """A step: whatever is raised within it is answered with the status of its class."""
    try:
        yield
    except AbortError:
        raise
    except Exception as error:  # the one place where errors become statuses
        await call.context.abort_with_status(status_of(error))  # type: ignore[attr-defined]  # the stubs do not know it


class WhenJournalStops:
    """A step: tells the process that its journal takes nothing any more."""

    def __init__(self, on_dead: Callable[[Exception], None]) -> None:
        self._on_dead = on_dead

    @asynccontextmanager
    async def __call__(self, call: Call) -> AsyncIterator[None]:
        try:
            yield
        except JournalStopped as error:
            self._on_dead(error)
            raise
