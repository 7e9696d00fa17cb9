"""``opsledger qa drift`` and ``qa calibration`` as a user runs them."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsledger.proto.quality.v1 import calibrations_pb2 as pb
from opsledger.proto.quality.v1.calibrations_pb2_grpc import CalibrationServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from tests.kit.command import run
from tests.kit.evaluating import TICKET, Office, office, sheet
from tests.kit.quality import SEVENTY_FIVE, SIXTY

SCORES = """agent,evaluator,score
dee,bob,60
dee,bob,60
dee,ann,70
eve,ann,75
eve,ann,NA
eve,bob,65
"""


def test_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    file.write_text(SCORES)
    ran = run("qa", "drift", file, "--json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    assert {one["evaluator"]: one["effect"]["value"] for one in found["evaluators"]} == pytest.approx({"ann": 5, "bob": -5})
    assert {one["agent"]: one["adjusted"]["value"] for one in found["agents"]} == pytest.approx({"dee": 65, "eve": 70})
    assert (found["evaluations"], found["agents"][0]["adjusted"]["low"], found["agents"][0]["adjusted"]["reason"]) == (5, None, "NO_SPREAD")
    told = run("qa", "drift", file)
    assert all(part in told.out for part in ("+5.0000", "adjusted", "70.0000"))


@pytest.mark.parametrize(("text", "arguments", "named"), [
    ("agent,score\na,1\n", [], "--evaluator"), ("agent,evaluator,score\na,b,x\n", [], "line 2"),
    ("agent,evaluator,score\n", [], "no scores"), ("agent,evaluator,score\na,,1\n", [], "line 2"),
    ("agent,evaluator,score\na,b\n", [], "line 2"), (SCORES, ["--score", "points"], "points"),
    (SCORES, ["--confidence", "95"], "confidence"), (SCORES, ["--server", "127.0.0.1:1"], "--server"),
    (SCORES, ["--delimiter", "::"], "--delimiter"),
])
def test_what_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str, arguments: list[str], named: str) -> None:
    file = tmp_path / "scores.csv"
    file.write_text(text)
    ran = run("qa", "drift", file, *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert named in ran.err


@pytest.fixture(scope="module")
def floor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with office(tmp_path_factory.mktemp("office")) as floor:
        floor.publish()
        yield floor


def token(floor: Office, person: str) -> str:
    return floor.as_person(person)[0][1].removeprefix("Bearer ")


def test_sessions_and_reports_of_a_server(floor: Office) -> None:
    stub = CalibrationServiceStub(floor.server.channel)  # type: ignore[no-untyped-call]  # generated without types
    opened = stub.OpenCalibration(pb.OpenCalibrationRequest(
        request_id="open", tenant="acme", program="desk", title="May", form="calls", contacts=[TICKET], raters=["ann", "art"],
    ), metadata=floor.as_person("sue")).calibration
    for person, answers in (("ann", SIXTY), ("art", SEVENTY_FIVE)):
        position = stub.SubmitRatings(pb.SubmitRatingsRequest(
            request_id=person, tenant="acme", id=opened.id, ratings=[pb.ContactSheet(contact=TICKET, sheet=sheet(**answers))],
        ), metadata=floor.as_person(person)).position
    stub.ListCalibrations(
        pb.ListCalibrationsRequest(tenant="acme"), metadata=(*floor.as_person("sue"), (METADATA_KEY, str(position))))
    here = ("--server", floor.server.address, "--tenant", "acme")
    listed = command("calibration", "list", *here, token=token(floor, "sue"))
    assert (listed.returncode, opened.id in listed.stdout) == (0, True), listed.stderr
    blind = command("calibration", "report", opened.id, *here, token=token(floor, "sue"))
    assert (blind.returncode, "until it is closed" in blind.stderr) == (1, True)
    told = command("calibration", "report", opened.id, *here, token=token(floor, "ann"))
    assert all(part in told.stdout for part in ("Krippendorff's alpha", "closing", "+0.1500")), told.stderr
    found = json.loads(command("calibration", "report", opened.id, *here, "--json", token=token(floor, "ann")).stdout)
    assert found["questions"][0]["question"] == "closing"
    assert found["score_biases"][0]["bias"]["low"] is None
    drift = command("drift", *here, "--program", "desk", "--json", token=token(floor, "sue"))
    assert json.loads(drift.stdout)["evaluations"] == 0


def command(*arguments: str, token: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the server of this one logs to its standard output."""
    return subprocess.run(
        [sys.executable, "-m", "opsledger.services.cli.main", "qa", *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "OPSLEDGER_TOKEN": token, "COLUMNS": "160"},
    )
