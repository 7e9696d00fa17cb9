"""Answers to a form, read from what people or files say and checked against it."""
from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from fractions import Fraction
from typing import TypeAlias

from opsledger.core.errors import InvalidAnswers
from opsledger.core.names import find, lookup_key
from opsledger.core.quality.condition import Condition, Every, Some, When
from opsledger.core.quality.form import Form, Kind, Question
from opsledger.core.quality.question_words import NA, word
from opsledger.core.reading import Reading, exact, join, shown
from opsledger.core.tickets.validation import VALUE_BYTES_MAX

Answer: TypeAlias = "tuple[str, ...] | Fraction | date | str | None"
"""Ids of the chosen options, a number, a date, text. None: the question does not apply."""
_NONE = "none"
_SEPARATOR = re.compile(r"[;|]")


@dataclass(frozen=True, slots=True)
class Answers:
    given: Mapping[str, Answer]
    """By question. One that is not here was not answered."""
    hidden: frozenset[str]
    """Questions that these answers leave no place for."""

    def plain(self) -> dict[str, object]:
        """As JSON has it; ``read_answers`` reads it back."""
        return {id: _plain(answer) for id, answer in self.given.items()}


def read_answers(
    form: Form, document: Mapping[str, object], *, field: str = "", missing_is_na: bool = False, complete: bool = True
) -> Answers:
    """By question id: an option's id or label, or a list of them (it may be empty); a number, an ISO date, text, or ``na`` (also ``N/A``).

    Null and blank are no answer. ``missing_is_na``: where there is no answer and N/A is one, it is that. Not ``complete``:
    required answers may be missing (a draft).
    Raises InvalidAnswers, naming every question that is wrong after ``field``.
    """
    reading = Reading(InvalidAnswers)
    given: dict[str, Answer] = {}
    for said, value in document.items():
        id = find(said, form.questions)
        if id is None:
            near = get_close_matches(said, form.questions, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            reading.wrong(join(field, said), "UNKNOWN", f"the form {form.id!r} has no such question{hint}")
        elif id in given:
            reading.wrong(join(field, said), "DUPLICATE", f"answers {id!r} a second time")
        elif not _is_blank(form.questions[id], value):
            given[id] = _answer(reading, form.questions[id], value, join(field, said))
    asked = _asked(form, given)
    for id in form.questions:
        if id in given and not asked[id]:
            if given.pop(id) is not None:
                reading.wrong(join(field, id), "HIDDEN", f"is not asked: {_why(form, id)}")
        elif id not in given and asked[id]:
            _missing(reading, form.questions[id], join(field, id), given, missing_is_na, complete)
    reading.finish()
    return arrange(form, given)


def arrange(form: Form, given: Mapping[str, Answer]) -> Answers:
    """In the order of the form, without answers to questions that these answers hide."""
    asked = _asked(form, given)
    return Answers({id: given[id] for id in asked if asked[id] and id in given}, frozenset(id for id in asked if not asked[id]))


def _missing(reading: Reading, question: Question, field: str, given: dict[str, Answer], missing_is_na: bool, complete: bool) -> None:
    if missing_is_na and question.may_be_na:
        given[question.id] = None
    elif question.required and complete:
        either = f", or {NA}" if question.may_be_na else ""
        reading.wrong(field, "REQUIRED", f"must be answered{either}")


def _is_blank(question: Question, value: object) -> bool:
    return value is None or (value == [] and question.kind is not Kind.MULTI) or (isinstance(value, str) and not value.strip())


def _answer(reading: Reading, question: Question, value: object, field: str) -> Answer:
    if _says_na(question, value):
        if not question.may_be_na:
            reading.wrong(field, "NOT_ALLOWED", "always applies: the form does not say na: true")
        return None
    match question.kind:
        case Kind.SINGLE:
            return (_option(reading, question, value, field),)
        case Kind.MULTI:
            chosen = [_option(reading, question, entry, path) for path, entry in _choices(question, value, field)]
            for place, id in enumerate(chosen):
                if id in chosen[:place]:
                    reading.wrong(field, "DUPLICATE", f"names {id!r} twice")
            return tuple(option.id for option in question.options if option.id in chosen)
        case Kind.NUMERIC:
            return _number(reading, question, value, field)
        case Kind.DATE:
            try:
                return date.fromisoformat(value.isoformat()[:10] if isinstance(value, date) else word(value))
            except ValueError:
                reading.wrong(field, "NOT_A_DATE", f"must be a date like 2026-01-31, not {shown(value)}")
                return None
        case Kind.TEXT:
            text = reading.text(value, field)
            if len(text.encode()) > VALUE_BYTES_MAX:
                reading.wrong(field, "TOO_LONG", f"must not have more than {VALUE_BYTES_MAX} bytes")
            return text


def _says_na(question: Question, value: object) -> bool:
    if not isinstance(value, str | int | float):
        return False
    number = exact(value) if question.kind is Kind.NUMERIC else None
    words = [each for each in question.na_values if isinstance(each, str)]
    if number in question.na_values or (words and find(word(value), words)):
        return True
    said = word(value).lower()
    is_option = any(said in (option.id.lower(), option.label.lower()) for option in question.options)
    return (said == NA or (said == "n/a" and not is_option)) and (question.kind is not Kind.TEXT or question.may_be_na)


def _choices(question: Question, value: object, field: str) -> list[tuple[str, object]]:
    """A list, or text in which options stand between semicolons or bars; ``none`` when it is no option's name."""
    if isinstance(value, list | tuple):
        return [(f"{field}[{index}]", entry) for index, entry in enumerate(value)]
    if not isinstance(value, str) or lookup_key(value) in {
            lookup_key(name) for option in question.options for name in (option.id, option.label)}:
        return [(field, value)]
    return [] if value.strip().lower() == _NONE else [(field, part) for part in _SEPARATOR.split(value) if part.strip()]


def _option(reading: Reading, question: Question, value: object, field: str) -> str:
    said = word(value) if isinstance(value, str | int | float) else ""
    number = exact(said)
    whole = str(number) if number is not None and number.denominator == 1 else said
    by_label = [option.id for option in question.options if said and option.label == said]
    for option in question.options:
        if option.id in (said, whole) or by_label == [option.id]:
            return option.id
    if said and (alike := find(said, [option.id for option in question.options]) or _by_label(question, said)):
        return alike
    reading.wrong(field, "UNKNOWN", f"must be one of {', '.join(option.id for option in question.options)}, not {shown(value)}")
    return question.options[0].id


def _by_label(question: Question, said: str) -> str | None:
    """The only option whose label looks so."""
    alike = [option.id for option in question.options if lookup_key(option.label) == lookup_key(said)]
    return alike[0] if len(alike) == 1 else None


def _number(reading: Reading, question: Question, value: object, field: str) -> Fraction:
    number = exact(value)
    if number is None:
        reading.wrong(field, "NOT_A_NUMBER", f"must be a number, not {shown(value)}")
        return Fraction(0)
    if not question.allows(number):
        allowed = ", or ".join(_between(each.low, each.high) for each in question.ranges) or _between(question.least, question.most)
        reading.wrong(field, "OUT_OF_RANGE", f"must be {allowed}, not {value}")
    return number


def _between(low: Fraction | None, high: Fraction | None) -> str:
    if low is None or high is None:
        return f"at most {float(high):g}" if high is not None else f"at least {float(low or 0):g}"
    return f"between {float(low):g} and {float(high):g}"


def _asked(form: Form, given: Mapping[str, Answer]) -> dict[str, bool]:
    """Whether each question is asked; a condition on one that is not asked does not hold."""
    found: dict[str, bool] = {}

    def asked(id: str) -> bool:
        if id not in found:
            found[id] = all(holds(when) for when in form.shown_when[id])
        return found[id]

    def holds(when: When) -> bool:
        match when:
            case Every(parts):
                return all(holds(part) for part in parts)
            case Some(parts):
                return any(holds(part) for part in parts)
        return when.question in given and asked(when.question) and _holds(when, given[when.question])

    return {id: asked(id) for id in form.questions}


def _holds(condition: Condition, answer: Answer) -> bool:
    if answer is None:
        return condition.na
    if isinstance(answer, tuple):
        return not condition.options.isdisjoint(answer)
    if isinstance(answer, Fraction) and condition.is_numeric:
        return (condition.low is None or answer >= condition.low) and (condition.high is None or answer <= condition.high)
    return False


def _why(form: Form, id: str) -> str:
    conditions = form.shown_when[id]
    return f"only where {conditions[0] if len(conditions) == 1 else Every(conditions)}"


def _plain(answer: Answer) -> object:
    match answer:
        case None:
            return NA
        case tuple():
            return answer[0] if len(answer) == 1 else list(answer)
        case Fraction():
            return int(answer) if answer.denominator == 1 else _decimal(answer)
        case date():
            return answer.isoformat()
    return answer


def _decimal(number: Fraction) -> float | str:
    """A float where it is read back as the same number, else text."""
    near = float(number)
    if exact(near) == number:
        return near
    digits = 0
    while (number * 10**digits).denominator != 1:  # it came from a decimal, so it ends
        digits += 1
    return f"{number * 10**digits}e-{digits}"
