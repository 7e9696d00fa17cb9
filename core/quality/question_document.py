"""The questions of a form document."""
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

from opsledger.core.quality.condition_document import read_condition
from opsledger.core.quality.form import (
    Consequence,
    CriticalClass,
    FailLevel,
    Kind,
    Mode,
    Option,
    Question,
    Range,
    Scale,
)
from opsledger.core.quality.question_words import NA, read_id, word
from opsledger.core.reading import Reading, exact, shown

OPTIONS_MAX = 200
_EVERY = ("id", "text", "type", "required", "na", "na_values", "when", "evidence", "root_causes")
_SCORED = ("weight", "points", "bonus", "critical", "scored")
_OF_KIND = {
    Kind.SINGLE: (*_SCORED, "options"), Kind.MULTI: (*_SCORED, "options", "base"),
    Kind.NUMERIC: (*_SCORED, "min", "max", "ranges", "scale"), Kind.DATE: (), Kind.TEXT: (),
}
_THEN = ("points", "auto_fail", "critical")
_FAILS = {level.name.lower(): level for level in FailLevel}
_ZERO = Fraction(0)


def read_question(reading: Reading, value: object, field: str, section: str, mode: Mode) -> Question:
    """Raises nothing: what is wrong is noted in ``reading``."""
    document = reading.mapping(value, field, required=("id", "type"))
    kind = Kind(reading.one_of(document.get("type", "text"), f"{field}.type", [kind.value for kind in Kind]))
    document = reading.mapping(document, field, known=(*_EVERY, *_OF_KIND[kind]))
    options = _options(reading, document, field) if kind in (Kind.SINGLE, Kind.MULTI) else ()
    ranges = tuple(_ranges(reading, document, field))
    least, most = (reading.number(document[key], f"{field}.{key}") if key in document else None for key in ("min", "max"))
    if least is not None and most is not None and least >= most:
        reading.wrong(f"{field}.max", "OUT_OF_RANGE", "must be greater than min")
    scale = _scale(reading, document, field, least, most) if kind is Kind.NUMERIC and not ranges else None
    base = reading.number(document.get("base", 0), f"{field}.base", least=0)
    points = [then.points for then in (*(option.then for option in options), *(each.then for each in ranges)) if then.points is not None]
    scored = reading.flag(document.get("scored", True), f"{field}.scored") and (scale is not None or bool(points))
    possible, unit = _worth(reading, document, field, kind, points, base, scale) if scored else (_ZERO, _ZERO)
    critical = document.get("critical")
    deducts = scored and scale is None and kind is not Kind.MULTI and max(points) <= 0
    if deducts and "bonus" in document:
        reading.wrong(f"{field}.bonus", "UNUSED", "is of a question whose answers only take points away")
    question = Question(
        id=read_id(reading, document.get("id", "?"), f"{field}.id"),
        text=reading.text(document.get("text", ""), f"{field}.text"),
        kind=kind, section=section, possible=possible, base=base * unit, scale=scale, least=least, most=most,
        weight=_weight(reading, document, field, mode, scored),
        bonus=reading.flag(document.get("bonus", False), f"{field}.bonus") or deducts,
        options=tuple(option._replace(then=_scaled(option.then, unit)) for option in options),
        ranges=tuple(each._replace(then=_scaled(each.then, unit)) for each in ranges),
        required=reading.flag(document.get("required", bool(options or ranges or scale)), f"{field}.required"),
        may_be_na=reading.flag(document.get("na", "na_values" in document), f"{field}.na"),
        na_values=_na_values(reading, document, field, kind),
        when=read_condition(reading, document["when"], f"{field}.when") if "when" in document else None,
        critical=CriticalClass(reading.one_of(critical, f"{field}.critical", list(CriticalClass))) if critical is not None else None,
        evidence=_words(reading, document, field, "evidence"), root_causes=_words(reading, document, field, "root_causes"),
    )
    _check_errors(reading, question, field)
    return question


