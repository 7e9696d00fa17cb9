"""When the journal learned something: what the clock says, held against the last commit, because what was recorded never goes back."""
from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import NamedTuple

from opsledger.services.journal.clock import JUMP_MAX_US, SECOND_US, instant_text, span_text

AHEAD_MAX_US = 366 * 86_400 * SECOND_US
"""A clock that says that nothing was recorded for longer is wrong more often than right."""
TRUST = "OPSLEDGER_TRUST_CLOCK"
"""Variable of the environment: set to 1, the clock is right and the journal has rested for so long."""
_log = logging.getLogger(__name__)


class _Doubt(NamedTuple):
    clock_us: int
    """What the clock said when it was doubted."""
    last_us: int
    """The last commit then."""


class RecordedAt:
    """Of one writer of one journal. Used by one thread."""

    def __init__(self, now_us: Callable[[], int], last_us: int) -> None:
        """``last_us``: of the last commit; 0 when there is none. Says in the log what does not fit."""
        self._now_us, self.last_us = now_us, last_us
        self._doubt: _Doubt | None = None
        clock_us = now_us()
        if self.last_us - clock_us > JUMP_MAX_US:
            _log.error(
                "the journal's last commit was recorded at %s, which is %s ahead of this machine's clock (%s): the clock was wrong then, "
                "or is now. What is recorded has that same time until the clock has passed it: recorded_at never goes back",
                instant_text(last_us), span_text(last_us - clock_us), instant_text(clock_us),
            )

    def __call__(self) -> int:
        """For the next commit: never before the last one."""
        self.last_us = max(self._believed(self._now_us()), self.last_us)
        return self.last_us

    @property
    def ahead_us(self) -> int:
        """How far the last commit stands ahead of the clock; below 0 the last one is so long ago."""
        return self.last_us - self._now_us()

    @property
    def is_doubted(self) -> bool:
        """Either the clock or the last commit is wrong."""
        return self._doubt is not None or self.ahead_us > JUMP_MAX_US

    def _believed(self, clock_us: int) -> int:
        if not self.last_us or clock_us - self.last_us <= AHEAD_MAX_US or os.environ.get(TRUST) == "1":
            self._doubt = None
            return clock_us
        if self._doubt is None:
            self._doubt = _Doubt(clock_us, self.last_us)
            _log.error(
                "this machine's clock says %s, %s after the journal's last commit (%s), and is not believed: recorded_at goes on from "
                "the last commit. Set the clock right; when it is right, start with %s=1 in the environment",
                instant_text(clock_us), span_text(clock_us - self.last_us), instant_text(self.last_us), TRUST,
            )
        return self._doubt.last_us + max(clock_us - self._doubt.clock_us, 0)
