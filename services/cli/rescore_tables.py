"""How ``opsledger qa rescore`` shows what it found."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from opsledger.core.quality.rescore import Rescored, report
from opsledger.core.quality.scoring import Scored
from opsledger.services.cli.score_tables import ROWS_MAX, percent
from opsledger.services.quality.answers_file import AnswersFile


class Compared(NamedTuple):
    file: AnswersFile
    rescored: Sequence[Rescored]


def document(found: Compared) -> dict[str, Any]:
    """Scores are shares of 1."""
    whole = report(found.rescored)
    return {
        "report": {
            **{name: value for name, value in whole._asdict().items() if not isinstance(value, Mapping)},
            "outcomes": _moves(whole.outcomes), "bands": _moves(whole.bands),
            "unanswerable": dict(whole.unanswerable), "dropped": dict(whole.dropped),
        },
        "evaluations": [
            {
                "id": evaluation.id, "before": _result(each.before), "after": _result(each.after),
                "delta": None if each.delta is None else float(each.delta),
                "unanswerable": dict(each.unanswerable), "dropped": list(each.dropped),
            }
            for evaluation, each in zip(found.file.evaluations, found.rescored, strict=True)
        ],
    }


def _moves(moves: Mapping[tuple[str, str], int]) -> list[dict[str, Any]]:
    return [{"before": before, "after": after, "evaluations": many} for (before, after), many in sorted(moves.items())]


def _result(scored: Scored) -> dict[str, Any]:
    return {
        "score": None if scored.score is None else float(scored.score), "exact": None if scored.score is None else str(scored.score),
        "reason": scored.reason, "outcome": scored.outcome, "band": scored.band,
    }


def show(found: Compared) -> None:
    console, whole = Console(), report(found.rescored)
    changed = [
        (evaluation, each) for evaluation, each in zip(found.file.evaluations, found.rescored, strict=True)
        if _result(each.before) != _result(each.after)
    ]
    table = Table("evaluation", "score", "would be", "change", "outcome", "band", "unanswerable")
    for evaluation, each in sorted(changed, key=lambda entry: -abs(float(entry[1].delta or 0)))[:ROWS_MAX]:
        change = "–" if each.delta is None else f"{100 * float(each.delta):+.2f}"
        verdicts = _move(each.before.outcome, each.after.outcome), _move(each.before.band, each.after.band)
        table.add_row(evaluation.id, percent(each.before.score), percent(each.after.score), change, *verdicts, ", ".join(each.unanswerable))
    if changed:
        console.print(table)
    console.print(f"{whole.changed} of {whole.evaluations} evaluations would change; mean {percent(whole.mean_before)} would be "
                  f"{percent(whole.mean_after)} ({whole.compared} with a score under both). Nothing was written.")
    for title, moves in (("outcome", whole.outcomes), ("band", whole.bands)):
        for (before, after), many in sorted(moves.items()):
            if before != after:
                console.print(f"{title} {before} → {after}: {many}")
    for id, many in whole.unanswerable.items():
        console.print(f"unanswerable: {id} in {many}")


def _move(before: str | None, after: str | None) -> str:
    return (before or "–") if before == after else f"{before or '–'} → {after or '–'}"
