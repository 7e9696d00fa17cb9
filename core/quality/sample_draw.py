"""Draws: what was sampled from which frame and how, so that anybody can draw it again and see that nobody was picked by hand."""
from __future__ import annotations

from typing import Any

from eventsourcing.domain import Aggregate, event

from opsledger.core.errors import FieldViolation, InvalidInput
from opsledger.core.quality.sampling import Contact, Design, Method, Risk
from opsledger.core.quality.sheet import Plain

SAMPLE_MAX = 5_000
SEED_MAX = (1 << 53) - 1
"""Whole numbers up to it are the same in every language."""


class SampleDraw(Aggregate):
    """One draw. It never changes: its evaluations do."""

    class Drawn(Aggregate.Created):
        TOPIC = "quality.sample.drawn"
        tenant: str
        program: str
        form_id: str
        form_version: int
        method: str
        size: int
        seed: int
        filter: Plain
        quotas: dict[str, int]
        conflicts: list[list[str]]
        frame_hash: str
        frame_size: int
        contacts: list[Plain]
        analysts: list[str]
        actor_id: str
        drawn_at_us: int

    @classmethod
    def of(cls, design: Design, contacts: list[Contact], **fields: Any) -> SampleDraw:
        """Raises InvalidInput for a sample that is empty or too large."""
        if not 0 < len(contacts) <= SAMPLE_MAX:
            raise InvalidInput(FieldViolation(
                "filter" if not contacts else "size", "OUT_OF_RANGE",
                "leaves nothing to draw from" if not contacts else f"would draw {len(contacts)} contacts; at most {SAMPLE_MAX}"))
        return cls(method=str(design.method), size=design.size, seed=design.seed, contacts=[plain_contact(each) for each in contacts],
                   **fields)

    @event(Drawn)
    def __init__(
        self, tenant: str, program: str, form_id: str, form_version: int, method: str, size: int, seed: int, filter: Plain,
        quotas: dict[str, int], conflicts: list[list[str]], frame_hash: str, frame_size: int, contacts: list[Plain],
        analysts: list[str], actor_id: str, drawn_at_us: int,
    ) -> None:
        self.tenant, self.program, self.form_id, self.form_version = tenant, program, form_id, form_version
        self.design = Design(Method(method), size, seed)
        self.filter, self.quotas, self.conflicts = filter, quotas, conflicts
        self.frame_hash, self.frame_size = frame_hash, frame_size
        self.contacts = [read_contact(each) for each in contacts]
        self.analysts, self.actor_id, self.drawn_at_us = analysts, actor_id, drawn_at_us


def plain_contact(contact: Contact) -> Plain:
    return {**contact._asdict(), "risks": [str(risk) for risk in contact.risks], "others": list(contact.others)}


def read_contact(plain: Plain) -> Contact:
    return Contact(**{**plain, "risks": tuple(Risk(risk) for risk in plain["risks"]), "others": tuple(plain["others"])})
