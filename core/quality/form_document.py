"""Form documents (YAML or JSON files, already read) become forms. docs/quality.md lists their keys."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from opsledger.core.documents import parse_json
from opsledger.core.errors import FieldViolation, InvalidForm
from opsledger.core.quality.condition import leaves
from opsledger.core.quality.condition_document import check_condition, read_condition, resolved
from opsledger.core.quality.exact_text import exact_text
from opsledger.core.quality.form import (
    Band,
    CriticalClass,
    Form,
    FormFail,
    Mode,
    NotApplicable,
    Question,
    Scoring,
    Section,
)
from opsledger.core.quality.question_document import read_question
from opsledger.core.quality.question_words import read_id
from opsledger.core.reading import Reading

FORMS_CACHED_MAX = 256
SECTIONS_MAX = 100
QUESTIONS_MAX = 500
_HUNDRED = 100
Part = TypeVar("Part", Section, Question)


def parse_form(document: Mapping[str, object]) -> Form:
    """The form that a document describes.

    Raises InvalidForm with one violation for each thing that is wrong, each named by its path: ``sections[0].questions[2].weight``.
    """
    reading = Reading(InvalidForm)
    top = reading.mapping(document, "", known=("form", "title", "scoring", "sections"), required=("form", "scoring", "sections"))
    scoring = _scoring(reading, top.get("scoring", {"mode": "points"}), "scoring")
    entries = reading.items(top.get("sections", []), "sections")
    if "sections" in top and not 0 < len(entries) <= SECTIONS_MAX:
        reading.wrong("sections", "OUT_OF_RANGE", f"must be a list of 1 to {SECTIONS_MAX} sections")
    form = _resolved(Form(
        id=read_id(reading, top.get("form", "?"), "form"),
        title=reading.text(top.get("title", ""), "title"),
        scoring=scoring,
        sections=tuple(_section(reading, entry, path, scoring.mode) for path, entry in entries[:SECTIONS_MAX]),
    ))
    _check_ids(reading, form)
    _check_conditions(reading, form)
    _check_weights(reading, form)
    reading.finish()
    return form


@lru_cache(maxsize=FORMS_CACHED_MAX)
def read_form(document_json: str) -> Form:
    """The form that a document as JSON text describes. Raises InvalidForm."""
    return parse_form(load_document(document_json))


def load_document(document_json: str) -> dict[str, object]:
    """The document in a JSON text, whatever it says. Raises InvalidForm when there is none."""
    try:
        found = parse_json(document_json)
    except ValueError as error:
        raise InvalidForm(FieldViolation("document_json", "NOT_JSON", f"is not JSON: {error}")) from None
    if not isinstance(found, dict):
        raise InvalidForm(FieldViolation("document_json", "NOT_A_MAPPING", "must be a mapping with the keys form, scoring, sections"))
    return found


def _scoring(reading: Reading, value: object, field: str) -> Scoring:
    document = reading.mapping(
        value, field, known=("mode", "na", "auto_fail", "fail_on_critical", "pass_mark", "score_max", "bands"), required=("mode",))
    return Scoring(
        mode=Mode(reading.one_of(document.get("mode", "points"), f"{field}.mode", list(Mode))),
        na=NotApplicable(reading.one_of(document.get("na", NotApplicable.REDISTRIBUTE), f"{field}.na", list(NotApplicable))),
        form_fail=FormFail(reading.one_of(document.get("auto_fail", FormFail.ZERO), f"{field}.auto_fail", list(FormFail))),
        fail_on_critical=frozenset(
            CriticalClass(reading.one_of(entry, path, list(CriticalClass)))
            for path, entry in reading.items(document.get("fail_on_critical", []), f"{field}.fail_on_critical")
        ),
        pass_mark=_percent(reading, document["pass_mark"], f"{field}.pass_mark") if "pass_mark" in document else None,
        score_max=reading.number(document.get("score_max", _HUNDRED), f"{field}.score_max", least=_HUNDRED) / _HUNDRED,
        bands=_bands(reading, document.get("bands", []), f"{field}.bands"),
    )


def _percent(reading: Reading, value: object, field: str) -> Fraction:
    return reading.number(value, field, least=0, most=_HUNDRED) / _HUNDRED


def _bands(reading: Reading, value: object, field: str) -> tuple[Band, ...]:
    found: list[Band] = []
    for path, entry in reading.items(value, field):
        band = reading.mapping(entry, path, known=("name", "from", "color"), required=("name", "from"))
        start = _percent(reading, band.get("from", 0), f"{path}.from")
        if not found and start != 0:
            reading.wrong(f"{path}.from", "OUT_OF_RANGE", "must be 0: the first band begins where scores begin")
        elif found and start <= found[-1].start:
            reading.wrong(f"{path}.from", "OUT_OF_RANGE", "must be greater than that of the band before")
        name = reading.name(band.get("name", "?"), f"{path}.name")
        if name in {other.name for other in found}:
            reading.wrong(f"{path}.name", "DUPLICATE", f"there is another band {name!r} before this one")
        found.append(Band(name, start, reading.text(band.get("color", ""), f"{path}.color")))
    return tuple(found)


def _section(reading: Reading, value: object, field: str, mode: Mode) -> Section:
    document = reading.mapping(value, field, known=("id", "title", "weight", "when", "questions"), required=("id", "questions"))
    id = read_id(reading, document.get("id", "?"), f"{field}.id")
    entries = reading.items(document.get("questions", []), f"{field}.questions")
    if "questions" in document and not entries:
        reading.wrong(f"{field}.questions", "EMPTY", "must hold at least one question")
    questions = tuple(read_question(reading, entry, path, id, mode) for path, entry in entries[:QUESTIONS_MAX])
    if mode is Mode.SECTION_PERCENT and any(question.only_deducts for question in questions) and all(
            question.bonus for question in questions if question.is_scored):
        text = "only has questions that take points away: in section_percent they take them from what others of their section can earn"
        reading.wrong(f"{field}.questions", "UNUSED", text)
    return Section(
        id=id,
        title=reading.text(document.get("title", ""), f"{field}.title"),
        weight=_weight(reading, document, field, mode, any(question.is_scored for question in questions)),
        when=read_condition(reading, document["when"], f"{field}.when") if "when" in document else None,
        questions=questions,
    )


def _weight(reading: Reading, document: dict[str, object], field: str, mode: Mode, scored: bool) -> Fraction | None:
    weighed = mode in (Mode.SECTION_PERCENT, Mode.POINTS_TIMES_WEIGHT)
    if "weight" not in document:
        if weighed and scored:
            reading.wrong(f"{field}.weight", "REQUIRED", f"must be set in the mode {mode.value}")
        return None
    weight = reading.number(document["weight"], f"{field}.weight")
    if not weighed:
        reading.wrong(f"{field}.weight", "UNUSED", f"has no meaning in the mode {mode.value}")
    elif not scored:
        reading.wrong(f"{field}.weight", "UNUSED", "is of a section without a question that is scored")
    elif weight <= 0:
        reading.wrong(f"{field}.weight", "OUT_OF_RANGE", "must be more than 0")
    return weight


def _resolved(form: Form) -> Form:
    """With conditions that name questions and options by their own ids."""

    def of(part: Part) -> Part:
        return part if part.when is None else replace(part, when=resolved(part.when, form.questions))

    return replace(form, sections=tuple(
        replace(of(section), questions=tuple(of(question) for question in section.questions)) for section in form.sections))


def _check_ids(reading: Reading, form: Form) -> None:
    sections: set[str] = set()
    questions: dict[str, str] = {}
    for place, section in enumerate(form.sections):
        if section.id in sections:
            reading.wrong(f"sections[{place}].id", "DUPLICATE", f"there is another section {section.id!r} before this one")
        sections.add(section.id)
        for index, question in enumerate(section.questions):
            path = f"sections[{place}].questions[{index}]"
            if question.id in questions:
                reading.wrong(f"{path}.id", "DUPLICATE", f"there is another question {question.id!r}: {questions[question.id]}")
            questions.setdefault(question.id, path)
    if len(questions) > QUESTIONS_MAX:
        reading.wrong("sections", "OUT_OF_RANGE", f"must not hold more than {QUESTIONS_MAX} questions")


def _check_conditions(reading: Reading, form: Form) -> None:
    """That conditions are about questions and options that there are, and that none depends on itself."""
    after: dict[str, set[str]] = {}
    fields: dict[str, str] = {}
    for place, section in enumerate(form.sections):
        if section.when is not None:
            check_condition(reading, section.when, f"sections[{place}].when", form.questions)
        for index, question in enumerate(section.questions):
            fields[question.id] = f"sections[{place}].questions[{index}].when"
            if question.when is not None:
                check_condition(reading, question.when, fields[question.id], form.questions)
            else:
                fields[question.id] = f"sections[{place}].when"
    for id, conditions in form.shown_when.items():
        after[id] = {leaf.question for condition in conditions for leaf in leaves(condition)}
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1]
        reading.wrong(fields.get(circle[-1], "sections"), "CYCLE", f"makes a question wait for itself: {' ← '.join(circle)}")


def _check_weights(reading: Reading, form: Form) -> None:
    if form.scoring.mode is Mode.QUESTION_WEIGHTS:
        whole, whose = sum((question.weight or Fraction(0) for question in form if not question.bonus), Fraction(0)), "questions"
    elif form.scoring.mode is Mode.SECTION_PERCENT:
        whole, whose = sum((section.weight or Fraction(0) for section in form.sections), Fraction(0)), "sections"
    else:
        return
    if whole != _HUNDRED:
        sum_of = exact_text(whole)
        exact = f"{sum_of}, that is {whole}" if sum_of.endswith("…") else sum_of
        reading.wrong("sections", "WEIGHTS", f"the weights of all {whose} must sum to exactly 100, not to {exact}")
