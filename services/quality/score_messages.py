"""Scores as messages."""
from __future__ import annotations

from fractions import Fraction

from opsledger.core.quality.form import Scoring
from opsledger.core.quality.result import plain_result
from opsledger.core.quality.scoring import Scored
from opsledger.core.quality.sheet import Plain
from opsledger.core.quality.verdict import outcome_reason
from opsledger.proto.quality.v1 import score_pb2 as pb


def score_message(scored: Scored, scoring: Scoring) -> pb.Score:
    return recorded_score_message(plain_result(scored), scoring)


def recorded_score_message(result: Plain, scoring: Scoring) -> pb.Score:
    """Of a score as it is recorded: what ``plain_result`` gave; ``scoring``: by which it was made."""
    return pb.Score(
        outcome_reason=outcome_reason(scoring, result),
        score=_fraction(result["score"]), reason=result["reason"] or "", outcome=result["outcome"] or "", band=result["band"] or "",
        contributions=[
            pb.Contribution(
                question=each["question"], section=each["section"], state=each["state"], points=_fraction(each["points"]),
                possible_points=_fraction(each["possible_points"]), share=_fraction(each["share"]), of=_fraction(each["of"]),
                bonus=each["bonus"],
            )
            for each in result["questions"]
        ],
        sections=[
            pb.SectionScore(
                section=each["section"], share=_fraction(each["share"]), of=_fraction(each["of"]), percent=_fraction(each["percent"]))
            for each in result["sections"]
        ],
        auto_fails=[pb.AutoFail(question=each["question"], level=each["level"]) for each in result["auto_fails"]],
        critical=[
            pb.CriticalErrors(kind=kind, applicable=each["applicable"], failed=each["failed"]) for kind, each in result["critical"].items()
        ],
    )


def _fraction(plain: list[int] | None) -> pb.Fraction | None:
    if plain is None:
        return None
    exact = Fraction(*plain)
    return pb.Fraction(numerator=str(exact.numerator), denominator=str(exact.denominator), value=float(exact))
