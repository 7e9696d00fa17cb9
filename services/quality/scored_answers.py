"""Answers of a file, scored block by block and summed up, so that a file of any length is held only as far as it is shown."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from opsledger.core.errors import FieldViolation
from opsledger.core.quality.form import Form
from opsledger.core.quality.scoring import Scored, score_all
from opsledger.core.quality.summary import Summary, Summing
from opsledger.services.quality.answers_file import AnswersReader, Evaluation

SCORED_TOGETHER = 250
"""Evaluations that are scored at once, for speed; it bounds the memory."""


class Scores(NamedTuple):
    form: Form
    summary: Summary
    agents: Mapping[str, Summary]
    """By name; empty when the file names none."""
    has_agents: bool
    skipped: int
    violations: Sequence[FieldViolation]
    """Of those that were skipped."""
    evaluations: Sequence[tuple[Evaluation, Scored]]
    """Empty unless they are to be kept."""


def score_answers(form: Form, answers: AnswersReader, *, keep: bool) -> Scores:
    """Raises as iterating ``answers`` does."""
    everything, agents = Summing(), dict[str, Summing]()
    kept: list[tuple[Evaluation, Scored]] = []
    rest = iter(answers)
    while block := list(islice(rest, SCORED_TOGETHER)):
        for evaluation, scored in zip(block, score_all(form, [each.answers for each in block]), strict=True):
            everything.add(scored)
            agents.setdefault(evaluation.agent, Summing()).add(scored)
            if keep:
                kept.append((evaluation, scored))
    by_agent = {agent: own.summary() for agent, own in sorted(agents.items())} if answers.has_agents else {}
    return Scores(form, everything.summary(), by_agent, answers.has_agents, answers.skipped, answers.violations, kept)
