"""Asking a running server instead of opening its files."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsledger.core.errors import FieldViolation, InvalidInput, OpsledgerError

if TYPE_CHECKING:
    import grpc

ServerAddress = Annotated[str, typer.Option("--server", help="Ask a server.", metavar="HOST:PORT", show_default=False)]
Token = Annotated[str, typer.Option("--token", envvar="OPSLEDGER_TOKEN", help="Bearer token for --server.", show_default=False)]


@contextmanager
def server_channel(server: str, token: str) -> Iterator[grpc.Channel]:
    """Raises InvalidInput for a call that the server finds invalid, OpsledgerError for any other that fails."""
    import grpc
    from google.rpc.error_details_pb2 import BadRequest
    from grpc_status import rpc_status

    with grpc.insecure_channel(server) as channel:
        try:
            yield grpc.intercept_channel(channel, _bearer(token)) if token else channel
        except grpc.RpcError as error:
            status = rpc_status.from_call(error)  # type: ignore[arg-type]  # a failed call is both error and call
            for detail in status.details if status else ():
                request = BadRequest()
                if detail.Unpack(request) and request.field_violations:
                    raise InvalidInput(*(
                        FieldViolation(v.field, v.reason, v.description) for v in request.field_violations
                    )) from None
            raise OpsledgerError(f"{server}: {error.details()}") from None


def _bearer(token: str) -> Any:
    import grpc

    class Bearer(grpc.UnaryUnaryClientInterceptor):  # type: ignore[type-arg]  # generic only in its stubs
        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            metadata = [*(details.metadata or ()), ("authorization", f"Bearer {token}")]
            return continuation(details._replace(metadata=metadata), request)

    return Bearer()
