"""The scoring kernel against its twin, and scores of any form against the formulas written down a second time."""
from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.scoring import score, score_all
from opsledger.ext import scoring as ext
from opsledger.ext.scoring import Questions, Scores, twin
from opsledger.ext.scoring import _scoring as kernel
from tests.kit import scoring_oracle
from tests.kit.forms import answers_to, documents

BOTH = pytest.mark.parametrize("made", [kernel, twin], ids=["kernel", "twin"])


def integers(*values: object) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@st.composite
def batches(draw: st.DrawFn, weight_max: int = 50) -> tuple[Questions, np.ndarray, np.ndarray, np.ndarray]:
    columns, rows = draw(st.integers(0, 6)), draw(st.integers(0, 4))

    def column(low: int, high: int) -> np.ndarray:
        return np.array(draw(st.lists(st.integers(low, high), min_size=columns, max_size=columns)), dtype=np.int64)

    def cells(high: int, low: int = 0) -> np.ndarray:
        drawn = draw(st.lists(st.integers(low, high), min_size=rows * columns, max_size=rows * columns))
        return np.array(drawn, dtype=np.int64).reshape(rows, columns)

    most = draw(st.sampled_from([(1, 1), (11, 10)]))
    questions = Questions(column(0, 2), column(0, weight_max), column(0, 12), column(0, 1), draw(st.booleans()), most)
    fails = cells(7)
    return questions, cells(2), np.minimum(cells(12, low=-12), questions.possible), np.where(fails > 3, 0, fails)


def same(one: Scores, other: Scores) -> bool:
    return all((a == b).all() and a.shape == b.shape for a, b in zip(one, other, strict=True))


def test_the_kernel_is_in_use() -> None:
    assert ext.COMPILED
    assert ext.fast is kernel.score


@given(batches())
def test_kernel_and_twin_are_one(batch: tuple[Questions, np.ndarray, np.ndarray, np.ndarray]) -> None:
    assert same(kernel.score(*batch), twin.score(*batch))


@given(batches(weight_max=2**62))
def test_where_64_bits_do_not_suffice_the_twin_answers(batch: tuple[Questions, np.ndarray, np.ndarray, np.ndarray]) -> None:
    found = twin.score(*batch)
    assert same(ext.score(*batch), found)
    try:
        assert same(kernel.score(*batch), found)
    except OverflowError:
        assert batch[0].weight.max() > 50


def test_numbers_beyond_64_bits_are_exact() -> None:
    huge = 10**30
    questions = Questions(integers(0, 0), np.array([huge, 2 * huge], dtype=object), integers(3, 3), integers(0, 0), False, (1, 1))
    found = ext.score(questions, integers([1, 1]), integers([3, 1]), integers([0, 0]))
    assert (found.earned.tolist(), found.whole.tolist()) == ([[3 * huge, 2 * huge]], [9 * huge])


@BOTH
def test_published_weights(made: ModuleType) -> None:
    # weights 40, 20, 20, 20 with 10, 5, 5, 0 of 10 → 60 %; without the last 75 %
    questions = Questions(integers(0, 0, 0, 0), integers(40, 20, 20, 20), integers(10, 10, 10, 10), integers(0, 0, 0, 0), False, (1, 1))
    points, no_fails = integers([10, 5, 5, 0], [10, 5, 5, 0]), np.zeros((2, 4), dtype=np.int64)
    found = made.score(questions, integers([1, 1, 1, 1], [1, 1, 1, 0]), points, no_fails)
    assert found.earned.sum(axis=1).tolist() == [600, 600]
    assert found.whole.tolist() == [1000, 800]


@BOTH
def test_deductions_take_from_the_whole_and_are_cut_where_they_come_to_more(made: ModuleType) -> None:
    # of 10 and 10 points: 8 + 4 - 3 = 9 of 20; 2 + 1 - 12 is less than nothing, so that of the 12 only 3 are taken
    questions = Questions(integers(0, 0, 0), integers(1, 1, 1), integers(10, 10, 12), integers(0, 0, 1), False, (1, 1))
    found = made.score(questions, np.ones((2, 3), np.int64), integers([8, 4, -3], [2, 1, -12]), np.zeros((2, 3), np.int64))
    assert found.earned.tolist() == [[8, 4, -3], [24, 12, -36]]
    assert (found.whole.tolist(), found.possible.tolist()) == ([20, 240], [[10, 10, 12], [120, 120, 144]])


@BOTH
@pytest.mark.parametrize(("fails", "earned"), [(1, [6, 5, -2]), (2, [6, 0, -2]), (3, [0, 0, 0])])
def test_a_fail_leaves_deductions_but_where_it_takes_everything(made: ModuleType, fails: int, earned: list[int]) -> None:
    questions = Questions(integers(0, 1, 1), integers(1, 1, 1), integers(10, 10, 4), integers(0, 0, 1), False, (1, 1))
    found = made.score(questions, integers([1, 1, 1]), integers([6, 5, -2]), integers([0, 0, fails]))
    assert (found.earned.tolist(), found.whole.tolist()) == ([earned], [20])


@BOTH
def test_arrays_that_do_not_fit_are_refused(made: ModuleType) -> None:
    questions = Questions(integers(0), integers(1), integers(1), integers(0), False, (1, 1))
    with pytest.raises(ValueError, match="1 columns"):
        made.score(questions, integers([1, 1]), integers([1, 1]), integers([0, 0]))
    with pytest.raises(ValueError, match="same rows"):
        made.score(questions, integers([1]), integers([1], [1]), integers([0]))


@given(st.data())
def test_any_form_scores_as_its_formula_says_and_contributions_sum_to_it(data: st.DataObject) -> None:
    document = data.draw(documents())
    form = parse_form(document)
    batch = data.draw(st.lists(answers_to(form), min_size=1, max_size=3))
    read = [read_answers(form, answers) for answers in batch]
    for answers, found, alone in zip(batch, score_all(form, read), (score(form, each) for each in read), strict=True):
        assert found.score == scoring_oracle.score(document, answers)
        assert found == alone
        whole = found.score or 0
        assert sum(each.share for each in found.contributions) == whole
        assert sum(each.share for each in found.sections) == whole
        assert sum(each.of for each in found.contributions if not each.bonus) in (0, 1)
