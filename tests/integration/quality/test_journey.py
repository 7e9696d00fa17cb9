"""From a sample to a scorecard through a real server, which is killed and started again between any two steps."""
from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
import yaml
from google.protobuf.timestamp_pb2 import Timestamp

from opsledger.core.tickets.facts import Actor, ActorKind, Opened, Status, StatusChanged
from opsledger.proto.coaching.v1 import coaching_pb2 as coaching
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.proto.quality.v1 import sampling_pb2 as sampling
from opsledger.proto.scorecards.v1 import scorecards_pb2 as scorecards
from opsledger.services.client import Client, connect
from opsledger.services.tickets.codec import encode
from tests.kit import tokens
from tests.kit.evaluating import PEOPLE, sheet
from tests.kit.processes import server_process
from tests.kit.quality import FORM_DOCUMENT, SEVENTY_FIVE, SIXTY
from tests.kit.read_models import MINUTE_US, START_US, fact

T = TypeVar("T")
DAY = 24 * 60
PERFECT = dict.fromkeys(SIXTY, 10)


class Floor:
    """Every step is a process of its own, which dies by SIGKILL when the step has its answer."""

    def __init__(self, folder: Path) -> None:
        self._folder, self.position = folder, 0
        auth = tokens.auth(folder)
        (folder / "server.yaml").write_text(yaml.safe_dump({"auth": {"key_file": str(auth.key_file), "algorithms": ["EdDSA"]}}))

    @contextmanager
    def person(self, name: str) -> Iterator[Client]:
        with server_process(self._folder / "data", "--config", str(self._folder / "server.yaml")) as server:
            roles = {**PEOPLE, "desk": "recorder"}
            with connect(server.address, tenant="acme", token=tokens.token(name, roles[name])) as client:
                client.sees(self.position)
                yield client
                self.position = client.position
            server.end(signal.SIGKILL)

    def step(self, name: str, act: Callable[[Client], T]) -> T:
        with self.person(name) as client:
            return act(client)


def day(number: int) -> Timestamp:
    """So many days after 9 January 2026, 09:00 UTC."""
    found = Timestamp()
    found.FromMicroseconds(START_US + number * DAY * MINUTE_US)
    return found


def resolved(ticket: str, agent: str, at_day: int) -> list[bytes]:
    actor, minute = Actor(ActorKind.AGENT, agent), at_day * DAY
    opened = Opened(channel="call", category="billing", group="tier 1", agent=agent)
    facts = [
        fact(ticket, minute, opened, event_id=f"{ticket} opened", actor=actor),
        fact(ticket, minute + 30, StatusChanged(Status.RESOLVED), event_id=f"{ticket} resolved", actor=actor),
    ]
    return [encode(each).SerializeToString() for each in facts]


def window(start: int, end: int) -> sampling.FrameFilter:
    found = sampling.FrameFilter(to=day(end))
    getattr(found, "from").CopyFrom(day(start))
    return found


