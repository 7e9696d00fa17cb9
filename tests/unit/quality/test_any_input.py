"""Whatever is given as a form or as answers, it is read or refused by name; nothing else happens."""
from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from opsledger.core.errors import InvalidAnswers, InvalidForm
from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.scoring import score
from tests.kit.forms import answers_to, documents

SCALARS = st.none() | st.booleans() | st.integers(-3, 200) | st.floats(width=32) | st.sampled_from(
    ["", "a", "q00", "na", "yes", "points", "numeric", "1e99", "1e-99", "form", "0.1"])
KEYS = st.sampled_from([
    "id", "type", "options", "points", "when", "question", "is", "from", "to", "min", "max", "ranges", "scale", "none", "full", "questions",
    "weight", "critical", "na", "na_values", "base",
])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=6)


def places(document: Any) -> list[tuple[Any, Any]]:
    """Every place of a document that holds a value."""
    found: list[tuple[Any, Any]] = []
    for key, value in document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ():
        found += [(document, key), *places(value)]
    return found


@given(st.data())
def test_any_document(data: st.DataObject) -> None:
    document = deepcopy(data.draw(documents()))
    for _ in range(data.draw(st.integers(1, 3))):
        place, key = data.draw(st.sampled_from(places(document)))
        place[key] = data.draw(VALUES)
    try:
        form = parse_form(document)
    except InvalidForm:
        return
    try:
        answers = read_answers(form, data.draw(answers_to(form)))
    except InvalidAnswers:
        return
    found = score(form, answers)
    assert sum(each.share for each in found.contributions) == (found.score or 0)


@given(st.data())
def test_any_answers(data: st.DataObject) -> None:
    form = parse_form(data.draw(documents()))
    given_ = data.draw(st.dictionaries(st.sampled_from([*form.questions, "x", ""]), VALUES))
    try:
        answers = read_answers(form, given_, missing_is_na=data.draw(st.booleans()))
    except InvalidAnswers:
        return
    assert read_answers(form, answers.plain()) == answers
    assert 0 <= (score(form, answers).score or 0) <= form.scoring.score_max
