"""Case and Unicode form of ids and labels refuse nothing; two ids that look the same are not published in one form."""
from __future__ import annotations

import json
from typing import Any
from unicodedata import normalize

import pytest

from opsledger.core.errors import InvalidAnswers, InvalidForm
from opsledger.core.quality.answers import read_answers
from opsledger.core.quality.form_document import parse_form
from opsledger.core.quality.form_publication import EvaluationForm
from opsledger.core.quality.notes import read_notes
from tests.kit.forms import choice, form_of, percent, scored

CAFE = normalize("NFC", "Café")


def options(*ids: str, **more: Any) -> dict[str, Any]:
    return {"id": "q", "type": "single", "options": [{"id": id, "points": place} for place, id in enumerate(ids)], **more}


@pytest.mark.parametrize("said", ["Yes", "YES", " yes "])
def test_options_in_any_case(said: str) -> None:
    assert read_answers(parse_form(form_of([options("no", "yes")])), {"q": said}).given == {"q": ("yes",)}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("written", ["NFC", "NFD"])
def test_options_and_labels_in_any_unicode_form(form: str, written: str) -> None:
    document = form_of([{"id": "q", "type": "single", "options": [
        {"id": normalize(form, CAFE), "points": 1}, {"id": "b", "label": normalize(form, "Ärger"), "points": 0}]}])
    read = parse_form(document)
    assert read_answers(read, {"q": normalize(written, CAFE.upper())}).given == {"q": (normalize(form, CAFE),)}
    assert read_answers(read, {"q": normalize(written, "ärger")}).given == {"q": ("b",)}


def test_of_a_multiple_choice_too() -> None:
    form = parse_form(form_of([{"id": "q", "type": "multi", "options": [{"id": "a;B", "points": 1}, {"id": "c", "points": 1}]}]))
    assert read_answers(form, {"q": "A;b"}).given == {"q": ("a;B",)}
    assert read_answers(form, {"q": ["C", "A;B"]}).given == {"q": ("a;B", "c")}
    with pytest.raises(InvalidAnswers):
        read_answers(form, {"q": ["c", "C"]})


def test_questions_notes_causes_and_conditions() -> None:
    document = form_of([
        choice("Ärger", 0, 1, root_causes=["Zu laut"]),
        {"id": "why", "type": "text", "when": {"question": normalize("NFD", "ärger"), "is": "0"}}])
    form = parse_form(document)
    answers = read_answers(form, {normalize("NFD", "ÄRGER"): "0", "WHY": "so"})
    assert answers.given == {"Ärger": ("0",), "why": "so"}
    assert read_notes(form, {"ärger": {"root_causes": ["zu LAUT"]}})["Ärger"].root_causes == ("Zu laut",)
    with pytest.raises(InvalidAnswers) as caught:
        read_answers(form, {"Ärger": "0", "ärger": "1"})
    assert [each.reason for each in caught.value.violations] == ["DUPLICATE"]


def test_na_values_in_any_case() -> None:
    form = parse_form(form_of([options("no", "yes", na_values=["Entfällt"])]))
    assert read_answers(form, {"q": "ENTFÄLLT"}).given == {"q": None}


LOOK_ALIKES = [
    form_of([options("yes", "Yes")]), form_of([options(normalize("NFC", "é"), normalize("NFD", "é"))]),
    form_of([choice("Tone", 0, 1), choice("tone", 0, 1)]),
    {"form": "f", "scoring": {"mode": "points"}, "sections": [
        {"id": "Call", "questions": [choice("a", 0, 1)]}, {"id": "call", "questions": [choice("b", 0, 1)]}]},
]


@pytest.mark.parametrize("document", LOOK_ALIKES)
def test_ids_that_look_the_same_are_not_published_and_both_are_named(document: dict[str, Any]) -> None:
    form = EvaluationForm(tenant="acme", form_id="f")
    with pytest.raises(InvalidForm) as caught:
        form.publish(json.dumps(document), "max", 1)
    assert [each.reason for each in caught.value.violations] == ["LOOKS_ALIKE"]
    assert (form.versions, len(form.collect_events())) == ([], 1)


def test_what_was_published_before_scores_as_before() -> None:
    """Exactly as written; what could be either is refused as it was."""
    document = form_of([options("yes", "Yes", "no")])
    assert [percent(scored(document, {"q": said})) for said in ("yes", "Yes", "NO")] == [0, 50, 100]
    with pytest.raises(InvalidAnswers):
        scored(document, {"q": "YES"})
    form = EvaluationForm(tenant="acme", form_id="f")
    form._published(document_json=json.dumps(document), published_by="max", published_at_us=1)  # as a journal of before folds
    form.publish(json.dumps(document), "max", 2)
    assert len(form.versions) == 1
