"""What an analyst writes beside the answers: comments, evidence and root causes, question by question."""
from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from opsledger.core.errors import InvalidAnswers
from opsledger.core.names import find
from opsledger.core.quality.form import Form, Question
from opsledger.core.reading import Reading, join
from opsledger.core.tickets.validation import VALUE_BYTES_MAX

COMMENT_BYTES_MAX = 20_000


class Evidence(NamedTuple):
    kind: str
    """One of the question's, when it names any."""
    ref: str
    """Where it is: a link, a time in a recording."""


class Note(NamedTuple):
    comment: str
    evidence: tuple[Evidence, ...]
    root_causes: tuple[str, ...]
    """Of those that the question names."""


def read_notes(form: Form, document: Mapping[str, object], *, field: str = "") -> dict[str, Note]:
    """By question: ``comment``, ``evidence`` (a list of ``kind`` and ``ref``), ``root_causes`` (a list).

    Raises InvalidAnswers, naming everything that is wrong after ``field``.
    """
    reading = Reading(InvalidAnswers)
    found: dict[str, Note] = {}
    for said, value in document.items():
        id = find(said, form.questions)
        if id is None:
            reading.wrong(join(field, said), "UNKNOWN", f"the form {form.id!r} has no such question")
        elif id in found:
            reading.wrong(join(field, said), "DUPLICATE", f"is a second note on {id!r}")
        else:
            found[id] = _note(reading, form.questions[id], value, join(field, said))
    reading.finish()
    return found


def _note(reading: Reading, question: Question, value: object, field: str) -> Note:
    document = reading.mapping(value, field, known=("comment", "evidence", "root_causes"))
    comment = reading.text(document.get("comment", ""), f"{field}.comment")
    if len(comment.encode()) > COMMENT_BYTES_MAX:
        reading.wrong(f"{field}.comment", "TOO_LONG", f"must not have more than {COMMENT_BYTES_MAX} bytes")
    causes = [reading.text(cause, path) for path, cause in reading.items(document.get("root_causes", []), f"{field}.root_causes")]
    for place, cause in enumerate(causes):
        causes[place] = find(cause, question.root_causes) or cause
        if causes[place] not in question.root_causes:
            known = ", ".join(question.root_causes) or "none"
            reading.wrong(f"{field}.root_causes[{place}]", "UNKNOWN", f"there is no root cause {cause!r}; known are {known}")
    return Note(comment, tuple(
        _evidence(reading, question, entry, path) for path, entry in reading.items(document.get("evidence", []), f"{field}.evidence")
    ), tuple(dict.fromkeys(causes)))


def _evidence(reading: Reading, question: Question, value: object, field: str) -> Evidence:
    document = reading.mapping(value, field, known=("kind", "ref"), required=("ref",))
    kind, ref = (reading.text(document.get(key, ""), f"{field}.{key}") for key in ("kind", "ref"))
    kind = find(kind, question.evidence) or kind
    if question.evidence and kind not in question.evidence:
        reading.wrong(f"{field}.kind", "UNKNOWN", f"must be one of {', '.join(question.evidence)}, not {kind!r}")
    if len(ref.encode()) > VALUE_BYTES_MAX:
        reading.wrong(f"{field}.ref", "TOO_LONG", f"must not have more than {VALUE_BYTES_MAX} bytes")
    return Evidence(kind, ref)
