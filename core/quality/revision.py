"""What a later version of an evaluation changes, beside the one before it."""
from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from opsledger.core.errors import FieldViolation
from opsledger.core.quality.evaluation_parts import Dispute, Version
from opsledger.core.quality.result import fraction
from opsledger.core.quality.sheet import Plain, Sheet


def changed(before: Sheet, after: Sheet) -> set[str]:
    """Questions with another answer."""
    return {id for id in {*before.answers, *after.answers} if before.answers.get(id) != after.answers.get(id)}


def carried(before: Sheet, after: Sheet) -> Sheet:
    """``after``, with what was written beside answers that stand, where it says nothing else."""
    kept = {id: note for id, note in before.notes.items() if id not in changed(before, after)}
    return after._replace(notes={**kept, **after.notes}, comment=after.comment or before.comment)


def lowers(before: Plain, after: Plain) -> bool:
    """The score falls, or what passed fails."""
    old, new = fraction(before["score"]), fraction(after["score"])
    fails = (before.get("outcome"), after.get("outcome")) == ("pass", "fail")
    return fails or (old is not None and new is not None and new < old)


def unexplained(
    before: Version, after: Sheet, result: Plain, reviewed: Collection[str], reasons: Mapping[str, str]
) -> Iterator[FieldViolation]:
    """What a review changes beyond what it is about, without a reason. Questions that the form hides, or asks, because of another
    answer follow from that one."""
    follow = {each["question"] for given in (before.result, result) for each in given["questions"] if each.get("state") == "hidden"}
    different = changed(before.sheet, after)
    others = different - set(reviewed)
    for id in sorted(others - follow):
        if not reasons.get(id, "").strip():
            yield FieldViolation(f"other_reasons.{id}", "REQUIRED", "is not what the review is about: must say why its answer changes")
    for id in sorted(set(reasons) - others):
        why = "is reviewed itself" if id in reviewed else "keeps its answer"
        yield FieldViolation(f"other_reasons.{id}", "UNUSED", f"{why}: there is nothing else to give a reason for")


def judged_by(versions: Sequence[Version], dispute: Dispute) -> str:
    """Who gave the answer that is disputed."""
    author = versions[0].actor_id
    for before, after in pairwise(versions[:dispute.version]):
        if dispute.question in changed(before.sheet, after.sheet):
            author = after.actor_id
    return author
