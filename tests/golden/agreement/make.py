"""Writes irrcac.json: ratings, and what the package irrCAC says of them.

Run by hand, with ``pip install irrCAC==0.4.4`` in an environment of its own: the package insists on one old version of scipy,
and so of numpy, on which the tests shall not depend.
"""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from irrCAC.raw import CAC

WEIGHTS = {"nominal": "identity", "ordinal": "ordinal", "interval": "quadratic", "ratio": "ratio"}


def drawn(seed: int, units: int = 40, raters: int = 4, missing: float = 0.2) -> np.ndarray:
    """Ratings from 1 to 5 that agree more than by chance, some of them missing (nan). Every category is used."""
    random = np.random.default_rng(seed)
    truth = random.integers(1, 6, size=(units, 1))
    ratings = np.clip(truth + random.choice([-1, 0, 0, 0, 1, 2], size=(units, raters)), 1, 5).astype(float)
    ratings[random.random((units, raters)) < missing] = np.nan
    return ratings


def said_of(table: np.ndarray, level: str) -> dict[str, float]:
    peer = CAC(pd.DataFrame(table), weights=WEIGHTS[level], digits=12)
    gwet, fleiss = peer.gwet()["est"], peer.fleiss()["est"]
    return {"gwet": gwet["coefficient_value"], "fleiss_kappa": fleiss["coefficient_value"], "percent_agreement": gwet["pa"]}


if __name__ == "__main__":
    cases = []
    for seed in range(5):
        table = drawn(seed)
        ratings = [[None if np.isnan(rating) else int(rating) for rating in row] for row in table]
        cases.append({"ratings": ratings, "levels": {level: said_of(table, level) for level in WEIGHTS}})
    lines = ",\n".join(json.dumps(case) for case in cases)
    Path(__file__).with_name("irrcac.json").write_text(f"[\n{lines}\n]\n")
