"""What an evaluation contributes to scorecards. Only the version that counts does; a voided one contributes nothing.

A contact is dated by when it happened, not by when it was judged: a month's quality is that of its contacts.
"""
from __future__ import annotations

from collections.abc import Iterator

from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.evaluation_parts import UPHELD
from opsledger.core.quality.result import fraction
from opsledger.core.quality.subject import SubjectKind
from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.cases import Outcome
from opsledger.core.scorecards.kpis import MILLIONTHS, Kpi


def evaluation_outcomes(evaluation: Evaluation) -> Iterator[Outcome]:
    """Its rows. Any recorded past is accepted."""
    if not evaluation.counting:
        return
    result = evaluation.current.result
    of_evaluator = evaluation.subject.kind is SubjectKind.EVALUATION
    score = fraction(result["score"])
    if score is not None:
        percent = 100 * score
        mean = kpis.EVALUATOR_SCORE if of_evaluator else kpis.QA_SCORE
        yield _row(evaluation, mean, round(percent * MILLIONTHS))._replace(value=float(percent))
    if of_evaluator:
        return
    if result["outcome"] is not None:
        yield _row(evaluation, kpis.QA_PASS_RATE, int(result["outcome"] == "pass"))
    for kind, found in result["critical"].items():
        if found["applicable"]:
            row = _row(evaluation, kpis.CRITICAL_ACCURACY[kind], int(not found["failed"]))
            yield row._replace(detail=", ".join([row.detail, *found["failed"]]))
    for dispute in evaluation.all_disputes:
        if dispute.decision:
            row = _row(evaluation, kpis.DISPUTES_UPHELD, int(dispute.decision == UPHELD))
            yield row._replace(detail=f"{row.detail}, {dispute.question}")


def _row(evaluation: Evaluation, kpi: Kpi, numerator: int) -> Outcome:
    detail = f"evaluation {evaluation.id}"
    return Outcome(kpi.name, evaluation.contact_at_us, evaluation.agent_id, evaluation.group, numerator, 1, None, detail)
