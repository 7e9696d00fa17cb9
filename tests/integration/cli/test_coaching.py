"""``opsledger coaching`` from a plan to a closed session, through a server."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from opsledger.services.journal.memory import MemoryJournal
from tests.integration.projections.test_projector import HISTORY
from tests.kit.command import Ran, run
from tests.kit.read_models import record
from tests.kit.servers import Running, running


@pytest.fixture
def server() -> Iterator[Running]:
    journal = MemoryJournal()
    record(journal, HISTORY)
    with running(journal) as server:
        yield server


def coaching(server: Running, person: str, *arguments: str) -> Ran:
    return run("coaching", *arguments, "--server", server.address, "--tenant", "acme", "--as", person)


def written(server: Running, person: str, *arguments: str) -> Any:
    ran = coaching(server, person, *arguments, "--json")
    assert ran.code == 0, ran.err
    return ran.document


def test_a_session_from_its_plan_to_its_end(server: Running) -> None:
    ticket = HISTORY[0].ticket_id
    plan = ("plan", "bob", "--program", "desk", "--agenda", "greeting", "--ticket", f"zendesk/{ticket}", "--at", "2026-02-01T09:00")
    planned = written(server, "sue", *plan)["session"]
    assert (planned["agent"], planned["supervisor"], planned["agenda"], planned["scheduled_at"]) == (
        "bob", "sue", ["greeting"], "2026-02-01T09:00:00Z")
    assert planned["evidence"] == [{"ticket": {"source": "zendesk", "ticket_id": ticket}}]
    session = planned["id"]
    assert f"session {session}: sue coaches bob, open" in coaching(server, "sue", "open", session).out
    agreed = written(server, "sue", "agree", session, "say what happens next", "--due", "2096-05-01", "--follow-up", "2096-06-01")["item"]
    assert (agreed["owner"], agreed["change"], agreed["due_at"]) == ("bob", "say what happens next", "2096-05-01T00:00:00Z")
    assert "held" in coaching(server, "sue", "hold", session, "--summary", "one thing").out
    assert coaching(server, "sue", "acknowledge", session).code == 1, "only the agent does"
    assert "acknowledged" in coaching(server, "bob", "acknowledge", session, "--comment", "thanks").out
    assert "completed" in coaching(server, "bob", "complete", agreed["id"], "--evidence", "call 812").out
    assert "closed" in coaching(server, "sue", "close", session).out


def test_one_request_id_is_one_session(server: Running) -> None:
    plan = ("plan", "bob", "--program", "desk", "--request-id", "monday")
    assert written(server, "sue", *plan) == written(server, "sue", *plan)
    other, another = (written(server, "sue", *plan[:4])["session"]["id"] for _ in range(2))
    assert other != another, "each call without one is a command of its own"


@pytest.mark.parametrize(("arguments", "named"), [
    (("plan", "bob", "--program", "desk", "--ticket", "4711"), "--ticket"), (("plan", "bob", "--program", "desk", "--at", "soon"), "--at"),
    (("agree", "nobody's", "listen", "--due", "soon"), "--due"),
    (("agree", "nobody's", "listen", "--due", "2096-05-01", "--follow-up", "later"), "--follow-up"),
])
def test_what_is_wrong_is_named(server: Running, arguments: tuple[str, ...], named: str) -> None:
    ran = coaching(server, "sue", *arguments)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {named}: ")


def test_without_a_server_nothing_is_written() -> None:
    assert run("coaching", "open", "some", "--tenant", "acme").code == 2
