"""``opsledger qa sample`` as a user runs it: over files and through a server."""
from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from opsledger.services.journal.segment import SegmentJournal
from tests.integration.quality.test_sampling_service import tickets
from tests.kit.command import run
from tests.kit.quality import FORM_DOCUMENT
from tests.kit.read_models import RULES, record, rules_event
from tests.kit.servers import running

WINDOW = ("--program", "desk", "--form", "calls", "--from", "2026-01-09", "--to", "2026-01-16T00:00Z", "--tenant", "acme")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "form.yaml").write_text(yaml.safe_dump(FORM_DOCUMENT))
    with SegmentJournal.open(tmp_path / "journal") as journal:
        record(journal, [rules_event(1, RULES), *tickets()])
    assert run("form", "publish", tmp_path / "form.yaml", "--tenant", "acme", *files(tmp_path)).code == 0
    return tmp_path


def files(folder: Path) -> tuple[object, ...]:
    return "--journal", folder / "journal", "--database", f"sqlite:///{folder}/views.db"


def test_a_sample_is_drawn_once_and_can_be_drawn_again(folder: Path) -> None:
    draw = (*WINDOW, *files(folder), "--size", "2", "--seed", "7", "--analyst", "art=3", "--conflict", "art:bob", "--due-in", "16h")
    first = run("qa", "sample", *draw, "--request-id", "march", "--json")
    assert first.code == 0, first.err
    found = json.loads(first.out)
    assert (found["drawn"], found["frame_size"], found["seed"]) == (6, 60, "7")
    assert json.loads(run("qa", "sample", *draw, "--request-id", "march", "--json").out) == found
    assert {(each["agent"], each["analyst"]) for each in found["contacts"]} >= {("bob", ""), ("eve", "art")}
    again = run("qa", "sample", "--replay", found["id"], "--tenant", "acme", *files(folder))
    assert (again.code, "the frame is unchanged; the same sample" in again.out) == (0, True)
    table = run("qa", "sample", *draw[:-2], "--preview")
    assert (table.code, "preview: 6 of 54 contacts, seed 7" in table.out) == (0, True), table.out


def test_a_server_draws_too(folder: Path) -> None:
    with SegmentJournal.open(folder / "journal") as journal, running(journal) as server:
        server.application.parts.projectors[0].catch_up()
        drawn = run("qa", "sample", *WINDOW, "--server", server.address, "--method", "risk", "--size", "4", "--json")
        assert drawn.code == 0, drawn.err
        found = drawn.document
        assert found["drawn"] == 4
        assert run("qa", "sample", "--replay", found["id"], "--tenant", "acme", "--server", server.address).code == 0


@pytest.mark.parametrize(("options", "says"), [
    (("--method", "best"), "--method"), (("--analyst", "ann"), "--analyst"), (("--conflict", "ann"), "--conflict"),
    (("--due-in", "soon"), "--due-in"), (("--from", "yesterday"), "--from"), (("--program", ""), "--program"),
])
def test_what_is_wrong_is_named(folder: Path, options: tuple[str, ...], says: str) -> None:
    bad = run("qa", "sample", *WINDOW, *files(folder), *options)
    assert bad.code == 2
    assert bad.err.startswith(f"error: {says}: ")
