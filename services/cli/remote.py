"""Asking a running server instead of opening its files."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import grpc

ServerAddress = Annotated[str, typer.Option("--server", help="Ask a server.", metavar="HOST:PORT", show_default=False)]
Token = Annotated[str, typer.Option("--token", envvar="OPSLEDGER_TOKEN", help="Bearer token for --server.", show_default=False)]


@contextmanager
def server_channel(server: str, token: str) -> Iterator[grpc.Channel]:
    """Raises InvalidInput for a call that the server finds invalid, OpsledgerError for any other that fails."""
    import grpc

    from opsledger.services.grpc.refusals import refusal

    with grpc.insecure_channel(server) as channel:
        try:
            yield grpc.intercept_channel(channel, _bearer(token)) if token else channel
        except grpc.RpcError as error:
            raise refusal(server, error) from None


def _bearer(token: str) -> Any:
    import grpc

    class Bearer(grpc.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]  # generic only in its stubs
        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            metadata = [*(details.metadata or ()), ("authorization", f"Bearer {token}")]
            return continuation(details._replace(metadata=metadata), request)

    return Bearer()
