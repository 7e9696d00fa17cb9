"""Agents' QA scores without the evaluators' bias, to stand beside the originals."""
from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from sqlalchemy import Connection

from opsledger.core.quality.drift import AgentScore, Judged, drift
from opsledger.core.scorecards.kpis import QA_SCORE
from opsledger.core.scorecards.periods import Period
from opsledger.services.quality.judged_rows import judged_rows
from opsledger.services.scorecards.queries import Program


def adjusted_scores(connection: Connection, program: Program, period: Period, confidence: float) -> Mapping[str, AgentScore]:
    """In percent, by agent, from all evaluations of the program in the period. Nobody's, when there are too many to look at."""
    found = judged_rows(connection, program.tenant, program.name, start_us=period.start_us, end_us=period.end_us)
    return _scores(tuple(sorted(found or ())), confidence)


@lru_cache(maxsize=64)  # periods that are over are asked for again and again
def _scores(evaluations: tuple[Judged, ...], confidence: float) -> Mapping[str, AgentScore]:
    in_percent = (each._replace(score=100 * each.score) for each in evaluations)
    return {score.agent: score for score in drift(in_percent, confidence, QA_SCORE.bounds).agents}
