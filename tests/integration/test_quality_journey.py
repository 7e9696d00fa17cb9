"""From tickets to a coached agent's scorecard, by real processes: the server is killed during every single step."""
from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import yaml

from opsledger.core.tickets.facts import Actor, ActorKind, Opened, Status, StatusChanged
from opsledger.proto.coaching.v1 import coaching_pb2 as coaching
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.proto.quality.v1 import sampling_pb2 as sampling
from opsledger.proto.scorecards.v1 import scorecards_pb2 as scorecards
from opsledger.services.client import Client, connect
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.tickets.codec import encode, timestamp
from tests.kit import tokens
from tests.kit.evaluating import PEOPLE, sheet
from tests.kit.processes import PATIENCE_S, ServerProcess, opsledger, server_process
from tests.kit.quality import FORM_DOCUMENT, SEVENTY_FIVE, SIXTY
from tests.kit.read_models import MINUTE_US, START_US, fact

DAY = 24 * 60
ROLES = {**PEOPLE, "desk": "recorder"}
BEFORE, AFTER = (0, 30), (30, 60)
RECORDED = {
    "tickets.v1.opened": 16, "tickets.v1.status_changed": 16, "quality.form.begun": 1, "quality.form.published": 1,
    "quality.sample.drawn": 2, "quality.evaluation.started": 8, "quality.evaluation.draft_saved": 1, "quality.evaluation.submitted": 8,
    "quality.evaluation.disputed": 1, "quality.evaluation.rescored": 1, "quality.evaluation.acknowledged": 1,
    "coaching.session.planned": 1, "coaching.session.measure_fixed": 1, "coaching.session.opened": 1, "coaching.session.held": 1,
    "coaching.session.acknowledged": 1, "coaching.action_item.agreed": 1, "coaching.action_item.completed": 1,
}
"""Every event that the journey leaves, by type."""


