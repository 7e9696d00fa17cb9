"""Evaluations that were made elsewhere or before, taken with the dates of then: what became of each of a batch."""
from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate, event

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.evaluation import Evaluation
from opsledger.core.quality.remark import Remark
from opsledger.core.quality.sheet import Plain
from opsledger.core.tickets.identity import name16

BATCH_MAX = 200
"""Evaluations in one import: they stand in one commit."""


class ImportResult(StrEnum):
    IMPORTED = "imported"
    KNOWN = "known"
    """It has been imported before, and said the same."""
    REFUSED = "refused"


class ImportOutcome(NamedTuple):
    """What became of one."""

    name: str
    """Where it was made."""
    result: ImportResult
    evaluation: str
    """Its id here; empty when it was refused."""
    remarks: tuple[Remark, ...] = ()
    violations: tuple[FieldViolation, ...] = ()


class EvaluationImport(Aggregate):
    """One batch. It never changes: its evaluations do."""

    class Recorded(Aggregate.Created):
        TOPIC = "quality.evaluation_import.recorded"
        tenant: str
        outcomes: list[Plain]
        actor_id: str
        imported_at_us: int

    @classmethod
    def of(cls, outcomes: Sequence[ImportOutcome], tenant: str, actor_id: str, now_us: int) -> EvaluationImport:
        return cls(tenant=tenant, outcomes=[each._asdict() for each in outcomes], actor_id=actor_id, imported_at_us=now_us)

    @event(Recorded)
    def __init__(self, tenant: str, outcomes: list[Plain], actor_id: str, imported_at_us: int) -> None:
        self.tenant, self.actor_id, self.imported_at_us = tenant, actor_id, imported_at_us
        self.outcomes = tuple(_read(each) for each in outcomes)


def imported_id(tenant: str, name: str) -> UUID:
    """Under which an evaluation that is called so elsewhere stands here."""
    return UUID(bytes=name16("imported evaluation", tenant, name))


def check_size(size: int) -> None:
    """Raises InvalidInput for a batch that is empty or too large."""
    if not 0 < size <= BATCH_MAX:
        raise InvalidInput(FieldViolation("evaluations", "OUT_OF_RANGE", f"must be 1 to {BATCH_MAX} evaluations, not {size}"))


def says_the_same(one: Evaluation, other: Evaluation) -> bool:
    """Of two imported ones: as they were when they came."""
    return _said(one) == _said(other)


def _said(evaluation: Evaluation) -> tuple[object, ...]:
    first = evaluation.versions[0]
    return (
        evaluation.program, evaluation.subject, evaluation.agent_id, evaluation.group, evaluation.form_id, evaluation.form_version,
        evaluation.analyst_id, evaluation.contact_at_us, first.at_us, first.sheet,
    )


def _read(plain: Plain) -> ImportOutcome:
    return ImportOutcome(
        plain["name"], ImportResult(plain["result"]), plain["evaluation"], tuple(Remark(*each) for each in plain["remarks"]),
        tuple(FieldViolation(*each) for each in plain["violations"]))
