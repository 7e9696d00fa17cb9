"""Why an evaluation passes or fails, in words: what is shown rounded can look like its mark and be below it."""
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from opsledger.core.quality.exact_text import exact_text
from opsledger.core.quality.form import FailLevel, Scoring
from opsledger.core.quality.result import fraction
from opsledger.core.quality.sheet import Plain


def outcome_reason(scoring: Scoring, result: Plain) -> str:
    """``2/3 = 66.666…% < 66.67%``; or the answers that fail it whatever the score. Empty where there is no outcome.

    ``result`` is a score as it is recorded, by ``scoring``.
    """
    if result["outcome"] is None:
        return ""
    if fails := list(_fails(scoring, result)):
        return "; ".join(fails)
    score = fraction(result["score"])
    return "" if score is None or scoring.pass_mark is None else _beside(score, scoring.pass_mark)


def _fails(scoring: Scoring, result: Plain) -> Iterator[str]:
    for each in result["auto_fails"]:
        if each["level"] == FailLevel.FORM.name.lower():
            yield f"the answer to {each['question']} fails the form"
    for kind in sorted(scoring.fail_on_critical):
        if failed := result["critical"].get(str(kind), {}).get("failed"):
            yield f"{kind} critical error: {', '.join(failed)}"


def _beside(score: Fraction, mark: Fraction) -> str:
    wanted = exact_text(100 * mark)
    shown = exact_text(100 * score, 3 if wanted.endswith("…") else max(3, len(wanted.partition(".")[2]) + 1))
    exact = f"{score} = " if shown.endswith("…") else ""
    return f"{exact}{shown}% {'<' if score < mark else '≥'} {wanted}%"
