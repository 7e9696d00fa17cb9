"""Business-time arithmetic over open intervals. The kernel where it was built, its twin where it was not."""
from __future__ import annotations

from opsledger.ext.calendar import timeline as twin

try:
    from opsledger.ext.calendar._timeline import Timeline

    COMPILED = True
except ImportError:
    from opsledger.ext.calendar.timeline import Timeline  # type: ignore[assignment]  # same interface, tested as one

    COMPILED = False

__all__ = ["COMPILED", "Timeline", "twin"]
