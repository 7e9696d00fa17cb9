"""Asking a running server instead of opening its files."""
from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
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


def server_client(server: str, token: str, tenant: str = "", actor: str = "") -> Client:
    """A client of the server that a command was given; use it in a ``with``."""
    from opsledger.services.client import connect

    return connect(server, token=token, tenant=tenant, actor=actor)
