"""Sampling and importing over files of one's own, without a server: who may open them may do it."""
from __future__ import annotations

from getpass import getuser

from sqlalchemy import Engine

from opsledger.core.ports import Journal
from opsledger.proto.quality.v1 import evaluations_pb2, forms_pb2, sampling_pb2
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.deadlines import Deadlines
from opsledger.services.quality.evaluation_imports import EvaluationImports
from opsledger.services.quality.evaluations import Evaluations
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.quality.known import Knowledge
from opsledger.services.quality.samples import Samples
from opsledger.services.quality.sight import Sight
from opsledger.services.rules.registry import RuleRegistry


class LocalQuality:
    """Methods as those of the generated stubs."""

    def __init__(self, journal: Journal, decisions: Decisions, engine: Engine) -> None:
        forms, deadlines, knowledge = FormRegistry(decisions), Deadlines(RuleRegistry(journal)), Knowledge(engine)
        self._forms = forms
        self._samples = Samples(decisions, engine, forms, Evaluations(decisions, forms, deadlines, Sight(engine), knowledge))
        self._imports = EvaluationImports(decisions, forms, deadlines, knowledge)
        self._caller = Caller(getuser(), evaluates=True, supervises=True, sees_all=True)

    def GetForm(self, request: forms_pb2.GetFormRequest) -> forms_pb2.GetFormResponse:
        return self._forms.GetForm(request)

    def DrawSample(self, request: sampling_pb2.DrawSampleRequest) -> sampling_pb2.DrawSampleResponse:
        return self._samples.DrawSample(request, self._caller)

    def ReplayDraw(self, request: sampling_pb2.ReplayDrawRequest) -> sampling_pb2.ReplayDrawResponse:
        return self._samples.ReplayDraw(request, self._caller)

    def ImportEvaluations(self, request: evaluations_pb2.ImportEvaluationsRequest) -> evaluations_pb2.ImportEvaluationsResponse:
        return self._imports.ImportEvaluations(request, self._caller)
