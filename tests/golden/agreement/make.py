"""Writes irrcac.json: ratings, and what the package irrCAC says of them, by all its weights.

Run by hand, with ``pip install irrCAC==0.4.4`` in an environment of its own: the package insists on one old version of scipy,
and so of numpy, on which the tests shall not depend.
"""
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from irrCAC import datasets
from irrCAC.raw import CAC

WEIGHTS = ("identity", "linear", "quadratic", "ordinal", "radical", "ratio", "circular", "bipolar")
COEFFICIENTS = {"gwet": "gwet", "fleiss": "fleiss_kappa", "conger": "conger_kappa", "bp": "brennan_prediger"}
ALPHA = ("identity", "quadratic", "ratio", "linear", "radical", "circular", "bipolar")
"""Alpha by the weights that are Krippendorff's metrics or none of his; at the ordinal level he has one of his own."""
PUBLISHED = (datasets.raw_4raters, datasets.raw_5observers, datasets.raw_ben_gerry, datasets.raw_g1g2, datasets.raw_gender)


def drawn(seed: int, units: int = 40, raters: int = 4, missing: float = 0.2) -> np.ndarray:
    """Ratings from 1 to 5 that agree more than by chance, some of them missing (nan). Every category is used."""
    random = np.random.default_rng(seed)
    truth = random.integers(1, 6, size=(units, 1))
    ratings = np.clip(truth + random.choice([-1, 0, 0, 0, 1, 2], size=(units, raters)), 1, 5).astype(float)
    ratings[random.random((units, raters)) < missing] = np.nan
    return ratings


def published(dataset: object) -> list[list[float | str | None]]:
    """The ratings of a data set of the package, without the columns that name units and groups; unrated units are left out."""
    frame = dataset().drop(columns=["Units", "Group", "Gender"], errors="ignore")  # type: ignore[operator]  # a function of the package
    rows = [[None if pd.isna(cell) else cell for cell in row] for row in frame.dropna(how="all").to_numpy().tolist()]
    return [[float(cell) if isinstance(cell, int | float) else cell for cell in row] for row in rows]


def holds_zero(ratings: list[list[float | str | None]]) -> bool:
    return any(0 in row for row in ratings)


def said_of(ratings: list[list[float | str | None]], weights: str) -> dict[str, list[float]]:
    """Value and standard error of every coefficient."""
    peer = CAC(pd.DataFrame(ratings), weights=weights, digits=12)
    found = {}
    for method, name in {**COEFFICIENTS, **({"krippendorff": "krippendorff_alpha"} if weights in ALPHA else {})}.items():
        estimate = getattr(peer, method)()["est"]
        found[name] = [float(estimate["coefficient_value"]), float(estimate["se"])]
        found["percent_agreement"] = [float(peer.fleiss()["est"]["pa"])]
    return found


if __name__ == "__main__":
    tables = {
        f"drawn {seed}": [[None if np.isnan(rating) else float(rating) for rating in row] for row in drawn(seed)] for seed in range(5)}
    tables |= {dataset.__name__: published(dataset) for dataset in PUBLISHED}
    cases = [
        # the package takes no ratio of a zero
        {"name": name, "ratings": table, "weights": {
            each: said_of(table, each) for each in WEIGHTS if not (each == "ratio" and holds_zero(table))}}
        for name, table in tables.items()
    ]
    lines = ",\n".join(json.dumps(case) for case in cases)
    Path(__file__).with_name("irrcac.json").write_text(f"[\n{lines}\n]\n")
