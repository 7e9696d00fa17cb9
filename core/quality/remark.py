"""What is taken as it was said, although it may be a mistake: what happened elsewhere is not ours to refuse."""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Remark(NamedTuple):
    field: str
    reason: str
    """UPPER_SNAKE and stable."""
    description: str


def date_remarks(contact_at_us: int | None, now_us: int, judged_at_us: int | None = None) -> Iterator[Remark]:
    """Dates that lie ahead, or in the wrong order. None: not given."""
    if contact_at_us is not None and contact_at_us > now_us:
        yield Remark("contact_at", "AHEAD", "lies ahead")
    if judged_at_us is not None and judged_at_us > now_us:
        yield Remark("judged_at", "AHEAD", "lies ahead")
    if judged_at_us is not None and contact_at_us is not None and judged_at_us < contact_at_us:
        yield Remark("judged_at", "BEFORE_CONTACT", "is before the contact")
