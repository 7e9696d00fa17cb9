"""``opsledger form`` as a user runs it."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from opsledger.proto.quality.v1 import forms_pb2 as pb
from opsledger.proto.quality.v1.forms_pb2_grpc import FormServiceStub
from opsledger.services.journal.memory import MemoryJournal
from opsledger.services.projections.database import open_database
from tests.kit.command import run
from tests.kit.forms import choice, form_of
from tests.kit.read_models import rows
from tests.kit.servers import running

EXAMPLES = sorted(Path("docs/examples").glob("*.form.yaml"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "call.yaml"
    path.write_text(yaml.safe_dump(form_of([choice("a", 0, 10)])))
    return path


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_examples_are_valid(example: Path) -> None:
    table = run("form", "validate", example)
    assert (table.code, "holds the valid form" in table.out) == (0, True), table.err
    assert json.loads(run("form", "validate", example, "--json").out)["valid"]


def test_what_is_wrong_is_named_with_its_file(file: Path) -> None:
    file.write_text(yaml.safe_dump(form_of([choice("a", 0, 10, weight=3), {"id": "b"}])))
    bad = run("form", "validate", file)
    assert bad.code == 2
    assert bad.err.splitlines() == [
        f"error: {file}: sections[0].questions[0].weight: has no meaning in the mode points; a question is worth its points there",
        f"error: {file}: sections[0].questions[1].type: must be set",
    ]
    file.write_text("- no form")
    assert "error: " in run("form", "validate", file).err


def test_two_forms_are_compared(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(form_of([choice("a", 0, 10, text="Better")])))
    assert "the forms do not differ" in run("form", "diff", file, file).out
    assert json.loads(run("form", "diff", file, other, "--json").out) == [
        {"path": "questions.a.text", "kind": "changed", "before": "", "after": "Better", "affects_results": False}]
    assert "questions.a.text" in run("form", "diff", file, other).out


def test_a_form_is_published_into_a_journal(file: Path, tmp_path: Path) -> None:
    where = ("--journal", tmp_path / "journal", "--database", f"sqlite:///{tmp_path}/views.db", "--tenant", "acme")
    assert run("form", "publish", file, *where, "--request-id", "r1").out == "acme / f: version 1 stands\n"
    first = file.read_text()
    file.write_text(yaml.safe_dump(form_of([choice("a", 0, 11)])))
    assert json.loads(run("form", "publish", file, *where, "--json").out)["version"] == 2
    assert run("form", "publish", file, *where, "--request-id", "r1").code != 0, "the id stands for another document"
    file.write_text(first)
    assert run("form", "publish", file, *where, "--request-id", "r1").out == "acme / f: version 1 stands\n"
    assert [row[1] for row in rows(open_database(str(where[3])))["forms"]] == [1, 2]


def test_forms_and_drafts_are_listed(file: Path, tmp_path: Path) -> None:
    where = ("--database", f"sqlite:///{tmp_path}/views.db", "--tenant", "acme")
    assert run("form", "publish", file, "--journal", tmp_path / "journal", *where).code == 0
    listed = run("form", "list", *where)
    assert ("f " in listed.out, listed.out.endswith("1 form; times are in UTC\n")) == (True, True)
    assert [(form["form"], form["version"]) for form in run("form", "list", *where, "--json").document["forms"]] == [("f", 1)]
    assert run("form", "list", *where, "--drafts").out.endswith("0 drafts; times are in UTC\n")
    with running(MemoryJournal()) as server:
        draft = pb.SaveFormDraftRequest(request_id="d", tenant="acme", document_json='{"form": "g", "title": "Later"}')
        position = FormServiceStub(server.channel).SaveFormDraft(draft).position
        assert server.application.parts.projectors[0].wait_for(position, timeout_s=30)
        remote = ("--server", server.address, "--tenant", "acme")
        assert "Later" in run("form", "list", *remote, "--drafts").out
        assert run("form", "list", *remote, "--drafts", "--json").document["drafts"][0]["form"] == "g"
        assert run("form", "list", "--server", server.address).code == 2


def test_a_form_is_published_through_a_server(file: Path) -> None:
    with running(MemoryJournal()) as server:
        assert run("form", "publish", file, "--server", server.address).out.endswith("default / f: version 1 stands\n")
        assert FormServiceStub(server.channel).GetForm(pb.GetFormRequest(tenant="default", form="f")).form.version == 1
