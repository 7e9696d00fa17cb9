"""Sampling over files of one's own, without a server: who may open them may draw."""
from __future__ import annotations

from getpass import getuser

from sqlalchemy import Engine

from opsledger.core.ports import Journal
from opsledger.proto.quality.v1 import sampling_pb2 as pb
from opsledger.services.decisions.decisions import Decisions
from opsledger.services.quality.caller import Caller
from opsledger.services.quality.deadlines import Deadlines
from opsledger.services.quality.evaluations import Evaluations
from opsledger.services.quality.form_registry import FormRegistry
from opsledger.services.quality.samples import Samples
from opsledger.services.quality.sight import Sight
from opsledger.services.rules.registry import RuleRegistry


class LocalSampling:
    """Methods as those of the generated stub."""

    def __init__(self, journal: Journal, decisions: Decisions, engine: Engine) -> None:
        forms = FormRegistry(decisions)
        self._samples = Samples(decisions, engine, forms, Evaluations(decisions, forms, Deadlines(RuleRegistry(journal)), Sight(engine)))
        self._caller = Caller(getuser(), evaluates=True, supervises=True, sees_all=True)

    def DrawSample(self, request: pb.DrawSampleRequest) -> pb.DrawSampleResponse:
        return self._samples.DrawSample(request, self._caller)

    def ReplayDraw(self, request: pb.ReplayDrawRequest) -> pb.ReplayDrawResponse:
        return self._samples.ReplayDraw(request, self._caller)
