"""RPCs as attributes of a client: ``PlanSession = Method(pb.PlanSessionRequest, pb.PlanSessionResponse)`` says all there is to say."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, TypeVar
from uuid import uuid4

import grpc
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message

from opsledger.services.client.connection import Connection, serialized

Q = TypeVar("Q", bound=Message)
R = TypeVar("R", bound=Message)


class Area:
    """The calls of one service."""

    SERVICE: ServiceDescriptor

    def __init__(self, connection: Connection) -> None:
        self.connection = connection


class Method(Generic[Q, R]):
    """A call with one answer."""

    def __init__(self, request: type[Q], response: type[R]) -> None:
        self.request, self.response = request, response

    def __set_name__(self, owner: type[Area], name: str) -> None:
        self.name = name

    def __get__(self, area: Area, owner: type[Area]) -> Call[Q, R]:
        return Call(area.connection, f"/{area.SERVICE.full_name}/{self.name}", self.request, self.response)


class Call(Generic[Q, R]):
    def __init__(self, connection: Connection, path: str, request: type[Q], response: type[R]) -> None:
        self._connection, self._path, self._request, self._response = connection, path, request, response
        self._is_write = "request_id" in request.DESCRIPTOR.fields_by_name

    def __call__(self, request: Q | None = None, *, timeout_s: float | None = None, **fields: Any) -> R:
        """Send a request, or one made of fields. A write without a request_id gets one; all its attempts carry it.

        A query sees what was written over this connection before. Raises OpsledgerError.
        """
        connection = self._connection
        filled = connection.filled(request if request is not None else self._request(**fields))
        if self._is_write and not filled.request_id:
            filled.request_id = uuid4().hex
        answer = connection.call(self._path, filled, self._response, sees_writes=not self._is_write, timeout_s=timeout_s)
        if "position" in answer.DESCRIPTOR.fields_by_name:
            connection.wrote(answer.position)  # type: ignore[attr-defined]  # it has it
        return answer

    def pages(self, request: Q | None = None, **fields: Any) -> Iterator[R]:
        """Every page of a listing."""
        asked: Any = self._connection.filled(request if request is not None else self._request(**fields))
        while True:
            page: Any = self(asked)
            yield page
            if not page.next_page_token:
                return
            asked.page_token = page.next_page_token


class Stream(Generic[Q, R]):
    """A call that answers until it is told to stop."""

    def __init__(self, request: type[Q], response: type[R]) -> None:
        self.request, self.response = request, response

    def __set_name__(self, owner: type[Area], name: str) -> None:
        self.name = name

    def __get__(self, area: Area, owner: type[Area]) -> Watch[Q, R]:
        return Watch(area.connection, f"/{area.SERVICE.full_name}/{self.name}", self.request, self.response)


class Watch(Generic[Q, R]):
    def __init__(self, connection: Connection, path: str, request: type[Q], response: type[R]) -> None:
        self._connection, self._path, self._request, self._response = connection, path, request, response

    def __call__(self, request: Q | None = None, **fields: Any) -> Iterator[R]:
        """The messages as they come, until the iterator is closed. After a break it goes on from the last resume_token: what came
        after it may come again. Raises OpsledgerError when the server refuses it, or stays away."""
        connection = self._connection
        asked: Any = connection.filled(request if request is not None else self._request(**fields))
        attempts = connection.attempts()
        while True:
            opened = attempts.channel.unary_stream(
                self._path, request_serializer=serialized, response_deserializer=self._response.FromString)
            stream = opened(asked, metadata=connection.metadata(sees_writes=True))
            try:
                for message in stream:
                    attempts.succeeded()
                    asked.resume_token = message.resume_token or asked.resume_token
                    yield message
                return
            except grpc.RpcError as failure:
                attempts.failed(failure)
            finally:
                stream.cancel()  # type: ignore[no-untyped-call]  # the stubs forgot it
