"""Locust users who judge contacts and who are judged: few, as on a floor, and every answer of theirs is a decision in the journal."""
from __future__ import annotations

from random import Random

from locust import between, task

from loadtests.traffic import AGENTS, FORM_ID, PROGRAM, TENANT
from loadtests.users import GrpcUser
from opsledger.proto.quality.v1 import evaluations_pb2 as evaluations
from opsledger.services.client import connect

DISPUTED = 0.1
"""Share of the scores."""


class Analyst(GrpcUser):
    """Takes a contact after the other and submits what it came to."""

    fixed_count = 1
    wait_time = between(0.1, 0.5)

    def on_start(self) -> None:
        super().on_start()
        self.random, self.contacts = Random(1), 0

    @task
    def evaluate(self) -> None:
        self.contacts += 1
        contact = evaluations.EvaluationSubject(ticket=evaluations.TicketSubject(source="sender-1", ticket_id=f"T{self.contacts}"))
        started = self.ask(self.server.evaluations.StartEvaluation, "StartEvaluation", evaluations.StartEvaluationRequest(
            tenant=TENANT, actor="analyst", analyst="analyst", program=PROGRAM, subject=contact, agent=self.random.choice(AGENTS),
            form=FORM_ID,
        ))
        if started is None:
            return
        sheet = evaluations.Sheet()
        sheet.answers.update({"tone": self.random.randrange(11), "solved": self.random.choice(("yes", "no"))})
        self.ask(self.server.evaluations.SubmitEvaluation, "SubmitEvaluation", evaluations.SubmitEvaluationRequest(
            tenant=TENANT, actor="analyst", id=started.evaluation.id, sheet=sheet,
        ))


class Agent(GrpcUser):
    """All agents, one at a time: looks at the scores that wait for an answer, acknowledges most and disputes a few."""

    fixed_count = 1
    wait_time = between(0.2, 1)

    def on_start(self) -> None:
        super().on_start()
        self.random, self.done = Random(2), set[str]()
        self.looking = connect(self.host)  # what is looked at need not have seen what was answered just now

    @task
    def answer(self) -> None:
        agent = self.random.choice(AGENTS)
        listed = self.ask(self.looking.evaluations.ListEvaluations, "ListEvaluations", evaluations.ListEvaluationsRequest(
            tenant=TENANT, actor=agent, page_size=20,
            filter=evaluations.EvaluationFilter(agent=agent, statuses=[evaluations.EVALUATION_STATUS_SUBMITTED]),
        ))
        waiting = [each for each in (listed.evaluations if listed else ()) if each.id not in self.done]
        for each in waiting:
            self.done.add(each.id)
            if self.random.random() < DISPUTED:
                self.ask(self.server.evaluations.DisputeEvaluation, "DisputeEvaluation", evaluations.DisputeEvaluationRequest(
                    tenant=TENANT, actor=agent, id=each.id, reasons={"tone": "it was warm"},
                ))
            else:
                self.ask(self.server.evaluations.AcknowledgeEvaluation, "AcknowledgeEvaluation", evaluations.AcknowledgeEvaluationRequest(
                    tenant=TENANT, actor=agent, id=each.id,
                ))

    def on_stop(self) -> None:
        self.looking.close()
        super().on_stop()
