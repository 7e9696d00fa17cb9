"""What all locust users have in common."""
from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from locust import User

from opsledger.core.errors import OpsledgerError
from opsledger.services.client import connect


class GrpcUser(User):  # type: ignore[misc]  # locust has no types
    """Has a client of its own and tells locust about every answer; the "length" of an answer is its number of events."""

    abstract = True

    def on_start(self) -> None:
        self.server = connect(self.host)

    def on_stop(self) -> None:
        self.server.close()

    def answered(self, name: str, started_s: float, number: int = 0, error: Exception | None = None) -> None:
        self.environment.events.request.fire(
            request_type="gRPC", name=name, response_time=(perf_counter() - started_s) * 1000, response_length=number,
            exception=error, context={},
        )

    def ask(self, method: Callable[..., Any], name: str, request: Any) -> Any:
        """The answer; None when there is none."""
        started_s = perf_counter()
        try:
            answer = method(request)
        except OpsledgerError as error:
            self.answered(name, started_s, error=error)
            return None
        self.answered(name, started_s)
        return answer
