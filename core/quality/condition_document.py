"""The conditions of a form document: read, and checked against the questions that they are about."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from opsledger.core.names import find
from opsledger.core.quality.condition import Condition, Every, Some, When, leaves
from opsledger.core.quality.form import Kind, Question
from opsledger.core.quality.question_words import NA, read_id
from opsledger.core.reading import Reading

DEPTH_MAX = 8
"""Of ``all`` and ``any`` within each other."""
_NOTHING = Every(())


def read_condition(reading: Reading, value: object, field: str, depth: int = 1) -> When:
    """Raises nothing: what is wrong is noted in ``reading``."""
    document = reading.mapping(value, field, known=("question", "is", "from", "to", "all", "any"))
    groups = [key for key in ("all", "any") if key in document]
    if not groups:
        return _leaf(reading, document, field)
    if len(document) > 1:
        reading.wrong(field, "AMBIGUOUS", "must say one thing: all, or any, or a question; a condition may stand inside another one")
    if depth >= DEPTH_MAX:
        reading.wrong(field, "TOO_DEEP", f"must not have more than {DEPTH_MAX} conditions inside each other")
        return _NOTHING
    entries = reading.items(document[groups[0]], f"{field}.{groups[0]}")
    if not entries:
        reading.wrong(f"{field}.{groups[0]}", "EMPTY", "must hold at least one condition")
    parts = tuple(read_condition(reading, entry, path, depth + 1) for path, entry in entries)
    return Every(parts) if groups[0] == "all" else Some(parts)


def resolved(when: When, questions: Mapping[str, Question]) -> When:
    """With the ids of the questions and options that are meant, however they are written."""
    if isinstance(when, Condition):
        id = find(when.question, questions) or when.question
        options = [option.id for option in questions[id].options] if id in questions else []
        return replace(when, question=id, options=frozenset(find(each, options) or each for each in when.options))
    return replace(when, parts=tuple(resolved(part, questions) for part in when.parts))


def check_condition(reading: Reading, when: When, field: str, questions: Mapping[str, Question]) -> None:
    """That it is about questions and options that there are."""
    for condition in leaves(when):
        _check(reading, condition, field, questions)


def _leaf(reading: Reading, document: dict[str, object], field: str) -> Condition:
    if "question" not in document:
        reading.wrong(f"{field}.question", "REQUIRED", "must be set")
    wanted = document.get("is", [])
    entries = reading.items(wanted, f"{field}.is") if isinstance(wanted, list) else [(f"{field}.is", wanted)]
    low, high = (reading.number(document[key], f"{field}.{key}") if key in document else None for key in ("from", "to"))
    if ("is" in document) == (low is not None or high is not None) or ("is" in document and not entries):
        reading.wrong(field, "REQUIRED", "must say either is (an option, na, or a list of them) or from and to (numbers)")
    words = [read_id(reading, entry, path) for path, entry in entries]
    return Condition(
        reading.text(document.get("question", ""), f"{field}.question"), frozenset(each for each in words if each.lower() != NA), low, high,
        na=any(each.lower() == NA for each in words),
    )


def _check(reading: Reading, condition: Condition, field: str, questions: Mapping[str, Question]) -> None:
    question = questions.get(condition.question)
    if question is None:
        reading.wrong(f"{field}.question", "UNKNOWN", f"there is no question {condition.question!r}")
        return
    if condition.na and not question.may_be_na:
        reading.wrong(f"{field}.is", "UNUSED", f"{question.id!r} always applies: it does not say na: true")
    if question.kind is Kind.NUMERIC:
        if condition.options:
            reading.wrong(f"{field}.is", "UNUSED", f"{question.id!r} asks for a number: say from and to")
    elif not question.options:
        if condition.options or not condition.na:
            text = f"{question.id!r} asks for a {question.kind.value}, on which nothing can depend but whether it applies"
            reading.wrong(f"{field}.question", "UNUSED", text)
    elif condition.is_numeric:
        reading.wrong(f"{field}.is", "REQUIRED", f"must be an option of {question.id!r}, or a list of them")
    for unknown in sorted(condition.options - {option.id for option in question.options}) if question.options else ():
        reading.wrong(f"{field}.is", "UNKNOWN", f"{question.id!r} has no option {unknown!r}")
