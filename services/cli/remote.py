"""Asking a running server instead of opening its files."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from opsledger.core.errors import FieldViolation, InvalidInput

if TYPE_CHECKING:
    from grpc import ChannelCredentials

    from opsledger.services.client import Client

ADDRESSES = "HOST:PORT[,…]"
"""Of a server, or of several nodes: where one is away, the next is asked."""
ServerAddress = Annotated[
    str, typer.Option("--server", help="Ask a server, or the first node that answers.", metavar=ADDRESSES, show_default=False)
]
Token = Annotated[str, typer.Option("--token", envvar="OPSLEDGER_TOKEN", help="Bearer token for --server.", show_default=False)]

# Of commands that only a server carries out
TheServer = Annotated[str, typer.Option("--server", help="The server.", metavar="HOST:PORT", show_default=False)]
TheTenant = Annotated[str, typer.Option("--tenant", help="Whose data.", show_default=False)]
Actor = Annotated[str, typer.Option("--as", help="Who acts; else the token's subject.", metavar="NAME", show_default=False)]


class Files(NamedTuple):
    """What a connection is made with."""

    token_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None


_files: ContextVar[Files] = ContextVar("files", default=Files())  # noqa: B039  # a tuple


@contextmanager
def using(files: Files) -> Iterator[None]:
    """The connections made within use these files."""
    token = _files.set(files)
    try:
        yield
    finally:
        _files.reset(token)


def server_client(server: str, token: str, tenant: str = "", actor: str = "") -> Client:
    """A client of the server that a command was given; use it in a ``with``. Raises InvalidInput for a file that cannot be read."""
    from opsledger.services.client import connect

    return connect(server, token=bearer(token), tenant=tenant, actor=actor, credentials=credentials())


def bearer(token: str) -> str:
    """The token that was given, else that of the token file. Raises InvalidInput for a file that cannot be read."""
    file = _files.get().token_file
    return token if token or file is None else _content(file, "--token-file").decode().strip()


def credentials() -> ChannelCredentials | None:
    """None: without TLS. Raises InvalidInput for a file that cannot be read, or a certificate without its key."""
    files = _files.get()
    if (files.cert_file is None) != (files.key_file is None):
        missing = "--key-file" if files.key_file is None else "--cert-file"
        raise InvalidInput(FieldViolation(missing, "REQUIRED", "must be given too: a certificate and its key belong together"))
    if files.ca_file is None and files.cert_file is None:
        return None
    import grpc

    read = {name: _content(file, f"--{name.replace('_', '-')}") for name, file in files._asdict().items() if file and name != "token_file"}
    return grpc.ssl_channel_credentials(read.get("ca_file"), read.get("key_file"), read.get("cert_file"))


def _content(file: Path, option: str) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(FieldViolation(option, "UNREADABLE", f"{file}: {error.strerror or 'cannot be read'}")) from None
