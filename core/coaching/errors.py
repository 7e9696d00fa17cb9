"""What coaching refuses.

    NotAllowed
    ├── NotTheOwner        only its owner completes an action item
    └── NotTheCoached      only the agent of a session acknowledges it
    Precluded
    ├── ItemWithdrawn      a withdrawn action item stays withdrawn
    ├── OutOfTurn          the session is not at the stage at which this is done
    ├── MeasureIsFixed     what an effect is measured by is fixed once
    └── NoMeasure          it was never said what its effect is measured by
"""
from __future__ import annotations

from uuid import UUID

from opsledger.core.errors import NotAllowed, Precluded


class NotTheOwner(NotAllowed):
    reason = "NOT_THE_OWNER"

    def __init__(self, item_id: UUID, actor: str) -> None:
        super().__init__(f"action item {item_id} is not {actor}'s to complete")


class NotTheCoached(NotAllowed):
    reason = "NOT_THE_COACHED"

    def __init__(self, session_id: UUID, actor: str) -> None:
        super().__init__(f"coaching session {session_id} is not about {actor}, who cannot acknowledge it")


class ItemWithdrawn(Precluded):
    reason = "ITEM_WITHDRAWN"

    def __init__(self, item_id: UUID) -> None:
        super().__init__(f"action item {item_id} was withdrawn")


class OutOfTurn(Precluded):
    reason = "OUT_OF_TURN"

    def __init__(self, session_id: UUID, stage: str, command: str) -> None:
        super().__init__(f"coaching session {session_id} is {stage}: it is not the time to {command}")


class MeasureIsFixed(Precluded):
    reason = "MEASURE_IS_FIXED"

    def __init__(self, session_id: UUID) -> None:
        super().__init__(f"what coaching session {session_id} is measured by was fixed before, and stays")


class NoMeasure(Precluded):
    reason = "NO_MEASURE"

    def __init__(self, session_id: UUID) -> None:
        super().__init__(f"it was never fixed what coaching session {session_id} is measured by")
