"""``opsledger timers`` and ``opsledger explain``."""
from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from opsledger.core.tickets.facts import Opened
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.segment import SegmentJournal
from tests.integration.projections.test_projector import HISTORY
from tests.kit.command import run
from tests.kit.read_models import RULES, fact, record, rules_event
from tests.kit.servers import running


@pytest.fixture
def where(tmp_path: Path) -> tuple[str, ...]:
    """A journal and its read models."""
    with SegmentJournal.open(tmp_path / "journal") as journal:
        record(journal, [rules_event(1, RULES), *HISTORY])
    both = "--journal", str(tmp_path / "journal"), "--database", f"sqlite:///{tmp_path}/views.db"
    assert run("catch-up", *both).code == 0
    return both


def test_timers_are_shown_as_a_table_and_as_json(where: tuple[str, ...]) -> None:
    table = run("timers", *where[2:], "--time-zone", "Europe/Berlin")
    assert (table.code, "2026-01-09 10:35" in table.out) == (0, True)
    assert "running, late" in table.out
    found = json.loads(run("timers", *where[2:], "--json", "--limit", 1).out)
    assert [(timer["ticket_id"], timer["metric"], timer["due_at"]) for timer in found["timers"]] == [
        ("2", "first_reply", "2026-01-09T09:35:00Z"),
    ]
    assert found["next_page_token"]
    late = json.loads(run("timers", *where[2:], "--json", "--breached").out)
    assert [(timer["ticket_id"], timer["metric"]) for timer in late["timers"]] == [
        ("2", "first_reply"), ("1", "resolution"), ("2", "resolution"),
    ]
    assert "no such timers" in run("timers", *where[2:], "--due-within", "2h").out


def test_what_cannot_be_meant_is_refused(where: tuple[str, ...], tmp_path: Path) -> None:
    assert run("timers", *where[2:], "--breached", "--paused").code == 2
    wrong = [("--due-within", "soon", "--due-within"), ("--metric", "speed", "metric"), ("--time-zone", "Mars", "time_zone")]
    for option, value, named in wrong:
        ran = run("timers", *where[2:], option, value)
        assert (ran.code, ran.out) == (2, "")
        assert named in ran.err
    nothing = run("timers", "--database", f"sqlite:///{tmp_path}/none.db")
    assert (nothing.code, "opsledger catch-up" in nothing.err) == (1, True)


def test_several_tenants_are_not_mixed(where: tuple[str, ...]) -> None:
    from dataclasses import replace

    with SegmentJournal.open(Path(where[1])) as journal:
        record(journal, [replace(fact("1", 0, Opened()), tenant="zeta")])
    run("catch-up", *where)
    ran = run("timers", *where[2:])
    assert (ran.code, "acme, zeta" in ran.err) == (2, True)
    assert run("timers", *where[2:], "--tenant", "zeta").code == 0
    ran = run("explain", "1", *where)
    assert (ran.code, "--tenant zeta --source zendesk" in ran.err) == (2, True)


def test_a_server_is_asked() -> None:
    journal = MemoryJournal()
    record(journal, [rules_event(1, RULES), *HISTORY])
    with running(journal) as server:
        assert server.application.parts.projectors[0].wait_for(6, timeout_s=30)
        ran = run("timers", "--server", server.address, "--tenant", "acme", "--paused")
        assert (ran.code, "no such timers" in ran.out) == (0, True)
        assert run("timers", "--server", server.address).code == 2


def test_a_ticket_is_explained_from_the_journal(where: tuple[str, ...]) -> None:
    drawn = run("explain", "1", *where)
    assert (drawn.code, "breached at" in drawn.out) == (0, True)
    [first_reply, resolution] = json.loads(run("explain", "1", *where, "--json").out)["clocks"]
    assert (first_reply["state"], resolution["state"], resolution["elapsed_s"]) == ("met", "breached", 5400)
    assert sum(segment["elapsed_us"] for segment in resolution["segments"]) == resolution["elapsed_us"]
    assert run("explain", "nobody", *where).code == 1
    before = run("explain", "1", *where, "--as-known-at", "2020-01-01T00:00")
    assert (before.code, "there is no ticket" in before.err) == (1, True)


def test_a_ticket_is_explained_as_it_stood(where: tuple[str, ...]) -> None:
    """Ten minutes after the resolution's clock began, of its 5400 s: what came later is not known."""
    [_, resolution] = json.loads(run("explain", "1", *where, "--json").out)["clocks"]
    began = datetime.fromisoformat(resolution["started"])
    then = (began + timedelta(minutes=10)).isoformat()
    [stood] = json.loads(run("explain", "1", *where, "--as-of", then, "--metric", "resolution", "--json").out)["clocks"]
    assert (stood["metric"], stood["state"], stood["elapsed_s"]) == ("resolution", "running", 600)
    unknown = run("explain", "1", *where, "--metric", "nothing")
    assert (unknown.code, "its clocks are of: first_reply, resolution" in unknown.err) == (2, True)
    before = run("explain", "1", *where, "--as-of", "2001-01-01")
    assert (before.code, "there is no ticket" in before.err) == (1, True)