def _options(reading: Reading, document: dict[str, object], field: str) -> tuple[Option, ...]:
    entries = reading.items(document.get("options", []), f"{field}.options")
    if not 0 < len(entries) <= OPTIONS_MAX:
        reading.wrong(f"{field}.options", "OUT_OF_RANGE", f"must be a list of 1 to {OPTIONS_MAX} options")
    found: list[Option] = []
    for path, entry in entries:
        option = reading.mapping(entry, path, known=("id", "label", *_THEN), required=("id",))
        id = read_id(reading, option.get("id", "?"), f"{path}.id")
        if id in {other.id for other in found}:
            reading.wrong(f"{path}.id", "DUPLICATE", f"there is another option {id!r} before this one")
        if id.lower() == NA:
            reading.wrong(f"{path}.id", "RESERVED", "na is how a question that does not apply is answered: say na: true in the question")
        label = word(label) if isinstance(label := option.get("label", ""), bool) else reading.text(label, f"{path}.label")
        found.append(Option(id, label, _then(reading, option, path)))
    _check_points(reading, [option.then for option in found], [path for path, _ in entries])
    return tuple(found)


def _ranges(reading: Reading, document: dict[str, object], field: str) -> Iterator[Range]:
    """In ascending order."""
    found: list[tuple[str, Range]] = []
    for path, entry in reading.items(document.get("ranges", []), f"{field}.ranges"):
        between = reading.mapping(entry, path, known=("from", "to", *_THEN), required=("from", "to"))
        low, high = (reading.number(between.get(key, 0), f"{path}.{key}") for key in ("from", "to"))
        if low > high:
            reading.wrong(f"{path}.to", "OUT_OF_RANGE", "must not be less than from")
        found.append((path, Range(low, high, _then(reading, between, path))))
    _check_points(reading, [each.then for _, each in found], [path for path, _ in found])
    found.sort(key=lambda entry: (entry[1].low, entry[1].high))
    for (_, before), (path, after) in pairwise(found):
        if after.low < before.high or after.low == before.low:
            reading.wrong(path, "OVERLAP", "has values that another range has too")
    for key in ("min", "max", "scale"):
        if found and key in document:
            reading.wrong(f"{field}.{key}", "UNKNOWN", "cannot be given beside ranges: they say which values there are")
    return (each for _, each in found)


def _then(reading: Reading, document: dict[str, object], field: str) -> Consequence:
    points = reading.number(document["points"], f"{field}.points") if "points" in document else None
    fail = reading.one_of(document["auto_fail"], f"{field}.auto_fail", _FAILS) if "auto_fail" in document else None
    return Consequence(points, _FAILS[fail] if fail else None, reading.flag(document.get("critical", False), f"{field}.critical"))


def _check_points(reading: Reading, given: list[Consequence], fields: list[str]) -> None:
    if any(then.points is not None for then in given):
        for then, field in zip(given, fields, strict=True):
            if then.points is None:
                reading.wrong(f"{field}.points", "REQUIRED", "must be set, as others of this question have points")


def _scale(reading: Reading, document: dict[str, object], field: str, least: Fraction | None, most: Fraction | None) -> Scale | None:
    if "scale" not in document:
        return Scale(_ZERO, most) if most is not None and most > 0 else None
    ends = reading.mapping(document["scale"], f"{field}.scale", known=("none", "full"))
    none = reading.number(ends.get("none", 0), f"{field}.scale.none")
    full = reading.number(ends["full"], f"{field}.scale.full") if "full" in ends else most
    if full is None or full == none:
        reading.wrong(f"{field}.scale", "REQUIRED", "must say full: the value that earns everything; and another one than none")
        return None
    return Scale(none, full)


