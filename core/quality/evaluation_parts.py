"""What an evaluation is made of: its versions, its disputes, and where it stands."""
from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from opsledger.core.quality.sheet import Plain, Sheet


class Status(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    SUBMITTED = "submitted"
    DISPUTED = "disputed"
    ACKNOWLEDGED = "acknowledged"
    VOIDED = "voided"


class Cause(StrEnum):
    """Why a version was made."""

    SUBMITTED = "submitted"
    RESCORED = "rescored"
    EDITED = "edited"


NO_REASONS: Mapping[str, str] = {}
"""Plain, so that an aggregate can be copied."""


class Version(NamedTuple):
    number: int
    """From 1."""
    cause: Cause
    actor_id: str
    at_us: int
    reason: str
    """Empty for the first one."""
    sheet: Sheet
    result: Plain
    """As result.py gives it."""
    other_reasons: Mapping[str, str] = NO_REASONS
    """Of a rescoring: why questions have changed that it was not about."""


class Dispute(NamedTuple):
    """Of one question."""

    question: str
    reason: str
    version: int
    """That was disputed."""
    at_us: int
    decision: str = ""
    """"upheld": the score stood; "rescored": the agent was right; empty while it is open."""
    reviewer_id: str = ""
    review_reason: str = ""
    reviewed_at_us: int | None = None


class Origin(NamedTuple):
    """Of an evaluation that was made elsewhere."""

    name: str
    """There."""
    importer_id: str
    at_us: int
    """When it came here."""


class Voiding(NamedTuple):
    actor_id: str
    reason: str
    at_us: int


UPHELD, RESCORED = "upheld", "rescored"
