"""``opsledger qa calibration`` from opening a session to its report, through a server."""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsledger.services.journal.memory import MemoryJournal
from tests.kit.command import Ran, run
from tests.kit.quality import FORM_DOCUMENT, SEVENTY_FIVE, SIXTY
from tests.kit.servers import Running, running

OPEN = ("open", "May", "--program", "desk", "--form", "calls", "--ticket", "zendesk/T1", "--ticket", "zendesk/T2")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    file = tmp_path_factory.mktemp("form") / "calls.yaml"
    file.write_text(yaml.safe_dump(FORM_DOCUMENT))
    with running(MemoryJournal()) as server:
        assert run("form", "publish", file, "--server", server.address, "--tenant", "acme").code == 0
        yield server


def calibration(server: Running, person: str, *arguments: object) -> Ran:
    return run("qa", "calibration", *arguments, "--server", server.address, "--tenant", "acme", "--as", person)


def opened(server: Running) -> Any:
    ran = calibration(server, "sue", *OPEN, "--rater", "ann", "--rater", "art", "--reference", "ann", "--due", "2096-05-01", "--json")
    assert ran.code == 0, ran.err
    return ran.document["calibration"]


def answers(folder: Path, **sheets: dict[str, Any]) -> Path:
    file = folder / "answers.json"
    file.write_text(json.dumps([{"ticket": ticket, "answers": sheet} for ticket, sheet in sheets.items()]))
    return file


def test_from_opening_to_a_report(server: Running, tmp_path: Path) -> None:
    session = opened(server)
    assert (session["title"], session["reference"], session["due_at"]) == ("May", "ann", "2096-05-01T00:00:00Z")
    blind = calibration(server, "ann", "report", session["id"])
    assert blind.code == 1
    one = calibration(server, "ann", "submit", session["id"], answers(tmp_path, T1=SIXTY))
    assert (one.code, "ann 1/2, art 0/2" in one.out) == (0, True), one.err
    table = tmp_path / "rest.csv"
    table.write_text(",".join(("id", *SEVENTY_FIVE)) + "\n" + ",".join(map(str, ("zendesk/T2", *SEVENTY_FIVE.values()))) + "\n")
    assert "ann 2/2" in calibration(server, "ann", "submit", session["id"], table).out
    assert "art 2/2" in calibration(server, "art", "submit", session["id"], answers(tmp_path, T1=SIXTY, T2=SIXTY)).out

    assert "closed" in calibration(server, "sue", "close", session["id"]).out
    report = calibration(server, "sue", "report", session["id"], "--json").document
    # by hand: ann says 60 and 75, art 60 twice
    [art] = [each for each in report["score_biases"] if each["rater"] == "art"]
    assert art["bias"]["value"] == pytest.approx(-0.075)
    assert session["id"] in calibration(server, "sue", "list").out


def test_ratings_of_a_contact_that_is_none_of_its_own_are_refused(server: Running, tmp_path: Path) -> None:
    session = opened(server)
    file = answers(tmp_path, T3=SIXTY)
    ran = calibration(server, "ann", "submit", session["id"], file)
    assert ran.code == 2
    assert ran.err.startswith(f"error: {file}: 'T3' is none of the contacts zendesk/T1, zendesk/T2")


@pytest.mark.parametrize(("arguments", "named"), [
    (("--ticket", "T3", "--rater", "ann", "--rater", "art"), "--ticket"), (("--rater", "ann", "--rater", "art", "--due", "soon"), "--due"),
    (("--rater", "ann"), "raters"),
])
def test_what_is_wrong_is_named(server: Running, arguments: tuple[str, ...], named: str) -> None:
    ran = calibration(server, "sue", *OPEN, *arguments)
    assert (ran.code, ran.err.startswith(f"error: {named}: ")) == (2, True), ran.err
