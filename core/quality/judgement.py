"""Ratings by weights, with what all coefficients of agreement need of them."""
from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from opsledger.core.quality.ratings import Floats, Level, Ratings
from opsledger.core.quality.weights import Disagreement, Weights


class Judgement:
    """Of the units that anybody rated."""

    def __init__(self, ratings: Ratings, weights: Weights, level: Level | None = None, credit: Floats | None = None) -> None:
        """``level``: alpha goes by its metric; None: by the weights, as the others do. ``credit``: of CUSTOM weights."""
        self.ratings = ratings.of(np.asarray((ratings.codes >= 0).any(axis=1)))
        self.weights, self.level = weights, level
        self._credit = np.zeros((0, 0)) if credit is None else credit

    @cached_property
    def disagreement(self) -> Disagreement:
        ranks = np.arange(1, len(self.ratings.categories) + 1, dtype=np.float64)
        as_ranks = self.weights is Weights.ORDINAL or not self.ratings.is_numeric
        return Disagreement(self.weights, ranks if as_ranks else np.array(self.ratings.categories, dtype=np.float64), self._credit)

    @cached_property
    def of_alpha(self) -> Disagreement:
        """Krippendorff's metric: at the ordinal level squared differences of ranks, which depend on how often those between were used."""
        if self.level is Level.ORDINAL:
            return Disagreement(Weights.QUADRATIC, np.cumsum(self.counted) - self.counted / 2)
        return self.disagreement

    @property
    def units(self) -> int:
        return self.ratings.units

    @cached_property
    def given(self) -> Floats:
        """Ratings per unit."""
        return np.asarray((self.ratings.codes >= 0).sum(axis=1), dtype=np.float64)

    @cached_property
    def pairable(self) -> NDArray[np.bool_]:
        """Per unit: whether two raters rated it."""
        return np.asarray(self.given >= 2)

    @cached_property
    def paired(self) -> Judgement:
        """The pairable units alone."""
        return Judgement(self.ratings.of(self.pairable), self.weights, self.level, self._credit)

    @property
    def _pairs(self) -> Floats:
        return self.given * (self.given - 1)

    @cached_property
    def _within(self) -> Floats:
        return self.disagreement.within(self.ratings)

    @property
    def disagreements(self) -> Floats:
        """Per unit: mean disagreement of its pairs of ratings; 0 where there is no pair."""
        return self._within / np.maximum(self._pairs, 1)

    @property
    def agreements(self) -> Floats:
        """Per unit: mean agreement of its pairs of ratings; 0 where there is no pair."""
        return (self._pairs - self._within) / np.maximum(self._pairs, 1)

    @property
    def self_disagreement(self) -> Floats:
        """Per unit: of two of its ratings drawn with replacement."""
        return self.disagreements * (self.given - 1) / self.given

    @property
    def self_agreement(self) -> Floats:
        """Per unit: whether two of its ratings drawn with replacement are equal."""
        differing = Disagreement(Weights.IDENTITY, self.disagreement.values).within(self.ratings)
        return 1 - differing / self.given**2

    @cached_property
    def counted(self) -> Floats:
        """Ratings in each category."""
        codes = self.ratings.codes
        return np.bincount(codes[codes >= 0], minlength=len(self.ratings.categories)).astype(np.float64)

    @cached_property
    def used(self) -> Floats:
        """How much each category is used: mean over the units of the shares of their ratings."""
        codes, rated = self.ratings.codes, self.ratings.codes >= 0
        weights = np.broadcast_to((1 / self.given)[:, None], codes.shape)[rated]
        return np.bincount(codes[rated], weights, len(self.ratings.categories)) / max(self.units, 1)

    @cached_property
    def used_by_raters(self) -> Floats:
        """Per rater (rows): the shares of their ratings in each category."""
        size = len(self.ratings.categories)
        counts = np.array([np.bincount(own[own >= 0], minlength=size) for own in self.ratings.codes.T], dtype=np.float64)
        return np.asarray(counts / counts.sum(axis=1)[:, None])

    def mean_over(self, of_category: Floats) -> Floats:
        """Per unit: mean over its ratings of something that each category has."""
        codes = self.ratings.codes
        return np.asarray(np.where(codes >= 0, of_category[np.maximum(codes, 0)], 0.0).sum(axis=1) / self.given)

    def second_order(self, own: Floats, spread: Floats) -> Floats:
        """Per unit: what leaving it out changes in the disagreement of all pairs of raters by both of a pair changing.

        ``own``: shares of categories by rater; ``spread``: how far each category is from each rater's.
        """
        codes, raters = self.ratings.codes, self.ratings.raters
        given, found = codes >= 0, np.zeros(self.units)
        steps = np.where(given, 1 / np.maximum(given.sum(axis=0) - 1, 1), 0.0)
        for one in range(raters):
            for other in range(one):
                both = given[:, one] & given[:, other]
                pair = codes[both][:, [one, other]]
                between = self.disagreement.within(Ratings(np.ascontiguousarray(pair), self.ratings.categories)) / 2
                apart = float((own[one] * spread[other]).sum()) - spread[one][pair[:, 1]] - spread[other][pair[:, 0]] + between
                found[both] += 2 * steps[both, one] * steps[both, other] * apart
        return found
