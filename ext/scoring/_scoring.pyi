import numpy as np
from numpy.typing import NDArray

from opsledger.ext.scoring.scoring import Questions, Scores

def score(questions: Questions, states: NDArray[np.int64], points: NDArray[np.int64], fails: NDArray[np.int64]) -> Scores:
    """Raises OverflowError where 64 bits do not suffice."""
