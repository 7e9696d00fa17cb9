"""Figures do not depend on how many threads BLAS may use: none of them is left to it."""
from __future__ import annotations

import os
import subprocess
import sys

FIGURES = """
import numpy as np
from opsledger.core.quality.agreement import agreements
from opsledger.core.quality.drift import Judged, drift
from opsledger.core.quality.ratings import Level, ratings_of
random = np.random.default_rng(1)
judged = [Judged(f"a{a}", f"e{e}", float(score)) for a, e, score in zip(*random.integers(0, 300, (2, 4_000)), random.random(4_000))]
ratings = ratings_of(np.round(random.uniform(0, 100, (600, 1)) + random.normal(0, 5, (600, 3)), 1).tolist())
print(repr((drift(judged), agreements(ratings, [Level.NOMINAL, Level.INTERVAL]))))
"""


def figures(threads: int) -> str:
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    return subprocess.run([sys.executable, "-c", FIGURES], env=environment, check=True, capture_output=True, text=True).stdout


def test_one_thread_and_four_give_the_same_digits() -> None:
    assert figures(1) == figures(4)
