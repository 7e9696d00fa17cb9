"""What requesters said of a contact: satisfaction and recommendation."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from opsledger.core.scorecards import kpis
from opsledger.core.scorecards.cases import Outcome, Step, answered, mean_of, row_of, share_of
from opsledger.core.scorecards.kpis import MILLIONTHS
from opsledger.core.tickets.facts import FeedbackKind, FeedbackReceived

SATISFIED = Fraction(3, 4)
"""Top two boxes of a scale of five, as a place on any scale: 0 is its lower end, 1 its upper."""
PROMOTER, DETRACTOR = Fraction(9, 10), Fraction(6, 10)
"""Promoters stand at 9 and 10 of 0 to 10, detractors at 0 to 6 (Reichheld 2003), as places on any scale."""


def feedback(steps: Sequence[Step]) -> Iterator[Outcome]:
    """Satisfaction and recommendation. An answer goes to the agent it names, else to whoever had the ticket when the last contact before it
    had ended, whoever has it later. A corrected answer keeps the place of the first one."""
    first: dict[object, tuple[Step, FeedbackReceived, str, str]] = {}
    last: dict[object, FeedbackReceived] = {}
    agent = group = ""
    for step in steps:
        if step.resolves or answered(step):
            agent, group = step.agent or getattr(step.fact.fact, "agent", "") or agent, step.after.group or group
        if isinstance(answer := step.fact.fact, FeedbackReceived):
            key: object = (answer.kind, answer.feedback_id) if answer.feedback_id else step.fact.event_id
            first.setdefault(key, (step, answer, agent or step.after.agent, group or step.after.group))
            last[key] = answer
    for key, (step, was, agent, group) in first.items():
        answer = last[key]
        corrected = f", corrected from {was.score:g}" if answer is not was else ""
        for row in _answer(step, answer, corrected):
            yield row._replace(agent=answer.agent or was.agent or agent, group=group)


def _answer(step: Step, answer: FeedbackReceived, corrected: str) -> Iterator[Outcome]:
    low = Fraction(answer.scale_min)
    place = (Fraction(answer.score) - low) / (Fraction(answer.scale_max) - low)
    detail = f"{answer.score:g} of {answer.scale_min:g} to {answer.scale_max:g}{corrected}"
    if answer.kind is FeedbackKind.CSAT:
        yield share_of(kpis.CSAT, step, place >= SATISFIED, detail)
        yield mean_of(kpis.CSAT_MEAN, step, round((1 + 4 * place) * MILLIONTHS), detail)
    else:
        yield row_of(kpis.NPS, step, (place >= PROMOTER) - (place <= DETRACTOR), detail)