def test_from_a_sample_to_a_scorecard(tmp_path: Path) -> None:
    floor = Floor(tmp_path)
    tickets = [(f"{agent} {n}", agent, 1 + n) for agent in ("bob", "eve") for n in range(4)]
    tickets += [(f"{agent} later {n}", agent, 31 + n) for agent in ("bob", "eve") for n in range(4)]
    facts = [event for ticket in tickets for event in resolved(*ticket)]
    assert all(outcome.position for outcome in floor.step("desk", lambda desk: desk.recorder.record(facts)))
    form = floor.step("max", lambda max: max.forms.PublishForm(document_json=json.dumps(FORM_DOCUMENT)).form)
    assert form.version == 1

    def draw(name: str, frame: sampling.FrameFilter) -> sampling.SampleDraw:
        return floor.step("sue", lambda sue: sue.sampling.DrawSample(
            request_id=name, program="desk", form="calls", method=sampling.SAMPLING_METHOD_PER_AGENT, size=3, seed=7, filter=frame,
            quotas=[sampling.AnalystQuota(analyst="ann", contacts=6)]).draw)

    first = draw("before", window(0, 30))
    assert (first.frame_size, first.drawn) == (8, 6)
    assert draw("before", window(0, 30)) == first, "the same request is the same draw"

    def queue(draw: sampling.SampleDraw) -> list[evaluations.Evaluation]:
        mine = evaluations.EvaluationFilter(analyst="ann", draw=draw.id)
        return list(floor.step("ann", lambda ann: ann.evaluations.ListEvaluations(filter=mine)).evaluations)

    def submit(ann: Client, each: evaluations.Evaluation, answers: dict[str, Any]) -> evaluations.Evaluation:
        return ann.evaluations.SubmitEvaluation(id=each.id, etag=each.etag, sheet=sheet(**answers)).evaluation

    waiting = queue(first)
    assert len(waiting) == 6
    [of_bob, *others] = sorted(waiting, key=lambda each: each.agent)
    floor.step("ann", lambda ann: submit(ann, of_bob, SIXTY))
    floor.step("ann", lambda ann: [submit(ann, each, SIXTY) for each in others])

    disputed = floor.step("bob", lambda bob: bob.evaluations.DisputeEvaluation(id=of_bob.id, reasons={"closing": "there was none to give"}))
    assert disputed.evaluation.status == evaluations.EVALUATION_STATUS_DISPUTED
    rescored = floor.step("sue", lambda sue: sue.evaluations.ReviewDispute(id=of_bob.id, reason="right", rescore=sheet(**SEVENTY_FIVE)))
    assert [each.score.score.value for each in rescored.evaluation.versions] == [0.6, 0.75]
    assert rescored.evaluation.counting_version == 2
    acknowledged = floor.step("bob", lambda bob: bob.evaluations.AcknowledgeEvaluation(id=of_bob.id))
    assert acknowledged.evaluation.status == evaluations.EVALUATION_STATUS_ACKNOWLEDGED

    measure = coaching.Measure(
        metric="qa_score", baseline=coaching.Window(start=day(0), end=day(30)), follow_up=coaching.Window(start=day(30), end=day(60)))
    evidence = [coaching.Evidence(evaluation=of_bob.id)]
    session = floor.step("sue", lambda sue: sue.coaching.PlanSession(
        program="desk", agent="bob", agenda=["closing a call"], evidence=evidence, measure=measure).session)
    with floor.person("sue") as sue:
        sue.coaching.OpenSession(id=session.id)
        item = sue.coaching.AgreeActionItem(
            session=session.id, change="say what happens next", due_at=Timestamp(seconds=4_000_000_000)).item
    floor.step("sue", lambda sue: sue.coaching.HoldSession(id=session.id, summary="one thing"))
    held = floor.step("bob", lambda bob: bob.coaching.AcknowledgeSession(id=session.id, comment="thanks"))
    assert held.session.comment == "thanks"
    assert floor.step("bob", lambda bob: bob.coaching.CompleteActionItem(id=item.id, evidence="call 812")).item.evidence == "call 812"

    second = draw("after", window(30, 60))
    later = queue(second)
    floor.step("ann", lambda ann: [submit(ann, each, PERFECT if each.agent == "bob" else SIXTY) for each in later])

    effect = floor.step("sue", lambda sue: sue.coaching.MeasureEffect(id=session.id))
    assert (effect.own_before.value, effect.own_after.value) == (pytest.approx(65), pytest.approx(100))
    assert (effect.group_before.value, effect.group_after.value) == (pytest.approx(60), pytest.approx(60))
    assert effect.net_change.value == pytest.approx(35)
    assert "SMALL_SAMPLE" in effect.cautions

    def card(month: str) -> dict[str, scorecards.Figure]:
        asked = scorecards.GetScorecardRequest(
            program="desk", subject=scorecards.Subject(kind=scorecards.SUBJECT_KIND_AGENT, name="bob"),
            period=scorecards.PeriodName(kind=scorecards.PERIOD_KIND_MONTH, label=month))
        return {each.kpi: each for each in floor.step("rob", lambda rob: rob.scorecards.GetScorecard(asked)).scorecard.figures}

    january = card("2026-01")
    assert (january["qa_score"].value, january["qa_score"].denominator) == (pytest.approx(65), 3)
    assert january["qa_score"].HasField("low")
    assert (january["qa_pass_rate"].numerator, january["critical_accuracy.compliance"].denominator) == (1, 2)
    assert (january["disputes_upheld"].numerator, january["disputes_upheld"].denominator) == (0, 1)
    again = floor.step("rob", lambda rob: rob.sampling.ReplayDraw(id=first.id))
    assert (again.frame_unchanged, again.same_sample) == (True, True)