class Journey:
    """A server that dies during every step, at once or as soon as the step has reached the disk, and comes back at its address."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self._config = folder / "server.yaml"
        auth = tokens.auth(folder)
        self._config.write_text(yaml.safe_dump({"auth": {"key_file": str(auth.key_file), "algorithms": list(auth.algorithms)}}))
        self._open, self._steps = ExitStack(), count()
        self._calls = self._open.enter_context(ThreadPoolExecutor(1))
        self.server = self._started("127.0.0.1:0")
        self.people = {name: self._open.enter_context(self._client(name)) for name in ROLES}

    def step(self, act: Callable[[str], Any]) -> Any:
        """The answer to a call with its request id, which went out to a server that was killed meanwhile. Sent again, it is the same."""
        number = next(self._steps)
        request_id, written = f"step {number}", self._journal_state()
        pending = self._calls.submit(act, request_id)
        while number % 2 and not pending.done() and self._journal_state() == written:
            pass
        assert self.server.end(signal.SIGKILL) == -signal.SIGKILL
        self.server = self._started(self.server.address)
        answer = pending.result(PATIENCE_S)
        assert act(request_id) == answer, "the same request has the same answer"
        position = max(client.position for client in self.people.values())
        for client in self.people.values():
            client.sees(position)
        return answer

    def close(self) -> None:
        self._open.close()

    def _started(self, address: str) -> ServerProcess:
        return self._open.enter_context(server_process(self.data, "--config", str(self._config), "--listen", address))

    def _client(self, name: str) -> Client:
        return connect(
            self.server.address, tenant="acme", token=tokens.token(name, ROLES[name]), wait_for_server=True, timeout_s=PATIENCE_S)

    def _journal_state(self) -> list[tuple[str, int, int]]:
        return [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in sorted((self.data / "journal").iterdir())]


@contextmanager
def journey(folder: Path) -> Iterator[Journey]:
    found = Journey(folder)
    try:
        yield found
    finally:
        found.close()


def tickets(agent: str, days: tuple[int, int], many: int) -> list[bytes]:
    """So many resolved ones, one a day from the first day on."""
    actor, facts = Actor(ActorKind.AGENT, agent), []
    for minute in range(days[0] * DAY, (days[0] + many) * DAY, DAY):
        name = f"{agent}-{minute}"
        opened = Opened(channel="call", category="billing", group="tier 1", agent=agent)
        facts += [fact(name, minute, opened, actor=actor), fact(name, minute + 30, StatusChanged(Status.RESOLVED), actor=actor)]
    return [encode(each).SerializeToString() for each in facts]


def window(days: tuple[int, int]) -> coaching.Window:
    return coaching.Window(**dict(zip(("start", "end"), (timestamp(START_US + day * DAY * MINUTE_US) for day in days), strict=True)))


def frame(days: tuple[int, int]) -> sampling.FrameFilter:
    found = sampling.FrameFilter(to=window(days).end)
    getattr(found, "from").CopyFrom(window(days).start)
    return found


def test_a_quality_journey_with_a_server_that_dies_during_every_step(tmp_path: Path) -> None:
    with journey(tmp_path) as floor:
        _walk(floor)
        assert floor.server.end(signal.SIGKILL) == -signal.SIGKILL
        data = floor.data
    _assert_every_event_is_there_once(data)
    where = ("--journal", str(data / "journal"), "--database", f"sqlite:///{data / 'opsledger.db'}")
    assert opsledger("catch-up", *where).returncode == 0
    checked = opsledger("rebuild", "--check", "--json", *where)
    assert (checked.returncode, json.loads(checked.stdout)["differences"]) == (0, []), checked.stderr


def _walk(floor: Journey) -> None:
    desk, ann, sue, bob, manager, reader = (floor.people[name] for name in ("desk", "ann", "sue", "bob", "max", "rob"))
    facts = [event for agent in ("bob", "eve") for days in (BEFORE, AFTER) for event in tickets(agent, days, 4)]
    positions = floor.step(lambda _: [outcome.position for outcome in desk.recorder.record(facts)])
    assert positions == list(range(1, 33))
    floor.step(lambda request_id: manager.forms.PublishForm(request_id=request_id, document_json=json.dumps(FORM_DOCUMENT)))

    draws: list[str] = []

    def drawn(days: tuple[int, int]) -> list[evaluations.Evaluation]:
        draw = floor.step(lambda request_id: sue.sampling.DrawSample(
            request_id=request_id, program="desk", form="calls", method=sampling.SAMPLING_METHOD_PER_AGENT, size=2, seed=7,
            filter=frame(days), quotas=[sampling.AnalystQuota(analyst="ann", contacts=4)])).draw
        draws.append(draw.id)
        queue = ann.evaluations.ListEvaluations(filter=evaluations.EvaluationFilter(analyst="ann", draw=draw.id)).evaluations
        assert (draw.frame_size, draw.drawn, Counter(each.agent for each in queue)) == (8, 4, {"bob": 2, "eve": 2})
        return sorted(queue, key=lambda each: (each.agent, each.id))

    def submitted(*answers: tuple[evaluations.Evaluation, dict[str, Any]]) -> list[float]:
        found = floor.step(lambda request_id: [
            ann.evaluations.SubmitEvaluation(request_id=f"{request_id} {each.id}", id=each.id, etag=each.etag, sheet=sheet(**said))
            for each, said in answers])
        return [answer.evaluation.score.score.value for answer in found]

    of_bob, *others = drawn(BEFORE)
    drafted = floor.step(lambda request_id: ann.evaluations.SaveDraft(request_id=request_id, id=of_bob.id, sheet=sheet(greeting=10)))
    assert submitted((drafted.evaluation, SIXTY), *((other, SIXTY) for other in others)) == [0.6] * 4
    floor.step(lambda request_id: bob.evaluations.DisputeEvaluation(
        request_id=request_id, id=of_bob.id, reasons={"closing": "there was none to give"}))
    reviewed = floor.step(lambda request_id: sue.evaluations.ReviewDispute(
        request_id=request_id, id=of_bob.id, reason="right", rescore=sheet(**SEVENTY_FIVE))).evaluation
    assert [version.score.score.value for version in reviewed.versions] == [0.6, 0.75]
    floor.step(lambda request_id: bob.evaluations.AcknowledgeEvaluation(request_id=request_id, id=of_bob.id))

    session = floor.step(lambda request_id: sue.coaching.PlanSession(
        request_id=request_id, program="desk", agent="bob", agenda=["closing"], evidence=[coaching.Evidence(evaluation=of_bob.id)],
        measure=coaching.Measure(metric="qa_score", baseline=window(BEFORE), follow_up=window(AFTER)))).session
    floor.step(lambda request_id: sue.coaching.OpenSession(request_id=request_id, id=session.id))
    item = floor.step(lambda request_id: sue.coaching.AgreeActionItem(
        request_id=request_id, session=session.id, change="say what happens next", due_at=timestamp(4_000_000_000_000_000))).item
    floor.step(lambda request_id: sue.coaching.HoldSession(request_id=request_id, id=session.id, summary="one thing"))
    floor.step(lambda request_id: bob.coaching.AcknowledgeSession(request_id=request_id, id=session.id, comment="thanks"))
    floor.step(lambda request_id: bob.coaching.CompleteActionItem(request_id=request_id, id=item.id, evidence="call 812"))

    later = [{**SEVENTY_FIVE, "tone": tone, "closing": tone} for tone in (10, 10, 5, 5)]
    assert submitted(*zip(drawn(AFTER), later, strict=True)) == pytest.approx([0.9, 0.9, 0.7, 0.7])
    effect = floor.step(lambda _: _effect(sue, session.id))
    # by hand: bob (75 + 60) / 2, then 40 + 10 + 20 + 20; eve 60, then 40 + 10 + 10 + 10
    assert effect == pytest.approx([67.5, 90, 60, 70, 12.5])

    january = scorecards.GetScorecardRequest(
        program="desk", subject=scorecards.Subject(kind=scorecards.SUBJECT_KIND_AGENT, name="bob"),
        period=scorecards.PeriodName(kind=scorecards.PERIOD_KIND_MONTH, label="2026-01"))
    card = floor.step(lambda _: reader.scorecards.GetScorecard(january)).scorecard
    figures = {each.kpi: (each.numerator, each.denominator) for each in card.figures}
    assert {name: figures[name] for name in ("qa_score", "qa_pass_rate", "disputes_upheld", "tickets_resolved")} == {
        "qa_score": (pytest.approx(135), 2), "qa_pass_rate": (1, 2), "disputes_upheld": (0, 1), "tickets_resolved": (4, 1)}
    again = floor.step(lambda _: reader.sampling.ReplayDraw(id=draws[0]))
    assert (again.frame_unchanged, again.same_sample) == (True, True)


def _effect(sue: Client, session: str) -> list[float]:
    found = sue.coaching.MeasureEffect(id=session)
    return [each.value for each in (found.own_before, found.own_after, found.group_before, found.group_after, found.net_change)]


def _assert_every_event_is_there_once(data: Path) -> None:
    with SegmentJournal.open(data / "journal", read_only=True) as journal:
        recorded = journal.read(0, 1000)
    assert Counter(event.type.removeprefix("es:decisions:") for event in recorded) == RECORDED