def _worth(
    reading: Reading, document: dict[str, object], field: str, kind: Kind, given: list[Fraction], base: Fraction, scale: Scale | None
) -> tuple[Fraction, Fraction]:
    """What a question can earn at most, and by what the points of its answers are multiplied so that it is."""
    if kind is Kind.MULTI:
        written = base + sum((points for points in given if points > 0), _ZERO)
    elif scale is not None:
        written = max(abs(scale.full), abs(scale.none))
    else:
        written = max(given) if max(given) > 0 else -min(given)  # where no answer gives points, what the worst one takes away
    if written <= 0:
        reading.wrong(field, "OUT_OF_RANGE", "can earn no points at all: give one answer some, or none to any")
        return Fraction(1), Fraction(1)
    worth = reading.number(document["points"], f"{field}.points") if "points" in document else written
    if worth <= 0:
        reading.wrong(f"{field}.points", "OUT_OF_RANGE", "must be more than 0")
        return written, Fraction(1)
    return worth, worth / written


def _scaled(then: Consequence, unit: Fraction) -> Consequence:
    return then._replace(points=None if then.points is None else then.points * unit)


def _weight(reading: Reading, document: dict[str, object], field: str, mode: Mode, scored: bool) -> Fraction | None:
    weighed = mode is Mode.QUESTION_WEIGHTS
    if "points" in document and weighed:
        reading.wrong(f"{field}.points", "UNUSED", "has no meaning in the mode question_weights; a question has a weight there")
    if "points" in document and not scored:
        reading.wrong(f"{field}.points", "UNUSED", "is of a question that is not scored: none of its answers has points")
    if "weight" not in document:
        if weighed and scored:
            reading.wrong(f"{field}.weight", "REQUIRED", "must be set in the mode question_weights")
        return None
    weight = reading.number(document["weight"], f"{field}.weight")
    if not weighed:
        reading.wrong(f"{field}.weight", "UNUSED", f"has no meaning in the mode {mode.value}; a question is worth its points there")
    elif not scored:
        reading.wrong(f"{field}.weight", "UNUSED", "is of a question that is not scored: none of its answers has points")
    elif weight <= 0:
        reading.wrong(f"{field}.weight", "OUT_OF_RANGE", "must be more than 0; a question that does not count says scored: false")
    return weight


def _na_values(reading: Reading, document: dict[str, object], field: str, kind: Kind) -> frozenset[str | Fraction]:
    found: set[str | Fraction] = set()
    for path, entry in reading.items(document.get("na_values", []), f"{field}.na_values"):
        number = exact(entry)
        if kind is Kind.NUMERIC and number is not None:
            found.add(number)
        elif isinstance(entry, str | int | float):
            found.add(word(entry))
        else:
            reading.wrong(path, "NOT_TEXT", f"must be a number or text, not {shown(entry)}")
    if document.get("na") is False and found:
        reading.wrong(f"{field}.na_values", "UNUSED", "are of a question that always applies: it says na: false")
    return frozenset(found)


def _words(reading: Reading, document: dict[str, object], field: str, key: str) -> tuple[str, ...]:
    found: list[str] = []
    for path, entry in reading.items(document.get(key, []), f"{field}.{key}"):
        text = read_id(reading, entry, path)
        if text in found:
            reading.wrong(path, "DUPLICATE", f"there is another {text!r} before this one")
        found.append(text)
    return tuple(found)


def _check_errors(reading: Reading, question: Question, field: str) -> None:
    """That critical errors are those of a critical question, which can fail."""
    if question.critical is None:
        if question.marks_errors:
            reading.wrong(f"{field}.critical", "REQUIRED", "must say whose errors these are: customer, business or compliance")
    elif not question.marks_errors and not question.is_scored:
        reading.wrong(f"{field}.critical", "UNUSED", "needs an answer that is an error: one with critical: true, or one that earns nothing")
    if question.bonus and not question.is_scored:
        reading.wrong(f"{field}.bonus", "UNUSED", "is of a question that is not scored: none of its answers has points")
