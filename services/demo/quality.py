"""Quality on the demo floor: a form, contacts drawn by chance and evaluated, a dispute, and one agent who is coached."""
from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import as_file, files
from random import Random
from typing import NamedTuple

from opsledger.proto.coaching.v1 import coaching_pb2
from opsledger.proto.quality.v1 import evaluations_pb2, sampling_pb2
from opsledger.services.client import Client
from opsledger.services.demo.clients import CARDS
from opsledger.services.demo.clockwork import DAY_US
from opsledger.services.documents import as_json, read_document
from opsledger.services.tickets.codec import timestamp

ANALYSTS = ("qa-iris", "qa-noor")
SUPERVISOR = "lead-vera"
OF_EACH_AGENT = 6
FORM = "card-contact"
NEXT_STEP = "next_step"
_OTHERS = ("understood", "solved")


class Judged(NamedTuple):
    evaluation: evaluations_pb2.Evaluation
    sheet: evaluations_pb2.Sheet

    @property
    def score(self) -> float:
        return self.evaluation.versions[-1].score.score.value


class Quality:
    """Every step raises OpsledgerError when the server refuses it."""

    def __init__(self, client: Client, seed: int) -> None:
        self._client, self._seed = client, seed

    def publish_form(self) -> str:
        """Its title."""
        with as_file(files("opsledger.services.demo") / "forms" / f"{CARDS.tenant}.yaml") as path:
            document = as_json(read_document(path))
        return self._client.forms.PublishForm(request_id="demo form", tenant=CARDS.tenant, document_json=document).form.title

    def draw(self, start_us: int, end_us: int) -> sampling_pb2.SampleDraw:
        """A few contacts of each agent, into the queues of the analysts."""
        frame = sampling_pb2.FrameFilter(to=timestamp(end_us))
        getattr(frame, "from").CopyFrom(timestamp(start_us))
        return self._client.sampling.DrawSample(
            request_id="demo sample", tenant=CARDS.tenant, actor=SUPERVISOR, program=CARDS.program, form=FORM, filter=frame,
            method=sampling_pb2.SAMPLING_METHOD_PER_AGENT, size=OF_EACH_AGENT, seed=self._seed,
            quotas=[sampling_pb2.AnalystQuota(analyst=analyst, contacts=1_000) for analyst in ANALYSTS],
        ).draw

    def evaluate(self, draw: sampling_pb2.SampleDraw) -> Iterable[Judged]:
        """What was drawn, one after the other."""
        request = evaluations_pb2.ListEvaluationsRequest(
            tenant=CARDS.tenant, actor=SUPERVISOR, filter=evaluations_pb2.EvaluationFilter(draw=draw.id))
        for page in self._client.evaluations.ListEvaluations.pages(request):
            for each in page.evaluations:
                sheet = self._sheet(each)
                done = self._client.evaluations.SubmitEvaluation(
                    request_id=f"demo {each.id}", tenant=CARDS.tenant, actor=each.analyst, id=each.id, sheet=sheet)
                yield Judged(done.evaluation, sheet)

    def _sheet(self, evaluation: evaluations_pb2.Evaluation) -> evaluations_pb2.Sheet:
        """Agents differ, and so do their days."""
        skill = 0.45 + 0.5 * Random(f"{self._seed} {evaluation.agent}").random()
        random = Random(f"{self._seed} {evaluation.subject.ticket.ticket_id} {evaluation.agent}")
        sheet = evaluations_pb2.Sheet()
        answers = {question: random.choices(("fully", "partly", "no"), (skill, 0.7 * (1 - skill), 0.3 * (1 - skill)))[0]
                   for question in (*_OTHERS, NEXT_STEP)}
        sheet.answers.update({"verified": "yes" if random.random() < 0.85 + 0.15 * skill else "no", **answers})
        return sheet

    def dispute(self, judged: Judged) -> Judged:
        """The agent says that the caller was told what happens next, and the supervisor finds that so."""
        calls, about, id = self._client.evaluations, judged.evaluation, judged.evaluation.id
        calls.DisputeEvaluation(
            request_id="demo dispute", tenant=CARDS.tenant, actor=about.agent, id=id, reasons={NEXT_STEP: "at 03:10 of the recording"})
        sheet = evaluations_pb2.Sheet()
        sheet.CopyFrom(judged.sheet)
        sheet.answers.update({NEXT_STEP: "fully"})
        reviewed = calls.ReviewDispute(
            request_id="demo review", tenant=CARDS.tenant, actor=SUPERVISOR, id=id, reason="it is there", rescore=sheet)
        calls.AcknowledgeEvaluation(request_id="demo acknowledge", tenant=CARDS.tenant, actor=about.agent, id=id)
        return Judged(reviewed.evaluation, sheet)

    def coach(self, judged: Judged, now_us: int) -> coaching_pb2.ActionItem:
        """A session on an evaluation, from its plan to the agent's acknowledgement; what was agreed in it."""
        calls, tenant, agent = self._client.coaching, CARDS.tenant, judged.evaluation.agent
        session = calls.PlanSession(
            request_id="demo plan", tenant=tenant, actor=SUPERVISOR, program=CARDS.program, agent=agent, agenda=["what happens next"],
            evidence=[coaching_pb2.Evidence(evaluation=judged.evaluation.id)]).session
        calls.OpenSession(request_id="demo open", tenant=tenant, actor=SUPERVISOR, id=session.id)
        item = calls.AgreeActionItem(
            request_id="demo agree", tenant=tenant, actor=SUPERVISOR, session=session.id, change="end each call with the next step",
            due_at=timestamp(now_us + 14 * DAY_US)).item
        calls.HoldSession(request_id="demo hold", tenant=tenant, actor=SUPERVISOR, id=session.id, summary="one thing at a time")
        calls.AcknowledgeSession(request_id="demo thanks", tenant=tenant, actor=agent, id=session.id, comment="will do")
        return item


def weakest(judged: Iterable[Judged]) -> Judged:
    """The worst evaluation of the agent whose mean score is the lowest."""
    of_agents: dict[str, list[Judged]] = {}
    for each in judged:
        of_agents.setdefault(each.evaluation.agent, []).append(each)
    found = min(of_agents.values(), key=lambda own: (sum(each.score for each in own) / len(own), own[0].evaluation.agent))
    return min(found, key=lambda each: (each.score, each.evaluation.id))


def disputable(judged: Iterable[Judged]) -> Judged | None:
    """The first whose caller was not fully told what happens next."""
    return next((each for each in judged if each.sheet.answers[NEXT_STEP] != "fully"), None)
