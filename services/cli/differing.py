"""``opsledger import differing``: what a server was sent again with other content."""
from __future__ import annotations

import json

from opsledger.services.cli.options import AsJson
from opsledger.services.cli.remote import TheServer, TheTenant, Token

DEFAULT_SERVER = "127.0.0.1:50051"


def differing(server: TheServer = DEFAULT_SERVER, tenant: TheTenant = "", token: Token = "", as_json: AsJson = False) -> None:
    """Events that came again under a known name with other content, since the server was started: the first stands.

    Example: opsledger import differing --server 127.0.0.1:50051 --tenant acme
    """
    from google.protobuf.json_format import MessageToDict
    from rich.markup import escape
    from rich.table import Table

    from opsledger.services.cli.listing import minute, wide_console
    from opsledger.services.cli.remote import server_client

    with server_client(server, token, tenant) as client:
        found = client.recorder.differing()
    if as_json:
        print(json.dumps([MessageToDict(each, preserving_proto_field_name=True) for each in found], ensure_ascii=False, indent=2))
        return
    table = Table("received", "source", "event id", "ticket", "first", "differs in", "from", box=None, padding=(0, 2, 0, 0))
    for each in found:
        table.add_row(
            f"{minute(each.received_at)}Z", escape(each.source), escape(each.event_id), escape(each.ticket_id),
            str(each.position), escape(", ".join(each.fields)), escape(each.place),
        )
    wide_console().print(table if found else "nothing came again with other content since the server was started")
