"""How ``opsledger qa score`` shows what it found."""
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from rich.console import Console
from rich.table import Table

from opsledger.core.quality.form import Form, Question
from opsledger.core.quality.result import plain_result
from opsledger.core.quality.scoring import Outcome, Scored
from opsledger.core.quality.summary import Figure, Summary
from opsledger.core.quality.verdict import outcome_reason
from opsledger.services.quality.answers_file import Evaluation
from opsledger.services.quality.scored_answers import Scores

ROWS_MAX = 40
"""More evaluations are only summarised on a terminal."""


def document(found: Scores, *, with_evaluations: bool) -> dict[str, Any]:
    """Scores and shares are of 1; an exact one is a text like ``3/4`` beside the nearest float."""
    evaluations = [
        {
            "id": evaluation.id, **({"agent": evaluation.agent} if found.has_agents else {}), **_numbers(plain_result(scored)),
            "score": None if scored.score is None else float(scored.score),
            "score_exact": None if scored.score is None else str(scored.score),
            "outcome_reason": outcome_reason(found.form.scoring, plain_result(scored)),
        }
        for evaluation, scored in found.evaluations
    ]
    return {
        "form": found.form.id, "mode": found.form.scoring.mode, "skipped": found.skipped, "summary": _summary(found.summary),
        **({"agents": {agent: _summary(own) for agent, own in found.agents.items()}} if found.has_agents else {}),
        **({"evaluations": evaluations} if with_evaluations else {}),
    }


def _numbers(result: Any) -> Any:
    """Fractions as JSON's readers have them."""
    if isinstance(result, dict):
        return {key: _numbers(value) for key, value in result.items()}
    if isinstance(result, list):
        if len(result) == 2 and all(isinstance(part, int) for part in result):
            return {"value": float(Fraction(*result)), "exact": str(Fraction(*result))}
        return [_numbers(entry) for entry in result]
    return result


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "evaluations": summary.evaluations, "mean": figure(summary.mean), "pass_rate": figure(summary.pass_rate),
        "critical_accuracy": {str(kind): figure(each) for kind, each in summary.critical.items()},
        "questions": {id: each._asdict() for id, each in summary.questions.items()},
    }


def figure(found: Figure) -> dict[str, Any]:
    interval = found.interval
    return {
        "value": found.value, "cases": found.cases, "low": interval and interval.low, "high": interval and interval.high,
        "method": interval and interval.method, "reason": found.reason, "small_sample": found.small_sample,
    }


def show(found: Scores) -> None:
    console = Console()
    if len(found.evaluations) == 1:
        console.print(_parts(found.form, found.evaluations[0][1]))
    elif 0 < len(found.evaluations) <= ROWS_MAX:
        console.print(_evaluations(found))
    table = Table("", "evaluations", "mean score", "95 % from, to", "passed", "95 % from, to", title=f"By the form {found.form.id}",
                  title_justify="left")
    for agent, own in found.agents.items():
        _row(table, agent or "(nobody)", own)
    _row(table, "all", found.summary)
    console.print(table)
    for kind, each in found.summary.critical.items():
        console.print(f"{kind.value} critical-error accuracy: {percent(each.value)} of {each.cases}, 95 %: {interval(each)}")
    for evaluation, why in _looks_passed(found):
        console.print(f"{evaluation.id} fails: {why}")
    if any(each.mean.small_sample for each in (*found.agents.values(), found.summary)):
        console.print("* fewer than 30 cases: a small sample")
    if found.skipped:
        first = found.violations[0]
        console.print(f"left out: {found.skipped} evaluations do not fit the form; the first: {first.field}: {first.description}")


def _looks_passed(found: Scores) -> Iterator[tuple[Evaluation, str]]:
    """Those that fail although their score is shown like the mark, with the exact numbers."""
    mark = found.form.scoring.pass_mark
    for evaluation, scored in found.evaluations:
        below = mark is not None and scored.score is not None and scored.score < mark
        if below and scored.outcome is Outcome.FAIL and float(percent(scored.score)[:-2]) >= float(percent(mark)[:-2]):
            yield evaluation, outcome_reason(found.form.scoring, plain_result(scored))


def _evaluations(found: Scores) -> Table:
    table = Table("evaluation", "agent", "score", "outcome", "band", "automatic fails")
    for evaluation, scored in found.evaluations:
        fails = ", ".join(f"{each.question} ({each.level.name.lower()})" for each in scored.auto_fails)
        table.add_row(evaluation.id, evaluation.agent, percent(scored.score), scored.outcome or "–", scored.band or "–", fails)
    return table


def _parts(form: Form, scored: Scored) -> Table:
    table = Table("section", "question", "answer", "points", "of", "part of the score", "could be")
    for each in scored.contributions:
        points = "–" if each.points is None else f"{float(each.points):g}"
        table.add_row(each.section, each.question, each.state, points, f"{float(each.possible_points):g}", percent(each.share),
                      percent(each.of) + _beside(form.questions[each.question]))
    table.add_section()
    reason = f" ({scored.reason})" if scored.reason else ""
    table.add_row("", f"{scored.outcome or 'score'} {scored.band or ''}".strip(), "", "", "", percent(scored.score) + reason, "")
    return table


def _beside(question: Question) -> str:
    """Of what is not part of the whole."""
    if question.only_deducts:
        return " off"
    return " bonus" if question.bonus else ""


def _row(table: Table, name: str, summary: Summary) -> None:
    small = "*" if summary.mean.small_sample else ""
    table.add_row(name, str(summary.evaluations), percent(summary.mean.value) + small, interval(summary.mean),
                  percent(summary.pass_rate.value), interval(summary.pass_rate))


def percent(share: Fraction | float | None) -> str:
    return "–" if share is None else f"{100 * float(share):.2f} %"


def interval(found: Figure) -> str:
    if found.interval is None:
        return f"none: {str(found.reason or '').lower().replace('_', ' ')}"
    return f"{100 * found.interval.low:.2f} to {100 * found.interval.high:.2f}"
