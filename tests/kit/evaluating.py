"""People who evaluate over real gRPC: each call with its own person's token, and a server that can be restarted."""
from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import grpc

from opsledger.proto.quality.v1 import evaluations_pb2 as pb
from opsledger.proto.quality.v1.evaluations_pb2_grpc import EvaluationServiceStub
from opsledger.proto.quality.v1.forms_pb2 import PublishFormRequest
from opsledger.proto.quality.v1.forms_pb2_grpc import FormServiceStub
from opsledger.services.grpc.progress import METADATA_KEY
from opsledger.services.journal.segment import SegmentJournal
from opsledger.services.settings import Settings
from tests.kit import tokens
from tests.kit.quality import FORM_DOCUMENT
from tests.kit.servers import Running, running

PEOPLE = {"ann": "analyst", "art": "analyst", "sue": "supervisor", "bob": "agent", "eve": "agent", "max": "manager", "rob": "reader"}
TICKET = pb.EvaluationSubject(ticket=pb.TicketSubject(source="zendesk", ticket_id="T1"))


class Office:
    """A server over one journal folder, and its people."""

    def __init__(self, folder: Path, database: str = "") -> None:
        self._folder, self._database, self._open = folder, database, ExitStack()
        self._settings = Settings(listen="127.0.0.1:0", auth=tokens.auth(folder))
        self._numbers = count(1)
        self.position = 0
        """Of the last write."""
        self.start()

    def start(self) -> None:
        journal = SegmentJournal.open(self._folder / "journal")
        self._open.callback(journal.close)
        self.server: Running = self._open.enter_context(running(journal, self._settings, self._database))
        self.stub = EvaluationServiceStub(self.server.channel)

    def stop(self) -> None:
        self._open.close()

    def restart(self) -> None:
        self.stop()
        self.start()

    def publish(self, document: dict[str, Any] = FORM_DOCUMENT) -> None:
        FormServiceStub(self.server.channel).PublishForm(
            PublishFormRequest(request_id=f"form {next(self._numbers)}", tenant="acme", document_json=json.dumps(document)),
            metadata=tokens.metadata("max", "manager"))

    def write(self, person: str, method: str, **fields: Any) -> pb.Evaluation:
        """Carry out a command; one with a new request id unless it has one."""
        kind = getattr(pb, f"{method}Request")
        fields.setdefault("request_id", f"{person} {method} {next(self._numbers)}")
        fields.setdefault("tenant", "acme")
        response = getattr(self.stub, method)(kind(**fields), metadata=self.as_person(person))
        self.position = response.position
        evaluation: pb.Evaluation = response.evaluation
        return evaluation

    def begin(self, **fields: Any) -> pb.Evaluation:
        fields = {"program": "desk", "subject": TICKET, "agent": "bob", "group": "tier 1", "form": "calls", "analyst": "ann", **fields}
        return self.write("sue", "StartEvaluation", **fields)

    def get(self, person: str, id: str, **fields: Any) -> pb.Evaluation:
        request = pb.GetEvaluationRequest(tenant="acme", id=id, **fields)
        evaluation: pb.Evaluation = self.stub.GetEvaluation(request, metadata=self.as_person(person)).evaluation
        return evaluation

    def listed(self, person: str, **fields: Any) -> pb.ListEvaluationsResponse:
        """What a person's list shows after the last write."""
        answer: pb.ListEvaluationsResponse = self.stub.ListEvaluations(
            pb.ListEvaluationsRequest(tenant="acme", **fields), metadata=(*self.as_person(person), (METADATA_KEY, str(self.position))))
        return answer

    def as_person(self, person: str, tenant: str = "acme") -> tuple[tuple[str, str], ...]:
        return tokens.metadata(person, PEOPLE[person], tenant=tenant)


@contextmanager
def office(folder: Path, database: str = "") -> Iterator[Office]:
    office = Office(folder, database)
    try:
        yield office
    finally:
        office.stop()


def sheet(**answers: Any) -> pb.Sheet:
    message = pb.Sheet()
    message.answers.update(answers)
    return message


def refused(error: grpc.RpcError) -> grpc.StatusCode:
    code: grpc.StatusCode = error.code()
    return code
