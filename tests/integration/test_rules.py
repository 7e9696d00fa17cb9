"""Publishing rules through a real server, and from the command line."""
from __future__ import annotations

import json
from pathlib import Path

import grpc
import pytest
import yaml

from opsledger.proto.sla.v1.rules_pb2 import GetRulesRequest, PublishRulesRequest
from opsledger.proto.sla.v1.rules_pb2_grpc import RuleServiceStub
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.projections.database import open_database
from tests.integration.projections.test_projector import HISTORY
from tests.kit.command import run
from tests.kit.read_models import RULES, STRICTER, record, rows
from tests.kit.servers import running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"tenant": "acme", "program": "desk", **RULES}))
    return path


def test_a_published_version_is_answered_and_judges_the_tickets() -> None:
    journal = MemoryJournal()
    record(journal, HISTORY)
    with running(journal) as server:
        stub = RuleServiceStub(server.channel)
        request = PublishRulesRequest(request_id="r1", tenant="acme", program="desk", document_json=json.dumps(RULES))
        published = stub.PublishRules(request)
        assert stub.PublishRules(request) == published
        assert stub.GetRules(GetRulesRequest(tenant="acme", program="desk")).rules == published.rules
        assert server.application.parts.projectors[0].wait_for(published.position, timeout_s=30)
        assert {row[2] for row in rows(server.application.parts.engine)["clocks"]} == {"1", "2"}
        request.request_id, request.document_json = "r2", "{}"
        with pytest.raises(grpc.RpcError) as caught:
            stub.PublishRules(request)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(grpc.RpcError) as caught:
            stub.GetRules(GetRulesRequest(tenant="acme", program="nowhere"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_rules_are_published_into_a_journal_and_shown(file: Path, tmp_path: Path) -> None:
    where = ("--journal", tmp_path / "journal", "--database", f"sqlite:///{tmp_path}/views.db")
    with SegmentJournal.open(tmp_path / "journal") as journal:
        record(journal, HISTORY)
    first = run("rules", "publish", file, *where)
    assert (first.code, first.out) == (0, "acme / desk: version 1 stands, in force from the beginning\n")
    assert len(rows(open_database(str(where[3])))["clocks"]) == 4
    assert json.loads(run("rules", "publish", file, *where, "--json").out)["version"] == 1
    file.write_text(yaml.safe_dump(STRICTER))
    whose = ("--tenant", "acme", "--program", "desk")
    second = run("rules", "publish", file, *where, *whose, "--effective-from", "2026-01-09T10:00", "--json")
    assert json.loads(second.out)["effective_from"] == "2026-01-09T10:00:00Z"
    shown = run("rules", "show", "--tenant", "acme", "--program", "desk", "--version", "1", *where[:2])
    assert yaml.safe_load(shown.out) == {"tenant": "acme", "program": "desk", **RULES}
    at = run("rules", "show", "--tenant", "acme", "--program", "desk", "--at", "2026-01-09T10:00", *where[:2], "--json")
    assert json.loads(at.out)["version"] == 2


def test_the_command_line_publishes_through_a_server(file: Path) -> None:
    with running(MemoryJournal()) as server:
        assert run("rules", "publish", file, "--server", server.address).code == 0
        shown = run("rules", "show", "--server", server.address, "--tenant", "acme", "--program", "desk")
        assert "# acme / desk, version 1, in force from the beginning\n" in shown.out


def test_a_check_says_what_is_promised_or_which_line_is_wrong(file: Path) -> None:
    good = run("rules", "check", file)
    assert good.code == 0
    assert "first_reply" in good.out
    assert "chooses" not in good.out
    file.write_text(yaml.safe_dump({**RULES, "policies": [{**RULES["policies"][0], "keep_breach": True}]}))
    assert f"{RULES['policies'][0]['name']} chooses keep_breach: true\n" in run("rules", "check", file).out
    assert json.loads(run("rules", "check", file, "--json").out)["choices"] == {RULES["policies"][0]["name"]: {"keep_breach": "true"}}
    file.write_text(yaml.safe_dump({**RULES, "time_zone": "Mars/Base"}))
    for arguments in (["check", file], ["publish", file, "--journal", file.parent / "none"]):
        bad = run("rules", *arguments)
        assert (bad.code, bad.out) == (2, "")
        assert "rules.yaml: time_zone" in bad.err
    assert not (file.parent / "none").exists()
