"""Contributions to scores, exactly. The kernel where it was built and 64 bits suffice, else its twin."""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opsledger.ext.scoring import scoring as twin
from opsledger.ext.scoring.scoring import COUNTS, NOT_APPLICABLE, OUT, Questions, Scores, integers

try:
    from opsledger.ext.scoring._scoring import score as fast

    COMPILED = True
except ImportError:
    from opsledger.ext.scoring.scoring import score as fast

    COMPILED = False

__all__ = ["COMPILED", "COUNTS", "NOT_APPLICABLE", "OUT", "Questions", "Scores", "integers", "score", "twin"]


def score(questions: Questions, states: NDArray[np.int64], points: NDArray[np.int64], fails: NDArray[np.int64]) -> Scores:
    """See scoring.py. ``questions`` and ``points`` may hold Python's integers where 64 bits do not suffice."""
    if object not in (points.dtype, questions.weight.dtype, questions.possible.dtype):
        try:
            return fast(questions, states, points, fails)
        except OverflowError:
            pass  # 64 bits do not suffice: the twin counts in Python's integers
    return twin.score(questions, states, points, fails)


