"""What a server was sent again with other content, on a terminal."""
from __future__ import annotations

import json

from opsledger.services.client import connect
from opsledger.services.journal.memory import MemoryJournal
from tests.kit.command import run
from tests.kit.events import event
from tests.kit.servers import running


def test_events_that_came_again_with_other_content_are_listed() -> None:
    with running(MemoryJournal()) as server:
        where = ("import", "differing", "--server", server.address, "--tenant", "acme")
        assert "nothing came again" in run(*where).out
        with connect(server.address, tenant="acme") as client:
            client.recorder.record([event("e[1]"), event("e[1]", ticket_id="T2")])
        shown = run(*where)
        assert (shown.code, shown.out.count("e[1]"), shown.out.count("T2"), shown.out.count("ticket_id")) == (0, 1, 1, 1)
        listing = run(*where, "--json").out
        [found] = json.loads(listing[listing.index("[\n"):])
        assert (found["event_id"], found["position"], found["fields"]) == ("e[1]", "1", ["ticket_id"])
